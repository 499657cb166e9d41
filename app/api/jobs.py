"""Members in bulk: files in and out as jobs, with progress and a file of what was refused."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import IO, Annotated, Any, Literal

from flask import Response, request
from pydantic import ConfigDict, Field

from app.api.answers import reply
from app.api.calls import call
from app.api.keys import caller, reachable_programme
from app.api.problems import Problem
from app.api.replies import Out, PageOut
from app.api.requests import Nothing, Page, Query
from app.audience import audience
from app.deps import deps
from app.domain.errors import NotFound
from app.services.jobs import exporting, importing, shelf
from app.services.jobs.importing import Asked
from app.services.moving import reading
from app.storage import queries
from app.storage.tables import Job, ProgrammeRow

MOST_BYTES = 64 * 1024 * 1024
MEDIA = {"text/csv": reading.CSV, "application/x-ndjson": reading.NDJSON, "application/json": reading.JSON}
TYPES = {format_: media for media, format_ in MEDIA.items()}


class ImportQuery(Query):
    """`dry_run` tries every row and changes nothing; `announce` also tells the phones that came along."""

    dry_run: bool = False
    announce: bool = False


class ExportIn(Query):
    """What the file should be."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"format": "csv"}]}
    )
    format: Literal["csv", "ndjson"] = "ndjson"


class FaultOut(Out):
    """A row that was refused (from 1), and why."""

    row: int
    error: str


class ResultOut(Out):
    """What became of the rows so far; `faults` are the first twenty."""

    created: int = 0
    updated: int = 0
    same: int = 0
    faults: list[FaultOut] = Field(default_factory=list)


class JobOut(Out):
    """A job: how far it is, and where its files are. `progress` goes from 0 to 1."""

    id: str
    kind: str
    programme: str
    format: str
    dry_run: bool
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    total: int
    done: int
    rejected: int
    progress: Annotated[float, Field(ge=0, le=1)]
    result: ResultOut
    error: str
    file: str | None
    errors: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


EXAMPLE = {
    "id": "b0c2JxMnzkX1Pz3h",
    "kind": "import",
    "programme": "cafe",
    "format": "csv",
    "dry_run": False,
    "state": "running",
    "total": 12000,
    "done": 3000,
    "rejected": 1,
    "progress": 0.25,
    "result": {
        "created": 2990,
        "updated": 9,
        "same": 0,
        "faults": [{"row": 7, "error": "phone: is no phone"}],
    },
    "error": "",
    "file": None,
    "errors": "/api/v1/jobs/b0c2JxMnzkX1Pz3h/errors",
    "created_at": "2026-03-02T09:00:00Z",
    "started_at": "2026-03-02T09:00:01Z",
    "finished_at": None,
}


class FileOut(Out):
    """A file."""


@call(
    "POST",
    "/programmes/<slug>/imports",
    summary="Import members from a file",
    scope="members:import",
    takes_files=tuple(MEDIA),
    most_bytes=MOST_BYTES,
    query=ImportQuery,
    key="optional",
    gives=JobOut,
    answer=EXAMPLE,
    status=202,
)
@audience("api")
def import_members(slug: str, query: ImportQuery, key: str) -> Response:
    """The body is the file: CSV, NDJSON or a JSON array, up to 64 MB. The same file again changes nothing;
    with another Idempotency-Key it counts as a new statement of what balances are.
    """
    _programme(slug)
    format_ = MEDIA.get(request.mimetype)
    if format_ is None:
        raise Problem("unsupported-media-type", f"Send the file as one of {', '.join(MEDIA)}.")
    asked = Asked(slug, format_, f"key:{caller().name}", query.dry_run, query.announce, key)
    with tempfile.TemporaryFile() as file:
        _receive(file)
        name, known = importing.lay_down(deps().means, file, asked)
    return _accepted(name, known)


def _receive(file: IO[bytes]) -> None:
    while block := request.stream.read(reading.BLOCK):
        file.write(block)


def _accepted(name: str, known: bool) -> Response:
    headers = {"Location": f"/api/v1/jobs/{name}"} | ({"Idempotency-Replayed": "true"} if known else {})
    return reply(_told(name), 202, headers)


@call(
    "POST",
    "/programmes/<slug>/exports",
    summary="Export all members to a file",
    scope="members:export",
    takes=ExportIn,
    optional_body=True,
    key="optional",
    gives=JobOut,
    answer=EXAMPLE,
    status=202,
)
@audience("api")
def export_members(slug: str, body: ExportIn, key: str) -> Response:
    """The file can be fetched once the job is done, for seven days."""
    _programme(slug)
    return _accepted(*exporting.order(deps().means, slug, body.format, f"key:{caller().name}", key))


@call(
    "GET",
    "/programmes/<slug>/members.ndjson",
    summary="All members, straight away",
    scope="members:export",
    gives=FileOut,
    gives_files=("application/x-ndjson",),
)
@audience("api")
def members_ndjson(slug: str) -> Response:
    """One member a line, in the format that an import takes; it flows while it is read."""
    return _straight(slug, reading.NDJSON)


@call(
    "GET",
    "/programmes/<slug>/members.csv",
    summary="All members as a spreadsheet, straight away",
    scope="members:export",
    gives=FileOut,
    gives_files=("text/csv",),
)
@audience("api")
def members_csv(slug: str) -> Response:
    """The same in CSV; what begins like a formula has an apostrophe before it."""
    return _straight(slug, reading.CSV)


def _straight(slug: str, format_: str) -> Response:
    _programme(slug)
    return file_answer(exporting.straight(deps().means, slug, format_), slug, format_)


def file_answer(parts: Iterator[bytes], name: str, format_: str) -> Response:
    """A file that flows; no cache keeps it."""
    called = exporting.name_of(name, format_, deps().now())
    answer = Response(parts, content_type=TYPES[format_])
    answer.headers["Content-Disposition"] = f'attachment; filename="{called}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@call(
    "GET",
    "/jobs",
    summary="Jobs, the newest first",
    scope="members:import",
    or_scope="members:export",
    query=Page,
    gives=PageOut[JobOut],
)
@audience("api")
def listed(query: Page) -> Mapping[str, Any]:
    """Imports and exports of the caller's programmes, the newest first."""
    with deps().read() as session:
        rows = shelf.jobs(session, caller().programme_ids(), before_id=query.after, limit=query.limit + 1)
        page = rows[: query.limit]
        slugs = {row.programme_id: session.get_one(ProgrammeRow, row.programme_id).slug for row in page}
    more = str(page[-1].id) if len(rows) > len(page) else None
    return {"items": [_job(row, slugs[row.programme_id]) for row in page], "next_cursor": more}


@call(
    "GET",
    "/jobs/<job>",
    summary="How far a job is",
    scope="members:import",
    or_scope="members:export",
    gives=JobOut,
    answer=EXAMPLE,
)
@audience("api")
def read(job: str) -> Mapping[str, Any]:
    """Its state, counts and first faults."""
    return _told(job)


@call(
    "POST",
    "/jobs/<job>/cancel",
    summary="Stop a job",
    scope="members:import",
    takes=Nothing,
    optional_body=True,
    gives=JobOut,
    answer={**EXAMPLE, "state": "cancelled"},
)
@audience("api")
def cancel(job: str, body: Nothing) -> Mapping[str, Any]:
    """What was done stays done; the rest is not begun. Again changes nothing."""
    shelf.cancel(deps().db, job, caller().programme_ids(), now=deps().now())
    return _told(job)


@call(
    "GET",
    "/jobs/<job>/errors",
    summary="The rows that were refused",
    scope="members:import",
    gives=FileOut,
    gives_files=("text/csv", "application/x-ndjson"),
)
@audience("api")
def errors(job: str) -> Response:
    """As they came, with the reason in `error`: mend them, and send the file again as it is."""
    row = _found(job)
    format_ = reading.CSV if row.format == reading.CSV else reading.NDJSON
    return file_answer(importing.errors_file(deps().means, row), f"{row.public_id}-errors", format_)


@call(
    "GET",
    "/jobs/<job>/file",
    summary="The file of an export",
    scope="members:export",
    gives=FileOut,
    gives_files=("text/csv", "application/x-ndjson"),
)
@audience("api")
def file(job: str) -> Response:
    """Once the job is done, for seven days."""
    row = _found(job)
    if row.kind != shelf.EXPORT or row.state != "done" or not _is_kept(row):
        raise NotFound("There is no file of this job (yet, or any more).", job=job, state=row.state)
    return file_answer(_output(row), _slug(row), row.format)


def _output(row: Job) -> Iterator[bytes]:
    known = deps()
    return (body for _, body in shelf.stretches(known.read, row.id, shelf.OUTPUT, known.unseal))


def _is_kept(row: Job) -> bool:
    return row.finished_at is not None and deps().now() < row.finished_at + shelf.KEPT


def _programme(slug: str) -> None:
    with deps().read() as session:
        reachable_programme(queries.programme_row(session, slug))


def _found(job: str) -> Job:
    with deps().read() as session:
        return shelf.job_called(session, job, caller().programme_ids())


def _slug(row: Job) -> str:
    with deps().read() as session:
        return session.get_one(ProgrammeRow, row.programme_id).slug


def _told(job: str) -> dict[str, Any]:
    row = _found(job)
    return _job(row, _slug(row))


def _job(row: Job, slug: str) -> dict[str, Any]:
    names = ("kind", "format", "dry_run", "state", "total", "done", "rejected")
    times = ("created_at", "started_at", "finished_at")
    at, has_file = f"/api/v1/jobs/{row.public_id}", row.kind == shelf.EXPORT and row.state == "done"
    counted = {name: row.result[name] for name in ResultOut.model_fields if name in row.result}
    return {
        **{name: getattr(row, name) for name in (*names, *times)},
        "id": row.public_id,
        "programme": slug,
        "progress": 1.0 if row.state == "done" else min(1.0, row.done / row.total) if row.total else 0.0,
        "result": {"created": 0, "updated": 0, "same": 0, "faults": [], **counted},
        "error": row.last_error,
        "file": f"{at}/file" if has_file and _is_kept(row) else None,
        "errors": f"{at}/errors" if row.rejected else None,
    }
