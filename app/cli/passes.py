"""Commands about pass files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from app.cli.papers import read_certificate
from app.clock import utc_now
from app.wallets.apple.certificates import fingerprint
from app.wallets.apple.checking import drawn, languages
from app.wallets.apple.validate import Fault, Inspection, inspect_file

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_TARGET = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--trust", type=_FILE, multiple=True, help="An intermediate to accept beside Apple's own.")
@click.option("--picture", type=_TARGET, help="Also draw the pass as a phone would, into this PNG.")
@click.option("--lang", default="", help="The language of the picture, such as ru.")
@click.option("--poster", is_flag=True, help="Draw the poster that newer phones show.")
def verify(
    file: Path, as_json: bool, trust: tuple[Path, ...], picture: Path | None, lang: str, poster: bool
) -> None:
    """Check any .pkpass or .pkpasses, ours or foreign; one line a fault, exit 1 if a phone would refuse it.

    Passes of the sandbox are signed below an intermediate of its own:
    --trust instance/sandbox/authority/wwdr.pem
    """
    seen = inspect_file(file, trusted=_fingerprints(trust), now=utc_now())
    if picture is not None:
        _draw(seen, picture, lang, poster)
    if as_json:
        click.echo(json.dumps([_row(fault) for fault in seen.faults], ensure_ascii=False, indent=2))
    else:
        for fault in seen.faults:
            click.echo(_line(fault, file))
        if not seen.refused:
            click.echo("A phone would take these passes." if seen.passes else "A phone would take this pass.")
    sys.exit(1 if seen.refused else 0)


def _draw(seen: Inspection, target: Path, lang: str, poster: bool) -> None:
    """One picture a pass; those of a bundle are numbered."""
    passes = list(seen.passes.values()) or [seen]
    for number, each in enumerate(passes, start=1):
        if each.card is None:
            click.echo("There is nothing to draw: pass.json cannot be read.", err=True)
            continue
        place = target if number == 1 else target.with_name(f"{target.stem}-{number}{target.suffix}")
        place.write_bytes(drawn(each, lang or languages(each)[0], poster=poster))


def _line(fault: Fault, file: Path) -> str:
    weight = "" if fault.severity == "error" else f"{fault.severity}: "
    return f"{fault.where or file.name}: {weight}{fault.message} {fault.mend} [{fault.code}]"


def _row(fault: Fault) -> dict[str, str]:
    return {name: getattr(fault, name) for name in ("severity", "code", "where", "message", "mend")}


def _fingerprints(files: tuple[Path, ...]) -> set[str]:
    return {fingerprint(read_certificate(path)) for path in files}


COMMANDS = (verify,)
