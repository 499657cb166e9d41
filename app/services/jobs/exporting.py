"""Exports as jobs: a page of cards, a stretch of the file; and the same straight to whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.services.jobs import shelf
from app.services.jobs.importing import LEASE, Means
from app.services.jobs.shelf import EXPORT, OUTPUT
from app.services.moving import reading, unloading, writing
from app.services.moving.unloading import Place
from app.storage import queries
from app.storage.tables import Job, ProgrammeRow

FORMATS = (reading.CSV, reading.NDJSON)


def order(means: Means, slug: str, format_: str, actor: str, key: str = "") -> tuple[str, bool]:
    """Queue an export: (the job's name, whether it was known by its key). Raises NotFound, KeyReused."""
    try:
        return _order(means, slug, format_, actor, key)
    except IntegrityError:
        return _order(means, slug, format_, actor, key)


def _order(means: Means, slug: str, format_: str, actor: str, key: str) -> tuple[str, bool]:
    now, hash_ = means.now(), shelf.request_hash("export", format_)
    with means.db.begin() as session:
        programme = queries.programme_row(session, slug)
        named = f"{shelf.OF_CALLERS}{key}" if key else None
        known = shelf.recalled(session, programme.id, named, hash_) if named else None
        if known is not None:
            return known.public_id, True
        job = shelf.new_job(programme.id, EXPORT, format_, actor, now, options={})
        job.total = unloading.count(session, programme.id)
        job.request_key, job.request_hash, job.due_at = named, hash_, now
        session.add(job)
        session.info["due"] = True
        return job.public_id, False


def advance(means: Means, job: Job) -> Iterator[Job]:
    """Go on with it, a page a transaction; gives the job after each. Raises Lost."""
    while job.state in shelf.OPEN:
        job = _page(means, job)
        yield job


def _page(means: Means, job: Job) -> Job:
    now = means.now()
    place = Place(job.position, bool(job.result.get("sharing")))
    with means.read() as session:
        programme = session.get_one(ProgrammeRow, job.programme_id)
        columns = job.options.get("columns")
        if job.format == reading.CSV and columns is None:
            columns = writing.columns_of(session, programme)
        rows, onward = unloading.page(session, programme, place, means.papers, now)
    body = _head(job, columns or ()) + _body(job.format, columns or (), rows)
    with means.db.begin() as session:
        row = shelf.held(session, job)
        if body:
            shelf.store(session, row.id, OUTPUT, len(rows), body, means.papers.seal)
        row.options = {**row.options, "columns": columns, "begun": True}
        row.state, row.started_at = "running", row.started_at or now
        row.done += len(rows)
        row.total = max(row.total, row.done)
        row.due_at = now + LEASE
        if onward is None:
            row.state, row.finished_at, row.due_at, row.last_error = "done", now, None, ""
        else:
            row.position, row.result = onward.after, {"sharing": onward.sharing}
        session.flush()
        session.expunge(row)
    return row


def _head(job: Job, columns: Any) -> bytes:
    return writing.csv_head(columns) if job.format == reading.CSV and not job.options.get("begun") else b""


def _body(format_: str, columns: Any, rows: list[dict[str, Any]]) -> bytes:
    return writing.csv_rows(columns, rows) if format_ == reading.CSV else writing.ndjson(rows)


def straight(means: Means, slug: str, format_: str) -> Iterator[bytes]:
    """The whole export, a page of cards at a time; raises NotFound at once."""
    with means.read() as session:
        programme = queries.programme_row(session, slug)
        columns = writing.columns_of(session, programme) if format_ == reading.CSV else []

    def parts() -> Iterator[bytes]:
        if format_ == reading.CSV:
            yield writing.csv_head(columns)
        for rows in unloading.pages(means.read, slug, means.papers, means.now):
            yield _body(format_, columns, rows)

    return parts()


def name_of(slug: str, format_: str, now: datetime) -> str:
    """What the file is called."""
    return f"{slug}-members-{unloading.at_once(now)}.{format_}"
