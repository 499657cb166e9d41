"""Work that waits for its time, done: each task at most once, in bounded batches, by any number of workers.

A task is taken by moving its time to the end of a lease; a worker that dies lets it run out. What a task
does to the ledger has the task's number as its key, so that a second try after a crash changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import CardNotActive, Refused
from app.domain.mechanics.event import PROFILE
from app.services import happenings, referrals
from app.services.cards import touch
from app.services.journal import By, Once
from app.storage import queries
from app.storage.tables import Card, CardTask
from app.storage.tables.delivery import NORMAL

log = structlog.get_logger(__name__)
BATCH = 100
LEASE = timedelta(minutes=5)
AGAIN = timedelta(minutes=15)
TOMORROW = timedelta(days=1)
Kept = sessionmaker[Session]


@dataclass(frozen=True, slots=True)
class Task:
    """A task that is ours until the lease ends."""

    id: int
    kind: str
    serial: str
    body: Mapping[str, Any]


def _thank(db: Kept, task: Task, now: datetime) -> str:
    return referrals.thank(db, task.id, task.body, task.serial, now)


def _redraw(db: Kept, task: Task, now: datetime) -> str:
    with db.begin() as session:
        card = queries.card_by_serial(session, task.serial, lock=True)
        return "redrawn" if touch(session, card, now, priority=NORMAL) else "nothing to see"


def _profile(db: Kept, task: Task, now: datetime) -> str:
    once = Once("clock", f"task:{task.id}", {"task": task.id})
    happenings.happen(db, task.serial, PROFILE, once, By("clock"), now=now)
    return "given"


KINDS: Mapping[str, Callable[[Kept, Task, datetime], str]] = {
    "referral": _thank,
    "redraw": _redraw,
    "profile": _profile,
}
"""What each kind of task does; answers what came of it."""


def waiting(session: Session, now: datetime) -> int:
    """How many are due."""
    return session.scalar(select(func.count()).select_from(CardTask).where(*_due(now))) or 0


def _due(now: datetime) -> tuple[Any, ...]:
    return CardTask.done_at.is_(None), CardTask.due_at <= now, CardTask.kind.in_(KINDS)


def run_due(db: Kept, read: Kept, now: datetime) -> int:
    """Do a batch of what is due; gives how many there were. One that fails waits, and holds up no other."""
    with read() as session:
        if session.scalar(select(CardTask.id).where(*_due(now)).limit(1)) is None:
            return 0
    taken = _take(db, now)
    for task in taken:
        _settle(db, task, now, *_tried(db, task, now))
    return len(taken)


def _take(db: Kept, now: datetime) -> list[Task]:
    first = select(CardTask.id).where(*_due(now)).order_by(CardTask.due_at, CardTask.id).limit(BATCH)
    with db.begin() as session:
        held = session.scalars(first.with_for_update(skip_locked=True)).all()
        session.execute(update(CardTask).where(CardTask.id.in_(held)).values(due_at=now + LEASE))
        rows = session.execute(
            select(CardTask.id, CardTask.kind, Card.serial, CardTask.body)
            .join(Card, Card.id == CardTask.card_id)
            .where(CardTask.id.in_(held))
            .order_by(CardTask.id)
        ).all()
    return [Task(*row) for row in rows]


def _tried(db: Kept, task: Task, now: datetime) -> tuple[str, timedelta | None]:
    """What came of it, and after how long to try again (None: it is over)."""
    try:
        return KINDS[task.kind](db, task, now), None
    except CardNotActive as error:  # a blocked card may be let go; the others are over for good
        return str(error.state["status"]), TOMORROW if error.state["status"] == "blocked" else None
    except Refused as error:
        return error.code, None
    except Exception as error:
        log.exception("a task failed", task=task.id, kind=task.kind)
        return f"failed: {type(error).__name__}", AGAIN


def _settle(db: Kept, task: Task, now: datetime, outcome: str, again: timedelta | None) -> None:
    mine = (CardTask.id == task.id, CardTask.done_at.is_(None))
    with db.begin() as session:
        if outcome == referrals.TakenBack.code:  # so that the friend's next purchase can be noted anew
            row = session.scalars(select(CardTask).where(*mine).with_for_update()).one_or_none()
            if row is not None and row.body == task.body:
                session.delete(row)
            elif row is not None:  # it was noted meanwhile
                row.due_at = now
            return
        done = {"due_at": now + again} if again else {"done_at": now}
        session.execute(update(CardTask).where(*mine).values(outcome=outcome[:200], **done))
