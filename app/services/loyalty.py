"""Purchases, visits, redemptions, adjustments and reversals: lock the card, recall the key, decide, write,
touch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.domain import ledger
from app.domain.errors import AlreadyReversed, Conflict, Invalid
from app.domain.ledger import SPEND, Earn, Holdings, Move, Spend
from app.domain.mechanics import completed, decide, show
from app.domain.mechanics.base import Item, Occasion, Reward, Sale, State, Visit
from app.domain.mechanics.points import Points
from app.domain.mechanics.stamps import Stamps
from app.domain.programme import Programme
from app.domain.text import in_locale
from app.services import journal
from app.services.cards import require_active, touch
from app.services.events import record
from app.services.journal import By, Once
from app.storage import queries
from app.storage.tables import Card, Operation, ProgrammeRow, Receipt
from app.storage.tables.delivery import URGENT

MOST_MINOR = 10**12
"""An amount above this is a slip of the keyboard, in any currency."""
LATE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Purchase:
    """A receipt. `amount_minor` in minor units of `currency`; `receipt` is the till's own number, once per
    programme.
    """

    serial: str
    amount_minor: int
    currency: str
    receipt: str = ""
    store: str = ""
    items: Sequence[Mapping[str, Any]] = ()
    redeem_points: int = 0
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to an operation: `body` as the contract gives it, `replayed` if it was the first answer
    again.
    """

    body: Mapping[str, Any] = field(default_factory=dict)
    replayed: bool = False


Decide = Callable[[Session, Card, Programme, State], tuple[Move, ...]]


def purchase(db: sessionmaker[Session], cmd: Purchase, once: Once, by: By, *, now: datetime) -> Reply:
    """Award what a purchase earns, once: the same key, or the same receipt, returns the same answer."""

    def decided(session: Session, card: Card, programme: Programme, state: State) -> tuple[Move, ...]:
        _check_purchase(cmd, programme, now)
        items = tuple(Item(**item) for item in cmd.items)
        return _with_spend(programme, Sale(cmd.amount_minor, cmd.redeem_points, items), state)

    def first(session: Session, card: Card) -> Operation | None:
        return _by_receipt(session, card, cmd)

    def keep(session: Session, card: Card, operation: Operation) -> None:
        _keep_receipt(session, card, cmd, operation, now)

    return _once(
        lambda: _operate(
            db,
            cmd.serial,
            "purchase",
            once,
            by,
            decided,
            now=now,
            before=first,
            after=keep,
            at=cmd.occurred_at,
        )
    )


def quote(db: sessionmaker[Session], cmd: Purchase, *, now: datetime) -> Mapping[str, Any]:
    """What a purchase would earn, and how many points it could be paid with; changes nothing."""
    with db() as session:
        card = queries.card_by_serial(session, cmd.serial)
        require_active(card, now)
        programme = queries.programme_of(session.get_one(ProgrammeRow, card.programme_id))
        _check_purchase(cmd, programme, now)
        state = queries.state_of(card, queries.holdings_of(session, card.id), programme, now)
        items = tuple(Item(**item) for item in cmd.items)
        moves = _with_spend(programme, Sale(cmd.amount_minor, cmd.redeem_points, items), state)
        _, lines = ledger.apply(state.holdings, moves, now=now)
        most = (
            rule.most_redeemable(cmd.amount_minor, state.holdings.usable("points", now))
            for rule in programme.rules
            if isinstance(rule, Points)
        )
        return {"earned": _gained(lines), "redeemable_points": next(most, 0)}


def stamp(db: sessionmaker[Session], serial: str, stamps: int, once: Once, by: By, *, now: datetime) -> Reply:
    """Give stamps for a visit; a full card becomes a reward at once."""
    if not 1 <= stamps <= 100:
        raise Invalid({"/stamps": "must be from 1 to 100"})

    def decided(session: Session, card: Card, programme: Programme, state: State) -> tuple[Move, ...]:
        if not any(isinstance(rule, Stamps) for rule in programme.rules):
            raise Invalid({"/stamps": "this programme gives no stamps"})
        return decide(programme.rules, Visit(stamps), state)

    return _once(lambda: _operate(db, serial, "stamps", once, by, decided, now=now))


def redeem(
    db: sessionmaker[Session],
    serial: str,
    once: Once,
    by: By,
    *,
    now: datetime,
    points: int = 0,
    reward: str = "",
) -> Reply:
    """Hand out a reward that is ready, or take points; raises InsufficientBalance."""
    if bool(points) == bool(reward) or points < 0:
        raise Invalid({"": "give either points (above zero) or a reward"})
    unit = "points" if points else f"reward.{reward}"

    def decided(session: Session, card: Card, programme: Programme, state: State) -> tuple[Move, ...]:
        return (Spend(unit, points or 1),)

    return _once(lambda: _operate(db, serial, "redemption", once, by, decided, now=now))


def adjust(
    db: sessionmaker[Session], serial: str, amounts: Mapping[str, int], once: Once, by: By, *, now: datetime
) -> Reply:
    """Add or take `amounts` (unit to signed whole number) with a reason; raises InsufficientBalance,
    Invalid.
    """
    if not by.reason.strip():
        raise Invalid({"/reason": "is required"})
    if not any(amounts.values()) or any(abs(amount) > MOST_MINOR for amount in amounts.values()):
        raise Invalid({"": "give a believable amount other than zero"})

    def decided(session: Session, card: Card, programme: Programme, state: State) -> tuple[Move, ...]:
        known = {rule.kind for rule in programme.rules}
        strange = {f"/{unit}": "is not a unit of this programme" for unit in amounts if unit not in known}
        if strange:
            raise Invalid(strange)
        moves = [_adjustment(unit, amount) for unit, amount in amounts.items() if amount]
        return completed(programme.rules, moves, state)

    return _once(lambda: _operate(db, serial, "adjustment", once, by, decided, now=now, needs_active=False))


def _adjustment(unit: str, amount: int) -> Move:
    return Earn(unit, amount, "adjusted") if amount > 0 else Spend(unit, -amount, "adjusted")


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
        serial, operation_id = session.get_one(Card, first.card_id).serial, first.id
    if first.reverses_id is not None:
        raise Conflict("A reversal cannot be taken back.", id=public_id)
    return _once(lambda: _reverse(db, serial, operation_id, once, by, now))


def _reverse(
    db: sessionmaker[Session], serial: str, operation_id: int, once: Once, by: By, now: datetime
) -> Reply:
    with db.begin() as session:
        card = queries.card_by_serial(session, serial, lock=True)
        if found := journal.recall(session, card.programme_id, once):
            return Reply(found.reply, replayed=True)
        if session.scalars(select(Operation.id).where(Operation.reverses_id == operation_id)).first():
            raise AlreadyReversed("This was taken back before.", serial=serial)
        lines = journal.transfers_of(session, session.get_one(Operation, operation_id))
        before = journal.holdings_for_reversal(session, card.id, lines)
        holdings, back = ledger.reverse(before, lines, now=now)
        operation = journal.open_operation(
            session, card, "reversal", once, by, now=now, reverses=operation_id
        )
        return settle_operation(session, card, operation, holdings, back, now)


def _operate(
    db: sessionmaker[Session],
    serial: str,
    kind: str,
    once: Once,
    by: By,
    decided: Decide,
    *,
    now: datetime,
    before: Callable[[Session, Card], Operation | None] | None = None,
    after: Callable[[Session, Card, Operation], None] | None = None,
    at: datetime | None = None,
    needs_active: bool = True,
) -> Reply:
    with db.begin() as session:
        card = queries.card_by_serial(session, serial, lock=True)
        if found := journal.recall(session, card.programme_id, once) or (before and before(session, card)):
            return Reply(found.reply, replayed=True)
        if needs_active:
            require_active(card, now)
        row = session.get_one(ProgrammeRow, card.programme_id)  # held to the end, so that it is read once
        programme = queries.programme_of(row)
        state = queries.state_of(card, queries.holdings_of(session, card.id), programme, now)
        moves = decided(session, card, programme, state)
        holdings, lines = ledger.apply(state.holdings, moves, now=now)
        operation = journal.open_operation(session, card, kind, once, by, now=now, occurred_at=at)
        reply = settle_operation(session, card, operation, holdings, lines, now)
        if after:
            after(session, card, operation)
        return reply


def settle_operation(
    session: Session,
    card: Card,
    operation: Operation,
    holdings: Holdings,
    lines: Sequence[ledger.Transfer],
    now: datetime,
    *,
    priority: int = URGENT,
) -> Reply:
    """Write an operation that was decided, tell of it, and let the card show it; the card must be locked."""
    programme = queries.programme_of(session.get_one(ProgrammeRow, card.programme_id))
    rewards = show(programme.rules, queries.state_of(card, holdings, programme, now)).rewards
    body = {
        "id": operation.public_id,
        "kind": operation.kind,
        "earned": _gained(lines),
        "redeemed": _lost(lines),
        "balances": public_balances(programme, holdings),
        "tier": card.tier,
        "rewards": public_rewards(programme, rewards),
        "entries": [
            {"unit": line.unit, "amount": line.signed, "balance": line.balance_after} for line in lines
        ],
    }
    journal.write(session, operation, holdings, lines, body)
    event = {key: body[key] for key in ("id", "earned", "redeemed", "balances")}
    record(session, card.programme_id, f"ledger.{operation.kind}", event, now, card=card)
    touch(session, card, now, priority=priority)
    return Reply(body)


def public_balances(programme: Programme, holdings: Holdings) -> dict[str, int]:
    """Balances as the contract names them: a unit for each mechanic, and the money spent."""
    units = dict.fromkeys(("points", "stamps", *(rule.kind for rule in programme.rules)))
    return {unit: holdings.balance(unit) for unit in units} | {SPEND: holdings.balance(SPEND)}


def public_rewards(programme: Programme, rewards: Sequence[Reward]) -> list[dict[str, Any]]:
    """Rewards that are ready, named in the programme's first language."""
    locale = programme.default_locale
    return [{"key": each.key, "name": in_locale(each.name, locale), "count": each.count} for each in rewards]


def _gained(lines: Sequence[ledger.Transfer]) -> dict[str, int]:
    return _sums(line for line in lines if line.credit == "available" and line.unit != SPEND)


def _lost(lines: Sequence[ledger.Transfer]) -> dict[str, int]:
    return _sums(line for line in lines if line.debit == "available" and line.unit != SPEND)


def _sums(lines: Any) -> dict[str, int]:
    total: dict[str, int] = {}
    for line in lines:
        total[line.unit] = total.get(line.unit, 0) + line.amount
    return total


def _with_spend(programme: Programme, sale: Occasion, state: State) -> tuple[Move, ...]:
    moves = decide(programme.rules, sale, state)
    amount = sale.amount_minor if isinstance(sale, Sale) else 0
    return (*moves, Earn(SPEND, amount)) if amount else moves


def _check_purchase(cmd: Purchase, programme: Programme, now: datetime) -> None:
    faults: dict[str, str] = {}
    if not 0 <= cmd.amount_minor <= MOST_MINOR:
        faults["/amount_minor"] = "must be zero or more, and believable"
    if cmd.currency != programme.currency:
        faults["/currency"] = f"this programme counts in {programme.currency}"
    if cmd.occurred_at and not now - LATE <= cmd.occurred_at <= now + timedelta(minutes=10):
        faults["/occurred_at"] = "lies in the future, or more than 90 days back"
    if cmd.redeem_points:
        faults |= _redeem_faults(cmd, programme)
    if faults:
        raise Invalid(faults)


def _redeem_faults(cmd: Purchase, programme: Programme) -> dict[str, str]:
    rule = next((rule for rule in programme.rules if isinstance(rule, Points)), None)
    if rule is None:
        return {"/redeem_points": "this programme has no points"}
    if cmd.redeem_points < 0 or rule.worth_minor(cmd.redeem_points) > cmd.amount_minor:
        return {"/redeem_points": "is worth more than the purchase"}
    return {}


def _by_receipt(session: Session, card: Card, cmd: Purchase) -> Operation | None:
    """The same receipt from another system (or under another key) is the same purchase."""
    if not cmd.receipt:
        return None
    found = session.scalars(
        select(Receipt).where(Receipt.programme_id == card.programme_id, Receipt.external_id == cmd.receipt)
    ).one_or_none()
    if found is None:
        return None
    if found.card_id != card.id or found.amount_minor != cmd.amount_minor:
        raise Conflict("This receipt was entered before, for another card or amount.", receipt=cmd.receipt)
    return session.get_one(Operation, found.operation_id)


def _keep_receipt(session: Session, card: Card, cmd: Purchase, operation: Operation, now: datetime) -> None:
    session.add(
        Receipt(
            public_id=operation.public_id,
            programme_id=card.programme_id,
            card_id=card.id,
            operation_id=operation.id,
            external_id=cmd.receipt or None,
            store=cmd.store,
            currency=cmd.currency,
            amount_minor=cmd.amount_minor,
            points_paid=cmd.redeem_points,
            items=[dict(item) for item in cmd.items],
            closed_at=cmd.occurred_at or now,
        )
    )


def _once(work: Callable[[], Reply]) -> Reply:
    """Two first requests at once: the second breaks on a unique key, and then finds the first one's
    answer.
    """
    try:
        return work()
    except IntegrityError:
        return work()
