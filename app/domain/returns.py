"""Taking back: what was given is taken as far as the programme wants, what was spent returns to its lots.

Whole operations are taken back by `reverse`, parts of a receipt by `app.domain.refunds`, which decides how
much of each unit is due; both are carried out by `unwind`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from app.domain.ledger import (
    SPEND,
    VISITS,
    Earn,
    Holdings,
    Lot,
    Spend,
    Transfer,
    apply,
    consume,
    repay,
    spending_order,
)
from app.domain.values import Frozen

OwnPolicy = Literal["only_pending", "within_balance", "allow_debt"]


class ReturnPolicy(Frozen):
    """What happens where points that are to go back were spent already.

    `only_pending` takes none that could be spent; `within_balance` takes what is there and writes the rest
    off; `allow_debt` notes the rest as a debt, which the next award pays first (the names follow
    ledger-and-delivery 1.1). Points that return after their lot ended live `grace_days` longer.
    """

    taken: OwnPolicy = "within_balance"
    grace_days: Annotated[int, Field(ge=0, le=366)] = 14


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What a reversal did. Per unit: due = taken + written off + debt.

    `undone` are rewards that became sets again; they are taken, and no part of what was due.
    """

    holdings: Holdings
    transfers: tuple[Transfer, ...] = ()
    written_off: Mapping[str, int] = field(default_factory=dict)
    debt: Mapping[str, int] = field(default_factory=dict)
    undone: Mapping[str, int] = field(default_factory=dict)

    def taken(self, unit: str) -> int:
        """How much of a unit was really taken."""
        out = [line for line in self.transfers if line.unit == unit and line.credit == "reversed"]
        return sum(line.amount for line in out if line.debit == "available")


@dataclass(frozen=True, slots=True)
class Set:
    """What an operation turned into something else: `lines` took it (ten stamps), `given` of `reward` came
    of it.
    """

    unit: str
    lines: tuple[Transfer, ...]
    reward: str
    given: int
    lot: int | None

    @property
    def size(self) -> int:
        """How much of the unit one reward took."""
        return sum(line.amount for line in self.lines) // self.given


def sets_of(transfers: Sequence[Transfer]) -> list[Set]:
    """What an operation converted, in order."""
    found: list[Set] = []
    taken: list[Transfer] = []
    for line in transfers:
        if line.credit == "converted" and line.debit == "available":
            taken.append(line)
        elif line.debit == "converted" and taken:
            found.append(Set(taken[0].unit, tuple(taken), line.unit, line.amount, line.lot))
            taken = []
    return found


def given_by(transfers: Sequence[Transfer]) -> dict[str, int]:
    """What an operation gave, per unit: not what it made of something else."""
    made = {(each.reward, each.lot, each.given) for each in sets_of(transfers)}
    total: dict[str, int] = {}
    for line in transfers:
        converted = line.debit == "converted" and (line.unit, line.lot, line.amount) in made
        if line.credit == "available" and line.debit in _GIVEN and not converted:
            total[line.unit] = total.get(line.unit, 0) + line.amount
    return total


def spent_by(transfers: Sequence[Transfer]) -> list[Transfer]:
    """The lines by which an operation took something for good: paid, handed out, corrected."""
    return [line for line in transfers if line.debit in ("available", "held") and line.credit in _SPENT]


_SPENT = ("redeemed", "adjusted", "expired")
_GIVEN = ("issued", "converted", "adjusted", "reversed")


def reverse(
    holdings: Holdings,
    transfers: Sequence[Transfer],
    *,
    now: datetime,
    policy: ReturnPolicy | None = None,
) -> TakenBack:
    """Take an operation back whole.

    Lots of `transfers` carry storage keys; lots of `holdings` must include every lot they name. Lines
    between the card's own accounts (a debt that was paid, an end that moved) are made good by the lines
    around them.
    """
    spent: dict[str, int] = {}
    for line in spent_by(transfers):
        spent[line.unit] = spent.get(line.unit, 0) + line.amount
    policy = policy or ReturnPolicy()
    if policy.taken == "only_pending":  # which is for goods that come back, not for what was a mistake
        policy = ReturnPolicy(grace_days=policy.grace_days)
    return unwind(holdings, transfers, Part(given_by(transfers), spent), policy=policy, now=now)


@dataclass(frozen=True, slots=True)
class Part:
    """How much of an operation goes back now, per unit: `due` from the card, `restored` to it; and what went
    back before.
    """

    due: Mapping[str, int]
    restored: Mapping[str, int]
    restored_before: Mapping[str, int] = field(default_factory=dict)
    undone_before: Mapping[str, int] = field(default_factory=dict)


def unwind(
    holdings: Holdings, transfers: Sequence[Transfer], part: Part, *, policy: ReturnPolicy, now: datetime
) -> TakenBack:
    """Carry out what `part` says about the operation of `transfers`: what was paid returns first, then what
    was given is taken.

    A reward that the operation made of a set becomes a set again as far as that is needed and the reward is
    still there: one that was handed out gives no stamps back.
    """
    done = TakenBack(holdings)
    spent = spent_by(transfers)
    for unit, amount in part.restored.items():
        mine = without([line for line in spent if line.unit == unit], part.restored_before.get(unit, 0))
        after, lines = give_back(done.holdings, mine, amount, policy=policy, now=now)
        done = _joined(done, TakenBack(after, lines))
    for unit in sorted(part.due, key=lambda unit: unit.startswith("reward.")):
        done = _undo_sets(done, transfers, unit, part, policy=policy, now=now)
        own = [
            line.lot for line in transfers if line.unit == unit and line.credit == "available" and line.lot
        ]
        taken = take_back(
            done.holdings, unit, part.due[unit], lots=own, policy=policy_for(unit, policy), now=now
        )
        done = _joined(done, taken)
    return done


def without(lines: Sequence[Transfer], before: int) -> list[Transfer]:
    """These lines less what was given back before, which was the last of them."""
    left: list[Transfer] = []
    for line in reversed(lines):
        part = min(before, line.amount)
        before -= part
        if line.amount > part:
            left.append(replace(line, amount=line.amount - part))
    return left[::-1]


def _undo_sets(
    done: TakenBack,
    transfers: Sequence[Transfer],
    unit: str,
    part: Part,
    *,
    policy: ReturnPolicy,
    now: datetime,
) -> TakenBack:
    before = dict(part.undone_before)
    for each in reversed(sets_of(transfers)):
        if each.unit != unit:
            continue
        gone = min(before.get(each.reward, 0), each.given)
        before[each.reward] = before.get(each.reward, 0) - gone
        short = max(0, part.due[unit] - _there(done.holdings, unit, now))
        there = _there(done.holdings, each.reward, now)
        again = min(-(-short // each.size), each.given - gone, there)
        if again:
            done = _joined(done, _set_again(done.holdings, each, gone, again, policy, now))
    return done


def _there(holdings: Holdings, unit: str, now: datetime) -> int:
    return sum(lot.remaining for lot in holdings.lots.values() if lot.unit == unit and not over(lot, now))


def _set_again(
    holdings: Holdings, made: Set, gone: int, again: int, policy: ReturnPolicy, now: datetime
) -> TakenBack:
    own = () if made.lot is None else (made.lot,)
    taken = take_back(holdings, made.reward, again, lots=own, policy=policy_for(made.reward, policy), now=now)
    after, lines = give_back(
        taken.holdings,
        without(made.lines, gone * made.size),
        again * made.size,
        policy=policy,
        now=now,
    )
    return TakenBack(after, (*taken.transfers, *lines), undone={made.reward: again})


def take_back(
    holdings: Holdings,
    unit: str,
    amount: int,
    *,
    lots: Sequence[int] = (),
    policy: ReturnPolicy,
    now: datetime,
) -> TakenBack:
    """Take `amount` of what was given: from its own lots first (waiting ones before usable), then from
    any. What is past its end counts for nothing, and ends now.
    """
    holdings, ended = _end(holdings, unit, now)
    order = _taking_order(holdings, unit, lots, now, policy)
    there = min(amount, sum(lot.remaining for lot in order))
    holdings, lines = consume(holdings, order, there, Spend(unit, there, "reversed"))
    short, done = amount - there, (*ended, *lines)
    if not short:
        return TakenBack(holdings, done)
    if policy.taken != "allow_debt":
        return TakenBack(holdings, done, {unit: short})
    owing = holdings.with_debt(unit, short)
    line = Transfer(unit, "debt", "reversed", short, owing.balance(unit), None)
    return TakenBack(owing, (*done, line), {}, {unit: short})


def _end(holdings: Holdings, unit: str, now: datetime) -> tuple[Holdings, list[Transfer]]:
    ended = [lot for lot in holdings.lots.values() if lot.unit == unit and lot.remaining and over(lot, now)]
    amount = sum(lot.remaining for lot in ended)
    return consume(holdings, spending_order(ended), amount, Spend(unit, amount, "expired"))


def over(lot: Lot, now: datetime) -> bool:
    """Whether its end has come."""
    return lot.expires_at is not None and lot.expires_at <= now


def _taking_order(
    holdings: Holdings, unit: str, own: Sequence[int], now: datetime, policy: ReturnPolicy
) -> list[Lot]:
    mine = [lot for lot in holdings.lots.values() if lot.unit == unit and lot.remaining > 0]
    waiting = [lot for lot in mine if lot.pending(now)]
    if policy.taken == "only_pending":
        return sorted(waiting, key=lambda lot: lot.key not in own)
    order = spending_order(mine)
    return sorted(order, key=lambda lot: (lot.key not in own, lot not in waiting))


def give_back(
    holdings: Holdings,
    spent: Sequence[Transfer],
    amount: int,
    *,
    policy: ReturnPolicy,
    now: datetime,
) -> tuple[Holdings, tuple[Transfer, ...]]:
    """Return `amount` of what `spent` took, to the lots it came from, the latest-ending first.

    `spent` are lines that debit `available` (or `held`) of one unit; amounts given back before must be
    subtracted by the caller. What pays a debt first pays it.
    """
    done: list[Transfer] = []
    for line in reversed(spent):
        part = min(amount, line.amount)
        if part <= 0:
            continue
        holdings, lines = _into_lot(holdings, replace(line, amount=part), policy, now)
        done += lines
        amount -= part
    return holdings, tuple(done)


def _into_lot(
    holdings: Holdings, line: Transfer, policy: ReturnPolicy, now: datetime
) -> tuple[Holdings, list[Transfer]]:
    assert line.lot is not None, "what was spent came from a lot"
    lot = holdings.lots[line.lot]
    if lot.expires_at is not None and lot.expires_at <= now and policy.grace_days:
        again = Earn(lot.unit, line.amount, "reversed", expires_at=now + timedelta(days=policy.grace_days))
        holdings, lines = apply(holdings, [again], now=now)
        return holdings, list(lines)
    back = replace(lot, remaining=lot.remaining + line.amount)
    holdings = holdings.with_lot(back)
    gained = Transfer(lot.unit, "reversed", "available", line.amount, holdings.balance(lot.unit), lot.key)
    holdings, repaid = repay(holdings, back.key)
    return holdings, [gained, *repaid]


def policy_for(unit: str, policy: ReturnPolicy) -> ReturnPolicy:
    """Debts are in what buys things; a count (money spent, visits) or a reward cannot be owed, and neither
    they nor stamps are left to the customer because they could be spent.
    """
    counted = unit.startswith("reward.") or unit in (SPEND, VISITS)
    kept = unit == "stamps" and policy.taken == "only_pending"
    return ReturnPolicy(grace_days=policy.grace_days) if counted or kept else policy


def _joined(first: TakenBack, then: TakenBack) -> TakenBack:
    return TakenBack(
        then.holdings,
        (*first.transfers, *then.transfers),
        summed(first.written_off, then.written_off),
        summed(first.debt, then.debt),
        summed(first.undone, then.undone),
    )


def summed(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """Both together, unit by unit."""
    return {unit: one.get(unit, 0) + other.get(unit, 0) for unit in {**one, **other}}
