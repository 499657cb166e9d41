"""Stamps: so many visits, and one is on the house; smaller rewards may wait on the way.

How a reward on the way is given once a round, however the stamps come and go: two counts, one of sets that
became the last reward (`reward.<last>@stamps`) and one a reward on the way (`reward.<key>@stamps`: rounds
for which it was given). It is due in this round while its count is not above the count of sets. Both are
raised when a reward is given and lowered by what a reversal really took back (`mechanics.taking`). So a
reversal arms a reward again where it came back, and does not where it was eaten already; stamps that expire
or are corrected change neither. Lots alone cannot tell this: after a reversal they look as if nothing had
been given.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from app.domain.ledger import Earn, Move, Spend
from app.domain.mechanics.base import (
    NOTHING,
    Award,
    Count,
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
from app.domain.mechanics.stamp_words import not_given, short, way
from app.domain.text import LocalText, TextInput
from app.domain.values import Frozen

if TYPE_CHECKING:
    from app.domain.programme import Programme

UNIT = "stamps"
RewardKey = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
Days = Annotated[int, Field(ge=1, le=3660)]
Things = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=120)], ...], Field(max_length=500)]


class Step(Frozen):
    """A reward that waits at `at` stamps of a round."""

    at: Annotated[int, Field(ge=1, le=30)]
    reward: TextInput
    reward_key: RewardKey = "reward"

    @property
    def unit(self) -> str:
        """The unit in which it is counted."""
        return f"reward.{self.reward_key}"


class Stamps(Mechanic):
    """`goal` stamps become one `reward`; what is over the goal counts towards the next one. `rewards` on the
    way are given at their stamp and take none; the last of them is the goal where that is not named.

    `per` says what gives a stamp by itself: a `visit` (the cashier gives it), each `purchase`, each
    `step_minor` of what is paid, or each `item`: of `category` or `categories`, or in `skus` (`match: all`:
    both must fit). A receipt below `minimum_minor` gives none, a day gives `daily_cap` at most.
    """

    kind: Literal["stamps"] = "stamps"
    goal: Annotated[int, Field(ge=2, le=30)]
    reward: TextInput
    reward_key: RewardKey = "reward"
    rewards: Annotated[tuple[Step, ...], Field(max_length=10)] = ()
    per: Literal["visit", "purchase", "amount", "item"] = "visit"
    step_minor: Annotated[int, Field(ge=1)] = 100
    minimum_minor: Annotated[int, Field(ge=0, le=10**12)] = 0
    category: str = ""
    categories: Things = ()
    skus: Things = ()
    match: Literal["any", "all"] = "any"
    daily_cap: Annotated[int, Field(ge=1, le=1000)] | None = None
    expires_after_days: Days | None = None
    reward_expires_after_days: Days | None = None

    @model_validator(mode="before")
    @classmethod
    def _last_is_the_goal(cls, raw: Any) -> Any:
        """With `rewards` alone, the furthest of them is the goal.

        Lists become tuples: what a validator has seen is no JSON to a strict model any more.
        """
        if not isinstance(raw, Mapping):
            return raw
        raw = {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}
        steps = raw.get("rewards")
        if not isinstance(steps, tuple) or not steps or "goal" in raw:
            return raw
        placed = [each for each in steps if isinstance(each, Mapping) and isinstance(each.get("at"), int)]
        if len(placed) != len(steps):
            return raw
        last = max(placed, key=lambda each: int(each["at"]))
        rest = tuple(each for each in placed if each is not last)
        named = {key: last[key] for key in ("reward", "reward_key") if key in last}
        return {**raw, **named, "goal": last["at"], "rewards": rest}

    @property
    def last(self) -> Step:
        """The reward for which the set is taken."""
        return Step.model_construct(at=self.goal, reward=self.reward, reward_key=self.reward_key)

    @property
    def reward_unit(self) -> str:
        """The unit in which rewards for full sets are counted."""
        return self.last.unit

    @property
    def steps(self) -> tuple[Step, ...]:
        """All rewards of a round, the nearest first."""
        return (*sorted(self.rewards, key=lambda step: step.at), self.last)

    def units(self) -> tuple[str, ...]:
        """Stamps, and the rewards that they become."""
        return (UNIT, *dict.fromkeys(step.unit for step in self.steps))

    def reward_names(self) -> Mapping[str, LocalText]:
        """What each of its rewards is called."""
        return {step.reward_key: step.reward for step in self.steps}

    def needs(self, today: date) -> tuple[Count, ...]:
        """Stamps of today where a day is capped; rewards so far where some wait on the way."""
        capped = (Count(UNIT, today),) if self.daily_cap else ()
        return (*capped, *(self._given_so_far(step) for step in self.steps if self.rewards))

    def _given_so_far(self, step: Step) -> Count:
        return Count(f"{step.unit}@{self.rule}")

    def award(self, occasion: Occasion, bill: Bill, state: State) -> Award:
        """Give stamps, as many as the day allows; `complete` makes rewards of them."""
        asked = self._asked(occasion, bill)
        stamps = asked
        if self.daily_cap is not None:
            day = state.day_of(occasion)
            had = state.between(UNIT, day, day + timedelta(days=1))
            stamps = min(asked, max(0, self.daily_cap - had))
        notes = (not_given(asked - stamps, self.daily_cap),) if self.daily_cap and stamps < asked else ()
        if stamps <= 0:
            return Award(notes=notes) if notes else NOTHING
        ends = self._ends(self.expires_after_days, state)
        return Award((Earn(UNIT, stamps, expires_at=ends, rule=self.rule),), {UNIT: stamps}, notes=notes)

    @staticmethod
    def _ends(days: int | None, state: State) -> datetime | None:
        return None if days is None else state.end_of_day(days)

    def _asked(self, occasion: Occasion, bill: Bill) -> int:
        if isinstance(occasion, Visit):
            return occasion.stamps
        if isinstance(occasion, Happening) or bill.net_minor < self.minimum_minor:
            return 0
        return int(self._from_sale(occasion, bill) * bill.factor(UNIT))

    def _from_sale(self, sale: Sale, bill: Bill) -> int:
        if self.per == "purchase":
            return 1
        if self.per == "amount":
            return bill.net_minor // self.step_minor
        if self.per == "item":
            return max(0, sum(item.counted for item in sale.items if self._counts(item)))
        return 0

    def _counts(self, item: Item) -> bool:
        asked = []
        if wanted := {*self.categories, self.category} - {""}:
            asked.append(item.category in wanted)
        if self.skus:
            asked.append(item.sku in self.skus)
        return not asked or (all(asked) if self.match == "all" else any(asked))

    def weights(self, sale: Sale, bill: Bill) -> tuple[int, ...]:
        """Where items give stamps, their number; else what was paid for them."""
        if self.per != "item":
            return super().weights(sale, bill)
        return tuple(max(0, line.item.quantity) if self._counts(line.item) else 0 for line in bill.lines)

    def complete(self, state: State) -> Award:
        """Rewards on the way that are due, and the last one for each full set, whatever gave the stamps."""
        full, rest = divmod(state.holdings.usable(UNIT, state.now), self.goal)
        moves, counts = self._on_the_way(full, rest, state)
        if full:
            moves += (
                Spend(UNIT, full * self.goal, "converted", rule=self.rule),
                self._gift(self.last, full, state),
            )
        return Award(moves, counts) if moves else NOTHING

    def _on_the_way(self, full: int, rest: int, state: State) -> tuple[tuple[Move, ...], dict[str, int]]:
        """What is due on the way through `full` sets and `rest` stamps more, and the counts of all that."""
        if not self.rewards:
            return (), {}
        sets, ways = self._given_so_far(self.last), self.steps[:-1]
        before = max(0, state.count(sets.what), *(state.count(self._given_so_far(w).what) - 1 for w in ways))
        moves: list[Move] = []
        counts: dict[str, int] = {}
        for step in ways:
            what = self._given_so_far(step).what
            done = max(before, state.count(what))
            due = before + full + (rest >= step.at) - done
            if due > 0:
                moves.append(self._gift(step, due, state))
                counts[what] = done + due - state.count(what)
        if full:
            counts[sets.what] = before + full - state.count(sets.what)
        return tuple(moves), counts

    def _gift(self, step: Step, count: int, state: State) -> Earn:
        ends = self._ends(self.reward_expires_after_days, state)
        return Earn(step.unit, count, "converted", expires_at=ends, rule=self.rule)

    def sample(self, filled: float) -> Award:
        """So much of the way to the goal."""
        return Award((Earn(UNIT, round(filled * (self.goal - 1))),))

    def face(self, state: State) -> Face:
        """The grid, the words beside it, the next reward, and rewards that wait."""
        done = state.holdings.usable(UNIT, state.now)
        coming = next((step for step in self.steps if step.at > done), self.last)
        held = {step.reward_key: state.holdings.usable(step.unit, state.now) for step in self.steps}
        ready = tuple(Reward(key, self.reward_names()[key], count) for key, count in held.items() if count)
        to_next = max(0, coming.at - done)
        values: dict[str, int | LocalText] = {
            "stamps": done,
            "goal": self.goal,
            "to_go": max(0, self.goal - done),
            "stamps_of_goal": {"*": f"{done} / {self.goal}"},
            "reward": self.reward,
            "rewards": sum(held.values()),
            "next_reward": coming.reward,
            "to_next": to_next,
            "to_go_words": short(to_next, bool(ready)),
            "progress": way(to_next, ready[0].name if ready else None, coming.reward),
        }
        return Face(values, Progress("stamps", done, self.goal), ready)

    def faults(self, programme: Programme) -> Mapping[str, str]:
        """Rewards out of order, behind the goal or under one key; questions that nothing asks."""
        faults: dict[str, str] = {}
        places = [step.at for step in self.rewards]
        if places != sorted(set(places)) or any(at >= self.goal for at in places):
            faults["/rewards"] = f"must stand in order, each at its own stamp before the {self.goal}th"
        keys = [step.reward_key for step in self.steps]
        if len(keys) != len(set(keys)):
            faults["/rewards"] = "each reward needs a key of its own: 'reward_key' is there twice"
        if (self.category or self.categories or self.skus) and self.per != "item":
            faults["/per"] = "goods are only looked at where each 'item' gives a stamp"
        if self.minimum_minor and self.per == "visit":
            faults["/minimum_minor"] = "a visit has no receipt that could reach a minimum"
        if sum(isinstance(rule, Stamps) for rule in programme.rules) > 1:
            faults["/kind"] = "a card has one grid of stamps: this programme has two rules for it"
        return faults
