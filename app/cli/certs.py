"""From a new key and a request, through Apple's `.cer`, to a working pass type."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click
from cryptography.hazmat.primitives import serialization
from pydantic import SecretStr

from app.cli import papers
from app.clock import utc_now
from app.settings import SECRET_KEY_LENGTH_MIN, Settings, SettingsError
from app.wallets.apple.certificates import CertificateStore, pushes_with
from app.wallets.apple.signing import CertificateError, Signer

_PASS_TYPE = re.compile(r"(?=.{1,200}\Z)pass(\.[A-Za-z0-9_-]+)+\Z")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def certs() -> None:
    """Apple's certificates, one folder a pass type."""


@certs.command("csr")
@click.option("--pass-type", required=True, help="The identifier registered at Apple: pass.com.example.shop")
@click.option("--out", type=_FOLDER, help="Where key and request go.  [default: its folder in the certs dir]")
@click.option("--renew", is_flag=True, help="Prepare the next certificate beside the one in use.")
def make_request(pass_type: str, out: Path | None, renew: bool) -> None:
    """Make a private key and the request (CSR) to upload at Apple."""
    if not _PASS_TYPE.match(pass_type):
        raise click.BadParameter(
            "must begin with 'pass.', such as pass.com.example.shop", param_hint="--pass-type"
        )
    folder = out or certs_dir() / pass_type
    if (folder / "certificate.pem").exists():
        if not renew:
            raise click.ClickException(
                f"{folder} holds a certificate already, and its key stays. To renew it: add --renew."
            )
        folder = folder / papers.RENEWAL
    request, new = papers.prepare(folder, pass_type)
    click.echo(f"{'A new key lies' if new else 'The key that waits'} in {folder / 'key.pem'}: keep it there.")
    click.echo(f"The request is {request}.\n")
    click.echo("Next, at https://developer.apple.com/account/resources/certificates/add :")
    click.echo(f"  choose 'Pass Type ID Certificate' and {pass_type}, upload the request, download pass.cer")
    click.echo("  Then here: tillpass certs import pass.cer")


@certs.command("import")
@click.argument("file", type=_FILE)
@click.option("--wwdr", type=_FILE, help="Apple's intermediate, .cer or PEM.")
@click.option("--key", type=_FILE, help="The private key, where it is not in the certs dir.")
def import_certificate(file: Path, wwdr: Path | None, key: Path | None) -> None:
    """Put Apple's certificate FILE (.cer or PEM) to work together with its key."""
    home = certs_dir()
    leaf = papers.read_certificate(file)
    name = papers.pass_type_of(leaf)
    places = [home, file.parent]
    found = {
        "wwdr": papers.find_wwdr(leaf, [wwdr] if wwdr else places),
        "key": papers.find_key(leaf, [key] if key else places),
        "certificate": leaf.public_bytes(serialization.Encoding.PEM),
    }
    signer = Signer(**found)
    if signer.valid_until < utc_now():
        raise click.ClickException(f"This certificate ended on {signer.valid_until:%F}: make a new one.")
    folder = home / name
    folder.mkdir(parents=True, exist_ok=True)
    for part, content in found.items():
        papers.write(folder / f"{part}.pem", content, mode=0o600 if part == "key" else 0o644)
    papers.clear_renewal(folder)
    click.echo(f"{name}: signs for team {signer.team_identifier} until {signer.valid_until:%F}. ({folder})")
    click.echo("A running Tillpass takes it up by itself. Look it over with: tillpass doctor")


@certs.command("show")
def show_certs() -> None:
    """What is there, for which pass type, and how long it is valid; exit 1 if any cannot be used."""
    home = certs_dir()
    store = CertificateStore(home)
    names = store.names()
    waiting = sorted(
        path.parent for path in home.glob(f"*/{papers.REQUEST}") if path.parent.name not in names
    )
    broken = [name for name in names if not _show(store, name)]
    for folder in waiting:
        click.echo(f"{folder.name}  waits for Apple's certificate (request: {folder / papers.REQUEST})")
    if not names and not waiting:
        click.echo(f"There is no certificate in {home}. Begin with: tillpass certs csr --pass-type pass.…")
    sys.exit(1 if broken else 0)


def _show(store: CertificateStore, name: str) -> bool:
    """One line; whether the papers can be used today."""
    try:
        identity = store.identity(name)
    except CertificateError as error:
        click.echo(f"{name}  cannot be used: {error}")
        return False
    left = (identity.not_after - utc_now()).days
    life = f"{left} days left" if left >= 0 else "has ended"
    nfc = "  NFC" if identity.nfc else ""
    said = identity.pass_type_identifier
    pushes = f"  pushes with {pushes_with(identity)}"
    click.echo(f"{said}  team {identity.team_identifier}  until {identity.not_after:%F}, {life}{nfc}{pushes}")
    if identity.push_key_fault:
        click.echo(f"  {identity.push_key_fault}")
    return left >= 0


def certs_dir() -> Path:
    """The setting's folder; needs no secret key, because papers are made before there is one."""
    try:
        return Settings.load().certs_dir
    except SettingsError as error:
        others = [fault for fault in error.faults if not fault.startswith("TILLPASS_SECRET_KEY ")]
        if others:
            raise SettingsError(others) from None
        return Settings(secret_key=SecretStr("-" * SECRET_KEY_LENGTH_MIN)).certs_dir


COMMANDS = (certs,)
