"""The arithmetic of value: lots, transfers and balances. Integers only; every transfer debits one account
and credits another.

Accounts of a card: `available` (may be spent) per unit. The other side is a system account (`issued`,
`redeemed`,
`expired`, `reversed`, `adjusted`), which keeps no balance and is never locked (ledger-and-delivery, 1.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from app.domain.errors import InsufficientBalance

Bucket = Literal["available", "issued", "redeemed", "expired", "reversed", "adjusted"]
SPEND = "spend_minor"
"""The unit of money spent: counted like any other, so that a reversal takes it back the same way."""


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


@dataclass(frozen=True, slots=True)
class Earn:
    """A decision: give `amount` (> 0) of `unit`."""

    unit: str
    amount: int
    source: Bucket = "issued"
    active_from: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Spend:
    """A decision: take `amount` (> 0) of `unit`; with `at_most`, take what is there."""

    unit: str
    amount: int
    target: Bucket = "redeemed"
    at_most: bool = False
    lot: int | None = None


Move = Earn | Spend


@dataclass(frozen=True, slots=True)
class Transfer:
    """One line of the journal: `amount` > 0 from `debit` to `credit`, with the card's balance after it."""

    unit: str
    debit: Bucket
    credit: Bucket
    amount: int
    balance_after: int
    lot: int

    @property
    def signed(self) -> int:
        """What the card gained (+) or lost (-)."""
        return self.amount if self.credit == "available" else -self.amount


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a card holds: open lots of each unit. Balances are always the sum of the lots' remainders."""

    lots: Mapping[int, Lot] = field(default_factory=dict)

    @staticmethod
    def of(lots: Iterable[Lot]) -> Holdings:
        """Holdings of these lots."""
        return Holdings({lot.key: lot for lot in lots})

    def balance(self, unit: str) -> int:
        """All that is held of `unit`, in its smallest parts."""
        return sum(lot.remaining for lot in self.lots.values() if lot.unit == unit)

    def usable(self, unit: str, now: datetime) -> int:
        """What may be spent now."""
        return sum(lot.remaining for lot in self.lots.values() if lot.unit == unit and lot.usable(now))


def spending_order(lots: Iterable[Lot]) -> list[Lot]:
    """Soonest to expire first, then oldest; lots without an end come last."""
    return sorted(lots, key=lambda lot: (lot.expires_at is None, lot.expires_at or lot.active_from, lot.key))


def apply(
    holdings: Holdings, moves: Sequence[Move], *, now: datetime
) -> tuple[Holdings, tuple[Transfer, ...]]:
    """Carry out decisions in order; raises InsufficientBalance, and then nothing counts."""
    transfers: list[Transfer] = []
    for move in moves:
        holdings, done = _earn(holdings, move, now) if isinstance(move, Earn) else _spend(holdings, move, now)
        transfers.extend(done)
    return holdings, tuple(transfers)


def _earn(holdings: Holdings, move: Earn, now: datetime) -> tuple[Holdings, list[Transfer]]:
    if move.amount < 0:
        raise ValueError("an award is never negative")
    if move.amount == 0:
        return holdings, []
    lot = _topped_up(holdings, move, now) or _new_lot(holdings, move, now)
    after = Holdings({**holdings.lots, lot.key: lot})
    line = Transfer(move.unit, move.source, "available", move.amount, after.balance(move.unit), lot.key)
    return after, [line]


def _topped_up(holdings: Holdings, move: Earn, now: datetime) -> Lot | None:
    """Value that ends together is one lot, so that a card's lots are few however long its history is."""
    if move.active_from is not None:
        return None
    for lot in holdings.lots.values():
        if lot.unit == move.unit and lot.expires_at == move.expires_at and lot.usable(now):
            return replace(lot, initial=lot.initial + move.amount, remaining=lot.remaining + move.amount)
    return None


def _new_lot(holdings: Holdings, move: Earn, now: datetime) -> Lot:
    key = min((*holdings.lots, 0)) - 1
    return Lot(key, move.unit, move.amount, move.amount, move.active_from or now, move.expires_at)


def _spend(holdings: Holdings, move: Spend, now: datetime) -> tuple[Holdings, list[Transfer]]:
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
    return _consume(holdings, spending_order(open_lots), min(move.amount, available), move)


def _consume(
    holdings: Holdings, lots: Sequence[Lot], amount: int, move: Spend
) -> tuple[Holdings, list[Transfer]]:
    left, done = amount, []
    kept = dict(holdings.lots)
    for lot in lots:
        part = min(left, lot.remaining)
        if part == 0:
            break
        kept[lot.key] = replace(lot, remaining=lot.remaining - part)
        after = Holdings(kept).balance(lot.unit)
        done.append(Transfer(lot.unit, "available", move.target, part, after, lot.key))
        left -= part
    return Holdings(kept), done


def reverse(
    holdings: Holdings, transfers: Sequence[Transfer], *, now: datetime
) -> tuple[Holdings, tuple[Transfer, ...]]:
    """Take an operation back: what it spent returns to its own lots, what it gave is taken as far as it is
    still there.

    Lots of `transfers` carry storage keys; lots of `holdings` must include every lot they name.
    """
    done: list[Transfer] = []
    for line in reversed(transfers):
        if line.debit == "available":
            holdings, back = _restore(holdings, line)
            done.append(back)
        else:
            taken = Spend(line.unit, line.amount, "reversed", at_most=True, lot=line.lot)
            holdings, lines = _spend(holdings, taken, now)
            short = line.amount - sum(each.amount for each in lines)
            more: list[Transfer] = []
            if short:
                holdings, more = _spend(holdings, Spend(line.unit, short, "reversed", at_most=True), now)
            done += [*lines, *more]
    return holdings, tuple(done)


def _restore(holdings: Holdings, line: Transfer) -> tuple[Holdings, Transfer]:
    lot = holdings.lots[line.lot]
    back = replace(lot, remaining=lot.remaining + line.amount)
    after = Holdings({**holdings.lots, lot.key: back})
    return after, Transfer(line.unit, "reversed", "available", line.amount, after.balance(line.unit), lot.key)


def check(lots: Iterable[Lot], transfers: Iterable[Transfer], balances: Mapping[str, int]) -> list[str]:
    """What does not add up: balances equal the sum of transfers and of lots, and nothing is negative."""
    faults = [f"{unit} is negative" for unit, balance in balances.items() if balance < 0]
    sums: dict[str, int] = {}
    for line in transfers:
        sums[line.unit] = sums.get(line.unit, 0) + line.signed
    held: dict[str, int] = {}
    for lot in lots:
        held[lot.unit] = held.get(lot.unit, 0) + lot.remaining
        if not 0 <= lot.remaining <= lot.initial:
            faults.append(f"lot {lot.key} holds {lot.remaining} of {lot.initial}")
    for unit in {*balances, *sums, *held}:
        if not balances.get(unit, 0) == sums.get(unit, 0) == held.get(unit, 0):
            lots_hold = held.get(unit, 0)
            faults.append(
                f"{unit}: balance {balances.get(unit, 0)}, journal {sums.get(unit, 0)}, lots {lots_hold}"
            )
    return faults
