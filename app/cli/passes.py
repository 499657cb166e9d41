"""Commands about pass files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from app.cli.papers import read_certificate
from app.wallets.apple.certificates import fingerprint
from app.wallets.apple.validate import Fault, verify_file

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--trust", type=_FILE, multiple=True, help="An intermediate to accept beside Apple's own.")
def verify(file: Path, as_json: bool, trust: tuple[Path, ...]) -> None:
    """Check any .pkpass, ours or foreign; one line a fault, exit 1 if a phone would refuse it.

    Passes of the sandbox are signed below an intermediate of its own:
    --trust instance/sandbox/authority/wwdr.pem
    """
    faults = verify_file(file, trusted=_fingerprints(trust))
    refused = any(fault.severity == "error" for fault in faults)
    if as_json:
        click.echo(json.dumps([_row(fault) for fault in faults], ensure_ascii=False, indent=2))
    else:
        for fault in faults:
            click.echo(_line(fault, file))
        if not refused:
            click.echo("A phone would take this pass.")
    sys.exit(1 if refused else 0)


def _line(fault: Fault, file: Path) -> str:
    weight = "" if fault.severity == "error" else f"{fault.severity}: "
    return f"{fault.where or file.name}: {weight}{fault.message} {fault.mend} [{fault.code}]"


def _row(fault: Fault) -> dict[str, str]:
    return {name: getattr(fault, name) for name in ("severity", "code", "where", "message", "mend")}


def _fingerprints(files: tuple[Path, ...]) -> set[str]:
    return {fingerprint(read_certificate(path)) for path in files}


COMMANDS = (verify,)
