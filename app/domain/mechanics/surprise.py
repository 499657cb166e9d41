"""Surprises: now and then a purchase brings something nobody promised, until the budget is given away."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from app.domain.mechanics.base import (
    NOTHING,
    Award,
    Claim,
    Count,
    Face,
    Key,
    Mechanic,
    Occasion,
    Sale,
    State,
)
from app.domain.mechanics.bill import Bill
from app.domain.mechanics.gifts import Gifts, earned, faults_of, names_of, ready, reward_units
from app.domain.text import LocalText, TextInput

if TYPE_CHECKING:
    from app.domain.programme import Programme

ALL = 10_000
UNLUCKY = ALL - 1
"""The luck of a purchase that was only asked about: it wins where everybody does."""


class Surprise(Mechanic):
    """In `chance` of 10,000 purchases (of `minimum_minor`, from `starts_on` to `ends_on`) it `gives`, until
    `budget` units are given away in all; once a day a card at most.
    """

    kind: Literal["surprise"] = "surprise"
    looks_at: ClassVar[frozenset[str]] = frozenset({"budgets"})
    key: Key
    name: TextInput = Field(default_factory=dict)
    chance: Annotated[int, Field(ge=1, le=ALL)]
    gives: Gifts
    budget: Annotated[int, Field(ge=1, le=10**12)]
    minimum_minor: Annotated[int, Field(ge=0, le=10**12)] = 0
    starts_on: date | None = None
    ends_on: date | None = None

    @property
    def size(self) -> int:
        """The units of one surprise."""
        return sum(gift.amount for gift in self.gives)

    def units(self) -> tuple[str, ...]:
        """The rewards that it gives; what else it gives other rules count."""
        return reward_units(self.gives)

    def reward_names(self) -> Mapping[str, LocalText]:
        """The rewards that it names."""
        return names_of(self.gives)

    def needs(self, today: date) -> tuple[Count, ...]:
        """Whether today brought one."""
        return (Count(self.rule, today),)

    def budgets(self) -> Mapping[str, int]:
        """What all cards share."""
        return {self.rule: self.budget}

    def award(self, occasion: Occasion, bill: Bill, state: State) -> Award:
        """Give it to those whom luck chose, while there is any."""
        if not isinstance(occasion, Sale) or bill.net_minor < max(1, self.minimum_minor):
            return NOTHING
        day = state.day_of(occasion)
        outside = (self.starts_on and day < self.starts_on) or (self.ends_on and day > self.ends_on)
        had = state.between(self.rule, day, day + timedelta(days=1)) > 0 or self.rule in state.spent_budgets
        if outside or had or drawn(self.key, occasion.luck) >= self.chance:
            return NOTHING
        moves, counts = earned(self.gives, state, self.rule)
        return Award(
            moves,
            {self.rule: 1, **counts},
            claims=(Claim(self.rule, self.size, self.budget),),
            notes=(self._words(),),
        )

    def _words(self) -> LocalText:
        if not self.name:
            return {"en": "A surprise!", "ru": "Сюрприз!"}
        return self.name

    def face(self, state: State) -> Face:
        """Rewards that wait; what might come is no surprise if the card tells."""
        return Face(rewards=ready(self.gives, state))

    def faults(self, programme: Programme) -> Mapping[str, str]:
        """A budget that is no gift, days that never come, one key twice."""
        faults = faults_of(self.gives, "/gives", programme)
        if self.budget < self.size:
            faults["/budget"] = f"is smaller than one surprise, which gives {self.size}"
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            faults["/ends_on"] = "lies before the beginning"
        if sum(rule.rule == self.rule for rule in programme.rules) > 1:
            faults["/key"] = "another surprise has this key already"
        return faults


def drawn(key: str, luck: int) -> int:
    """The lot of a purchase in one rule's drum, 0 to 9,999: each luck has another lot, and another one in
    the next rule's drum, so that nobody wins everything at once. It is a shuffle (a Feistel network over two
    digits and two), so a chance of 1 in 100 is met by exactly 100 of the 10,000.
    """
    if luck == UNLUCKY:
        return UNLUCKY
    lot = _shuffled(key, luck)
    return _shuffled(key, UNLUCKY) if lot == UNLUCKY else lot


def _shuffled(key: str, luck: int) -> int:
    left, right = divmod(luck % ALL, 100)
    for turn in range(4):
        mixed = hashlib.sha256(f"{key}:{turn}:{right}".encode()).digest()
        left, right = right, (left + int.from_bytes(mixed[:4])) % 100
    return left * 100 + right
