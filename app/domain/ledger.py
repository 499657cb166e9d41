"""The arithmetic of value: lots, transfers and balances. Integers only; every transfer debits one account
and credits another.

Accounts of a card, per unit: `available` (its lots: usable, or not yet), `held` (promised to a till) and
`debt` (taken back after it was spent). The other side is a system account (`issued`, `redeemed`, `expired`,
`reversed`, `adjusted`, `converted`, `extended`), which keeps no balance and is never locked
(ledger-and-delivery, 1.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from app.domain.errors import InsufficientBalance

Bucket = Literal[
    "available",
    "held",
    "debt",
    "issued",
    "redeemed",
    "expired",
    "reversed",
    "adjusted",
    "converted",
    "extended",
]
SPEND = "spend_minor"
"""The unit of money spent: counted like any other, so that a reversal takes it back the same way."""
VISITS = "visits"
"""The unit of visits and purchases, counted where a rule asks for it."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Value that ends together; `key` is the storage id, or a negative number before storing."""

    key: int
    unit: str
    initial: int
    remaining: int
    active_from: datetime
    expires_at: datetime | None = None

    def usable(self, now: datetime) -> bool:
        """Whether it may be spent at `now`."""
        return (
            self.remaining > 0
            and self.active_from <= now
            and (self.expires_at is None or now < self.expires_at)
        )

    def pending(self, now: datetime) -> bool:
        """Whether it waits for its day."""
        return self.remaining > 0 and self.active_from > now

    def over(self, now: datetime) -> bool:
        """Whether it ended with something in it."""
        return self.remaining > 0 and self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class Earn:
    """A decision: give `amount` (> 0) of `unit`; `rule` is the key of the rule that gives."""

    unit: str
    amount: int
    source: Bucket = "issued"
    active_from: datetime | None = None
    expires_at: datetime | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Spend:
    """A decision: take `amount` (> 0) of `unit`; with `at_most`, take what is there. Target `held` sets
    aside.
    """

    unit: str
    amount: int
    target: Bucket = "redeemed"
    at_most: bool = False
    lot: int | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Unhold:
    """A decision: `amount` of what lot `lot` has set aside is spent (`redeemed`) or returned
    (`available`).
    """

    unit: str
    amount: int
    lot: int
    target: Literal["redeemed", "available"]


@dataclass(frozen=True, slots=True)
class Extend:
    """A decision: all usable lots of `unit` that have an end now end at `expires_at`, if that is later."""

    unit: str
    expires_at: datetime
    rule: str = ""


Move = Earn | Spend | Unhold | Extend


@dataclass(frozen=True, slots=True)
class Transfer:
    """One line of the journal: `amount` > 0 from `debit` to `credit`, with the card's balance after it.

    `balance_after` is what all lots of the unit hold; `lot` is None where only a debt grows.
    """

    unit: str
    debit: Bucket
    credit: Bucket
    amount: int
    balance_after: int
    lot: int | None
    rule: str = ""

    @property
    def signed(self) -> int:
        """What the card's lots gained (+) or lost (-)."""
        return self.moved("available")

    def moved(self, bucket: Bucket) -> int:
        """What this account gained (+) or lost (-)."""
        return self.amount * ((self.credit == bucket) - (self.debit == bucket))


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a card holds: open lots, and per unit what is set aside and what is owed.

    Balances are always the sum of the lots' remainders; where something is owed, nothing is available.
    """

    lots: Mapping[int, Lot] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    debts: Mapping[str, int] = field(default_factory=dict)

    @staticmethod
    def of(
        lots: Iterable[Lot], held: Mapping[str, int] | None = None, debts: Mapping[str, int] | None = None
    ) -> Holdings:
        """Holdings of these lots."""
        return Holdings({lot.key: lot for lot in lots}, held or {}, debts or {})

    def balance(self, unit: str) -> int:
        """All that the lots hold of `unit`, in its smallest parts: usable, waiting, or just over."""
        return sum(lot.remaining for lot in self.lots.values() if lot.unit == unit)

    def usable(self, unit: str, now: datetime) -> int:
        """What may be spent now."""
        return sum(lot.remaining for lot in self.lots.values() if lot.unit == unit and lot.usable(now))

    def pending(self, unit: str, now: datetime) -> int:
        """What may be spent later, from its day on."""
        return sum(lot.remaining for lot in self.lots.values() if lot.unit == unit and lot.pending(now))

    def with_lot(self, lot: Lot) -> Holdings:
        """The same with this lot as it is now."""
        return replace(self, lots={**self.lots, lot.key: lot})

    def with_held(self, unit: str, change: int) -> Holdings:
        """The same with more or less set aside."""
        return replace(self, held={**self.held, unit: self.held.get(unit, 0) + change})

    def with_debt(self, unit: str, change: int) -> Holdings:
        """The same with more or less owed."""
        return replace(self, debts={**self.debts, unit: self.debts.get(unit, 0) + change})


Done = tuple[Holdings, list[Transfer]]


def spending_order(lots: Iterable[Lot]) -> list[Lot]:
    """Soonest to expire first, then oldest; lots without an end come last."""
    return sorted(lots, key=lambda lot: (lot.expires_at is None, lot.expires_at or lot.active_from, lot.key))


def apply(
    holdings: Holdings, moves: Sequence[Move], *, now: datetime
) -> tuple[Holdings, tuple[Transfer, ...]]:
    """Carry out decisions in order; raises InsufficientBalance, and then nothing counts."""
    transfers: list[Transfer] = []
    for move in moves:
        holdings, done = _carry_out(holdings, move, now)
        transfers.extend(done)
    return holdings, tuple(transfers)


def _carry_out(holdings: Holdings, move: Move, now: datetime) -> Done:
    if isinstance(move, Earn):
        return _earn(holdings, move, now)
    if isinstance(move, Spend):
        return _spend(holdings, move, now)
    if isinstance(move, Unhold):
        return _unhold(holdings, move)
    return _extend(holdings, move, now)


def _earn(holdings: Holdings, move: Earn, now: datetime) -> Done:
    if move.amount < 0:
        raise ValueError("an award is never negative")
    if move.amount == 0:
        return holdings, []
    lot = _topped_up(holdings, move, now) or _new_lot(holdings, move, now)
    after = holdings.with_lot(lot)
    line = _line(after, lot, move.source, "available", move.amount, move.rule)
    after, repaid = repay(after, lot.key)
    return after, [line, *repaid]


def _topped_up(holdings: Holdings, move: Earn, now: datetime) -> Lot | None:
    """Value that begins and ends together is one lot, so that a card's lots are few however long its
    history is.
    """
    for lot in holdings.lots.values():
        same = lot.unit == move.unit and lot.expires_at == move.expires_at and lot.remaining > 0
        if same and (lot.active_from == move.active_from if _waits(move, now) else lot.usable(now)):
            return replace(lot, initial=lot.initial + move.amount, remaining=lot.remaining + move.amount)
    return None


def _waits(move: Earn, now: datetime) -> bool:
    return move.active_from is not None and move.active_from > now


def _new_lot(holdings: Holdings, move: Earn, now: datetime) -> Lot:
    key = min((*holdings.lots, 0)) - 1
    return Lot(key, move.unit, move.amount, move.amount, move.active_from or now, move.expires_at)


def repay(holdings: Holdings, key: int) -> Done:
    """What comes in pays what is owed first, from lot `key`."""
    lot = holdings.lots[key]
    part = min(lot.remaining, holdings.debts.get(lot.unit, 0))
    if part <= 0:
        return holdings, []
    paid = replace(lot, remaining=lot.remaining - part)
    after = holdings.with_lot(paid).with_debt(lot.unit, -part)
    return after, [_line(after, paid, "available", "debt", part)]


def _line(after: Holdings, lot: Lot, debit: Bucket, credit: Bucket, amount: int, rule: str = "") -> Transfer:
    return Transfer(lot.unit, debit, credit, amount, after.balance(lot.unit), lot.key, rule)


def _spend(holdings: Holdings, move: Spend, now: datetime) -> Done:
    open_lots = [lot for lot in holdings.lots.values() if lot.unit == move.unit and lot.usable(now)]
    if move.lot is not None:
        open_lots = [lot for lot in holdings.lots.values() if lot.key == move.lot and lot.remaining]
    available = sum(lot.remaining for lot in open_lots)
    if available < move.amount and not move.at_most:
        raise InsufficientBalance(
            f"The card holds {available} {move.unit}, {move.amount} were asked for.",
            unit=move.unit,
            available=available,
            wanted=move.amount,
        )
    return consume(holdings, spending_order(open_lots), min(move.amount, available), move)


def consume(holdings: Holdings, lots: Sequence[Lot], amount: int, move: Spend) -> Done:
    """Take `amount` from these lots in this order, as far as they go."""
    left, done = amount, []
    for lot in lots:
        part = min(left, lot.remaining)
        if part <= 0:
            continue
        holdings = holdings.with_lot(replace(lot, remaining=lot.remaining - part))
        if move.target == "held":
            holdings = holdings.with_held(lot.unit, part)
        done.append(_line(holdings, lot, "available", move.target, part, move.rule))
        left -= part
    return holdings, done


def _unhold(holdings: Holdings, move: Unhold) -> Done:
    if not 0 < move.amount <= holdings.held.get(move.unit, 0):
        raise ValueError("no more is set aside than was")
    holdings = holdings.with_held(move.unit, -move.amount)
    lot = holdings.lots[move.lot]
    if move.target == "redeemed":
        return holdings, [_line(holdings, lot, "held", "redeemed", move.amount)]
    back = replace(lot, remaining=lot.remaining + move.amount)
    holdings = holdings.with_lot(back)
    line = _line(holdings, back, "held", "available", move.amount)
    holdings, repaid = repay(holdings, back.key)
    return holdings, [line, *repaid]


def _extend(holdings: Holdings, move: Extend, now: datetime) -> Done:
    """Carry lots over to a new one with the later end: what an end was is never edited."""
    ending = [
        lot
        for lot in holdings.lots.values()
        if lot.unit == move.unit and lot.usable(now) and lot.expires_at and lot.expires_at < move.expires_at
    ]
    taken = Spend(move.unit, 0, "extended", rule=move.rule)
    amount = sum(lot.remaining for lot in ending)
    holdings, out = consume(holdings, spending_order(ending), amount, taken)
    again = Earn(move.unit, amount, "extended", expires_at=move.expires_at, rule=move.rule)
    holdings, back = _earn(holdings, again, now)
    return holdings, [*out, *back]
