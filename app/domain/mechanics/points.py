"""Points: a share of the amount, worth money at the till."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal
from typing import Annotated, Literal

from pydantic import Field

from app.domain.ledger import Earn, Move, Spend
from app.domain.mechanics.base import Face, Occasion, Progress, Sale, State
from app.domain.text import LocalText, TextInput, count_text, in_locale
from app.domain.values import Frozen

UNIT = "points"


class Points(Frozen):
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

    def award(self, occasion: Occasion, state: State) -> tuple[Move, ...]:
        """Take the points that are paid in, then give the share of what remains, rounded down per receipt."""
        if not isinstance(occasion, Sale):
            return ()
        paid = occasion.amount_minor - self.worth_minor(occasion.redeem_points)
        earned = int(
            (Decimal(paid) * self.percent / 100 / self.point_value_minor).to_integral_value(ROUND_FLOOR)
        )
        moves: list[Move] = []
        if occasion.redeem_points:
            moves.append(Spend(UNIT, occasion.redeem_points))
        if earned > 0:
            days = self.expires_after_days
            moves.append(Earn(UNIT, earned, expires_at=None if days is None else state.end_of_day(days)))
        return tuple(moves)

    def complete(self, state: State) -> tuple[Move, ...]:
        """Points wait to be spent; nothing follows by itself."""
        return ()

    def worth_minor(self, points: int) -> int:
        """What `points` pay, in minor units."""
        return points * self.point_value_minor

    def most_redeemable(self, amount_minor: int, available: int) -> int:
        """The most points that a receipt of `amount_minor` can take."""
        return max(0, min(available, amount_minor // self.point_value_minor))

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
