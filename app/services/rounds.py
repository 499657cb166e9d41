"""Rounds by the clock, each made by one process at a time: the row of `chores` is the turn.

Taking a turn moves `next_at` to the end of a lease; keeping what was done is a compare-and-swap on that
lease. Who dies in between just lets it run out, and the next one goes on from the last page that was kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.storage.tables import Chore

LEASE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to make one step of a round, until `until`; `result` is what the last step kept."""

    name: str
    until: datetime
    result: Mapping[str, Any]


def take(
    db: sessionmaker[Session],
    read: sessionmaker[Session],
    name: str,
    now: datetime,
    *,
    first: datetime,
    lease: timedelta = LEASE,
) -> Turn | None:
    """Our turn in this round, or None where it is not due or somebody else's; it is first due at `first`."""
    with read() as session:
        row = session.get(Chore, name)
        due, known = (row.next_at, True) if row else (first, False)
    if not known:
        _begin(db, name, first)
    if due is None or due > now:
        return None
    mine = (Chore.name == name, Chore.next_at <= now)
    with db.begin() as session:
        taken = session.execute(
            update(Chore).where(*mine).values(next_at=now + lease, taken=True).returning(Chore.result)
        ).one_or_none()
    return Turn(name, now + lease, dict(taken.result or {})) if taken else None


def _begin(db: sessionmaker[Session], name: str, first: datetime) -> None:
    try:
        with db.begin() as session:
            session.add(Chore(name=name, last_at=None, next_at=first, taken=False, result={}))
    except IntegrityError:
        return  # another process was faster


def keep(
    db: sessionmaker[Session], turn: Turn, result: Mapping[str, Any], *, next_at: datetime, last_at: datetime
) -> bool:
    """Write down how far it came, and when the next step is due; False where our lease ran out meanwhile."""
    with db.begin() as session:
        return keep_with(session, turn, result, next_at=next_at, last_at=last_at)


def keep_with(
    session: Session, turn: Turn, result: Mapping[str, Any], *, next_at: datetime, last_at: datetime
) -> bool:
    """The same in the transaction that did the step: both happen, or neither. Where it answers False, roll
    back: somebody else has the turn.
    """
    mine = (Chore.name == turn.name, Chore.next_at == turn.until)
    done = session.execute(
        update(Chore)
        .where(*mine)
        .values(result=dict(result), next_at=next_at, last_at=last_at, taken=False)
        .returning(Chore.name)
    ).one_or_none()
    return done is not None


def hasten(db: sessionmaker[Session], name: str, now: datetime) -> None:
    """The round is due at once; one that somebody is making stays theirs."""
    _begin(db, name, now)
    with db.begin() as session:
        idle = (Chore.name == name, Chore.taken.is_(False))
        session.execute(update(Chore).where(*idle).values(next_at=now))


def result_of(session: Session, name: str) -> Mapping[str, Any]:
    """What the round kept last; empty for one that was never made."""
    return session.scalar(select(Chore.result).where(Chore.name == name)) or {}


def next_night(now: datetime, who: str, *, hour: int = 3) -> datetime:
    """The next time that it is `hour` o'clock (UTC), half an hour more or less by `who`: not all at once."""
    spread_s = int.from_bytes(hashlib.sha256(who.encode()).digest()[:4]) % 3600 - 1800
    at = now.replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(seconds=spread_s)
    while at <= now:
        at += timedelta(days=1)
    return at
