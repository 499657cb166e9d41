"""The rules of a programme over time: new versions that start now or on a date, withdrawn while they wait,
taken back by a newer one, and remembered with their author and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.programme import Programme
from app.domain.rulecheck import check_rules
from app.services import programmes, rule_plan
from app.services.events import record
from app.services.rollouts import start_rollout
from app.storage import queries
from app.storage.tables import ProgrammeRow, RuleVersion

LONGEST = timedelta(days=366)
"""Nobody plans rules for longer ahead."""
MOST_WAITING = 12
NOT_BEGUN = -1
State = Literal["waiting", "current", "past", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Version:
    """A version as marketers and programs see it; `rules` are JSON values."""

    number: int
    rules: list[Any]
    starts_at: datetime
    keep_old: bool
    note: str
    author: str
    created_at: datetime
    withdrawn_at: datetime | None
    state: State


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The versions, newest first, and the newest number: who changes the rules says what they had seen."""

    versions: tuple[Version, ...]
    newest: int

    @property
    def current(self) -> Version:
        """What counts for cards that are issued now."""
        return next(each for each in self.versions if each.state == "current")

    @property
    def waiting(self) -> tuple[Version, ...]:
        """What will count later, the soonest first."""
        waiting = [each for each in self.versions if each.state == "waiting"]
        return tuple(sorted(waiting, key=lambda each: (each.starts_at, each.number)))


def read(session: Session, row: ProgrammeRow, now: datetime) -> Rulebook:
    """All that the programme's rules were, are and will be."""
    known = list(rule_plan.versions(session, row.id)) or [_unchanged(row)]
    alive = [each for each in known if each.withdrawn_at is None]
    in_order = sorted(alive, key=lambda each: (each.starts_at, each.number))
    current = rule_plan.current_one(in_order, now)
    seen = tuple(_version(each, current, now) for each in reversed(known))
    return Rulebook(seen, known[-1].number)


def _unchanged(row: ProgrammeRow) -> RuleVersion:
    return RuleVersion(
        number=1,
        rules=row.body["rules"],
        starts_at=row.created_at,
        keep_old=False,
        note="",
        author="",
        created_at=row.created_at,
        withdrawn_at=None,
    )


def _version(row: RuleVersion, current: RuleVersion, now: datetime) -> Version:
    return Version(
        row.number,
        list(row.rules),
        row.starts_at,
        row.keep_old,
        row.note,
        row.author,
        row.created_at,
        row.withdrawn_at,
        _state(row, current, now),
    )


def _state(row: RuleVersion, current: RuleVersion, now: datetime) -> State:
    if row.withdrawn_at is not None:
        return "withdrawn"
    if row.number == current.number:
        return "current"
    return "waiting" if row.starts_at > now else "past"


def proposed(row: ProgrammeRow, rules: Sequence[Any]) -> Programme:
    """The programme with these rules (JSON values); raises Invalid with every fault and its JSON pointer."""
    programme = programmes.parse({**row.body, "rules": list(rules)})
    if faults := check_rules(programme):
        raise Invalid(faults)
    return programme


def programme_of(row: ProgrammeRow, version: Version) -> Programme:
    """The programme with the rules of a version."""
    return queries.with_rules(orjson.dumps(row.body), orjson.dumps(version.rules))


def schedule(
    db: sessionmaker[Session],
    slug: str,
    rules: Sequence[Any],
    *,
    now: datetime,
    starts_at: datetime | None = None,
    keep_old: bool = False,
    note: str = "",
    author: str = "",
    seen: int | None = None,
) -> int:
    """Let these rules count from `starts_at` on (now by default); returns the version's number.

    `seen` is the newest number that the author knew: if there is a newer one, somebody else was first, and
    Conflict is raised. Raises NotFound, Invalid.
    """
    start = _start(starts_at, now)
    with db.begin() as session:
        row = queries.programme_row(session, slug, lock=True)
        programme = proposed(row, rules)
        _not_behind(rule_plan.highest(session, row.id), seen)
        said = programme.model_dump(mode="json")["rules"]
        known = read(session, row, now)
        _makes_a_difference(known, said, start, now, keep_old=keep_old)
        change = rule_plan.Change(said, start, keep_old, note.strip(), author)
        return begin(session, row, change, now).number


def begin(session: Session, row: ProgrammeRow, change: rule_plan.Change, now: datetime) -> RuleVersion:
    """Write a version, and let it count if it starts now; the programme's row must be locked."""
    made = rule_plan.add(session, row, change, now)
    made.settled_card_id = 0 if made.starts_at <= now else NOT_BEGUN
    row.revision, row.updated_at = row.revision + 1, now
    told = {"number": made.number, "starts_at": made.starts_at.isoformat(), "keep_old": made.keep_old}
    record(session, row.id, "rules.scheduled", {**told, "author": made.author}, now)
    session.flush()
    if made.starts_at <= now:
        start_rollout(session, row, now=now, why="rules")
    return made


def _start(starts_at: datetime | None, now: datetime) -> datetime:
    start = starts_at or now
    if start < now - timedelta(minutes=1):
        raise Invalid({"/starts_at": "lies in the past"})
    if start > now + LONGEST:
        raise Invalid({"/starts_at": "must lie within a year"})
    return max(start, now)


def _not_behind(newest: int, seen: int | None) -> None:
    if seen is not None and seen != newest:
        raise Conflict("Somebody else has changed the rules meanwhile.", seen=seen, newest=newest)


def _makes_a_difference(
    known: Rulebook, rules: list[Any], start: datetime, now: datetime, *, keep_old: bool
) -> None:
    if len(known.waiting) >= MOST_WAITING:
        raise Conflict("Too many versions wait already; withdraw some of them.", waiting=len(known.waiting))
    before = [each for each in known.waiting if each.starts_at <= start]
    last = before[-1] if before else known.current
    if last.rules == rules and (keep_old or not last.keep_old):
        raise Conflict("These rules count then already.", number=last.number)


def restore(
    db: sessionmaker[Session], slug: str, number: int, *, now: datetime, author: str = "", note: str = ""
) -> int:
    """The rules of an earlier version again, from now on, as a new version; raises NotFound, Conflict."""
    with db() as session:
        row = queries.programme_row(session, slug)
        known = read(session, row, now)
        rules = _one(known, number).rules
    return schedule(db, slug, rules, now=now, note=note, author=author, seen=known.newest)


def withdraw(db: sessionmaker[Session], slug: str, number: int, *, now: datetime, author: str = "") -> None:
    """Take back a version that has not started; again changes nothing. Raises NotFound, Conflict."""
    with db.begin() as session:
        row = queries.programme_row(session, slug, lock=True)
        known = _one(read(session, row, now), number)
        if known.state == "withdrawn":
            return
        if known.state != "waiting":
            raise Conflict("These rules have started; publish others instead.", number=number)
        version = next(each for each in rule_plan.versions(session, row.id) if each.number == number)
        version.withdrawn_at = now
        session.flush()
        rule_plan.replan(session, row, now)
        row.revision, row.updated_at = row.revision + 1, now
        record(session, row.id, "rules.withdrawn", {"number": number, "author": author}, now)


def _one(known: Rulebook, number: int) -> Version:
    for each in known.versions:
        if each.number == number:
            return each
    raise NotFound("There is no such version of the rules.", number=number)
