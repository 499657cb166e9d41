"""Commands about pass files and the certificates that sign them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from app.cli.parts import settings
from app.clock import utc_now
from app.wallets.apple.certificates import CertificateStore
from app.wallets.apple.signing import CertificateError
from app.wallets.apple.validate import verify_file


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(file: Path, as_json: bool) -> None:
    """Check any .pkpass, ours or foreign; one line a fault, exit 1 if there is any."""
    faults = verify_file(file)
    if as_json:
        rows = [{"code": f.code, "where": f.where, "message": f.message, "mend": f.mend} for f in faults]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for fault in faults:
            click.echo(f"{fault.where}: {fault.message} {fault.mend} [{fault.code}]")
        if not faults:
            click.echo("A phone would take this pass.")
    sys.exit(1 if faults else 0)


@click.group()
def certs() -> None:
    """Apple's certificates, one folder a pass type."""


@certs.command("show")
def show_certs() -> None:
    """What is there, for which pass type, and how long it is valid."""
    found = settings()
    store = CertificateStore(found.certs_dir)
    if not store.names():
        click.echo(f"There is no certificate in {found.certs_dir}; see certs.example/README.md.")
    for name in store.names():
        try:
            identity = store.identity(name)
        except CertificateError as error:
            click.echo(f"{name}: {error}")
            continue
        left = (identity.not_after - utc_now()).days
        click.echo(f"{identity.pass_type_identifier}  team {identity.team_identifier}  {left} days left")


COMMANDS = (verify, certs)
