"""Jobs as rows: made, found, moved on, stopped; and their files in sealed stretches.

`position` says how far a job is, and moves in the transaction that does the work: nothing is done twice, and
what was not committed is done again. A worker's lease is `due_at`; who lost it cannot move the job any more.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, KeyReused, NotFound
from app.services import ids
from app.storage.tables import Job, JobChunk
from app.storage.tables.delivery import BULK

IMPORT, EXPORT, FILE = "import", "export", "file"
"""A file that was sent to us, one that we make, and one that a command reads from its own disk."""
INPUT, OUTPUT, ERRORS = "input", "output", "errors"
OPEN = ("waiting", "running")
KEPT = timedelta(days=7)
OF_CALLERS = "key:"
"""Stands before the Idempotency-Keys of others, so that none of them is one of ours."""
CHUNK_ROWS = 200
Sealer = Callable[[str], str]


def new_job(programme_id: int, kind: str, format_: str, actor: str, now: datetime, **about: Any) -> Job:
    """A job that waits; not yet in the queue."""
    return Job(
        public_id=ids.token(12),
        kind=kind,
        programme_id=programme_id,
        format=format_,
        actor=actor[:120],
        priority=BULK,
        created_at=now,
        state="waiting",
        options=about.pop("options", {}),
        result={},
        total=0,
        done=0,
        rejected=0,
        position=0,
        attempts=0,
        **about,
    )


def recalled(session: Session, programme_id: int, key: str, request_hash: str) -> Job | None:
    """The job that this Idempotency-Key stands for; raises KeyReused for another request."""
    mine = select(Job).where(Job.programme_id == programme_id, Job.request_key == key)
    found = session.scalars(mine).one_or_none()
    if found is not None and found.request_hash != request_hash:
        raise KeyReused("This Idempotency-Key was used before with another request.", key=key)
    return found


def job_called(session: Session, public_id: str, programme_ids: Sequence[int] | None) -> Job:
    """The job; raises NotFound, also for one of a programme that is not the caller's."""
    found = session.scalars(select(Job).where(Job.public_id == public_id)).one_or_none()
    if found is None or (programme_ids is not None and found.programme_id not in programme_ids):
        raise NotFound("There is no such job.", job=public_id)
    return found


def jobs(
    session: Session, programme_ids: Sequence[int] | None, *, before_id: int = 0, limit: int = 50
) -> Sequence[Job]:
    """Jobs, the newest first."""
    statement = select(Job).order_by(Job.id.desc()).limit(limit)
    if programme_ids is not None:
        statement = statement.where(Job.programme_id.in_(programme_ids))
    if before_id:
        statement = statement.where(Job.id < before_id)
    return session.scalars(statement).all()


def cancel(
    db: sessionmaker[Session], public_id: str, programme_ids: Sequence[int] | None, *, now: datetime
) -> None:
    """Stop a job for good; what it did stays done. A second time changes nothing. Raises NotFound, and
    Conflict for one that is over.
    """
    with db.begin() as session:
        known = job_called(session, public_id, programme_ids)
        row = session.get_one(Job, known.id, with_for_update=True, populate_existing=True)
        if row.state == "cancelled":
            return
        if row.state not in OPEN:
            raise Conflict(f"This job is {row.state}.", job=public_id, state=row.state)
        row.state, row.due_at, row.finished_at = "cancelled", None, now
        drop(session, row.id, INPUT)


def held(session: Session, job: Job) -> Job:
    """The job's row, locked, if it is where we know it to be and still ours; raises Lost."""
    mine = select(Job).where(Job.id == job.id, Job.state.in_(OPEN), Job.position == job.position)
    mine = mine.where(Job.due_at == job.due_at if job.due_at is not None else Job.due_at.is_(None))
    row = session.scalars(mine.with_for_update(), execution_options={"populate_existing": True}).one_or_none()
    if row is None:
        raise Lost
    return row


class Lost(Exception):
    """Somebody else has the job now, or it was stopped."""


def store(session: Session, job_id: int, part: str, rows: int, body: bytes, seal: Sealer) -> None:
    """Add a stretch to a part of the job's file, behind those that are there."""
    last = select(func.max(JobChunk.number)).where(JobChunk.job_id == job_id, JobChunk.part == part)
    number = (session.scalar(last) or 0) + 1
    session.add(JobChunk(job_id=job_id, part=part, number=number, rows=rows, body=sealed(body, seal)))
    session.flush()


def sealed(body: bytes, seal: Sealer) -> bytes:
    """Small, and for nobody who has the database alone."""
    return seal(base64.b64encode(zlib.compress(body, 5)).decode()).encode()


def opened(body: bytes, unseal: Sealer) -> bytes:
    """What was sealed."""
    return zlib.decompress(base64.b64decode(unseal(body.decode())))


def stretches(
    read: sessionmaker[Session], job_id: int, part: str, unseal: Sealer, *, after_rows: int = 0
) -> Iterator[tuple[int, bytes]]:
    """(rows before it, its bytes) of the stretches that have rows behind `after_rows`; one is in memory."""
    number = passed = 0
    while True:
        with read() as session:
            mine = select(JobChunk.number, JobChunk.rows).where(
                JobChunk.job_id == job_id, JobChunk.part == part, JobChunk.number > number
            )
            heads = session.execute(mine.order_by(JobChunk.number).limit(500)).all()
            wanted = None
            for number, rows in heads:
                if passed + rows > after_rows or part != INPUT:
                    wanted = session.get_one(JobChunk, (job_id, part, number)).body
                    break
                passed += rows
        if wanted is not None:
            yield passed, opened(wanted, unseal)
            passed += rows
        elif not heads:
            return


def has(session: Session, job_id: int, part: str) -> bool:
    """Whether a part of a job's file is (still) there."""
    mine = select(JobChunk.number).where(JobChunk.job_id == job_id, JobChunk.part == part).limit(1)
    return session.scalar(mine) is not None


def hand_over(session: Session, job_id: int, to: int, part: str) -> None:
    """Give a part of a job's file to another job."""
    mine = (JobChunk.job_id == job_id, JobChunk.part == part)
    session.execute(update(JobChunk).where(*mine).values(job_id=to))


def drop(session: Session, job_id: int, *parts: str) -> None:
    """Forget parts of a job's file."""
    session.execute(delete(JobChunk).where(JobChunk.job_id == job_id, JobChunk.part.in_(parts)))


def forget_old(db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> int:
    """Delete the files of a job that ended a week ago; its row stays, and names nobody. Gives how many jobs
    it was.
    """
    over = func.coalesce(Job.finished_at, Job.created_at) <= now - KEPT
    aged = select(Job.id).where(over, Job.due_at.is_(None))
    with read() as session:
        mine = select(JobChunk.job_id).where(JobChunk.job_id.in_(aged)).distinct().limit(1)
        found = session.scalars(mine).all()
    for job_id in found:
        with db.begin() as session:
            drop(session, job_id, INPUT, OUTPUT, ERRORS)
            session.execute(
                update(Job)
                .where(Job.id == job_id, Job.state.in_(OPEN))
                .values(state="failed", finished_at=now, last_error="nobody went on with it for a week")
            )
    return len(found)


def request_hash(*parts: Mapping[str, Any] | str) -> str:
    """Hex SHA-256 of what a job was asked to do."""
    return hashlib.sha256(orjson.dumps(list(parts), option=orjson.OPT_SORT_KEYS)).hexdigest()
