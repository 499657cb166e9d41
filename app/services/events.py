"""What happened, written in the transaction in which it happened; feeds the live pages and outbound
webhooks (`services/webhooks`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.storage.tables import Card, Event


def record(
    session: Session,
    programme_id: int,
    kind: str,
    body: Mapping[str, Any],
    now: datetime,
    *,
    card: Card | None = None,
) -> Event:
    """Add an event; `body` holds no names or numbers of people, because events outlive an erased person.

    It is due at once: a row says that it has not been handed to webhooks, so none is lost between two that
    commit in another order than they were numbered.
    """
    event = Event(
        programme_id=programme_id,
        card_id=card.id if card else None,
        card_version=card.version if card else 0,
        due_at=now,
        kind=kind,
        body=dict(body),
        at=now,
    )
    session.add(event)
    return event


def latest(
    session: Session, *, programme_id: int | None = None, card_id: int | None = None, limit: int = 50
) -> Sequence[Event]:
    """The newest events first."""
    statement = select(Event).order_by(Event.id.desc()).limit(limit)
    if programme_id is not None:
        statement = statement.where(Event.programme_id == programme_id)
    if card_id is not None:
        statement = statement.where(Event.card_id == card_id)
    return session.scalars(statement).all()
