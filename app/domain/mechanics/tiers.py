"""Tiers: who spends or comes more stands higher. Up at once, down only at a review.

A tier that was reached is safe until its review, which `keeps` and `grace_days` put off each time the card
qualifies anew. The review looks at what counts then: whoever qualifies keeps the tier, the others fall to
the level that fits (`by_balance`) or by one level (`one_down`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import ConfigDict, Field

from app.domain.mechanics.base import Award, Count, Face, Key, Progress, Standing, State
from app.domain.mechanics.tier_words import face_values
from app.domain.mechanics.windows import COUNTED, By, Windowed, months_later
from app.domain.text import LocalText, TextInput
from app.domain.values import Frozen

if TYPE_CHECKING:
    from app.domain.programme import Programme

Texts = Annotated[tuple[TextInput, ...], Field(max_length=20)]


class Level(Frozen):
    """A tier. `from` is what it takes: minor units, points or visits in the window; `invited` levels are
    given by hand alone, and never reviewed. `perks` is what the customer reads, `flags` what the cashier
    sees.
    """

    model_config = ConfigDict(populate_by_name=True)
    key: Key
    name: TextInput
    from_: Annotated[int, Field(ge=0, le=10**12, alias="from")] = 0
    perks: Texts = ()
    flags: Texts = ()
    invited: bool = False


class Keeps(Frozen):
    """How long a tier is safe from the day on which the card qualified: so many months, or (None) until the
    end of the next calendar year.
    """

    months: Annotated[int, Field(ge=1, le=120)] | None = None


class Tiers(Windowed):
    """`levels`, the lowest first, by what the card spent, earned or how often it came in the window.

    Without `keeps` a tier is safe until the end of the next calendar year (window `year`), for twelve months
    (`rolling`), or for ever (`lifetime`). With `refund_undoes` a refund takes back the upgrade that the
    purchase brought.
    """

    kind: Literal["tiers"] = "tiers"
    levels: Annotated[tuple[Level, ...], Field(min_length=1, max_length=20)]
    by: By = "spend"
    window: Literal["rolling", "year", "lifetime"] = "rolling"
    keeps: Keeps | None = None
    grace_days: Annotated[int, Field(ge=0, le=366)] = 0
    downgrade: Literal["one_down", "by_balance"] = "by_balance"
    refund_undoes: bool = True
    draws_last = True

    @property
    def what(self) -> str:
        """The count that decides."""
        return COUNTED[self.by]

    def needs(self, today: date) -> tuple[Count, ...]:
        """What counts now; for reviews of a calendar year, the year before too."""
        found = self.window_needs(self.what, today)
        return (*found, Count(self.what, _last_year(today))) if self.window == "year" else found

    def review_needs(self, review: date) -> tuple[Count, ...]:
        """What will be left of a rolling window on the day of the review."""
        return (Count(self.what, self.since(review)),) if self.window == "rolling" else ()

    def score_ahead(self, review: date, state: State) -> int:
        """What the review on that day will look at, if nothing more comes: within 30 days of it."""
        if self.window == "rolling":
            return max(0, state.count(self.what, self.since(review)))
        score, began = self.score_of(self.what, state), self.since(state.today)
        if self.window == "year" and review.year == state.today.year:  # days of grace: the year that is over
            score = max(
                score, state.count(self.what, _last_year(state.today)) - state.count(self.what, began)
            )
        return score

    def level(self, key: str) -> Level | None:
        """The level of this key."""
        return next((level for level in self.levels if level.key == key), None)

    def rank(self, key: str) -> int:
        """How high this level stands; -1 for none."""
        return next((place for place, level in enumerate(self.levels) if level.key == key), -1)

    def reached(self, score: int) -> str:
        """The highest level that this score earns; '' for none."""
        earned = [level.key for level in self.levels if not level.invited and level.from_ <= score]
        return earned[-1] if earned else ""

    def safe_until(self, key: str, day: date, state: State) -> datetime | None:
        """When this level is reviewed, if the card qualified for it on `day`; None: never."""
        level = self.level(key)
        months = self.keeps.months if self.keeps else 12 if self.window == "rolling" else None
        if level is None or not level.from_ or (self.window == "lifetime" and self.keeps is None):
            return None
        last = months_later(day, months) if months else date(day.year + 1, 12, 31)
        return state.midnight(last + timedelta(days=1 + self.grace_days))

    def standing(self, state: State) -> Standing:
        """What is earned from now on: a review that is due, then the upgrade."""
        return self._risen(self._reviewed(state.standing, state), state)

    def _risen(self, now: Standing, state: State) -> Standing:
        """At once where the score allows it; who qualifies anew is safe for longer."""
        key = self.reached(self.score_of(self.what, state))
        if not key or self.rank(key) < self.rank(now.earned):
            return now
        until = self.safe_until(key, state.today, state)
        if key == now.earned and now.until and until:
            until = max(until, now.until)
        return replace(now, earned=key, until=until)

    def _reviewed(self, now: Standing, state: State) -> Standing:
        if now.until is None or now.until > state.now:
            return now
        fits, day = self._fits(state)
        if self.rank(fits) < self.rank(now.earned) and self.downgrade == "one_down":
            fits, day = max(fits, self._below(now.earned), key=self.rank), self._eve(state)
        return replace(now, earned=fits, until=self.safe_until(fits, day, state))

    def _fits(self, state: State) -> tuple[str, date]:
        """The level that the card qualifies for at a review, and the day on which it did.

        A calendar year is reviewed when it is over, so that the one before counts too.
        """
        this = self.reached(self.score_of(self.what, state))
        if self.window != "year":
            return this, state.today
        began = self.since(state.today)
        last = state.count(self.what, _last_year(state.today)) - state.count(self.what, began)
        before = self.reached(max(0, last))
        if self.rank(this) >= self.rank(before) and this:
            return this, state.today
        return before, self._eve(state)

    def _eve(self, state: State) -> date:
        """The day that a review looks back from: a calendar year is over when it is reviewed."""
        by_calendar = self.window == "year" and not (self.keeps and self.keeps.months)
        return self.since(state.today) - timedelta(days=1) if by_calendar else state.today

    def _below(self, key: str) -> str:
        lower = [level.key for level in self.levels[: self.rank(key)] if not level.invited]
        return lower[-1] if lower else ""

    def by_hand(self, key: str, state: State) -> Standing:
        """What the card has after a person gave it `key`, or took its tier away ('').

        An invited level stands above what is earned until it is taken away by hand. Any other level counts
        as earned today: rules may raise it at once, and its review comes as if the card had qualified
        today. Taking away ends the invitation first; without one, it ends what was earned.
        """
        now, level = state.standing, self.level(key)
        if level is not None and level.invited:
            return replace(now, tier=key, since=state.now, invited=True)
        if not key and now.invited:
            return replace(now, invited=False)
        until = self.safe_until(key, state.today, state)
        return Standing(now.tier, now.since, until, invited=False, earned=key)

    def replayed(self, days: Mapping[date, int], state: State) -> Standing:
        """What the card would have earned by `state.now` from nothing but these daily counts."""
        now, passed = Standing(), dict[date, int]()
        for day in sorted(days):
            now = self._caught_up(now, passed, state.midnight(day), state)
            passed[day] = days[day]
            now = self.standing(self._as_of(now, passed, state.midnight(day), state))
        return self._caught_up(now, passed, state.now, state)

    def _caught_up(self, now: Standing, passed: Mapping[date, int], to: datetime, state: State) -> Standing:
        """After every review that fell due up to `to`, each on its own day."""
        while now.until is not None and now.until <= to:
            now = self._reviewed(now, self._as_of(now, passed, now.until, state))
        return now

    def _as_of(self, now: Standing, days: Mapping[date, int], at: datetime, state: State) -> State:
        then = replace(state, now=at, standing=now)
        counts = {
            count: sum(amount for day, amount in days.items() if day >= count.since)
            for count in self.needs(then.today)
        }
        return replace(then, counts=counts)

    def sample(self, filled: float) -> Award:
        """So much of the way to the highest level that can be earned."""
        return Award(counts={self.what: round(filled * max(level.from_ for level in self.levels))})

    def face(self, state: State) -> Face:
        """The level's name and perks, until when it is safe, and the way to the next one."""
        score = self.score_of(self.what, state)
        place = self.rank(state.tier)
        ahead = next((level for level in self.levels[place + 1 :] if not level.invited), None)
        highest = ahead is None
        ahead = ahead if ahead is not None and ahead.from_ > score else None
        values = face_values(self.by, self.level(state.tier), ahead, score, state, highest=highest)
        flags = self._flags(state.tier)
        return Face(values, Progress("line", score, ahead.from_) if ahead else None, (), flags)

    def _flags(self, key: str) -> tuple[LocalText, ...]:
        level = self.level(key)
        return level.flags if level else ()

    def faults(self, programme: Programme) -> Mapping[str, str]:
        """Levels out of order, keys that are used twice, invited levels in between, a second such rule."""
        found: dict[str, str] = {}
        for place, (one, then) in enumerate(zip(self.levels, self.levels[1:], strict=False), 1):
            if one.invited and not then.invited:
                found[f"/levels/{place}/invited"] = "invited levels stand above all that can be earned"
            elif not then.invited and then.from_ <= one.from_:
                found[f"/levels/{place}/from"] = "must be more than for the level below"
        keys = [level.key for level in self.levels]
        found |= {f"/levels/{n}/key": "is used twice" for n, key in enumerate(keys) if key in keys[:n]}
        if sum(isinstance(rule, Tiers) for rule in programme.rules) > 1:
            found["/kind"] = "a card can stand on one ladder only: there is a second tiers rule"
        if self.by == "points" and "points" not in programme.units:
            found["/by"] = "no rule gives points"
        return found


def _last_year(today: date) -> date:
    return date(today.year - 1, 1, 1)
