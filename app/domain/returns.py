"""Taking back: what was given is taken as far as the programme wants, what was spent returns to its lots.

Whole operations are taken back by `reverse`; the parts of a receipt by `app.domain.refunds`, which decides
how much of each unit is due and hands it to the same `take_back` and `give_back`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from app.domain.ledger import (
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
    """What a reversal did. Per unit: due = taken + written off + debt."""

    holdings: Holdings
    transfers: tuple[Transfer, ...] = ()
    written_off: Mapping[str, int] = field(default_factory=dict)
    debt: Mapping[str, int] = field(default_factory=dict)


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
    any.
    """
    order = _taking_order(holdings, unit, lots, now, policy)
    there = min(amount, sum(lot.remaining for lot in order))
    holdings, lines = consume(holdings, order, there, Spend(unit, there, "reversed"))
    short = amount - there
    if not short:
        return TakenBack(holdings, tuple(lines))
    if policy.taken != "allow_debt":
        return TakenBack(holdings, tuple(lines), {unit: short})
    owing = holdings.with_debt(unit, short)
    line = Transfer(unit, "debt", "reversed", short, owing.balance(unit), None)
    return TakenBack(owing, (*lines, line), {}, {unit: short})


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


def reverse(
    holdings: Holdings,
    transfers: Sequence[Transfer],
    *,
    now: datetime,
    policy: ReturnPolicy | None = None,
) -> TakenBack:
    """Take an operation back whole, its last line first.

    Lots of `transfers` carry storage keys; lots of `holdings` must include every lot they name. Lines
    between the card's own accounts (a debt that was paid, an end that moved) are made good by the lines
    around them.
    """
    policy = policy or ReturnPolicy()
    done = TakenBack(holdings)
    for line in reversed(transfers):
        if line.debit in ("available", "held") and line.credit in _SPENT:
            after, lines = give_back(done.holdings, [line], line.amount, policy=policy, now=now)
            done = _joined(done, TakenBack(after, lines))
        elif line.credit == "available" and line.debit in _GIVEN:
            own = (line.lot,) if line.lot is not None else ()
            taken = take_back(
                done.holdings, line.unit, line.amount, lots=own, policy=_policy_for(line, policy), now=now
            )
            done = _joined(done, taken)
    return done


_SPENT = ("redeemed", "converted", "adjusted", "expired")
_GIVEN = ("issued", "converted", "adjusted", "reversed")


def _policy_for(line: Transfer, policy: ReturnPolicy) -> ReturnPolicy:
    """Debts are in what buys things; a count (money spent, visits) or a reward cannot be owed."""
    countable = line.unit.startswith("reward.") or line.unit in ("spend_minor", "visits")
    return ReturnPolicy(grace_days=policy.grace_days) if countable else policy


def _joined(first: TakenBack, then: TakenBack) -> TakenBack:
    return TakenBack(
        then.holdings,
        (*first.transfers, *then.transfers),
        summed(first.written_off, then.written_off),
        summed(first.debt, then.debt),
    )


def summed(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """Both together, unit by unit."""
    return {unit: one.get(unit, 0) + other.get(unit, 0) for unit in {**one, **other}}
