"""Named events: a welcome, a filled-in profile, a birthday, a review, a returned cup, and what else a shop
defines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from app.domain.ledger import SPEND, VISITS
from app.domain.mechanics.base import (
    EVER,
    NOTHING,
    Award,
    Count,
    Face,
    Happening,
    Key,
    Mechanic,
    Occasion,
    Sale,
    State,
)
from app.domain.mechanics.bill import Bill
from app.domain.mechanics.event_words import (
    BIRTHDAY_HAD,
    NO_BIRTHDAY,
    NOT_NOW,
    UNFINISHED,
    limited,
    name_of,
)
from app.domain.mechanics.gifts import Gifts, earned, faults_of, names_of, ready, reward_units
from app.domain.text import LocalText, TextInput
from app.domain.values import Frozen

if TYPE_CHECKING:
    from app.domain.programme import Programme

WELCOME, PROFILE, BIRTHDAY, FIRST = "welcome", "profile", "birthday", "first-purchase"
VISIT = "visit"
ONCE = (WELCOME, PROFILE, FIRST)
"""Events that a member has once, whatever the rule says."""
MOST_TIMES = 100
Known = Literal["given_name", "family_name", "phone", "email", "birthday", "city"]
Many = Annotated[int, Field(ge=1, le=100_000)]


def _month_and_day(text: str) -> str:
    if not re.fullmatch(r"[0-9]{2}-[0-9]{2}", text):
        raise ValueError("not a month and a day such as '03-08'")
    date.fromisoformat(f"2024-{text}")  # a leap year, so that 29 February is a day
    return text


MonthAndDay = Annotated[str, AfterValidator(_month_and_day)]


class Limits(Frozen):
    """How often a card may have it: a calendar day, month and year of the programme's zone, and ever."""

    day: Many | None = None
    month: Many | None = None
    year: Many | None = None
    ever: Many | None = None

    def since(self, today: date) -> dict[str, tuple[int, date]]:
        """Those that are set, with the day since which they count."""
        begins = {"day": today, "month": today.replace(day=1), "year": date(today.year, 1, 1), "ever": EVER}
        return {
            period: (limit, begins[period])
            for period in begins
            if (limit := getattr(self, period)) is not None
        }

    def until(self, day: date) -> dict[str, date]:
        """The first day that no longer counts for `day`."""
        month = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        begins = {"day": day + timedelta(days=1), "month": month, "year": date(day.year + 1, 1, 1)}
        return begins | {"ever": date.max}


class Event(Mechanic):
    """When the event `key` happens, it `gives`: as often as the `limits` allow, from `starts_on` to
    `ends_on`, on the days `on` (month and day) if any are named.

    `welcome`, `profile` (when all `fields` are known) and `first-purchase` (of `minimum_minor`) come by
    themselves and once; `birthday` comes by itself once a year, `days_around` the day, and what it gives is
    good for that long. With `at_purchase` a purchase is the event. Others are told: by a cashier (`at_till`),
    a program or a CRM.
    """

    kind: Literal["event"] = "event"
    key: Key
    name: TextInput = Field(default_factory=dict)
    gives: Gifts
    limits: Limits = Limits()
    starts_on: date | None = None
    ends_on: date | None = None
    on: Annotated[tuple[MonthAndDay, ...], Field(max_length=60)] = ()
    days_around: Annotated[int, Field(ge=0, le=60)] = 0
    fields: Annotated[tuple[Known, ...], Field(max_length=6)] = ()
    minimum_minor: Annotated[int, Field(ge=0, le=10**12)] = 0
    at_purchase: bool = False
    at_till: bool = False

    @property
    def looks_at(self) -> frozenset[str]:  # type: ignore[override]
        """Only these two ask who somebody is."""
        return frozenset({"person"} if self.key in (BIRTHDAY, PROFILE) else ())

    @property
    def title(self) -> LocalText:
        """What people call it."""
        return name_of(self.key, self.name)

    @property
    def _limits(self) -> Limits:
        return self.limits.model_copy(update={"ever": 1}) if self.key in ONCE else self.limits

    def units(self) -> tuple[str, ...]:
        """The rewards that it gives; what else it gives other rules count."""
        return reward_units(self.gives)

    def reward_names(self) -> Mapping[str, LocalText]:
        """The rewards that it names."""
        return names_of(self.gives)

    def needs(self, today: date) -> tuple[Count, ...]:
        """How often it was given, in each period that is limited."""
        asked = [Count(self.rule, since) for _, since in self._limits.since(today).values()]
        if self.key == BIRTHDAY:
            asked += [Count(self.rule, self._birthdays_since(today.year + more)) for more in (-1, 0, 1)]
        if self.key == FIRST:
            asked.append(Count(SPEND))
        return tuple(asked)

    def award(self, occasion: Occasion, bill: Bill, state: State) -> Award:
        """Give it as often as it may be given, and say what was kept back."""
        times = self._asked(occasion, bill, state)
        if not times:
            return NOTHING
        day = state.day_of(occasion)
        told = isinstance(occasion, Happening)
        if why := self._why_not(day, state):
            return Award(notes=(why,)) if told else NOTHING
        allowed, notes = self._allowed(times, day, state)
        if not allowed:
            return Award(notes=notes) if told else NOTHING
        moves, counts = earned(self.gives, state, self.rule, allowed, self._ends(day, state))
        counts |= {self.rule: allowed} | ({VISITS: allowed} if self.key == VISIT else {})
        return Award(moves, counts, notes=notes if told else ())

    def _asked(self, occasion: Occasion, bill: Bill, state: State) -> int:
        if isinstance(occasion, Happening):
            return occasion.times if occasion.event == self.key and self.key != FIRST else 0
        if not isinstance(occasion, Sale) or bill.net_minor < max(1, self.minimum_minor):
            return 0
        first = self.key == FIRST and state.count(SPEND) <= bill.net_minor  # which is counted already
        return int(first or self.at_purchase)

    def _why_not(self, day: date, state: State) -> LocalText | None:
        early = self.starts_on is not None and day < self.starts_on
        late = self.ends_on is not None and day > self.ends_on
        if early or late or not (not self.on or any(falls_on(each, day) for each in self.on)):
            return NOT_NOW
        if self.key == PROFILE and not state.person.filled.issuperset(self.fields):
            return UNFINISHED
        if self.key == BIRTHDAY:
            birthday = self.birthday_near(day, state.person.birthday)
            if birthday is None:
                return NO_BIRTHDAY
            if state.count(self.rule, self._birthdays_since(birthday.year)):
                return BIRTHDAY_HAD
        return None

    def _allowed(self, times: int, day: date, state: State) -> tuple[int, tuple[LocalText, ...]]:
        allowed, note, ends = times, None, self._limits.until(day)
        for period, (limit, since) in self._limits.since(day).items():
            left = max(0, limit - state.between(self.rule, since, ends[period]))
            if left < allowed:
                allowed, note = left, (limit, period)
        return allowed, (limited(times - allowed, *note),) if note else ()

    def birthday_near(self, day: date, birthday: date | None) -> date | None:
        """The birthday whose days `day` is one of, if any."""
        if birthday is None:
            return None
        near = (anniversary(birthday, day.year + more) for more in (-1, 0, 1))
        return next((each for each in near if abs((each - day).days) <= self.days_around), None)

    def _birthdays_since(self, year: int) -> date:
        """The first day on which the birthday of `year` can be celebrated: what was given since then was for
        that year, whatever the birthday was said to be.
        """
        return date(year, 1, 1) - timedelta(days=self.days_around)

    def _ends(self, day: date, state: State) -> datetime | None:
        birthday = self.birthday_near(day, state.person.birthday) if self.key == BIRTHDAY else None
        if birthday is None or not self.days_around:
            return None
        return state.midnight(birthday + timedelta(days=self.days_around + 1))

    def face(self, state: State) -> Face:
        """Rewards that wait."""
        return Face(rewards=ready(self.gives, state))

    def faults(self, programme: Programme) -> Mapping[str, str]:
        """What can be had without end, never, or twice."""
        faults = faults_of(self.gives, "/gives", programme)
        if self.key not in (*ONCE, BIRTHDAY) and not self._limits.since(EVER):
            faults["/limits"] = "can earn without end: say how often a day, a month, a year or ever"
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            faults["/ends_on"] = "lies before the beginning"
        if self.key == PROFILE and not self.fields:
            faults["/fields"] = "say which fields make a profile complete"
        if self.fields and self.key != PROFILE:
            faults["/fields"] = "only the event 'profile' looks at fields"
        if self.days_around and self.key != BIRTHDAY:
            faults["/days_around"] = "only the event 'birthday' has days around it"
        if self.minimum_minor and not (self.at_purchase or self.key == FIRST):
            faults["/minimum_minor"] = "only an event that a purchase brings has a minimum"
        if self.key in (*ONCE, BIRTHDAY) and (self.at_purchase or self.at_till):
            faults["/at_till" if self.at_till else "/at_purchase"] = "this event comes by itself"
        if sum(rule.rule == self.rule for rule in programme.rules) > 1:
            faults["/key"] = "another rule has this event already"
        return faults


def anniversary(birthday: date, year: int) -> date:
    """The birthday in `year`; 29 February is celebrated on the 28th where there is none."""
    try:
        return birthday.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def falls_on(month_and_day: str, day: date) -> bool:
    """Whether `day` is that day of its year (`02-29` is the 28th where there is none)."""
    return day == anniversary(date.fromisoformat(f"2024-{month_and_day}"), day.year)
