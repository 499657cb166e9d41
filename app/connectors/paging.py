"""Where the next look goes on in lists that are sorted by the time of the last change.

A page goes on where the last one ended, by that time and not by a number of rows: what is changed while we
read moves to the end, and would make every later page skip one. Rows of one and the same second are counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import from_json, to_json

OVERLAP = timedelta(minutes=10)
"""Looked at once more: clocks differ, and a change may be seen later than it is dated."""


@dataclass(frozen=True, slots=True)
class Place:
    """`since` as the system writes times; `start` rows of it were read; `going`: there is a next page."""

    since: str
    start: int = 0
    going: bool = False


def places(cursor: str, names: Sequence[str], now: datetime) -> dict[str, Place]:
    """Those that were kept, or the begin: a while ago."""
    try:
        kept = from_json(cursor) if cursor else {}
        return {name: _kept(kept.get(name), now) for name in names}
    except (ValueError, AttributeError):
        return {name: _begin(now) for name in names}


def written(at: Mapping[str, Place]) -> str:
    """For the next time."""
    return to_json({name: asdict(place) for name, place in at.items()}).decode()


def next_place(place: Place, stamps: Sequence[str], page: int, now: datetime) -> Place:
    """After a page with these times of change, oldest first."""
    if len(stamps) < page:
        return _begin(now)
    last = stamps[-1]
    if last == place.since:
        return Place(last, place.start + len(stamps), going=True)
    return Place(last, 0, going=True)


def _begin(now: datetime) -> Place:
    return Place((now - OVERLAP).replace(microsecond=0).isoformat())


def _kept(raw: Any, now: datetime) -> Place:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("since"), str):
        return _begin(now)
    start = raw.get("start")
    return Place(raw["since"], start if isinstance(start, int) else 0, raw.get("going") is True)
