"""Systems that are written back to hear of events by themselves: naming the fields is enough."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.services.ports import Connector, Telling
from app.services.webhooks.catalogue import OFFERED
from app.storage.tables import HookSource, WebhookEndpoint


def is_told(row: HookSource, connector: Connector) -> bool:
    """Whether this source's settings say what is written back, and it can be called."""
    if not isinstance(connector, Telling) or not row.token:
        return False
    return connector.writes_back(row.settings)


def follow(
    session: Session, row: HookSource, connector: Connector, now: datetime, *, before: bool = False
) -> None:
    """Let the source hear from now on, or pause that, as its settings say now; `before` is what they said."""
    told = is_told(row, connector)
    if told == before:
        return
    session.flush()
    mine = select(WebhookEndpoint).where(WebhookEndpoint.source_id == row.id)
    endpoint = session.scalars(mine.with_for_update()).one_or_none()
    if endpoint is not None:
        endpoint.state, endpoint.disabled_reason = ("active" if told else "paused"), ""
        endpoint.changed_at, endpoint.revision = now, endpoint.revision + 1
    elif isinstance(connector, Telling):
        kinds = [kind for kind in connector.tells if kind in OFFERED]
        session.add(_endpoint(row, kinds, now))


def _endpoint(row: HookSource, kinds: list[str], now: datetime) -> WebhookEndpoint:
    return WebhookEndpoint(
        programme_id=row.programme_id,
        source_id=row.id,
        url="",
        description="written back",
        kinds=kinds,
        secrets=[],
        author="settings of the source",
        created_at=now,
        changed_at=now,
    )
