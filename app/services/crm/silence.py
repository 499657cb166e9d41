"""Systems that have gone quiet: what usually calls every hour and has not since yesterday is broken, or was
switched off without a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import quantiles

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.storage.tables import HookEvent, HookSource

LOOKED_AT = 60
FEWEST = 12
"""So many calls are needed before anything is usual."""
TIMES = 3
SHORTEST = timedelta(hours=3)
"""A lunch break is no silence."""
NIGHT = timedelta(hours=14)
"""Shops sleep: what is usual by day is judged by a whole night."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """A source that says nothing: since when, and what was usual (or agreed)."""

    slug: str
    since: datetime
    usual: timedelta


def quiet_sources(session: Session, now: datetime) -> list[Quiet]:
    """Sources that are silent for longer than they should; paused ones are not expected to speak."""
    rows = session.scalars(select(HookSource).where(HookSource.paused_at.is_(None))).all()
    return [found for row in rows if (found := _quiet(session, row, now))]


def _quiet(session: Session, row: HookSource, now: datetime) -> Quiet | None:
    last = (
        select(HookEvent.received_at)
        .where(HookEvent.source_id == row.id)
        .order_by(HookEvent.id.desc())
        .limit(LOOKED_AT)
    )
    times = list(session.scalars(last))
    since = times[0] if times else row.created_at
    if row.quiet_after_s:
        longest = usual = timedelta(seconds=row.quiet_after_s)
    elif len(times) >= FEWEST:
        usual = usual_gap(times)
        longest = max(SHORTEST, TIMES * usual, NIGHT if usual < timedelta(hours=6) else SHORTEST)
    else:
        return None
    return Quiet(row.slug, since, usual) if now - since > longest else None


def usual_gap(times: Sequence[datetime]) -> timedelta:
    """The gap that nine of ten calls (newest first) come within."""
    gaps = [(later - earlier).total_seconds() for later, earlier in pairwise(times)]
    return timedelta(seconds=quantiles(gaps, n=10)[-1])
