"""Stamps: so many visits, and one is on the house."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from app.domain.ledger import Earn, Move, Spend
from app.domain.mechanics.base import (
    NOTHING,
    Award,
    Face,
    Happening,
    Item,
    Mechanic,
    Occasion,
    Progress,
    Reward,
    Sale,
    State,
    Visit,
)
from app.domain.mechanics.bill import Bill
from app.domain.text import LocalText, TextInput, count_text, in_locale

UNIT = "stamps"


class Stamps(Mechanic):
    """`goal` stamps become one `reward`; what is over the goal counts towards the next one.

    `per` says what gives a stamp by itself: a `visit` (the cashier gives it), each `purchase`, each
    `step_minor` of the
    `amount`, or each `item` (of `category`, if set).
    """

    kind: Literal["stamps"] = "stamps"
    goal: Annotated[int, Field(ge=2, le=30)]
    reward: TextInput
    reward_key: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = "reward"
    per: Literal["visit", "purchase", "amount", "item"] = "visit"
    step_minor: Annotated[int, Field(ge=1)] = 100
    category: str = ""

    @property
    def reward_unit(self) -> str:
        """The unit in which earned rewards are counted."""
        return f"reward.{self.reward_key}"

    def units(self) -> tuple[str, ...]:
        """Stamps, and the rewards that they become."""
        return (UNIT, self.reward_unit)

    def award(self, occasion: Occasion, bill: Bill, state: State) -> Award:
        """Give stamps; `complete` turns full sets into rewards."""
        stamps = self._given(occasion)
        if stamps <= 0:
            return NOTHING
        return Award((Earn(UNIT, stamps, rule=self.rule),), {UNIT: stamps})

    def complete(self, state: State) -> Award:
        """Rewards for full sets, whatever made them full: a visit, another rule's gift, a correction."""
        return Award(self._convert(state.holdings.usable(UNIT, state.now)))

    def _convert(self, stamps: int) -> tuple[Move, ...]:
        full = stamps // self.goal
        if not full:
            return ()
        taken = Spend(UNIT, full * self.goal, "converted", rule=self.rule)
        return taken, Earn(self.reward_unit, full, "converted", rule=self.rule)

    def _given(self, occasion: Occasion) -> int:
        if isinstance(occasion, Visit):
            return occasion.stamps
        return 0 if isinstance(occasion, Happening) else self._from_sale(occasion)

    def _from_sale(self, sale: Sale) -> int:
        if self.per == "purchase":
            return 1
        if self.per == "amount":
            return sale.amount_minor // self.step_minor
        if self.per == "item":
            return sum(item.quantity for item in sale.items if self._counts(item))
        return 0

    def _counts(self, item: Item) -> bool:
        return not self.category or item.category == self.category

    def sample(self, filled: float) -> Award:
        """So much of the way to the goal."""
        return Award((Earn(UNIT, round(filled * (self.goal - 1))),))

    def face(self, state: State) -> Face:
        """The grid, the words beside it, and rewards that wait."""
        done = state.holdings.usable(UNIT, state.now)
        ready = state.holdings.usable(self.reward_unit, state.now)
        values: dict[str, int | LocalText] = {
            "stamps": done,
            "goal": self.goal,
            "to_go": self.goal - done,
            "stamps_of_goal": {"*": f"{done} / {self.goal}"},
            "reward": self.reward,
            "rewards": ready,
            "to_go_words": _short(self.goal - done, ready),
            "progress": _way(self.goal - done, ready, self.reward),
        }
        rewards = (Reward(self.reward_key, self.reward, ready),) if ready else ()
        return Face(values, Progress("stamps", done, self.goal), rewards)


def _short(to_go: int, ready: int) -> LocalText:
    """A few words for the front of the card, where a wallet cuts long ones."""
    if ready:
        return {"en": "waiting for you", "ru": "ждёт вас"}
    words = count_text(to_go, ("stamp", "stamps"), ("штамп", "штампа", "штампов"))
    return {"en": f"{words['en']} to go", "ru": f"ещё {words['ru']}"}


def _way(to_go: int, ready: int, reward: LocalText) -> LocalText:
    words = count_text(to_go, ("stamp", "stamps"), ("штамп", "штампа", "штампов"))
    if ready:
        return {
            "en": f"{in_locale(reward, 'en')} is waiting for you",
            "ru": f"Вас ждёт: {in_locale(reward, 'ru')}",
        }
    return {
        "en": f"{words['en']} to go: {in_locale(reward, 'en')}",
        "ru": f"Ещё {words['ru']}: {in_locale(reward, 'ru')}",
    }
