"""Which rules count when: the versions of a programme, and the plan that its row carries along.

`rule_versions` is the truth and only grows. The plan is made from it: what counts now, what will count, and
what somebody may still need, because a receipt may come late and a card may keep the rules it had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.storage.tables import ProgrammeRow, RuleVersion

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""In a plan the oldest version counts from here: a late receipt may be older than the programme."""
SLACK = timedelta(days=1)
"""A receipt that was asked for at the end of its time may be written a little later."""


@dataclass(frozen=True, slots=True)
class Change:
    """New rules as somebody wants them: from when on, for whom, why."""

    rules: list[Any]
    starts_at: datetime
    keep_old: bool = False
    note: str = ""
    author: str = ""


def versions(session: Session, programme_id: int) -> Sequence[RuleVersion]:
    """All versions in the order of their numbers; none while the rules never changed."""
    mine = select(RuleVersion).where(RuleVersion.programme_id == programme_id)
    return session.scalars(mine.order_by(RuleVersion.number)).all()


def highest(session: Session, programme_id: int) -> int:
    """The newest version's number; 1 while there is none but what the programme began with."""
    mine = select(func.max(RuleVersion.number)).where(RuleVersion.programme_id == programme_id)
    return session.scalar(mine) or 1


def add(session: Session, row: ProgrammeRow, change: Change, now: datetime) -> RuleVersion:
    """Write a version and plan it; the programme's row must be locked."""
    _remember_first(session, row, now)
    made = RuleVersion(
        programme_id=row.id,
        number=highest(session, row.id) + 1,
        rules=change.rules,
        starts_at=change.starts_at,
        keep_old=change.keep_old,
        note=change.note[:200],
        author=change.author[:120],
        created_at=now,
    )
    session.add(made)
    session.flush()
    replan(session, row, now)
    return made


def _remember_first(session: Session, row: ProgrammeRow, now: datetime) -> None:
    known = select(RuleVersion.id).where(RuleVersion.programme_id == row.id).limit(1)
    if session.scalar(known) is not None:
        return
    session.add(
        RuleVersion(
            programme_id=row.id,
            number=1,
            rules=row.body["rules"],
            starts_at=row.created_at,
            created_at=row.created_at,
            settled_at=now,
        )
    )
    session.flush()


def replan(session: Session, row: ProgrammeRow, now: datetime) -> bool:
    """Bring the plan and the rules of `row` up to date; returns whether other rules count for new cards."""
    known = [each for each in versions(session, row.id) if each.withdrawn_at is None]
    if not known:
        return False
    in_order = sorted(known, key=lambda each: (each.starts_at, each.number))
    needed = needed_ones(in_order, now - timedelta(days=row.body["late_days"]) - SLACK)
    current = current_one(in_order, now)
    row.rule_plan = [] if needed == [current] else [_entry(each, each is in_order[0]) for each in needed]
    if row.body["rules"] == current.rules:
        return False
    row.body = {**row.body, "rules": current.rules}
    return True


def current_one(in_order: Sequence[RuleVersion], now: datetime) -> RuleVersion:
    """The version that counts for cards issued now."""
    return next((each for each in reversed(in_order) if each.starts_at <= now), in_order[0])


def needed_ones(in_order: Sequence[RuleVersion], since: datetime) -> list[RuleVersion]:
    """The versions by which anything from `since` on may be counted, for cards of any age."""
    moments = [since, *(each.starts_at for each in in_order if each.starts_at > since)]
    births = [BEGINNING, *(each.starts_at for each in in_order)]
    found = {_counting(in_order, at, born).number for at in moments for born in births}
    return [each for each in in_order if each.number in found]


def _counting(in_order: Sequence[RuleVersion], at: datetime, born: datetime) -> RuleVersion:
    """As `app.storage.states.programme_at` chooses, with the oldest version for what lies before it."""
    for each in reversed(in_order):
        if each.starts_at <= at and not (each.keep_old and born < each.starts_at):
            return each
    return in_order[0]


def _entry(version: RuleVersion, oldest: bool) -> dict[str, Any]:
    return {
        "number": version.number,
        "starts_at": (BEGINNING if oldest else version.starts_at).isoformat(),
        "keep_old": version.keep_old and not oldest,
        "rules": version.rules,
    }
