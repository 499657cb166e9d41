"""What an operator settles with Google about an issuer: who may do what, and keys for contactless readers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import click
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.cli import papers
from app.cli.google_care import CARE
from app.cli.parts import parts_at_work
from app.services.ports import DeliveryError
from app.wallets.google.desks import Desk, Desks
from app.wallets.google.errors import GoogleError
from app.wallets.google.wallet import GoogleWallet

Json = dict[str, Any]
ROLES = ("owner", "writer", "reader")
MOST_KEYS = 10


@click.group()
def google() -> None:
    """Issuers of Google Wallet, permissions, Smart Tap keys; the nightly round, what Google would refuse."""


@google.command("issuers")
def list_issuers() -> None:
    """Every issuer that our keys may see, and which of them this Tillpass uses."""
    desks = _desks()
    seen: dict[str, str] = {}
    for desk in {desk.account.email: desk for desk in desks.by_issuer.values()}.values():
        with _in_words():
            seen |= {str(one.get("issuerId")): str(one.get("name", "")) for one in desk.client().issuers()}
    for issuer_id in sorted({*seen, *desks.by_issuer}):
        click.echo(f"{issuer_id}  {seen.get(issuer_id, '(not seen at Google)')}{_use(desks, issuer_id)}")


def _use(desks: Desks, issuer_id: str) -> str:
    if issuer_id not in desks.by_issuer:
        return ""
    default = ", for programmes that name none" if issuer_id == desks.default else ""
    return f"  in use with {desks.by_issuer[issuer_id].account.email}{default}"


@google.group("permissions")
def permissions() -> None:
    """Who may do what with an issuer."""


_ISSUER = click.option("--issuer", default="", help="The issuer's id.  [default: that of the settings]")


@permissions.command("show")
@_ISSUER
def show(issuer: str) -> None:
    """The complete list."""
    desk = _desk(issuer)
    with _in_words():
        for one in desk.client().permissions(desk.issuer_id):
            click.echo(f"{str(one.get('role', '')).lower():8} {one.get('emailAddress', '')}")


@permissions.command("grant")
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), default="writer", show_default=True)
@_ISSUER
def grant(email: str, role: str, issuer: str) -> None:
    """Let EMAIL, a person's or a service account's, work with the issuer; everybody else keeps their role."""
    if "@" not in email:
        raise click.BadParameter("must be an e-mail address", param_hint="EMAIL")
    desk = _desk(issuer)
    with _in_words():
        client = desk.client()
        before = client.permissions(desk.issuer_id)
        others: list[Json] = [
            {"emailAddress": one.get("emailAddress"), "role": str(one.get("role", "")).upper()}
            for one in before
            if str(one.get("emailAddress", "")).lower() != email.lower()
        ]
        new: list[Json] = [*others, {"emailAddress": email, "role": role.upper()}]
        if not any(one["role"] == "OWNER" for one in new):
            raise click.ClickException("The issuer would have no owner left: make somebody else one first.")
        client.set_permissions(desk.issuer_id, new)
    click.echo(f"{email} is {role} of issuer {desk.issuer_id}.")


@google.command("smart-tap")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Where the private key goes.")
@click.option(
    "--key-id", type=click.IntRange(0), default=1, show_default=True, help="As the reader names it."
)
@_ISSUER
def smart_tap(out: Path | None, key_id: int, issuer: str) -> None:
    """Make a key pair for contactless readers and tell Google the public half; a second run changes nothing.

    Prints what the maker of the readers asks for: collector id, key version and private key.
    """
    desk = _desk(issuer)
    path = (out or Path("smart-tap")) / f"{desk.issuer_id}-{key_id}.pem"
    public = _public_half(path)
    with _in_words():
        collector = _register(desk, key_id, public)
    click.echo(f"Collector id: {collector}")
    click.echo(f"Key version:  {key_id}")
    click.echo(f"Private key:  {path} (only the readers' maker gets it)")
    click.echo("In the design, switch 'smart_tap' on; certified readers then get the card's number by a tap.")


def _public_half(path: Path) -> str:
    """Of the key in this file, made now if there is none; a key that is there is never replaced."""
    if not path.exists():
        private = ec.generate_private_key(ec.SECP256R1())
        form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path.parent.mkdir(parents=True, exist_ok=True)
        papers.write(path, private.private_bytes(serialization.Encoding.PEM, *form), mode=0o600)
    try:
        found = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise click.ClickException(f"{path} is no private key: move it away, or choose --key-id.") from error
    pem = found.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem.decode()


def _register(desk: Desk, key_id: int, public: str) -> str:
    """Add the key to those that Google knows; returns the collector id."""
    client = desk.client()
    tap: Json = (client.get("issuer", desk.issuer_id) or {}).get("smartTapMerchantData") or {}
    keys = [one for one in tap.get("authenticationKeys") or [] if isinstance(one, dict)]
    same = next((one for one in keys if one.get("id") == key_id), None)
    if same is not None and str(same.get("publicKeyPem", "")).strip() != public.strip():
        raise click.ClickException(f"Google knows another key {key_id} of this issuer: choose --key-id.")
    if len(keys) >= MOST_KEYS:
        raise click.ClickException("The issuer has ten keys already: take one away in the Wallet console.")
    if same is None:
        told = [{"id": one.get("id"), "publicKeyPem": one.get("publicKeyPem")} for one in keys]
        new = [*told, {"id": key_id, "publicKeyPem": public}]
        reply = client.patch_issuer(desk.issuer_id, {"smartTapMerchantData": {"authenticationKeys": new}})
        tap = reply.get("smartTapMerchantData") or {}
    return str(tap.get("smartTapMerchantId", "(Google gave none; see the Wallet console)"))


def _desks() -> Desks:
    wallet = parts_at_work().deps.wallets.get("google")
    if wallet is None:
        raise click.ClickException(
            "Google Wallet is off: set TILLPASS_GOOGLE_CREDENTIALS and TILLPASS_GOOGLE_ISSUER_ID,"
            " or TILLPASS_GOOGLE_ISSUERS_DIR."
        )
    return cast(GoogleWallet, wallet).desks


def _desk(issuer: str) -> Desk:
    try:
        return _desks().chosen(issuer)
    except DeliveryError as error:
        raise click.ClickException(error.message) from None


@contextmanager
def _in_words() -> Iterator[None]:
    """Google's refusal in one line."""
    try:
        yield
    except GoogleError as error:
        raise click.ClickException(f"Google refuses: {error.message} ({error.reason.value})") from None


for _command in CARE:
    google.add_command(_command)
COMMANDS = (google,)
