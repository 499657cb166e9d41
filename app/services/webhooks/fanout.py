"""Events become messages: each gets its place in its card's sequence, and goes to those who follow it.

One transaction does a batch or nothing, and one process at a time makes it: a crash at any point leaves the
events due, and no event gets two numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, func, select, text
from sqlalchemy.orm import Session, aliased, sessionmaker

from app.services.cards import wake
from app.services.webhooks.catalogue import PUBLIC
from app.storage.batches import among, insert_missing, update_many
from app.storage.tables import Card, Event, WebhookEndpoint, WebhookMessage
from app.storage.tables.delivery import NORMAL

BATCH = {"postgresql": 500, "sqlite": 100}
"""So many events in one transaction; SQLite has one writer, and a till must not wait for it."""
_LOCK = 0x7765_6268
"""The advisory lock of whoever hands out events."""
_LATEST = 32
"""A card's last number stands among its newest events: only a handful can have committed out of turn."""
_EVENTS, _MESSAGES = cast(Table, Event.__table__), cast(Table, WebhookMessage.__table__)
Row = Any


def is_due(read: sessionmaker[Session]) -> bool:
    """Whether an event waits; asks no writer to wait."""
    with read() as session:
        return session.scalar(select(Event.id).where(Event.due_at.is_not(None)).limit(1)) is not None


def run(db: sessionmaker[Session], now: datetime, *, limit: int = 0) -> int:
    """Hand out a batch of events in the order of their numbers; returns how many. 0 where another process
    is at it.
    """
    with db.begin() as session:
        if not _alone(session):
            return 0
        due = select(Event.id, Event.programme_id, Event.card_id, Event.kind)
        most = limit or BATCH[session.get_bind().dialect.name]
        found = session.execute(due.where(Event.due_at.is_not(None)).order_by(Event.id).limit(most)).all()
        if not found:
            return 0
        _number(session, found)
        if _hand_out(session, found, now):
            wake(session, NORMAL)
        return len(found)


def _alone(session: Session) -> bool:
    """SQLite's writers are alone anyway."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}))


def _number(session: Session, found: Sequence[Row]) -> None:
    """1, 2, 3, ... for what others may hear of a card; 0 for the rest. None of them is due any more."""
    told = [row for row in found if row.card_id is not None and row.kind in PUBLIC]
    last = _last_numbers(session, {row.card_id for row in told})
    numbers: dict[int, int] = {}
    for row in told:
        last[row.card_id] = numbers[row.id] = last.get(row.card_id, 0) + 1
    changes = [({"id": row.id}, {"card_seq": numbers.get(row.id, 0), "due_at": None}) for row in found]
    update_many(session, _EVENTS, changes)


def _last_numbers(session: Session, card_ids: set[int]) -> dict[int, int]:
    """The highest number that each card's events have; looks at the newest few, however old the card is."""
    each = aliased(Event)
    newest = (
        select(each.card_seq)
        .where(each.card_id == Card.id, each.card_seq > 0)
        .order_by(each.id.desc())
        .limit(_LATEST)
        .correlate(Card)
        .subquery()
    )
    highest = select(func.max(newest.c.card_seq)).scalar_subquery()
    rows = session.execute(select(Card.id, highest).where(among(session, Card.id, sorted(card_ids))))
    return {card_id: number or 0 for card_id, number in rows}


def _hand_out(session: Session, found: Sequence[Row], now: datetime) -> bool:
    followers = _followers(session, {row.programme_id for row in found})
    rows = [
        message(endpoint.id, row.id, row.card_id, PUBLIC[row.kind], now)
        for row in found
        if row.kind in PUBLIC
        for endpoint in followers.get(row.programme_id, ())
        if not endpoint.kinds or PUBLIC[row.kind] in endpoint.kinds
    ]
    insert_new(session, rows)
    return bool(rows)


def _followers(session: Session, programme_ids: set[int]) -> Mapping[int, Sequence[WebhookEndpoint]]:
    """A paused endpoint misses nothing; a disabled one gets nothing."""
    mine = (WebhookEndpoint.programme_id.in_(programme_ids), WebhookEndpoint.state.in_(("active", "paused")))
    made: dict[int, list[WebhookEndpoint]] = {}
    for endpoint in session.scalars(select(WebhookEndpoint).where(*mine).order_by(WebhookEndpoint.id)):
        made.setdefault(endpoint.programme_id, []).append(endpoint)
    return made


def message(endpoint_id: int, event_id: int, card_id: int | None, kind: str, now: datetime) -> dict[str, Any]:
    """A message as it begins. Its name is made of what it stands for: made anew, it is the same again."""
    return {
        "public_id": f"msg_{endpoint_id}_{event_id}",
        "endpoint_id": endpoint_id,
        "event_id": event_id,
        "card_id": card_id,
        "kind": kind,
        "state": "pending",
        "due_at": now,
        "priority": 0,
        "attempts": 0,
        "last_error": "",
        "created_at": now,
    }


def insert_new(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert messages in this order; those that there are already stay as they are."""
    insert_missing(session, _MESSAGES, rows)
