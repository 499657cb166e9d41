"""From a new key and a request, through Apple's `.cer`, to a working pass type."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click
from cryptography.hazmat.primitives import serialization
from pydantic import SecretStr

from app.cli import papers
from app.cli.parts import parts_at_work
from app.clock import utc_now
from app.services import pass_moves
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


@certs.command("migrate")
@click.argument("programme")
@click.argument("pass_type", required=False)
@click.option("--status", is_flag=True, help="Show how far it is; changes nothing.")
def migrate(programme: str, pass_type: str | None, status: bool) -> None:
    """Move PROGRAMME to another PASS_TYPE: new cards at once, those on phones when their holders add the
    new one.

    Old passes go on under the old certificate and lead to the new card; once that is on a phone, the old one
    is shown as replaced.
    """
    found = parts_at_work().deps
    if not status:
        if not pass_type:
            raise click.UsageError("Name the pass type to move to, or ask with --status.")
        _require_papers(CertificateStore(certs_dir()), pass_type)
        new = pass_moves.start(found.db, programme, pass_type, now=found.now(), author="tillpass certs")
        click.echo(f"{programme} {'moves' if new else 'moves already'} to {pass_type}.")
    with found.read() as session:
        told = pass_moves.progress(session, programme)
    _tell_progress(programme, told)


def _require_papers(store: CertificateStore, pass_type: str) -> None:
    """New cards are signed with them from this moment on."""
    if pass_type not in store.names():
        raise click.ClickException(f"There is no certificate for {pass_type}: tillpass certs csr and import.")
    if store.identity(pass_type).not_after < utc_now():
        raise click.ClickException(f"The certificate of {pass_type} has ended: renew it first.")


def _tell_progress(programme: str, told: pass_moves.Progress | None) -> None:
    if told is None:
        click.echo(f"{programme} never moved to another pass type.")
        return
    click.echo(f"to {told.pass_type_identifier} since {told.started_at:%F}: {told.cards} cards")
    click.echo(f"  {told.to_switch} still to switch over (a running worker does that)")
    click.echo(f"  {told.waiting} old passes wait for their holders, {told.moved} were replaced")
    click.echo(f"  {told.registered} old passes are on a phone as far as we know")


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
