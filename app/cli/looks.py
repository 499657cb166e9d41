"""Commands about designs: looks that were made elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from app.cli import design as as_files
from app.cli.parts import parts_at_work
from app.domain.errors import Invalid
from app.services import importing
from app.services.importing import ImportedDesign
from app.wallets.apple.importing import import_design, import_members
from app.wallets.apple.validate.archive import LARGEST_FILE, LARGEST_MEMBER, LARGEST_TOTAL, MOST_MEMBERS

_PLACE = click.Path(exists=True, path_type=Path)


@click.group()
def design() -> None:
    """How cards look."""


@design.command("import")
@click.argument("file", type=_PLACE)
@click.option("--programme", required=True, help="Slug of the programme that gets the draft.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def import_(file: Path, programme: str, as_json: bool) -> None:
    """Take a look over from FILE as a draft: a .pkpass, or a Pass Designer template (folder or zip).

    What could not be carried over is told, one line each. Publish the draft in the studio.
    """
    found = _read(file)
    deps = parts_at_work().deps
    kept = importing.keep(deps.db, programme, found, now=deps.now(), author="tillpass design import")
    if as_json:
        told = {"design": kept.design_id, "notes": [str(each) for each in kept.notes]}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for note in kept.notes:
        click.echo(str(note))
    click.echo(f"Draft {kept.design_id} of {programme} is kept; nobody sees it before it is published.")


def _read(file: Path) -> ImportedDesign:
    if file.is_dir():
        return import_members(dict(_members(file)))
    with file.open("rb") as opened:
        return import_design(opened.read(LARGEST_FILE + 1))


def _members(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a template's folder, within the bounds that an archive has; links are not followed."""
    room, count = LARGEST_TOTAL, 0
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        count, size = count + 1, path.stat().st_size
        room -= size
        if count > MOST_MEMBERS or size > LARGEST_MEMBER or room < 0:
            raise Invalid({"": f"This is no template: {folder} holds too much."})
        yield path.relative_to(folder).as_posix(), path.read_bytes()


for _command in as_files.COMMANDS:
    design.add_command(_command)
COMMANDS = (design,)
