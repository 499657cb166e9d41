"""Birthdays: found once a day in each programme's own time zone, celebrated once a year each.

The day that a programme has come to, and the member up to whom, stand in its row of `chores`: a server that
slept takes the days that it missed one after another, and one that dies goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Refused
from app.domain.mechanics import Decision, decide
from app.domain.mechanics.base import Happening
from app.domain.mechanics.event import BIRTHDAY, anniversary
from app.services import rounds
from app.services.journal import By, Once
from app.services.operating import Order, Work, operate
from app.storage import queries
from app.storage.batches import among
from app.storage.tables import Card, Chore, MemberPii, ProgrammeRow
from app.storage.tables.delivery import NORMAL

BATCH = 200
MOST_MISSED = timedelta(days=31)
"""Who was not congratulated for so long is not any more."""
FIRST_YEAR = 1900
_NAME = "birthdays:"
Kept = sessionmaker[Session]


class NothingDue(Refused):
    """The card's own rules give nothing today; nothing is written down."""

    code = "nothing-due"


@dataclass(frozen=True, slots=True)
class Party:
    """A programme that celebrates: its days end in `zone`, gifts come `ahead` days before the birthday (the
    versions of its rules may differ in that).
    """

    programme_id: int
    zone: ZoneInfo
    ahead: tuple[int, ...]


def run(db: Kept, read: Kept, now: datetime) -> int:
    """One batch of each programme whose day has begun; gives how many birthdays there were."""
    return sum(_step(db, read, party, now) for party in _parties(read, now))


def _parties(read: Kept, now: datetime) -> list[Party]:
    with read() as session:
        rows = session.scalars(select(ProgrammeRow).order_by(ProgrammeRow.id)).all()
        known = select(Chore.name).where(Chore.name.startswith(_NAME), Chore.next_at > now)
        resting = set(session.scalars(known))
        return [
            Party(row.id, queries.programme_of(row).zone, ahead)
            for row in rows
            if f"{_NAME}{row.id}" not in resting and (ahead := _ahead(row, now))
        ]


def _ahead(row: ProgrammeRow, now: datetime) -> tuple[int, ...]:
    """How many days before a birthday the rules that count now, for any card, give."""
    every: list[Sequence[Mapping[str, Any]]] = [row.body.get("rules", ())]
    for version in row.rule_plan or ():
        if datetime.fromisoformat(version["starts_at"]) <= now:
            every.append(version["rules"])
    celebrating = {
        int(rule.get("days_around", 0))
        for rules in every
        for rule in rules
        if rule.get("kind") == "event" and rule.get("key") == BIRTHDAY
    }
    return tuple(sorted(celebrating))


def _step(db: Kept, read: Kept, party: Party, now: datetime) -> int:
    turn = rounds.take(db, read, f"{_NAME}{party.programme_id}", now, first=now)
    if turn is None:
        return 0
    today = now.astimezone(party.zone).date()
    day = max(date.fromisoformat(turn.result.get("day", today.isoformat())), today - MOST_MISSED)
    after = int(turn.result.get("after", 0)) if turn.result.get("day") == day.isoformat() else 0
    found = _born(read, party, day, after)
    while not found and day < today:
        day, after = day + timedelta(days=1), 0
        found = _born(read, party, day, after)
    for each in found:
        _celebrate(db, party, each, day, now)
    result, next_at = _how_far(party, day, today, found, now)
    rounds.keep(db, turn, result, next_at=next_at, last_at=now)
    return len(found)


@dataclass(frozen=True, slots=True)
class Child:
    """Somebody whose birthday comes."""

    member_id: int
    card_id: int
    serial: str
    birthday: date


def _how_far(
    party: Party, day: date, today: date, found: Sequence[Child], now: datetime
) -> tuple[dict[str, Any], datetime]:
    if len(found) == BATCH:
        return {"day": day.isoformat(), "after": found[-1].member_id}, now
    tomorrow = day + timedelta(days=1)
    next_at = (
        now if day < today else datetime.combine(tomorrow, time(0, 1), party.zone).astimezone(now.tzinfo)
    )
    return {"day": tomorrow.isoformat()}, next_at


def _born(read: Kept, party: Party, day: date, after: int) -> list[Child]:
    """The next batch of members whose gift is due on `day`. Days of birth are listed year by year, so that
    an index finds them on every engine.
    """
    with read() as session:
        rows = session.execute(
            select(MemberPii.member_id, Card.id, Card.serial, MemberPii.birthday)
            .join(Card, Card.member_id == MemberPii.member_id)
            .where(
                MemberPii.programme_id == party.programme_id,
                among(session, MemberPii.birthday, sorted(days_of_birth(party.ahead, day))),
                MemberPii.member_id > after,
                Card.status == "active",
            )
            .order_by(MemberPii.member_id)
            .limit(BATCH)
        ).all()
        return [Child(member, card, serial, born) for member, card, serial, born in rows if born]


def days_of_birth(ahead: Collection[int], day: date) -> set[date]:
    """Every day of birth that is celebrated on `day`; 29 February on the 28th where there is none."""
    found: set[date] = set()
    for days in ahead:
        birthday = day + timedelta(days=days)
        for year in range(FIRST_YEAR, birthday.year + 1):
            for month, number in {(birthday.month, birthday.day), (2, 29)}:
                if (born := _date(year, month, number)) and anniversary(born, birthday.year) == birthday:
                    found.add(born)
    return found


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _celebrate(db: Kept, party: Party, child: Child, day: date, now: datetime) -> None:
    for days in party.ahead:
        birthday = day + timedelta(days=days)
        if anniversary(child.birthday, birthday.year) == birthday:
            _give(db, party, child, day, birthday.year, now)


def _give(db: Kept, party: Party, child: Child, day: date, year: int, now: datetime) -> None:
    missed = day != now.astimezone(party.zone).date()
    at = datetime.combine(day, time(12), party.zone) if missed else None

    def decided(work: Work) -> Decision:
        decision = decide(work.programme.rules, Happening(BIRTHDAY, at=at), work.state)
        if not decision.moves:
            raise NothingDue("The rules of this card give nothing for this birthday.")
        return decision

    once = Once("clock", f"birthday:{child.card_id}:{year}", {"card": child.card_id, "year": year})
    detail = {"event": BIRTHDAY, "times": 1}
    order = Order("event", once, By("clock"), priority=NORMAL, detail=detail)
    try:
        operate(db, child.serial, order, decided, now=now)
    except Refused:
        return  # blocked, erased or celebrated meanwhile
