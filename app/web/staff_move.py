"""Moving in and out: a file is tried, then imported; everything goes out as a file. Both as jobs."""

from __future__ import annotations

import tempfile
from pathlib import PurePath
from typing import Any

from flask import Response, abort, flash, g, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import RequestEntityTooLarge

from app.audience import audience
from app.deps import deps
from app.domain.errors import Conflict, NotFound
from app.i18n import gettext as _
from app.services.jobs import exporting, importing, shelf
from app.services.jobs.importing import Asked
from app.services.moving import reading
from app.services.moving.reading import FileRefused
from app.storage.tables import Job
from app.web.security import csrf
from app.web.staff_room import bp, mine, my_programmes, owner_only

MOST_BYTES = 64 * 1024 * 1024
ENDINGS = {".csv": reading.CSV, ".ndjson": reading.NDJSON, ".jsonl": reading.NDJSON, ".json": reading.JSON}
MEDIA = {reading.CSV: "text/csv", reading.NDJSON: "application/x-ndjson"}
EVERY_S = 3
"""So often the page of a job that runs is loaded again."""


@bp.get("/staff/move")
@audience("owner")
@owner_only
def move() -> Any:
    """The forms, and the jobs of late."""
    return _page()


def _page(fault: str = "") -> str:
    with deps().read() as db:
        programmes = my_programmes(db)
        rows = [job for job in shelf.jobs(db, mine(), limit=20) if job.programme_id in programmes]
    return render_template("staff_move.html", programmes=programmes, rows=rows, fault=fault, job=None)


@bp.post("/staff/move")
@audience("owner")
@owner_only
def move_in() -> Any:
    """Take a file and try it; nothing is changed yet."""
    request.max_content_length = MOST_BYTES + 65_536
    try:
        csrf.protect()
        file = request.files.get("file")
    except RequestEntityTooLarge:
        return _page(
            _("The file is larger than 64 MB. Split it, or use the command tillpass members import.")
        ), 413
    except CSRFError:
        abort(400)
    slug = _programme_chosen()
    if file is None or not file.filename:
        return _page(_("Choose a file that ends in .csv, .ndjson or .json.")), 422
    format_ = ENDINGS.get(PurePath(file.filename).suffix.lower())
    if format_ is None:
        return _page(_("Choose a file that ends in .csv, .ndjson or .json.")), 422
    asked = Asked(slug, format_, g.staff.login, dry_run=True, announce=bool(request.form.get("announce")))
    try:
        with tempfile.TemporaryFile() as kept:
            while block := file.stream.read(reading.BLOCK):
                kept.write(block)
            name, _known = importing.lay_down(deps().means, kept, asked)
    except FileRefused as error:
        return _page(_("The file cannot be taken: %(reason)s", reason=error.message)), 422
    return redirect(url_for("staff.move_job", name=name), 303)


csrf.exempt("app.web.staff_move.move_in")  # it asks for the token itself, once the body may be that large


def _programme_chosen() -> str:
    slug = request.form.get("programme", "")
    with deps().read() as db:
        if slug not in {each.slug for each in my_programmes(db).values()}:
            abort(422)
    return slug


@bp.post("/staff/move/out")
@audience("owner")
@owner_only
def move_out() -> Any:
    """Begin an export."""
    format_ = request.form.get("format", "")
    if format_ not in exporting.FORMATS:
        abort(422)
    name, _known = exporting.order(deps().means, _programme_chosen(), format_, g.staff.login)
    return redirect(url_for("staff.move_job", name=name), 303)


@bp.get("/staff/move/<name>")
@audience("owner")
@owner_only
def move_job(name: str) -> Any:
    """How far a job is; while it runs, the page is loaded again by itself."""
    job = _job(name)
    with deps().read() as db:
        programmes = my_programmes(db)
        tried = job.dry_run and job.state == "done" and shelf.has(db, job.id, shelf.INPUT)
    if job.programme_id not in programmes:
        abort(404)
    page = render_template(
        "staff_move_job.html", programme=programmes[job.programme_id], job=job, tried=tried
    )
    return Response(page, headers={"Refresh": str(EVERY_S)} if job.state in shelf.OPEN else {})


def _job(name: str) -> Job:
    try:
        with deps().read() as db:
            return shelf.job_called(db, name[:40], mine())
    except NotFound:
        abort(404)


@bp.post("/staff/move/<name>/<any(earnest, cancel):what>")
@audience("owner")
@owner_only
def move_on(name: str, what: str) -> Any:
    """Import what was tried, or stop a job."""
    job = _job(name)
    try:
        if what == "earnest":
            name = importing.in_earnest(deps().means, job, g.staff.login)
        else:
            shelf.cancel(deps().db, name, mine(), now=deps().now())
    except Conflict:
        flash(_("It is over already. What you see is how it ended."))
    return redirect(url_for("staff.move_job", name=name), 303)


@bp.get("/staff/move/<name>/<any(errors, file):what>")
@audience("owner")
@owner_only
def move_file(name: str, what: str) -> Any:
    """The rows that were refused, or the file of an export."""
    job, known = _job(name), deps()
    if what == "file" and (job.kind != shelf.EXPORT or job.state != "done"):
        abort(404)
    parts = (
        importing.errors_file(known.means, job)
        if what == "errors"
        else (body for _n, body in shelf.stretches(known.read, job.id, shelf.OUTPUT, known.unseal))
    )
    format_ = reading.CSV if job.format == reading.CSV else reading.NDJSON
    called = exporting.name_of("errors" if what == "errors" else "cards", format_, known.now())
    answer = Response(parts, content_type=MEDIA[format_])
    answer.headers["Content-Disposition"] = f'attachment; filename="{called}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
