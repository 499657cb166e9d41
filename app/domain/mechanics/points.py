"""Points: a share of the amount, worth money at the till; cashback is the same in money."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from app.domain.errors import Invalid
from app.domain.ledger import Earn, Move, Spend, Unhold
from app.domain.mechanics.base import NOTHING, Award, Face, Occasion, Progress, Sale, State
from app.domain.mechanics.bill import Bill
from app.domain.mechanics.earning import (
    LineBoost,
    Percent,
    Rounding,
    Things,
    rounded,
    spread,
    weights,
)
from app.domain.mechanics.lifetimes import Ageing
from app.domain.mechanics.paying import PayLimits
from app.domain.mechanics.points_faults import faults_of
from app.domain.mechanics.points_words import (
    NONE,
    burning,
    notice_at,
    points_words,
    short_words,
    way_words,
)
from app.domain.money import money_text
from app.domain.text import LocalText, TextInput

if TYPE_CHECKING:
    from app.domain.programme import Programme

POINTS = "points"
CASHBACK = "cashback_minor"


class Points(Ageing):
    """What is paid in money earns `percent` of it, or `points_per_step` for each full `step_minor`; one point
    is worth `point_value_minor` minor units.

    `tier_percents` replaces the percent by tier, `boosted` for some goods (the first that fits a line);
    `excluded` goods earn nothing, and a receipt below `minimum_minor` neither. What a receipt earns is
    rounded once. `goal` with `reward` draws a line to the next reward.

    With the kind `cashback` it counts money in minor units: percent and steps give that, and it is paid in
    like points, through `redeem_points`, where the programme has no points.
    """

    kind: Literal["points", "cashback"] = "points"
    percent: Annotated[Decimal, Field(gt=0, le=100, decimal_places=2)] | None = None
    step_minor: Annotated[int, Field(ge=1, le=10**12)] | None = None
    points_per_step: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    rounding: Rounding = "floor"
    tier_percents: Annotated[dict[str, Percent], Field(max_length=20)] = Field(default_factory=dict)
    boosted: Annotated[tuple[LineBoost, ...], Field(max_length=200)] = ()
    excluded: Things = Things()
    minimum_minor: Annotated[int, Field(ge=0, le=10**12)] = 0
    point_value_minor: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    paying: PayLimits = PayLimits()
    goal: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    reward: TextInput | None = None

    @model_validator(mode="after")
    def _one_way_to_earn(self) -> Self:
        by_step = (self.step_minor is not None, self.points_per_step is not None)
        if by_step[0] != by_step[1]:
            raise ValueError("step_minor and points_per_step go together")
        if (self.percent is not None) == by_step[0]:
            raise ValueError("give either percent, or step_minor with points_per_step")
        if by_step[0] and (self.tier_percents or any(b.percent is not None for b in self.boosted)):
            raise ValueError("points by step know no percents: give factors")
        if self.kind == "cashback" and self.point_value_minor != 1:
            raise ValueError("cashback is money: it has no point_value_minor")
        return self

    @property
    def unit(self) -> str:
        """The unit that it gives: `points`, or `cashback_minor` (money in minor units)."""
        return CASHBACK if self.kind == "cashback" else POINTS

    def units(self) -> tuple[str, ...]:
        """The one that it gives."""
        return (self.unit,)

    def pay(self, bill: Bill, sale: Sale, state: State) -> tuple[Bill, tuple[Move, ...]]:
        """Take the points that are paid in, off what is due. Raises Invalid where they are too many."""
        points, held = sale.redeem_points, sum(amount for _, amount in sale.hold)
        if not points:
            return bill, ()
        available = state.holdings.usable(self.unit, state.now) + held
        if why := self.paying.fault(points, bill, self.point_value_minor, available):
            raise Invalid({"/redeem_points": why})
        paid = bill.paid(self.worth_minor(points), self.paying.payable(bill))
        return paid, tuple(self._spent(points, sale.hold))

    def _spent(self, points: int, hold: Sequence[tuple[int, int]]) -> Iterator[Move]:
        """What was set aside for this purchase first, then what the card has."""
        for lot, amount in hold:
            if part := min(points, amount):
                points -= part
                yield Unhold(self.unit, part, lot, "redeemed")
        if points:
            yield Spend(self.unit, points, rule=self.rule)

    def award(self, occasion: Occasion, bill: Bill, state: State) -> Award:
        """Give what the part that is paid in money earns; a purchase keeps idle points alive."""
        if not isinstance(occasion, Sale):
            return NOTHING
        kept, earned = self.kept_alive(self.unit, state), self.earned(bill, state)
        if earned <= 0:
            return Award(kept)
        active, ends = self.active_from(state), self.ends_at(state)
        given = Earn(self.unit, earned, active_from=active, expires_at=ends, rule=self.rule)
        return Award((*kept, given), {self.unit: earned})

    def earned(self, bill: Bill, state: State) -> int:
        """What a receipt earns: more for more, and (rounded down) never less for one than for its halves."""
        if bill.net_minor < self.minimum_minor:
            return 0
        counted = sum(self._shares(bill, state.tier), Fraction(0))
        if self.step_minor is None or self.points_per_step is None:
            exact = counted / self.point_value_minor
        else:
            exact = Fraction(counted // self.step_minor * self.points_per_step)
        return max(0, rounded(exact * Fraction(bill.factor(self.unit)), self.rounding))

    def earned_by_line(self, bill: Bill, state: State) -> list[int]:
        """What each line has of it; sums up to what the receipt earns."""
        return spread(self.earned(bill, state), [max(Fraction(0), w) for w in self._shares(bill, state.tier)])

    def weights(self, sale: Sale, bill: Bill) -> tuple[int, ...]:
        """What each line earned, in parts of ten thousand of a minor unit."""
        return tuple(max(0, int(share * 10_000)) for share in self._shares(bill))

    def _shares(self, bill: Bill, tier: str = "") -> list[Fraction]:
        percent = Decimal(100)
        if self.percent is not None:
            percent = bill.percent(self.unit, self.tier_percents.get(tier, self.percent))
        return weights(bill.lines, percent, self.boosted, self.excluded)

    def worth_minor(self, points: int) -> int:
        """What `points` pay, in minor units."""
        return points * self.point_value_minor

    def most_redeemable(self, bill: Bill, available: int) -> int:
        """The most points that a card with `available` of them may pay this receipt with."""
        return self.paying.within(self.paying.most_points(bill, self.point_value_minor), available)

    def redeemable_by_line(self, bill: Bill, points: int) -> list[int]:
        """What of each line `points` would pay, in minor units."""
        paid = bill.paid(self.worth_minor(points), self.paying.payable(bill))
        pairs = zip(paid.lines, bill.lines, strict=True)
        return [after.points_minor - before.points_minor for after, before in pairs]

    def sample(self, filled: float) -> Award:
        """So much of the way to the goal."""
        return Award((Earn(self.unit, round(filled * (self.goal or 1000))),))

    def face(self, state: State) -> Face:
        """Balance, what waits and what burns, and the way to the goal in words and as a line."""
        held = state.holdings.usable(self.unit, state.now)
        values = {**self._balances(held, state), **burning(self.unit, self._words, state)}
        if self.goal is None:
            return Face(values)
        to_go = max(0, self.goal - held)
        words = self._words(to_go, state)
        reward = self.reward or {"en": "a reward", "ru": "награды"}
        values |= {"goal": self.goal, "to_go": to_go, "reward": reward}
        values |= {"to_go_words": short_words(to_go, words), "progress": way_words(to_go, words, reward)}
        return Face(values, Progress("line", min(held, self.goal), self.goal))

    def _words(self, count: int, state: State) -> LocalText:
        return money_text(count, state.currency) if self.unit == CASHBACK else points_words(count)

    def _balances(self, held: int, state: State) -> dict[str, int | LocalText]:
        pending, name = state.holdings.pending(self.unit, state.now), self.kind
        return {
            name: held,
            f"{name}_words": self._words(held, state),
            f"{name}_pending": pending,
            f"{name}_pending_words": self._words(pending, state) if pending else NONE,
        }

    def changes_at(self, state: State) -> datetime | None:
        """When what ends next comes into sight."""
        return notice_at(self.unit, state)

    def faults(self, programme: Programme) -> Mapping[str, str]:
        """What contradicts itself, pays back more than was paid, or counts twice."""
        return faults_of(self, programme)
