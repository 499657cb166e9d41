"""Outbound webhooks that do not arrive: nobody sends them, an endpoint fails, or it was disabled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.services.causes import found
from app.services.ports import Finding
from app.storage.tables import Event, ProgrammeRow, WebhookEndpoint, WebhookMessage

LATE_S, FORGOTTEN_S = 60, 600
FAILING_FOR = timedelta(hours=1)
MOST_TOLD = 20


def disabled(session: Session) -> Iterator[Finding]:
    """Endpoints that get nothing until somebody enables them; a quick question."""
    for row, slug in _endpoints(session, WebhookEndpoint.state == "disabled"):
        yield found("webhooks-disabled", programme=slug, id=row.id)


def findings(session: Session, now: datetime) -> Iterator[Finding]:
    """All of it, with what takes a moment longer to count."""
    yield from disabled(session)
    since = WebhookEndpoint.failing_since < now - FAILING_FOR
    for row, slug in _endpoints(session, WebhookEndpoint.state == "active", since):
        assert row.failing_since is not None
        for_s = (now - row.failing_since).total_seconds()
        yield found("webhooks-failing", programme=slug, id=row.id, for_s=for_s)
    yield from _late(session, now)


def _endpoints(session: Session, *which: ColumnElement[bool]) -> list[tuple[WebhookEndpoint, str]]:
    asked = select(WebhookEndpoint, ProgrammeRow.slug).join(
        ProgrammeRow, ProgrammeRow.id == WebhookEndpoint.programme_id
    )
    rows = session.execute(asked.where(*which).order_by(WebhookEndpoint.id).limit(MOST_TOLD))
    return [(row, slug) for row, slug in rows]


def _late(session: Session, now: datetime) -> Iterator[Finding]:
    """What waits to be handed out, or to be sent for the first time; a retry waits with reason."""
    events = select(func.count(), func.min(Event.due_at)).where(Event.due_at.is_not(None))
    first = (WebhookMessage.attempts == 0, WebhookMessage.due_at <= now, WebhookEndpoint.state == "active")
    messages = (
        select(func.count(), func.min(WebhookMessage.due_at))
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookMessage.endpoint_id)
        .where(*first, WebhookEndpoint.failing_since.is_(None))
    )
    counts = [session.execute(events).one(), session.execute(messages).one()]
    oldest = min((at for _, at in counts if at is not None), default=now)
    late_s = (now - oldest).total_seconds()
    count = sum(number for number, _ in counts)
    if late_s >= FORGOTTEN_S:
        yield found("webhooks-late", count=count, late_s=late_s)
    elif late_s >= LATE_S:
        yield found("webhooks-late", level="warning", count=count, late_s=late_s)
