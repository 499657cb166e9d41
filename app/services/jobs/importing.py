"""Imports as jobs: a file is looked at and laid down in stretches, then done a few rows a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import IO, Any

import orjson
import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Refused
from app.domain.programme import Programme
from app.services.jobs import shelf
from app.services.jobs.shelf import ERRORS, FILE, IMPORT, INPUT, Lost
from app.services.moving import flat, reading, writing
from app.services.moving.placing import place, refusal
from app.services.moving.reading import Look, Record
from app.services.moving.taking import Order, Taken, stretches, taken
from app.services.moving.unloading import Papers
from app.storage import queries
from app.storage.tables import Job, ProgrammeRow

log = structlog.get_logger(__name__)
AT_ONCE = 50
"""Rows a transaction: a till waits for it no longer than for another till."""
LEASE = timedelta(minutes=2)
MOST_SHOWN = 20
"""Faults that a job's own answer shows; all are in its file of errors."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants imported. `key` is their Idempotency-Key: with another one, the same file counts
    as a new statement of what balances are.
    """

    slug: str
    format: str
    actor: str
    dry_run: bool = False
    announce: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class Means:
    """What imports and exports work with."""

    db: sessionmaker[Session]
    read: sessionmaker[Session]
    papers: Papers
    now: Callable[[], datetime]
    default_pass_type: Callable[[], str]


def lay_down(means: Means, file: IO[bytes], asked: Asked) -> tuple[str, bool]:
    """Look at a file, keep it, and queue its import: (the job's name, whether it was known by its key).

    Raises FileRefused, NotFound, KeyReused.
    """
    found = reading.look(file, asked.format)
    hash_ = shelf.request_hash(found.sha256, found.format, {"dry": asked.dry_run, "announce": asked.announce})
    named = f"{shelf.OF_CALLERS}{asked.key}" if asked.key else None
    known = _known(means, asked.slug, named, hash_)
    if known is not None:
        return known, True
    job_id, name = _lay_down(means, file, found, asked, hash_)
    try:
        _queue(means, job_id, named)
    except IntegrityError:  # the same request at the same moment: theirs was first
        with means.db.begin() as session:
            session.delete(session.get_one(Job, job_id))
        return _known(means, asked.slug, named, hash_) or name, True
    return name, False


def _known(means: Means, slug: str, named: str | None, hash_: str) -> str | None:
    with means.read() as session:
        programme = queries.programme_row(session, slug)
        known = shelf.recalled(session, programme.id, named, hash_) if named else None
        return known.public_id if known is not None else None


def _queue(means: Means, job_id: int, named: str | None) -> None:
    """Only now, and with its key: a file that came half is nobody's work, and may be sent again."""
    with means.db.begin() as session:
        job = session.get_one(Job, job_id, with_for_update=True)
        job.request_key, job.due_at = named, means.now() if job.state in shelf.OPEN else None
        session.info["due"] = True


def _lay_down(means: Means, file: IO[bytes], found: Look, asked: Asked, hash_: str) -> tuple[int, str]:
    with means.db.begin() as session:
        programme = queries.programme_row(session, asked.slug)
        job = _job(programme.id, IMPORT, found, asked, hash_, means.now())
        session.add(job)
        session.flush()
        job_id, name = job.id, job.public_id
    for records in _bundles(reading.records(file, found)):
        body = orjson.dumps([[each.number, each.said, each.fault] for each in records])
        with means.db.begin() as session:
            shelf.store(session, job_id, INPUT, len(records), body, means.papers.seal)
    return job_id, name


def _bundles(records: Iterable[Record]) -> Iterator[list[Record]]:
    made: list[Record] = []
    for each in records:
        made.append(each)
        if len(made) == shelf.CHUNK_ROWS:
            yield made
            made = []
    if made:
        yield made


def _job(programme_id: int, kind: str, found: Look, asked: Asked, hash_: str, now: datetime) -> Job:
    batch = found.sha256[:32] if not asked.key else shelf.request_hash(found.sha256, asked.key)[:32]
    options = {"columns": list(found.columns), "announce": asked.announce, "batch": batch}
    job = shelf.new_job(programme_id, kind, found.format, asked.actor, now, options=options)
    job.dry_run, job.total = asked.dry_run, found.rows
    job.request_hash = hash_
    return job


def file_job(means: Means, found: Look, asked: Asked) -> Job:
    """The job of a file on the disk of whoever runs the command; the same file has the same one, done or
    not. Where rows were refused it begins anew: what was done is recalled, the others have another chance.
    """
    dry = "dry" if asked.dry_run else "real"
    key = f"file:{found.sha256[:40]}:{dry}:{asked.key}"[:255]
    with means.db.begin() as session:
        programme = queries.programme_row(session, asked.slug)
        mine = select(Job).where(Job.programme_id == programme.id, Job.request_key == key)
        job = session.scalars(mine).one_or_none()
        if job is None or asked.dry_run or _may_go_again(job):
            if job is not None:
                shelf.drop(session, job.id, ERRORS)
                session.delete(job)
                session.flush()
            job = _job(programme.id, FILE, found, asked, found.sha256, means.now())
            job.request_key, job.started_at = key, means.now()
            session.add(job)
            session.flush()
        return job


def _may_go_again(job: Job) -> bool:
    return job.state not in shelf.OPEN and (job.rejected > 0 or job.state != "done")


@dataclass
class Run:
    """A job on its way: takes records in order, and does them a few at a time."""

    means: Means
    job: Job
    order: Order
    programme: Programme
    columns: Sequence[str]
    at_once: int = AT_ONCE
    lease: timedelta | None = None
    """How long the job stays ours after each step; None for one that nobody else may take."""

    @staticmethod
    def of(means: Means, job: Job, **about: Any) -> Run:
        """Of a job that we hold."""
        with means.read() as session:
            row = session.get_one(ProgrammeRow, job.programme_id)
            slug, programme = row.slug, queries.programme_of(row)
        papers, options = means.papers, job.options
        order = Order(
            slug,
            options["batch"],
            job.actor,
            means.default_pass_type(),
            papers.seal,
            papers.unseal,
            papers.pass_token,
            bool(options.get("announce")),
        )
        return Run(means, job, order, programme, options["columns"], **about)

    def do(self, records: Iterable[Record]) -> Iterator[Job]:
        """Do them; gives the job after each step. Raises Lost where somebody else has it."""
        waiting: list[Record] = []
        for each in records:
            waiting.append(each)
            if len(waiting) == self.at_once:
                yield from self._few(waiting)
                waiting = []
        if waiting:
            yield from self._few(waiting)

    def _few(self, records: Sequence[Record]) -> Iterator[Job]:
        rows = [taken(each, self.job.format, self.programme) for each in records]
        for mine in stretches(rows, self.at_once):
            self._carefully(mine)
            yield self.job

    def _carefully(self, rows: list[Taken]) -> None:
        """Where one row breaks, or somebody was faster with one of its keys, they go again one by one."""
        try:
            self._step(rows)
        except (OperationalError, Lost):
            raise
        except Exception as error:
            if not isinstance(error, IntegrityError | Refused):
                log.exception("a stretch of rows broke", job=self.job.public_id)
            for each in rows:
                self._alone(each)

    def _alone(self, row: Taken) -> None:
        again = taken(row.record, self.job.format, self.programme)
        try:
            self._step([again])
        except (OperationalError, Lost):
            raise
        except Exception as error:
            refused = Taken(row.record, faults=refusal(error))
            self._step([refused])

    def _step(self, rows: list[Taken]) -> None:
        """One transaction: the rows, how far the job is, and what was refused. A trial undoes the rows."""
        now = self.means.now()
        if self.job.dry_run:
            _tried(self.means.db, self.order, rows, now)
        with self.means.db.begin() as session:
            job = shelf.held(session, self.job)
            if not self.job.dry_run:
                place(session, self.order, rows, now)
            self._note(session, job, rows, now)
            session.flush()
            session.expunge(job)
        self.job = job

    def _note(self, session: Session, job: Job, rows: Sequence[Taken], now: datetime) -> None:
        refused = [each for each in rows if each.faults]
        good = [each for each in rows if not each.faults]
        job.state, job.started_at = "running", job.started_at or now
        job.position, job.done = rows[-1].record.number, job.done + len(rows)
        job.rejected += len(refused)
        job.due_at = now + self.lease if self.lease else None
        job.result = _counted(job.result, good, refused)
        if refused:
            body = _as_errors(refused, job.format, self.columns)
            shelf.store(session, job.id, ERRORS, len(refused), body, self.means.papers.seal)


class _Undo(Exception):
    """Takes a trial back."""


def _tried(db: sessionmaker[Session], order: Order, rows: Sequence[Taken], now: datetime) -> None:
    try:
        with db.begin() as session:
            place(session, replace(order, announce=False), rows, now)
            session.flush()
            session.info.pop("due", None)
            raise _Undo
    except _Undo:
        return


def _counted(result: dict[str, Any], good: Sequence[Taken], refused: Sequence[Taken]) -> dict[str, Any]:
    kinds = ["created" if each.is_new else "updated" if each.changed else "same" for each in good]
    made = {kind: result.get(kind, 0) + kinds.count(kind) for kind in ("created", "updated", "same")}
    told = [*result.get("faults", []), *({"row": e.record.number, "error": error_of(e)} for e in refused)]
    return made | ({"faults": told[:MOST_SHOWN]} if told else {})


def error_of(row: Taken) -> str:
    """Why a row was refused, in a sentence: what is wrong where."""
    return "; ".join(f"{where}: {words}" if where else words for where, words in row.faults.items())[:2000]


def _as_errors(rows: Sequence[Taken], format_: str, columns: Sequence[str]) -> bytes:
    """Refused rows as they came, with the reason."""
    if format_ == reading.CSV:
        own = [each for each in columns if each not in flat.IGNORED]
        return writing.csv_lines([*_cells(each, own), flat.guarded(error_of(each))] for each in rows)
    return writing.ndjson(
        {**(each.record.said or {}), "error": error_of(each), "row": each.record.number} for each in rows
    )


def _cells(row: Taken, columns: Sequence[str]) -> list[str]:
    """As they came, but nothing that a spreadsheet would compute."""
    said = row.record.said or {}
    return [flat.guarded(flat.unguarded(said.get(name, ""))) for name in columns]


def errors_file(means: Means, job: Job) -> Iterator[bytes]:
    """The refused rows in the format of the file (JSON as NDJSON), with a column or key `error`."""
    if job.format == reading.CSV:
        own = [each for each in job.options.get("columns", ()) if each not in flat.IGNORED]
        yield writing.csv_head([*own, "error"])
    for _, body in shelf.stretches(means.read, job.id, ERRORS, means.papers.unseal):
        yield body


def finish(means: Means, job: Job) -> Job:
    """Note that all rows were seen; what came in is forgotten."""
    with means.db.begin() as session:
        row = shelf.held(session, job)
        row.state, row.finished_at, row.due_at, row.last_error = "done", means.now(), None, ""
        row.attempts = 0
        if not row.dry_run:  # after a trial it may be wanted in earnest
            shelf.drop(session, row.id, INPUT)
        session.flush()
        session.expunge(row)
    return row


def in_earnest(means: Means, trial: Job, actor: str) -> str:
    """Import the file of a trial that is over; gives the job's name, the same one when asked again. Raises
    Conflict where its rows are forgotten.
    """
    now, named = means.now(), f"trial:{trial.public_id}"
    with means.db.begin() as session:
        row = session.get_one(Job, trial.id, with_for_update=True)
        mine = select(Job).where(Job.programme_id == row.programme_id, Job.request_key == named)
        known = session.scalars(mine).one_or_none()
        if known is not None:
            return known.public_id
        if not row.dry_run or row.state != "done" or not shelf.has(session, row.id, INPUT):
            raise Conflict("The file of this trial is not here any more: send it again.", job=row.public_id)
        job = shelf.new_job(row.programme_id, IMPORT, row.format, actor, now, options=dict(row.options))
        job.total, job.request_key, job.request_hash = row.total, named, row.request_hash
        session.add(job)
        session.flush()
        shelf.hand_over(session, row.id, job.id, INPUT)
        job.due_at = now
        session.info["due"] = True
        return job.public_id


def kept_records(means: Means, job: Job) -> Iterator[Record]:
    """The rows of a file that was laid down, from where the job is."""
    for _, body in shelf.stretches(means.read, job.id, INPUT, means.papers.unseal, after_rows=job.position):
        for number, said, fault in orjson.loads(body):
            if number > job.position:
                yield Record(number, said, fault)
