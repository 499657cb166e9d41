"""From when value that was given may be spent, and until when."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from app.domain.ledger import Extend, Move
from app.domain.mechanics.base import Mechanic, State

MONTH_AND_DAY = r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
LEAP_YEAR = 2024


class Ageing(Mechanic):
    """A rule whose awards wait, or end.

    With `active_after_days` an award may be spent that many days later, from midnight on. It ends by one of
    three: `expires_after_days` after it became active; `expires_after_idle_days` after the last purchase,
    which moves the end of all that may be spent; or on the next `expires_on` (month and day, such as
    `12-31`) that lies `expires_least_days` or more away. The last day counts whole. Days are those of the
    programme's zone and count from the day on which the award was entered.
    """

    active_after_days: Annotated[int, Field(ge=1, le=366)] | None = None
    expires_after_days: Annotated[int, Field(ge=1, le=3660)] | None = None
    expires_after_idle_days: Annotated[int, Field(ge=1, le=3660)] | None = None
    expires_on: Annotated[str, Field(pattern=MONTH_AND_DAY)] | None = None
    expires_least_days: Annotated[int, Field(ge=0, le=366)] = 0

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        ends = (self.expires_after_days, self.expires_after_idle_days, self.expires_on)
        if sum(each is not None for each in ends) > 1:
            raise ValueError("give one of expires_after_days, expires_after_idle_days and expires_on")
        if self.expires_least_days and self.expires_on is None:
            raise ValueError("expires_least_days goes with expires_on")
        if self.expires_on:
            _in_year(self.expires_on, LEAP_YEAR)
        return self

    def active_from(self, state: State) -> datetime | None:
        """When an award of now may be spent; None: at once."""
        days = self.active_after_days
        return None if days is None else state.midnight(state.today + timedelta(days=days))

    def ends_at(self, state: State, *, waits: bool = True) -> datetime | None:
        """When an award of now ends; `waits` says whether it becomes active later, as awards do."""
        first = state.today + timedelta(days=(self.active_after_days or 0) if waits else 0)
        if self.expires_on is not None:
            return state.midnight(_next(self.expires_on, first + timedelta(days=self.expires_least_days)))
        days = self.expires_after_days or self.expires_after_idle_days
        return None if days is None else state.midnight(first + timedelta(days=days + 1))

    def ends(self, unit: str, state: State) -> datetime | None:
        """What is given by hand is active at once, and ends like an award."""
        return self.ends_at(state, waits=False) if unit in self.units() else None

    def kept_alive(self, unit: str, state: State) -> tuple[Move, ...]:
        """What a purchase does to the ends of what may be spent now."""
        days = self.expires_after_idle_days
        return () if days is None else (Extend(unit, state.end_of_day(days), self.rule),)


def _next(month_and_day: str, earliest: date) -> date:
    """The day after the first such day that is not before `earliest`: what ends on it counts whole."""
    this_year = _in_year(month_and_day, earliest.year)
    found = this_year if this_year >= earliest else _in_year(month_and_day, earliest.year + 1)
    return found + timedelta(days=1)


def _in_year(month_and_day: str, year: int) -> date:
    """29 February is the 28th where there is none. Raises ValueError for a day that no year has."""
    month, day = (int(part) for part in month_and_day.split("-"))
    if (month, day) == (2, 29) and not _leap(year):
        day = 28
    return date(year, month, day)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
