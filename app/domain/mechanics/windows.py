"""How far back money, points and visits count: some days, the calendar year, or for ever."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from app.domain.ledger import SPEND, VISITS
from app.domain.mechanics.base import EVER, Count, Mechanic, State
from app.domain.money import money_text
from app.domain.text import LocalText, count_text, date_text

By = Literal["spend", "points", "visits"]
COUNTED: dict[By, str] = {"spend": SPEND, "points": "points", "visits": VISITS}


class Windowed(Mechanic):
    """A rule that looks back: over the last `days` days and today (`rolling`), over the calendar `year`, or
    over all time (`lifetime`). Days are those of the programme's zone.
    """

    window: Literal["rolling", "year", "lifetime"] = "lifetime"
    days: Annotated[int, Field(ge=1, le=3660)] = 365

    def since(self, today: date) -> date:
        """The first day that counts."""
        if self.window == "rolling":
            return today - timedelta(days=self.days)
        return date(today.year, 1, 1) if self.window == "year" else EVER

    def score_of(self, what: str, state: State) -> int:
        """How much of `what` counts now; never below zero."""
        return max(0, state.count(what, self.since(state.today)))

    def window_needs(self, what: str, today: date) -> tuple[Count, ...]:
        """The count of the window."""
        return (Count(what, self.since(today)),)

    def changes_at(self, state: State) -> datetime | None:
        """When what counts today stops to count."""
        if self.window == "rolling":
            return state.midnight(state.today + timedelta(days=self.days + 1))
        return state.midnight(date(state.today.year + 1, 1, 1)) if self.window == "year" else None


def amount_text(by: By, amount: int, currency: str) -> LocalText:
    """`€120`, `120 points`, `3 visits`."""
    if by == "spend":
        return money_text(amount, currency)
    if by == "points":
        return count_text(amount, ("point", "points"), ("балл", "балла", "баллов"))
    return count_text(amount, ("visit", "visits"), ("визит", "визита", "визитов"))


def day_text(day: date) -> LocalText:
    """`31 December 2027`, `31 декабря 2027`."""
    return {locale: f"{words} {day.year}" for locale, words in date_text(day).items()}


def last_day_text(ends_at: datetime, state: State) -> LocalText:
    """The last whole day before `ends_at`, in words."""
    return day_text((ends_at - timedelta(seconds=1)).astimezone(state.zone).date())


def months_later(day: date, months: int) -> date:
    """The same day some months later; the month's last where it is shorter (31 January: 28 February)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
