"""Holds: points set aside between "calculate" and "receipt closed", so that no second till can spend them.

A hold is open until it is captured (by its purchase, or by itself), voided, or its time is over; whatever is
not spent returns to the lots it came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.ledger import Spend
from app.domain.mechanics import Decision, decide, paying_rule
from app.services import companies, held, ids, sales
from app.services.held import Outcome
from app.services.journal import By, Once
from app.services.loyalty import Purchase, check_purchase, sale_of
from app.services.operating import Order, Reply, Work, only, operate
from app.storage.states import account_of
from app.storage.tables import Card, HoldRow, Operation
from app.storage.tables.delivery import NORMAL

LASTS = timedelta(minutes=15)
BATCH = 200


def set_aside(
    db: sessionmaker[Session], cmd: Purchase, once: Once, by: By, *, now: datetime, lasts: timedelta = LASTS
) -> Reply:
    """Set aside `cmd.redeem_points` for this receipt, if it may be paid with so many; again for the same
    receipt gives the first answer. Raises Invalid, InsufficientBalance, Conflict.
    """
    public_id, ends = ids.token(12), now + lasts

    def decided(work: Work) -> Decision:
        return _allowed(cmd, work)

    def first(session: Session, card: Card) -> Operation | None:
        return _for_receipt(session, card, cmd)

    def keep(work: Work, operation: Operation, decision: Decision) -> None:
        work.session.add(_row(cmd, public_id, ends, work, operation))
        work.session.flush()

    told = {
        "id": public_id,
        "serial": cmd.serial,
        "amount": cmd.redeem_points,
        "state": "open",
        "receipt": cmd.receipt,
        "store": cmd.store,
        "expires_at": _time(ends),
        "created_at": _time(now),
        "resolved_at": None,
    }
    order = Order("hold", once, by, detail={"hold": told})
    return operate(db, cmd.serial, order, decided, now=now, before=first, after=keep)


def _row(cmd: Purchase, public_id: str, ends: datetime, work: Work, operation: Operation) -> HoldRow:
    rule = paying_rule(work.programme.rules)
    assert rule is not None, "its points were just set aside"
    return HoldRow(
        public_id=public_id,
        programme_id=work.card.programme_id,
        card_id=work.account.id,
        operation_id=operation.id,
        unit=rule.unit,
        amount=cmd.redeem_points,
        state="open",
        receipt=cmd.receipt or None,
        store=cmd.store,
        expires_at=ends,
        created_at=work.now,
        resolved_at=None,
    )


def _allowed(cmd: Purchase, work: Work) -> Decision:
    """What sets the points aside, where the rules would take so many for this receipt; the partner is that
    of the receipt.
    """
    check_purchase(cmd, work.programme, work.now)
    rule = paying_rule(work.programme.rules)
    if rule is None or cmd.redeem_points < 1:
        reason = "must be above zero" if rule else "this programme has no points"
        raise Invalid({"/redeem_points": reason})
    sale, state = sales.prepared(work.session, work.card, work.programme, sale_of(cmd), work.state)
    decide(work.programme.rules, sale, state)
    aside = only(Spend(rule.unit, cmd.redeem_points, "held", rule=rule.rule))
    return replace(aside, partner=sale.partner)


def _for_receipt(session: Session, card: Card, cmd: Purchase) -> Operation | None:
    if not cmd.receipt:
        return None
    found = session.scalars(
        select(HoldRow).where(
            HoldRow.programme_id == card.programme_id,
            HoldRow.receipt == cmd.receipt,
            HoldRow.state.in_(("open", "captured")),
        )
    ).one_or_none()
    if found is None:
        return None
    same = (found.card_id, found.amount) == (account_of(card), cmd.redeem_points)
    if not same or found.state != "open":
        raise Conflict("For this receipt something else was set aside.", hold=found.public_id)
    return session.get_one(Operation, found.operation_id)


def capture(
    db: sessionmaker[Session],
    public_id: str,
    once: Once,
    by: By,
    *,
    now: datetime,
    points: int | None = None,
    programme_ids: Sequence[int] | None = None,
) -> Reply:
    """Spend what was set aside, or so many of it; the rest goes back. For receipts that are not ours to
    know: a purchase captures its hold by itself. Raises Conflict for one that is resolved or ran out.
    """

    def prepare(work: Work) -> Work:
        held.in_time(held.by_id(work.session, public_id), work.now)
        return held.opened(work, public_id)

    order = Order("capture", once, by)
    return _resolve(db, public_id, order, "captured", now, points, programme_ids, prepare)


def void(
    db: sessionmaker[Session],
    public_id: str,
    once: Once,
    by: By,
    *,
    now: datetime,
    programme_ids: Sequence[int] | None = None,
) -> Reply:
    """Give back all that was set aside, also on a card that is blocked by now."""
    order = Order("void", once, by, needs_active=False)
    return _resolve(db, public_id, order, "voided", now, 0, programme_ids)


def _resolve(
    db: sessionmaker[Session],
    public_id: str,
    order: Order,
    outcome: Outcome,
    now: datetime,
    points: int | None,
    programme_ids: Sequence[int] | None = None,
    prepare: Any = None,
) -> Reply:
    with db() as session:
        row = held.by_id(session, public_id, programme_ids)
        unit, told = row.unit, shown(session, public_id)
        partner = session.get_one(Operation, row.operation_id).partner
    told |= {"state": outcome, "resolved_at": _time(now)}
    order = replace(order, detail={"hold": told}, partner=partner)

    def decided(work: Work) -> Decision:
        amount = sum(part for _, part in work.held) if points is None else points
        return only(*held.taken(work, unit, amount))

    def keep(work: Work, operation: Operation, decision: Decision) -> None:
        held.resolve(work.session, public_id, outcome, now)

    return operate(
        db,
        str(told["serial"]),
        order,
        decided,
        now=now,
        prepare=prepare or (lambda work: held.opened(work, public_id)),
        after=keep,
    )


def expire(db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> int:
    """Give back what was set aside too long: a batch, each at most once. Gives how many."""
    with read() as session:
        ended = select(HoldRow.public_id).where(*_over(now)).order_by(HoldRow.expires_at, HoldRow.id)
        found = session.scalars(ended.limit(BATCH)).all()
    done = 0
    for public_id in found:
        order = Order(
            "hold-end",
            Once("clock", f"hold:{public_id}", {"hold": public_id}),
            By(actor="clock"),
            needs_active=False,
            priority=NORMAL,
        )
        try:
            _resolve(db, public_id, order, "expired", now, 0)
        except (Conflict, NotFound):
            continue  # a till was faster, or its card left the account at this moment
        done += 1
    return done


def over(session: Session, now: datetime) -> int:
    """How many holds wait to be given back."""
    return session.scalar(select(func.count()).select_from(HoldRow).where(*_over(now))) or 0


def _over(now: datetime) -> tuple[Any, ...]:
    return HoldRow.state == "open", HoldRow.expires_at <= now


def shown(session: Session, public_id: str, programme_ids: Sequence[int] | None = None) -> dict[str, Any]:
    """A hold as it is now; raises NotFound."""
    row = held.by_id(session, public_id, programme_ids)
    operation = session.get_one(Operation, row.operation_id)
    return {
        "id": row.public_id,
        "serial": companies.card_of(session, operation).serial,
        "amount": row.amount,
        "state": row.state,
        "receipt": row.receipt or "",
        "store": row.store,
        "expires_at": _time(row.expires_at),
        "created_at": _time(row.created_at),
        "resolved_at": _time(row.resolved_at) if row.resolved_at else None,
    }


def _time(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
