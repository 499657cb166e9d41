"""`tillpass members`: members, cards and balances from files, and all of them to a file."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import click

from app.cli.bar import Bar
from app.cli.parts import parts_at_work
from app.domain.errors import Conflict
from app.services.jobs import exporting, importing
from app.services.jobs.importing import Asked, Means, Run
from app.services.jobs.shelf import Lost
from app.services.moving import reading, unloading, writing
from app.services.moving.reading import Look
from app.storage import queries
from app.storage.tables import Job

ENDINGS = {".csv": reading.CSV, ".ndjson": reading.NDJSON, ".jsonl": reading.NDJSON, ".json": reading.JSON}
REFUSED = 3
"""The exit code where rows were refused and all others were done."""
REST = 0.5
"""After each step we rest half as long as it took, so that tills come between."""


@click.group()
def members() -> None:
    """Members with their cards, balances and phones: files in and out (docs/moving.md)."""


@members.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--programme", required=True, help="Slug of the programme.")
@click.option("--dry-run", is_flag=True, help="Try every row and change nothing.")
@click.option(
    "--errors",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where refused rows go, with the reason.",
)
@click.option("--resume", is_flag=True, help="Go on where an import of this file stopped.")
@click.option("--announce", is_flag=True, help="Also tell the phones that came along, behind all else.")
@click.option("--again", default="", metavar="NAME", help="Take the same file as a new statement.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def import_(
    file: Path,
    programme: str,
    dry_run: bool,
    errors: Path | None,
    resume: bool,
    announce: bool,
    again: str,
    as_json: bool,
) -> None:
    """Import members from FILE (.csv, .ndjson or .json).

    The same file changes nothing the second time. Ends with 0 where every row was taken, with 3 where some
    were refused, with 1 where nothing could be done.
    """
    format_ = ENDINGS.get(file.suffix.lower())
    if format_ is None:
        raise click.UsageError(f"{file.name}: its name must end in {', '.join(ENDINGS)}.")
    means = parts_at_work().deps.means
    with file.open("rb") as opened:
        found = reading.look(opened, format_)
        asked = Asked(programme, format_, "cli", dry_run, announce, again)
        job = importing.file_job(means, found, asked)
        if job.state == "done":
            _say_done_before(job, as_json)
            return
        if job.position and not resume:
            raise Conflict(
                f"An import of this file stopped after row {job.position:,} of {job.total:,}."
                " Go on with --resume."
            )
        job = _run(means, job, opened, found)
    if job.rejected:
        errors = errors or file.with_name(
            f"{file.stem}.errors{'.csv' if format_ == reading.CSV else '.ndjson'}"
        )
        _write_errors(means, job, errors)
    _print(job, errors, as_json)
    sys.exit(REFUSED if job.rejected else 0)


def _run(means: Means, job: Job, opened: IO[bytes], found: Look) -> Job:
    run, last = Run.of(means, job), time.monotonic()
    with Bar() as bar:
        try:
            for reached in run.do(reading.records(opened, found, after=job.position)):
                bar.show("rows", reached.done, reached.total)
                now = time.monotonic()
                time.sleep(REST * min(1.0, now - last))
                last = time.monotonic()
            return importing.finish(means, run.job)
        except Lost:
            raise Conflict("Another import of this file is at work, or it was stopped.") from None


def _write_errors(means: Means, job: Job, path: Path) -> None:
    """Whole or not at all, and for its owner's eyes alone."""
    begun = path.with_name(f".{path.name}.begun")
    with begun.open("wb") as file:
        begun.chmod(0o600)
        for part in importing.errors_file(means, job):
            file.write(part)
    begun.replace(path)


def _say_done_before(job: Job, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**_figures(job), "before": True}))
        return
    at = f"{job.finished_at:%Y-%m-%d %H:%M} UTC" if job.finished_at else "before"
    click.echo(
        f"This very file was imported {at}; nothing was done. As a new statement it counts with --again NAME."
    )


def _figures(job: Job) -> dict[str, object]:
    counted = {kind: job.result.get(kind, 0) for kind in ("created", "updated", "same")}
    return {"rows": job.done, **counted, "rejected": job.rejected, "dry_run": job.dry_run}


def _print(job: Job, errors: Path | None, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**_figures(job), "errors": str(errors) if job.rejected else None}))
        return
    figures = _figures(job)
    if job.dry_run:
        click.echo("Tried only: nothing was changed.")
    for name, words in (("created", "new"), ("updated", "changed"), ("same", "as they were")):
        click.echo(f"{figures[name]:>9,}  {words}")
    if job.rejected:
        click.echo(f"{job.rejected:>9,}  refused: see {errors}")
        for fault in job.result.get("faults", [])[:5]:
            click.echo(f"           row {fault['row']:,}: {fault['error']}")


@members.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=str))
@click.option("--programme", required=True, help="Slug of the programme.")
@click.option("--format", "format_", type=click.Choice(exporting.FORMATS), help="Else by the file's name.")
def export(file: str, programme: str, format_: str | None) -> None:
    """Export all members to FILE, or to standard output (-), in the format that an import takes.

    The file holds personal data and the secrets of passes: keep it as you keep the database.
    """
    chosen = format_ or {".csv": reading.CSV}.get(Path(file).suffix.lower(), reading.NDJSON)
    means = parts_at_work().deps.means
    if file == "-":
        with suppress(BrokenPipeError):
            for part in _parts(means, programme, chosen):
                sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()
        return
    begun, path = Path(f"{file}.begun"), Path(file)
    with begun.open("wb") as opened:
        begun.chmod(0o600)
        for part in _parts(means, programme, chosen):
            opened.write(part)
    begun.replace(path)


def _parts(means: Means, slug: str, format_: str) -> Iterator[bytes]:
    with means.read() as session:
        row = queries.programme_row(session, slug)
        total = unloading.count(session, row.id)
        columns = writing.columns_of(session, row) if format_ == reading.CSV else []
    if format_ == reading.CSV:
        yield writing.csv_head(columns)
    done = 0
    with Bar() as bar:
        for rows in unloading.pages(means.read, slug, means.papers, means.now):
            yield writing.csv_rows(columns, rows) if format_ == reading.CSV else writing.ndjson(rows)
            done += len(rows)
            bar.show("cards", done, total)


COMMANDS = (members,)
