"""Points: a share of the amount, worth money at the till."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal
from typing import Annotated, Literal

from pydantic import Field

from app.domain.ledger import Earn, Move, Spend
from app.domain.mechanics.base import NOTHING, Award, Face, Mechanic, Occasion, Progress, Sale, State
from app.domain.mechanics.bill import Bill
from app.domain.text import LocalText, TextInput, count_text, in_locale

UNIT = "points"


class Points(Mechanic):
    """`percent` of what is paid in money becomes points; one point is worth `point_value_minor` minor units.

    `goal` with `reward` draws a line to the next reward; `expires_after_days` ends each lot that long after
    its award.
    """

    kind: Literal["points"] = "points"
    percent: Annotated[Decimal, Field(gt=0, le=100, decimal_places=2)]
    point_value_minor: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    goal: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    reward: TextInput | None = None
    expires_after_days: Annotated[int, Field(ge=1, le=3660)] | None = None

    def units(self) -> tuple[str, ...]:
        """Points."""
        return (UNIT,)

    def pay(self, bill: Bill, sale: Sale, state: State) -> tuple[Bill, tuple[Move, ...]]:
        """Take the points that are paid in, off what is due."""
        if not sale.redeem_points:
            return bill, ()
        paid = bill.paid(self.worth_minor(sale.redeem_points), [line.due_minor for line in bill.lines])
        return paid, (Spend(UNIT, sale.redeem_points, rule=self.rule),)

    def award(self, occasion: Occasion, bill: Bill, state: State) -> Award:
        """Give the share of what is paid in money, rounded down per receipt."""
        if not isinstance(occasion, Sale):
            return NOTHING
        worth = Decimal(bill.net_minor) * self.percent / 100 / self.point_value_minor * bill.factor(UNIT)
        earned = int(worth.to_integral_value(ROUND_FLOOR))
        if earned <= 0:
            return NOTHING
        days = self.expires_after_days
        ends = None if days is None else state.end_of_day(days)
        return Award((Earn(UNIT, earned, expires_at=ends, rule=self.rule),), {UNIT: earned})

    def worth_minor(self, points: int) -> int:
        """What `points` pay, in minor units."""
        return points * self.point_value_minor

    def most_redeemable(self, amount_minor: int, available: int) -> int:
        """The most points that a receipt of `amount_minor` can take."""
        return max(0, min(available, amount_minor // self.point_value_minor))

    def sample(self, filled: float) -> Award:
        """So much of the way to the goal."""
        return Award((Earn(UNIT, round(filled * (self.goal or 1000))),))

    def face(self, state: State) -> Face:
        """Balance, and the way to the goal in words and as a line."""
        points = state.holdings.usable(UNIT, state.now)
        values: dict[str, int | LocalText] = {"points": points, "points_words": points_words(points)}
        if self.goal is None:
            return Face(values)
        to_go = max(0, self.goal - points)
        reward = self.reward or {"en": "a reward", "ru": "награды"}
        values |= {"goal": self.goal, "to_go": to_go, "reward": reward}
        values |= {"to_go_words": _short(to_go), "progress": _way(to_go, reward)}
        return Face(values, Progress("line", min(points, self.goal), self.goal))


def points_words(count: int) -> LocalText:
    """`1,234 points`, `1 234 балла`."""
    return count_text(count, ("point", "points"), ("балл", "балла", "баллов"))


def _short(to_go: int) -> LocalText:
    """A few words for the front of the card, where a wallet cuts long ones."""
    if to_go == 0:
        return {"en": "waiting for you", "ru": "ждёт вас"}
    words = points_words(to_go)
    return {"en": f"{words['en']} to go", "ru": f"ещё {words['ru']}"}


def _way(to_go: int, reward: LocalText) -> LocalText:
    if to_go == 0:
        return {
            "en": f"{in_locale(reward, 'en')} is yours",
            "ru": f"{in_locale(reward, 'ru')} — можно получить",
        }
    words = points_words(to_go)
    return {
        "en": f"{words['en']} to {in_locale(reward, 'en')}",
        "ru": f"Ещё {words['ru']}: {in_locale(reward, 'ru')}",
    }
