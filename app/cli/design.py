"""`tillpass design export`, `plan` and `apply`: programmes and looks as files, compared before they count."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from app.cli.parts import parts, parts_at_work
from app.compose import Tillpass
from app.services import programmes
from app.services.as_files.applying import apply
from app.services.as_files.folders import DESIGN, IMAGES, LARGEST_PICTURE, PROGRAMME, Faulty, read, written
from app.services.as_files.planning import Plan, Step, plan
from app.storage import queries

_FOLDER = click.Path(file_okay=False, path_type=Path)
_THERE = click.Path(file_okay=False, exists=True, path_type=Path)
_OURS = re.compile(r"[0-9a-f]{64}\.(png|jpg|webp)")
CHANGES = 2
"""Exit code of a plan that is not empty, where somebody asked for it."""


@click.command("export")
@click.option("--programme", default="all", help="Which programme, by its slug; all of them by default.")
@click.argument("folder", metavar="DIR", type=_FOLDER)
def export(programme: str, folder: Path) -> None:
    """Write programmes, their published looks and pictures as files to DIR."""
    composed = parts()
    deps = composed.deps
    with deps.read() as session:
        rows = (
            programmes.listed(session) if programme == "all" else [queries.programme_row(session, programme)]
        )
        for row in rows:
            _write(folder, row.slug, written(session, row, deps.now()))
            click.echo(f"{row.slug}: written.")
    composed.database.close()
    if not rows:
        click.echo("There is no programme yet.")


def _write(folder: Path, slug: str, files: dict[str, bytes]) -> None:
    """The files, in place of what an earlier export wrote; pictures with names of their own stay."""
    for old in (folder / slug / IMAGES).glob("*"):
        if _OURS.fullmatch(old.name) and f"{slug}/{IMAGES}/{old.name}" not in files:
            old.unlink()
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


@click.command("plan")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--exit-code", is_flag=True, help="Exit 2 where there are changes.")
@click.argument("folder", metavar="DIR", type=_THERE)
def plan_(as_json: bool, exit_code: bool, folder: Path) -> None:
    """What the files in DIR would change; changes nothing. Exit 1 and a line for each fault."""
    composed = parts()
    found = _planned(composed, folder, as_json)
    composed.database.close()
    if as_json:
        click.echo(json.dumps(_told(found), ensure_ascii=False, indent=2))
    else:
        _show(found)
    if exit_code and found.to_do:
        sys.exit(CHANGES)


@click.command("apply")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--note", default="", help="Why, for colleagues: kept with the rules and the look.")
@click.argument("folder", metavar="DIR", type=_THERE)
def apply_(yes: bool, note: str, folder: Path) -> None:
    """Make programmes and looks what the files in DIR say; cards follow in the background."""
    composed = parts_at_work()
    deps = composed.deps
    found = _planned(composed, folder, False)
    _show(found)
    if found.to_do and not yes:
        click.confirm("Do this?", abort=True)
    for line in apply(deps.db, found, now=deps.now(), fit_starter=deps.fit_starter, note=note):
        click.echo(line)
    composed.database.close()


def _planned(composed: Tillpass, folder: Path, as_json: bool) -> Plan:
    """The plan, or the end with a line for each fault."""
    try:
        wanted = read(dict(_files(folder)))
        with composed.deps.read() as session:
            return plan(session, wanted, composed.deps.now())
    except Faulty as faulty:
        if as_json:
            faults = [
                {"file": each.file, "pointer": each.pointer, "words": each.words} for each in faulty.faults
            ]
            click.echo(json.dumps({"faults": faults}, ensure_ascii=False, indent=2))
        for each in faulty.faults:
            click.echo(f"tillpass: {each}", err=True)
        sys.exit(1)


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What may describe programmes, and no more; neither links nor hidden folders are followed."""
    for inner in _real(folder):
        if not inner.is_dir() or inner.name.startswith("."):
            continue
        pictures = inner / IMAGES
        names = [inner / PROGRAMME, inner / DESIGN]
        if pictures.is_dir() and not pictures.is_symlink():
            names += _real(pictures)
        for path in names:
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as opened:
                    yield path.relative_to(folder).as_posix(), opened.read(LARGEST_PICTURE + 1)


def _real(folder: Path) -> Sequence[Path]:
    return [path for path in sorted(folder.iterdir()) if not path.is_symlink()]


def _told(found: Plan) -> dict[str, object]:
    return {"changes": bool(found.to_do), "programmes": [step.as_json() for step in found.steps]}


def _show(found: Plan) -> None:
    for step in found.to_do:
        click.echo(f"{step.wanted.slug}: {step.action}")
        for line in _creating(step) if step.action == "create" else _changing(step):
            click.echo(f"  {line}")
    if not found.to_do:
        click.echo("No changes.")
        return
    made = sum(step.action == "create" for step in found.to_do)
    click.echo(f"To create: {made}. To change: {len(found.to_do) - made}.")


def _creating(step: Step) -> Iterator[str]:
    programme = step.wanted.programme
    yield f"name: {programme.name}"
    yield f"rules: {', '.join(rule.kind for rule in programme.rules) or 'none'}"
    yield f"look: {'of its own' if step.wanted.design else 'a starter'}"
    yield from _pictures(step)


def _changing(step: Step) -> Iterator[str]:
    yield from map(str, step.keys)
    if step.rules:
        yield "rules: a new version, from now on"
        yield from (f"  {each}" for each in step.rules)
        if step.waiting:
            yield f"  versions that wait for their day stay as they are: {step.waiting}"
    if step.look:
        yield "look: a new version, published"
        yield from (f"  {each}" for each in step.look)
    yield from _pictures(step)


def _pictures(step: Step) -> Iterator[str]:
    for sha256 in step.pictures:
        picture = step.wanted.pictures[sha256]
        yield f"picture to add: {sha256[:12]} ({picture.width} × {picture.height})"


COMMANDS = (export, plan_, apply_)
