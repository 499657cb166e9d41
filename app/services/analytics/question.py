"""What is asked: a programme, days of its time zone, a channel, and which cards are meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, String, case, func, literal, literal_column, type_coerce

from app.domain.errors import Invalid
from app.domain.mechanics import paying_rule
from app.services.funnel import KEYS
from app.storage import queries
from app.storage.tables import Card, ProgrammeRow

Basis = Literal["happened", "joined"]
"""`happened`: what was done within the days, by whichever card. `joined`: the cards that were issued within
the days, and all that they ever did.
"""
MOST_DAYS = 1100
USUAL_DAYS = 30
GROUPS: Mapping[str, tuple[str, ...]] = {
    "channel": ("utm_source", "utm_medium", "utm_campaign"),
    "source": ("utm_source",),
    "medium": ("utm_medium",),
    "campaign": ("utm_campaign",),
    "link": ("link_code",),
}
STEPS = ("view", "form", "issued", "installed", "first_scan", "revenue", "removed")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Question:
    """`first` and `last` are both included; `only` has values that a channel must have."""

    row: ProgrammeRow
    zone: ZoneInfo
    currency: str
    unit: str
    first: date
    last: date
    basis: Basis = "happened"
    only: Mapping[str, str] = field(default_factory=dict)

    @property
    def begin(self) -> datetime:
        """The first moment."""
        return midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return midnight(self.last + timedelta(days=1), self.zone)

    def days(self) -> Iterator[date]:
        """Each day, in order."""
        return (self.first + timedelta(days=each) for each in range((self.last - self.first).days + 1))

    def counts_at(self, at: Any) -> Any:
        """The column whose day counts, for something that happened `at`."""
        return Card.created_at if self.basis == "joined" else at

    def within(self, at: Any) -> ColumnElement[bool]:
        """Whether something that happened `at` counts."""
        column = self.counts_at(at)
        inside: ColumnElement[bool] = (column >= self.begin) & (column < self.end)
        return inside

    def day(self, at: Any, dialect: str) -> Any:
        """The day (`2026-03-29`) of the programme's zone on which something that happened `at` counts."""
        return local_day(self.counts_at(at), self, dialect)


def question(
    row: ProgrammeRow,
    *,
    now: datetime,
    since: date | None = None,
    until: date | None = None,
    basis: Basis = "happened",
    only: Mapping[str, str] | None = None,
) -> Question:
    """The question in full: without days, the last 30, today included. Raises Invalid."""
    programme = queries.programme_of(row)
    last = until or max(now.astimezone(programme.zone).date(), since or date.min)
    first = since or last - timedelta(days=min(USUAL_DAYS - 1, last.toordinal() - 1))
    if last < first:
        raise Invalid({"/until": "lies before since"})
    if (last - first).days >= MOST_DAYS:
        raise Invalid({"/until": f"lies more than {MOST_DAYS} days after since"})
    if not date(1990, 1, 1) <= first <= last <= date(2200, 1, 1):
        raise Invalid({"/since": "lies too far away"})
    payer = paying_rule(programme.rules)
    wanted = {key: _one_form(key, only[key]) for key in KEYS if only and key in only}
    unit = payer.unit if payer else "stamps" if "stamps" in programme.units else "points"
    return Question(row, programme.zone, programme.currency, unit, first, last, basis, wanted)


def _one_form(key: str, value: str) -> str:
    return value.strip() if key == "link_code" else value.strip().lower()


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The begin of a day of that zone."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def local_day(column: Any, asked: Question, dialect: str) -> Any:
    """The column's day in the programme's zone, as text. Both engines are told the zone's distance from UTC
    and when it changes, because SQLite knows no zones.
    """
    first, *changes = _distances(asked)
    seconds: Any = _shift(first[1], dialect)
    if changes:
        whens = [(column >= at, _shift(distance, dialect)) for at, distance in reversed(changes)]
        seconds = case(*whens, else_=seconds)
    if dialect == "sqlite":
        return func.date(type_coerce(column, String), seconds)
    second: Any = literal_column("interval '1 second'")
    local = func.timezone("UTC", column).op("+")(seconds.op("*")(second))
    return func.to_char(local, "YYYY-MM-DD")


def _shift(distance_s: int, dialect: str) -> Any:
    return literal(f"{distance_s:+d} seconds" if dialect == "sqlite" else distance_s)


def _distances(asked: Question) -> list[tuple[datetime, int]]:
    """From when on the zone is how many seconds ahead of UTC, for the days that are asked for."""
    found = [(asked.begin, _ahead(asked.begin, asked.zone))]
    for day in asked.days():
        begin, end = (midnight(day + timedelta(days=each), asked.zone) for each in (0, 1))
        if _ahead(end, asked.zone) != found[-1][1]:
            found.append((_change(begin, end, asked.zone), _ahead(end, asked.zone)))
    return found


def _ahead(at: datetime, zone: ZoneInfo) -> int:
    distance = at.astimezone(zone).utcoffset()
    return int(distance.total_seconds()) if distance else 0


def _change(begin: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    """The minute between the two in which clocks are put forward or back."""
    before = _ahead(begin, zone)
    while end - begin > _MINUTE:
        middle = begin + (end - begin) // _MINUTE // 2 * _MINUTE
        begin, end = (middle, end) if _ahead(middle, zone) == before else (begin, middle)
    return end
