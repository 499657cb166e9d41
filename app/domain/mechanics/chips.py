"""Chips: a second currency for an event, which is over when the event is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from app.domain.ledger import Earn, Move, Spend
from app.domain.mechanics.base import (
    NOTHING,
    Award,
    Face,
    Key,
    Mechanic,
    Occasion,
    Progress,
    Reward,
    Sale,
    State,
)
from app.domain.mechanics.bill import Bill, Item, Line
from app.domain.mechanics.earning import Things
from app.domain.mechanics.points_words import NONE
from app.domain.text import LocalText, TextInput, count_text, date_text, in_locale
from app.domain.values import Frozen

if TYPE_CHECKING:
    from app.domain.programme import Programme

UNIT = "chips"
ANOTHER_GAME = "Chips of '%(key)s' may be used until %(day)s: begin later."
SENTENCES = (ANOTHER_GAME,)
"""What its faults say; pages translate them by their pattern."""
Many = Annotated[int, Field(ge=1, le=10_000)]


class ItemChips(Frozen):
    """So many chips for each piece of some goods."""

    sku: Annotated[str, Field(max_length=200)] = ""
    category: Annotated[str, Field(max_length=200)] = ""
    chips: Many = 1

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.sku) == bool(self.category):
            raise ValueError("give either a sku or a category")
        return self

    def has(self, item: Item) -> bool:
        """Whether this item is meant."""
        return item.sku == self.sku if self.sku else item.category == self.category


class Prize(Frozen):
    """What `at` chips are exchanged for."""

    at: Annotated[int, Field(ge=1, le=1_000_000)]
    reward: TextInput
    reward_key: Key = "reward"


class Chips(Mechanic):
    """From `starts_on` to `ends_on` a purchase gives `chips_per_step` for each full `step_minor` of what is
    paid in money, and more for the pieces of `items` (the first that fits a line); `excluded` goods count
    for no step. Days are those of the programme's zone, by when the purchase happened.

    Chips may be used `grace_days` longer, then they end. With `taken` as `choice` the customer chooses among
    the `prizes`; with `itself` the one prize comes as soon as there are enough.
    """

    kind: Literal["chips"] = "chips"
    key: Key = "chips"
    name: TextInput = Field(default_factory=dict)
    step_minor: Annotated[int, Field(ge=1, le=10**12)] | None = None
    chips_per_step: Many = 1
    items: Annotated[tuple[ItemChips, ...], Field(max_length=200)] = ()
    excluded: Things = Things()
    starts_on: date
    ends_on: date
    grace_days: Annotated[int, Field(ge=0, le=366)] = 0
    prizes: Annotated[tuple[Prize, ...], Field(min_length=1, max_length=20)]
    taken: Literal["choice", "itself"] = "choice"

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.ends_on < self.starts_on:
            raise ValueError("ends before it starts")
        if self.step_minor is None and not self.items:
            raise ValueError("gives nothing: set step_minor, items or both")
        if self.taken == "itself" and len(self.prizes) > 1:
            raise ValueError("several rewards are taken by choice")
        if len({each.reward_key for each in self.prizes}) < len(self.prizes):
            raise ValueError("each reward needs a reward_key of its own")
        return self

    def units(self) -> tuple[str, ...]:
        """Chips, and the reward that they become by themselves."""
        return (UNIT, *(self._unit(each) for each in self.prizes if self.taken == "itself"))

    def reward_names(self) -> Mapping[str, LocalText]:
        """The prizes."""
        return {each.reward_key: each.reward for each in self.prizes}

    def _unit(self, reward: Prize) -> str:
        return f"reward.{reward.reward_key}"

    @property
    def last_day(self) -> date:
        """The last day on which chips may be used."""
        return self.ends_on + timedelta(days=self.grace_days)

    def ends(self, unit: str, state: State) -> datetime | None:
        """Chips given by hand are over with the others."""
        return self._over(state) if unit == UNIT else None

    def _over(self, state: State) -> datetime:
        return state.midnight(self.last_day + timedelta(days=1))

    def award(self, occasion: Occasion, bill: Bill, state: State) -> Award:
        """Give chips for a purchase within the event, while they can still be used."""
        if not isinstance(occasion, Sale) or not self._runs(occasion.at or state.now, state):
            return NOTHING
        chips = self.earned(bill)
        if chips <= 0 or state.now >= self._over(state):
            return NOTHING
        given = Earn(UNIT, chips, expires_at=self._over(state), rule=self.rule)
        return Award((given,), {UNIT: chips})

    def _runs(self, at: datetime, state: State) -> bool:
        return self.starts_on <= at.astimezone(state.zone).date() <= self.ends_on

    def earned(self, bill: Bill) -> int:
        """How many chips a receipt gives."""
        steps = 0
        if self.step_minor is not None:
            counted = sum(line.net_minor for line in bill.lines if not self.excluded.has(line.item))
            steps = max(0, counted) // self.step_minor * self.chips_per_step
        pieces = max(0, sum(self._for_pieces(line.item) for line in bill.lines))
        return int((steps + pieces) * Fraction(bill.factor(UNIT)))

    def _for_pieces(self, item: Item) -> int:
        found = next((each for each in self.items if each.has(item)), None)
        return found.chips * item.quantity if found else 0

    def weights(self, sale: Sale, bill: Bill) -> tuple[int, ...]:
        """What each line gave, in thousandths of a chip."""
        return tuple(self._weight(line) for line in bill.lines)

    def _weight(self, line: Line) -> int:
        pieces = max(0, self._for_pieces(line.item)) * 1000
        if self.step_minor is None or self.excluded.has(line.item):
            return pieces
        return pieces + max(0, line.net_minor) * self.chips_per_step * 1000 // self.step_minor

    def complete(self, state: State) -> Award:
        """The reward that comes by itself, whatever brought the chips."""
        reward = self.prizes[0]
        chips = state.holdings.usable(UNIT, state.now)
        count = chips // reward.at if self.taken == "itself" else 0
        if not count:
            return NOTHING
        spent = Spend(UNIT, count * reward.at, "converted", rule=self.rule)
        return Award((spent, Earn(self._unit(reward), count, "converted", rule=self.rule)))

    def trade(self, reward: str, state: State) -> tuple[Move, ...]:
        """The chips that a reward of choice costs."""
        if self.taken != "choice":
            return ()
        return tuple(
            Spend(UNIT, each.at, rule=self.rule) for each in self.prizes if each.reward_key == reward
        )

    def sample(self, filled: float) -> Award:
        """So much of the way to the dearest reward."""
        return Award((Earn(UNIT, round(filled * max(each.at for each in self.prizes))),))

    def face(self, state: State) -> Face:
        """Chips, until when they count, the next reward, and those that may be had now."""
        chips = state.holdings.usable(UNIT, state.now)
        if state.today > self.last_day:
            return Face({"chips": chips, "chips_words": NONE, "chips_until": NONE})
        until = date_text(self.last_day)
        following = min((each for each in self.prizes if each.at > chips), key=_price, default=None)
        goal = following or max(self.prizes, key=_price)
        words = _way(max(0, goal.at - chips), goal.reward)
        values: dict[str, int | LocalText] = {
            "chips": chips,
            "chips_name": self.name or {"en": "Chips", "ru": "Фишки"},
            "chips_words": _held(chips, until),
            "chips_until": until,
            "chips_next": words,
        }
        values |= {"to_go": max(0, goal.at - chips), "progress": words, "reward": goal.reward}
        return Face(values, Progress("line", min(chips, goal.at), goal.at), self._ready(chips, state))

    def _ready(self, chips: int, state: State) -> tuple[Reward, ...]:
        def count(each: Prize) -> int:
            own = state.holdings.usable(self._unit(each), state.now)
            return own if self.taken == "itself" else own + chips // each.at

        found = (Reward(each.reward_key, each.reward, count(each)) for each in self.prizes)
        return tuple(each for each in found if each.count)

    def changes_at(self, state: State) -> datetime | None:
        """When they are over."""
        over = self._over(state)
        return over if over > state.now else None

    def faults(self, programme: Programme) -> Mapping[str, str]:
        """Two events at once would mix their chips."""
        for each in programme.rules:
            if each is self:
                break
            if isinstance(each, Chips) and self._meets(each):
                said = {"key": each.key, "day": each.last_day.isoformat()}
                return {"/starts_on": ANOTHER_GAME % said}
        return {}

    def _meets(self, other: Chips) -> bool:
        return self.starts_on <= other.last_day and other.starts_on <= self.last_day


def _price(reward: Prize) -> int:
    return reward.at


def chips_words(count: int) -> LocalText:
    """`12 chips`, `12 фишек`."""
    return count_text(count, ("chip", "chips"), ("фишка", "фишки", "фишек"))


def _held(chips: int, until: LocalText) -> LocalText:
    words = chips_words(chips)
    return {
        "en": f"{words['en']}, until {in_locale(until, 'en')}",
        "ru": f"{words['ru']}, до {in_locale(until, 'ru')} включительно",
    }


def _way(to_go: int, reward: LocalText) -> LocalText:
    if not to_go:
        return {
            "en": f"{in_locale(reward, 'en')} is waiting for you",
            "ru": f"Вас ждёт: {in_locale(reward, 'ru')}",
        }
    words = chips_words(to_go)
    return {
        "en": f"{words['en']} to go: {in_locale(reward, 'en')}",
        "ru": f"Ещё {words['ru']}: {in_locale(reward, 'ru')}",
    }
