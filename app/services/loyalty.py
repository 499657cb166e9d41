"""Purchases, visits, redemptions and adjustments: what each means; `app.services.operating` does them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Invalid
from app.domain.ledger import Earn, Move, Spend
from app.domain.mechanics import Decision, decide, follows, paying_rule
from app.domain.mechanics.base import Sale, Visit
from app.domain.mechanics.bill import Item
from app.domain.mechanics.gift_card import UNIT as GIFT
from app.domain.programme import Programme
from app.domain.refunds import working_of
from app.services import held, sales
from app.services.journal import By, Once
from app.services.operating import Order, Reply, Work, only, operate
from app.storage.states import account_of
from app.storage.tables import Card, Operation, Receipt
from app.storage.tables.delivery import URGENT

MOST_MINOR = 10**12
"""An amount above this is a slip of the keyboard, in any currency."""


_RECEIPTS: Any = Receipt.__table__
_KEEP_RECEIPT = insert(_RECEIPTS)
_KNOWN_RECEIPT = select(_RECEIPTS.c.card_id, _RECEIPTS.c.amount_minor, _RECEIPTS.c.operation_id).where(
    _RECEIPTS.c.programme_id == bindparam("of"), _RECEIPTS.c.external_id == bindparam("named")
)


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
    partner: str = ""
    codes: Sequence[str] = ()
    gift_minor: int = 0
    hold: str = ""
    """What was set aside for it; without `redeem_points` all of that pays."""


def purchase(db: sessionmaker[Session], cmd: Purchase, once: Once, by: By, *, now: datetime) -> Reply:
    """Award what a purchase earns, once: the same key, or the same receipt, returns the same answer."""

    def decided(work: Work) -> Decision:
        check_purchase(cmd, work.programme, now)
        sale = sale_of(cmd, once, work.held)
        sale, state = sales.prepared(work.session, work.card, work.programme, sale, work.state)
        return held.and_the_rest(decide(work.programme.rules, sale, state), work)

    def first(session: Session, card: Card) -> Operation | None:
        return _by_receipt(session, card, cmd)

    def keep(work: Work, operation: Operation, decision: Decision) -> None:
        _keep_receipt(work, cmd, operation, decision)
        if cmd.hold:
            held.resolve(work.session, cmd.hold, "captured", now)

    def prepare(work: Work) -> Work:
        return held.for_receipt(work, cmd.hold, cmd.receipt) if cmd.hold else work

    order = Order("purchase", once, by, at=cmd.occurred_at, partner=cmd.partner)
    return operate(db, cmd.serial, order, decided, now=now, before=first, prepare=prepare, after=keep)


def sale_of(cmd: Purchase, once: Once | None = None, hold: tuple[tuple[int, int], ...] = ()) -> Sale:
    """The purchase as the rules see it; its luck hangs on its key alone, so that no retry draws again."""
    items = tuple(Item(**item) for item in cmd.items)
    luck = _luck(once) if once else 9_999
    return Sale(
        cmd.amount_minor,
        cmd.redeem_points or sum(amount for _, amount in hold),
        items,
        store=cmd.store,
        partner=cmd.partner,
        codes=tuple(cmd.codes),
        gift_minor=cmd.gift_minor,
        luck=luck,
        at=cmd.occurred_at,
        hold=hold,
    )


def _luck(once: Once) -> int:
    named = f"{once.source}:{once.key}:{once.request_hash}"  # the same cup of coffee again has another luck
    return int.from_bytes(hashlib.sha256(named.encode()).digest()[:8]) % 10_000


def stamp(
    db: sessionmaker[Session],
    serial: str,
    stamps: int,
    once: Once,
    by: By,
    *,
    now: datetime,
    at: datetime | None = None,
) -> Reply:
    """Give stamps for a visit; a full card becomes a reward at once. A visit of earlier has its time in `at`
    and counts by the rules of then.
    """
    if not 1 <= stamps <= 100:
        raise Invalid({"/stamps": "must be from 1 to 100"})

    def decided(work: Work) -> Decision:
        if fault := _too_late(at, work.programme, now):
            raise Invalid({"/occurred_at": fault})
        if "stamps" not in work.programme.units:
            raise Invalid({"/stamps": "this programme gives no stamps"})
        return decide(work.programme.rules, Visit(stamps, by.store), work.state)

    return operate(db, serial, Order("stamps", once, by, at=at), decided, now=now)


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

    def decided(work: Work) -> Decision:
        return only(*(_chosen(reward, work) if reward else (_points(points, work),)))

    return operate(db, serial, Order("redemption", once, by), decided, now=now)


def _points(points: int, work: Work) -> Move:
    """Points, or cashback where there are none."""
    payer = paying_rule(work.programme.rules)
    return Spend(payer.unit if payer else "points", points)


def _chosen(reward: str, work: Work) -> tuple[Move, ...]:
    """One that is ready, or else what it costs where the customer may choose it."""
    unit = f"reward.{reward}"
    if work.state.holdings.usable(unit, work.now) == 0:
        for rule in work.programme.rules:
            if moves := rule.trade(reward, work.state):
                return moves
    return (Spend(unit, 1),)


def adjust(
    db: sessionmaker[Session],
    serial: str,
    amounts: Mapping[str, int],
    once: Once,
    by: By,
    *,
    now: datetime,
    priority: int = URGENT,
) -> Reply:
    """Add or take `amounts` (unit to signed whole number) with a reason; raises InsufficientBalance,
    Invalid.
    """
    if not by.reason.strip():
        raise Invalid({"/reason": "is required"})
    if not any(amounts.values()) or any(abs(amount) > MOST_MINOR for amount in amounts.values()):
        raise Invalid({"": "give a believable amount other than zero"})

    def decided(work: Work) -> Decision:
        known = work.programme.units
        strange = {f"/{unit}": "is not a unit of this programme" for unit in amounts if unit not in known}
        if strange:
            raise Invalid(strange)
        moves = [_adjustment(unit, amount, work) for unit, amount in amounts.items() if amount]
        return follows(work.programme.rules, moves, work.state)

    order = Order("adjustment", once, by, needs_active=False, priority=priority)
    return operate(db, serial, order, decided, now=now)


def reconcile(
    db: sessionmaker[Session], serial: str, wanted: Mapping[str, int], once: Once, by: By, *, now: datetime
) -> Reply | None:
    """Bring balances (unit to whole number) to what another system says, as an adjustment by the difference
    that is found under the lock: never an overwrite. None where they are that already; the same key answers
    the same again. Raises Invalid.
    """
    if not by.reason.strip():
        raise Invalid({"/reason": "is required"})
    if not wanted or any(not 0 <= amount <= MOST_MINOR for amount in wanted.values()):
        raise Invalid({"": "give believable balances"})

    def decided(work: Work) -> Decision:
        strange = {f"/{unit}": "is not a unit of this programme" for unit in wanted.keys() - _units(work)}
        if strange:
            raise Invalid(strange)
        gaps = {unit: amount - work.state.holdings.usable(unit, now) for unit, amount in wanted.items()}
        moves = [_adjustment(unit, amount, work) for unit, amount in gaps.items() if amount]
        if not moves:
            raise _InStep
        return follows(work.programme.rules, moves, work.state)

    try:
        return operate(db, serial, Order("adjustment", once, by, needs_active=False), decided, now=now)
    except _InStep:
        return None


class _InStep(Exception):
    """The balances are what they should be: there is nothing to write."""


def _units(work: Work) -> set[str]:
    return set(work.programme.units)


def _adjustment(unit: str, amount: int, work: Work) -> Move:
    """What is given by hand ends like what is earned."""
    if amount < 0:
        return Spend(unit, -amount, "adjusted")
    ends = (rule.ends(unit, work.state) for rule in work.programme.rules)
    return Earn(unit, amount, "adjusted", expires_at=next((each for each in ends if each), None))


def check_purchase(cmd: Purchase, programme: Programme, now: datetime) -> None:
    """Raises Invalid for a receipt that no programme would take."""
    faults: dict[str, str] = {}
    if not 0 <= cmd.amount_minor <= MOST_MINOR:
        faults["/amount_minor"] = "must be zero or more, and believable"
    if cmd.currency != programme.currency:
        faults["/currency"] = f"this programme counts in {programme.currency}"
    if fault := _too_late(cmd.occurred_at, programme, now):
        faults["/occurred_at"] = fault
    if cmd.redeem_points < 0:
        faults["/redeem_points"] = "must be zero or more"
    if faults:
        raise Invalid(faults)


def _too_late(at: datetime | None, programme: Programme, now: datetime) -> str:
    """What is wrong with the time of something that is entered `now`."""
    days = programme.late_days
    if at is None or now - timedelta(days=days) <= at <= now + timedelta(minutes=10):
        return ""
    return f"lies in the future, or more than {days} days back"


def _by_receipt(session: Session, card: Card, cmd: Purchase) -> Operation | None:
    """The same receipt from another system (or under another key) is the same purchase."""
    if not cmd.receipt:
        return None
    asked = {"of": card.programme_id, "named": cmd.receipt}
    found = session.connection().execute(_KNOWN_RECEIPT, asked).one_or_none()
    if found is None:
        return None
    if found.card_id != account_of(card) or found.amount_minor != cmd.amount_minor:
        raise Conflict("This receipt was entered before, for another card or amount.", receipt=cmd.receipt)
    return session.get_one(Operation, found.operation_id)


def _keep_receipt(work: Work, cmd: Purchase, operation: Operation, decision: Decision) -> None:
    working = working_of(decision, sale_of(cmd), work.programme.rules)
    values: dict[str, Any] = {
        "public_id": operation.public_id,
        "programme_id": work.card.programme_id,
        "card_id": work.account.id,
        "operation_id": operation.id,
        "external_id": cmd.receipt or None,
        "store": cmd.store,
        "currency": cmd.currency,
        "amount_minor": cmd.amount_minor,
        "points_paid": sum(share.amount for share in working.paid if share.unit != GIFT),
        "items": [dict(item) for item in cmd.items],
        "discount_minor": decision.bill.discount_minor,
        "gift_minor": cmd.gift_minor,
        "partner": operation.partner,
        "working": working.as_json(),
        "refunded_minor": 0,
        "closed_at": work.at,
    }
    work.session.connection().execute(_KEEP_RECEIPT, values)
