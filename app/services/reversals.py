"""Taking operations back: whole, once each, with a reason and an actor; the journal is never edited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.domain import returns
from app.domain.errors import AlreadyReversed, Conflict
from app.domain.ledger import SPEND
from app.domain.mechanics import Decision, changed_standing
from app.domain.mechanics.base import State
from app.services import coupons, journal
from app.services.journal import By, Once
from app.services.operating import Order, Reply, begin, settle
from app.storage import queries
from app.storage.tables import Card, Operation


def reverse(
    db: sessionmaker[Session],
    public_id: str,
    once: Once,
    by: By,
    *,
    now: datetime,
    programme_ids: Sequence[int] | None = None,
) -> Reply:
    """Take an operation back whole; its second reversal raises AlreadyReversed, and a reversal cannot be
    reversed.
    """
    with db() as session:
        first = journal.operation_by_id(session, public_id, programme_ids)
        serial, operation_id = session.get_one(Card, first.via_card_id or first.card_id).serial, first.id
    if first.reverses_id is not None:
        raise Conflict("A reversal cannot be taken back.", id=public_id)
    try:
        return _reverse(db, serial, operation_id, once, by, now)
    except IntegrityError:
        return _reverse(db, serial, operation_id, once, by, now)


def _reverse(
    db: sessionmaker[Session], serial: str, operation_id: int, once: Once, by: By, now: datetime
) -> Reply:
    with db.begin() as session:
        card = queries.card_by_serial(session, serial, lock=True)
        if found := journal.recall(session, card.programme_id, once):
            return Reply(found.reply, replayed=True)
        if session.scalars(select(Operation.id).where(Operation.reverses_id == operation_id)).first():
            raise AlreadyReversed("This was taken back before.", serial=serial)
        first = session.get_one(Operation, operation_id)
        work = begin(session, card, now, first.occurred_at)
        lines = journal.transfers_of(session, first)
        before = journal.with_lots_of(session, work.state.holdings, lines)
        done = returns.reverse(before, lines, now=now, policy=work.programme.returns)
        detail = _detail(done)
        order = Order("reversal", once, by, needs_active=False, reverses=operation_id, detail=detail)
        counts = {line.unit: -line.amount for line in lines if line.unit == SPEND}
        counts |= coupons.give_back(session, first)
        standing = changed_standing(work.programme.rules, _without(work.state, counts))
        decision = Decision(counts=counts, standing=standing)
        return settle(work, order, decision, done.holdings, done.transfers)


def _without(state: State, counts: dict[str, int]) -> State:
    left = {count: amount + counts.get(count.what, 0) for count, amount in state.counts.items()}
    return replace(state, counts=left)


def _detail(done: returns.TakenBack) -> dict[str, Any]:
    told = {"written_off": dict(done.written_off), "debt": dict(done.debt)}
    return {key: value for key, value in told.items() if value}
