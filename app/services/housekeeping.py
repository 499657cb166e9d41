"""What has to be done by the clock: cards and points that reached their end, and news that nobody was told
of.

Every step is bounded, harmless when repeated, and may run on several machines at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.ledger import Spend
from app.services import journal, messages, rule_rounds
from app.services.cards import make_due, touch
from app.services.events import record
from app.services.journal import By, Once
from app.services.operating import Order, begin, carry_out, only
from app.storage import queries
from app.storage.tables import Card, Delivery, LotRow
from app.storage.tables.delivery import NORMAL

BATCH = 200
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
        worked = any(round_(self._db, self._read, now) for round_ in ROUNDS)
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


def expire_cards(db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> bool:
    """A card past its end is expired, and shows it."""
    over = (
        select(Card.id).where(Card.expires_at <= now, Card.status == "active").order_by(Card.id).limit(BATCH)
    )
    with read() as session:
        found = session.scalars(over).all()
    for card_id in found:
        with db.begin() as session:
            card = session.get_one(Card, card_id, with_for_update=True)
            if card.status == "active" and card.expires_at and card.expires_at <= now:
                card.status = "expired"
                session.flush()
                record(
                    session,
                    card.programme_id,
                    "card.status",
                    {"from": "active", "to": "expired"},
                    now,
                    card=card,
                )
                touch(session, card, now, priority=NORMAL)
    return bool(found)


def expire_lots(db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> bool:
    """Take lots that ended out of the balances: one operation a lot, at most once."""
    over = (
        select(LotRow.id, Card.serial)
        .join(Card, Card.id == LotRow.card_id)
        .where(LotRow.expires_at <= now, LotRow.remaining > 0)
        .order_by(LotRow.expires_at, LotRow.id)
        .limit(BATCH)
    )
    with read() as session:
        found = session.execute(over).all()
    for lot_id, serial in found:
        _expire_lot(db, lot_id, serial, now)
    return bool(found)


def _expire_lot(db: sessionmaker[Session], lot_id: int, serial: str, now: datetime) -> None:
    with db.begin() as session:
        card = queries.card_by_serial(session, serial, lock=True)
        work = begin(session, card, now)
        lot = work.state.holdings.lots.get(lot_id)
        if lot is None or lot.expires_at is None or lot.expires_at > now:
            return
        version = journal.balance_version(session, card.id, lot.unit)  # a lot that was refilled may end again
        once = Once("clock", f"expire:{lot_id}:{version}", {"lot": lot_id, "version": version})
        order = Order("expiry", once, By(actor="clock"), priority=NORMAL, needs_active=False)
        carry_out(work, order, lambda _: only(Spend(lot.unit, lot.remaining, "expired", lot=lot_id)))


ROUNDS = (rule_rounds.run, expire_cards, expire_lots, messages.follow_clock)
"""In this order; each takes a bounded batch and says whether there was any."""
