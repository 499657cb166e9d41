"""Commands about pass files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from app.cli.papers import read_certificate
from app.wallets.apple.certificates import fingerprint
from app.wallets.apple.validate import verify_file

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--trust", type=_FILE, multiple=True, help="An intermediate to accept beside Apple's own.")
def verify(file: Path, as_json: bool, trust: tuple[Path, ...]) -> None:
    """Check any .pkpass, ours or foreign; one line a fault, exit 1 if there is any.

    Passes of the sandbox are signed below an intermediate of its own:
    --trust instance/sandbox/authority/wwdr.pem
    """
    faults = verify_file(file, trusted=_fingerprints(trust))
    if as_json:
        rows = [{"code": f.code, "where": f.where, "message": f.message, "mend": f.mend} for f in faults]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for fault in faults:
            click.echo(f"{fault.where or file.name}: {fault.message} {fault.mend} [{fault.code}]")
        if not faults:
            click.echo("A phone would take this pass.")
    sys.exit(1 if faults else 0)


def _fingerprints(files: tuple[Path, ...]) -> set[str]:
    return {fingerprint(read_certificate(path)) for path in files}


COMMANDS = (verify,)
