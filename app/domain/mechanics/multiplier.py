"""Multipliers: so many times the points on some days, at some hours, in some stores, for some people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from app.domain.mechanics.base import Key, Mechanic, Person, Sale, State
from app.domain.mechanics.bill import Bill, Boost
from app.domain.mechanics.discount import tier_keys
from app.domain.mechanics.earning import Name
from app.domain.text import LocalText, TextInput, plain
from app.domain.values import Frozen

if TYPE_CHECKING:
    from app.domain.programme import Programme

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]

NO_SUCH_UNIT = "No rule of this programme gives %(unit)s."
CAPPED = "Is below the factor, which could never be reached."
NO_SUCH_TIERS = "This programme has no tier %(tier)s."
KEY_TWICE = "An earlier multiplier has this key."
SENTENCES = (NO_SUCH_UNIT, CAPPED, NO_SUCH_TIERS, KEY_TWICE)
"""What its faults say; pages translate them by their pattern."""


class Hours(Frozen):
    """From one time of day to another, which no longer counts; over midnight where it is earlier."""

    start: Clock
    end: Clock

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.start == self.end:
            raise ValueError("starts when it ends: leave hours out for the whole day")
        return self

    @property
    def over_midnight(self) -> bool:
        """Whether it ends on the next day."""
        return time.fromisoformat(self.end) < time.fromisoformat(self.start)

    def holds(self, at: time) -> bool:
        """Whether this time of day is within."""
        start, end = time.fromisoformat(self.start), time.fromisoformat(self.end)
        return at >= start or at < end if self.over_midnight else start <= at < end

    def after_midnight(self, at: time) -> bool:
        """Whether this time belongs to a night that began the day before."""
        return self.over_midnight and at < time.fromisoformat(self.end)


class Multiplier(Mechanic):
    """`factor` times as much of `unit` where everything holds that is set: `weekdays`, `hours`, `stores`,
    dates from `starts_on` to `ends_on`, `tiers`, `cities`, and member `attributes` (name to values that
    count).

    Days and hours are those of the programme's zone, by when the purchase happened; the hours after midnight
    belong to the day on which they began. Several at once: of those that stack as `best` the highest counts;
    those that stack as `product` multiply it. `cap` limits the product.
    """

    looks_at: ClassVar[frozenset[str]] = frozenset({"person"})

    kind: Literal["multiplier"] = "multiplier"
    key: Key
    name: TextInput = Field(default_factory=dict)
    factor: Annotated[Decimal, Field(gt=1, le=10, decimal_places=2)]
    unit: Annotated[str, Field(pattern=r"^[a-z][a-z_.-]{0,39}$")] = "points"
    weekdays: Annotated[tuple[Weekday, ...], Field(max_length=7)] = ()
    hours: Hours | None = None
    stores: Annotated[tuple[Name, ...], Field(max_length=1000)] = ()
    starts_on: date | None = None
    ends_on: date | None = None
    tiers: Annotated[tuple[Name, ...], Field(max_length=20)] = ()
    cities: Annotated[tuple[Name, ...], Field(max_length=1000)] = ()
    attributes: Annotated[
        dict[str, Annotated[tuple[Name, ...], Field(min_length=1, max_length=100)]], Field(max_length=10)
    ] = Field(default_factory=dict)
    stacks: Literal["best", "product"] = "best"
    cap: Annotated[Decimal, Field(ge=1, le=10, decimal_places=2)] | None = None

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValueError("ends before it starts")
        return self

    def boosts(self, bill: Bill, sale: Sale, state: State) -> tuple[Boost, ...]:
        """Its factor, if everything holds."""
        if not (self._when(sale, state) and self._where(sale) and self._who(state)):
            return ()
        return (self._boost(),)

    def _boost(self) -> Boost:
        name = self.name or _times(self.factor)
        return Boost(self.rule, name, self.factor, self.unit, self.stacks == "product", cap=self.cap)

    def _when(self, sale: Sale, state: State) -> bool:
        at = (sale.at or state.now).astimezone(state.zone)
        if self.hours and not self.hours.holds(at.time()):
            return False
        day = self._day(at)
        return (
            (not self.weekdays or WEEKDAYS[day.weekday()] in self.weekdays)
            and (self.starts_on is None or self.starts_on <= day)
            and (self.ends_on is None or day <= self.ends_on)
        )

    def _day(self, at: datetime) -> date:
        night = self.hours is not None and self.hours.after_midnight(at.time())
        return at.date() - timedelta(days=1) if night else at.date()

    def _where(self, sale: Sale) -> bool:
        return not self.stores or sale.store in self.stores

    def _who(self, state: State) -> bool:
        if self.tiers and state.tier not in self.tiers:
            return False
        if self.cities and _plain(state.person.city) not in {_plain(city) for city in self.cities}:
            return False
        return all(_has(state.person, name, values) for name, values in self.attributes.items())

    def faults(self, programme: Programme) -> Mapping[str, str]:
        """A factor for something that no rule gives, or one that its own cap takes away."""
        found: dict[str, str] = {}
        if self.unit not in programme.units:
            found["/unit"] = NO_SUCH_UNIT % {"unit": self.unit}
        if self.cap is not None and self.cap < self.factor:
            found["/cap"] = CAPPED
        known = tier_keys(programme)
        if known and (strange := [tier for tier in self.tiers if tier not in known]):
            found["/tiers"] = NO_SUCH_TIERS % {"tier": ", ".join(strange)}
        twins = [each for each in multipliers(programme) if each.key == self.key]
        if len(twins) > 1 and twins[0] is not self:
            found["/key"] = KEY_TWICE
        return found


def multipliers(programme: Programme) -> list[Multiplier]:
    """All of the programme, in order."""
    return [each for each in programme.rules if isinstance(each, Multiplier)]


def most_together(rules: Sequence[Multiplier]) -> Decimal:
    """The highest factor that these multipliers of one unit can make, if all of them hold at once."""
    if not rules:
        return Decimal(1)
    unit = rules[0].unit
    return Bill().boosted([rule._boost() for rule in rules]).factor(unit)


def _plain(text: str) -> str:
    return text.strip().casefold()


def _has(person: Person, name: str, values: Sequence[str]) -> bool:
    return _plain(person.attributes.get(name, "")) in {_plain(value) for value in values}


def _times(factor: Decimal) -> LocalText:
    return plain(f"×{factor.normalize():f}")
