"""The worker's part: one job is taken for a while, then the next; the oldest first, and none twice."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Refused
from app.services.jobs import exporting, shelf
from app.services.jobs.importing import LEASE, Means, Run, finish, kept_records
from app.services.jobs.shelf import EXPORT, IMPORT, Lost
from app.storage.queue import backoff_s, claim
from app.storage.tables import Job

log = structlog.get_logger(__name__)
TURN_S = 2.0
"""So long one job is worked on before another has its turn."""
MOST_ATTEMPTS = 10
REST = 1.0
"""After each step we rest as long as it took, so that tills come between."""


def is_due(session: Session, now: datetime) -> bool:
    """Whether a job waits for a worker."""
    mine = select(Job.id).where(Job.due_at <= now, Job.kind.in_((IMPORT, EXPORT))).limit(1)
    return session.scalar(mine) is not None


def step(means: Means, *, rest: Callable[[float], None] = time.sleep, turn_s: float = TURN_S) -> bool:
    """Work on one job for a while; whether there was one."""
    now = means.now()
    with means.read() as session:
        if not is_due(session, now):
            return False
    with means.db.begin() as session:
        wanted = (Job.kind.in_((IMPORT, EXPORT)), Job.state.in_(shelf.OPEN))
        found = claim(session, Job, now, limit=1, lease=LEASE, where=wanted)
        session.expunge_all()
    if not found:
        return False
    _carefully(means, found[0], rest, turn_s)
    return True


def _carefully(means: Means, job: Job, rest: Callable[[float], None], turn_s: float) -> None:
    try:
        _work(means, job, rest, turn_s)
    except Lost:
        return
    except OperationalError:
        raise  # the database is away or busy: the lease runs out, and all goes on
    except Exception as error:
        log.exception("a job broke", job=job.public_id, kind=job.kind)
        _put_off(means.db, job, error, means.now())


def _work(means: Means, job: Job, rest: Callable[[float], None], turn_s: float) -> None:
    began = last = time.monotonic()
    for reached in exporting.advance(means, job) if job.kind == EXPORT else _import(means, job):
        if reached.state not in shelf.OPEN:
            return
        now = time.monotonic()
        if now >= began + turn_s:
            _give_back(means.db, reached, means.now())
            return
        rest(REST * min(1.0, now - last))
        last = time.monotonic()


def _import(means: Means, job: Job) -> Iterator[Job]:
    run = Run.of(means, job, lease=LEASE)
    yield from run.do(kept_records(means, job))
    yield finish(means, run.job)


def _give_back(db: sessionmaker[Session], job: Job, now: datetime) -> None:
    """Another job has its turn; this one goes on as soon as a worker is free."""
    with db.begin() as session:
        row = shelf.held(session, job)
        row.due_at, row.attempts = now, 0
        session.info["due"] = True


def _put_off(db: sessionmaker[Session], job: Job, error: Exception, now: datetime) -> None:
    """Try again later, and give up at last. What it says names nobody."""
    says = error.message if isinstance(error, Refused) else type(error).__name__
    with db.begin() as session:
        row = session.get_one(Job, job.id, with_for_update=True)
        if row.state not in shelf.OPEN:
            return
        row.last_error = says[:500]
        if isinstance(error, Refused) or row.attempts >= MOST_ATTEMPTS:
            row.state, row.finished_at, row.due_at = "failed", now, None
            return
        row.due_at = now + timedelta(seconds=backoff_s(row.attempts, random.random()))
