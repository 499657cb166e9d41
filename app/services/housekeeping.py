"""The worker's walk over what the clock asks for (`app.services.tick`), and over deliveries that were
forgotten.

Every step is bounded, harmless when repeated, and may run on several machines at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.services import tick
from app.services.cards import make_due
from app.services.events import record
from app.storage.tables import Card, Delivery
from app.storage.tables.delivery import NORMAL

SCAN = 5_000
EVERY = timedelta(seconds=5)
EVERY_ROUND = timedelta(minutes=5)


class Housekeeper:
    """One process's round; call it as often as you like, it looks at the clock itself."""

    def __init__(
        self, db: sessionmaker[Session], read: sessionmaker[Session], now: Callable[[], datetime]
    ) -> None:
        self._db, self._read, self._now = db, read, now
        self._next = self._next_round = now()
        self._cursor = 0

    def step(self) -> bool:
        """One bounded batch of whatever is due; returns whether there may be more at once."""
        now = self._now()
        if now < self._next:
            return False
        worked = tick.step(self._db, self._read, now)
        if not worked:
            self._next = now + EVERY
            worked = self._reconcile(now)
        return worked

    def _reconcile(self, now: datetime) -> bool:
        """Walk over the deliveries, a stretch a step: one that rests while its card moved on is queued
        again.
        """
        if now < self._next_round:
            return False
        stretch = (
            select(Delivery.id, Delivery.card_id, Delivery.due_at, Delivery.last_error)
            .add_columns(Delivery.delivered_version, Card.version)
            .join(Card, Card.id == Delivery.card_id)
            .where(Delivery.id > self._cursor)
            .order_by(Delivery.id)
            .limit(SCAN)
        )
        with self._read() as session:
            rows = session.execute(stretch).all()
        behind = [
            r.card_id for r in rows if not r.due_at and not r.last_error and r.delivered_version < r.version
        ]
        if behind:
            requeue(self._db, behind, now)
        done = len(rows) < SCAN
        self._cursor = 0 if done else rows[-1].id
        self._next_round = now + EVERY_ROUND if done else now
        self._next = self._next if done else now
        return not done


def requeue(db: sessionmaker[Session], card_ids: list[int], now: datetime) -> None:
    """Make these cards due, and say so: finding one is a mistake of ours that somebody should look at."""
    with db.begin() as session:
        make_due(session, sorted(set(card_ids)), now, NORMAL)
        programmes = session.scalars(select(Card.programme_id).where(Card.id.in_(card_ids)).distinct())
        for programme_id in sorted(programmes):
            record(session, programme_id, "delivery.repaired", {"cards": len(card_ids)}, now)
