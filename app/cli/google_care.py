"""Looking after Google by hand: the nightly round at once, changes of its interface, what it would refuse."""

from __future__ import annotations

from typing import cast

import click

from app.cli.parts import parts_at_work
from app.compose import Tillpass
from app.services import rounds
from app.wallets.google import contract as contracts
from app.wallets.google.drift import Unreadable, Watch
from app.wallets.google.errors import GoogleError
from app.wallets.google.reconcile import Reconciler
from app.wallets.google.wallet import GoogleWallet
from app.wallets.google.wiring import discovery_url, reconciler


@click.command()
def reconcile() -> None:
    """Compare all our cards with Google's lists now, and mend what differs.

    The same round is made every night. A second run meanwhile waits for nobody and says so.
    """
    parts, wallet = _google()
    deps = parts.deps
    for desk in wallet.desks.by_issuer.values():
        _make(parts, reconciler(deps.db, deps.read, deps.now, desk))


def _make(parts: Tillpass, one: Reconciler) -> None:
    now = parts.deps.now
    rounds.hasten(parts.deps.db, one.name, now())
    made = False
    while one.step(now()):
        made = True
        _show(parts, one)
    with parts.deps.read() as session:
        last = rounds.result_of(session, one.name).get("last") or {}
    if not made:
        said = last.get("error") or "another process is making this round just now, or it was just made"
        raise click.ClickException(f"Issuer {one.issuer_id}: {said}")
    if last.get("error"):
        raise click.ClickException(f"Issuer {one.issuer_id}: stopped, and goes on later: {last['error']}")
    mended = ", ".join(f"{count} {what}" for what, count in last["repaired"].items()) or "nothing"
    click.echo(
        f"Issuer {one.issuer_id}: {last['checked']} cards checked, mended: {mended};"
        f" {last['unknown']} cards are not ours; {last['took_s']} s."
    )
    for class_id in last["lost"]:
        click.echo(f"The look {class_id} is not at Google.")


def _show(parts: Tillpass, one: Reconciler) -> None:
    with parts.deps.read() as session:
        at = rounds.result_of(session, one.name).get("now") or {}
    click.echo(f"  {at.get('phase', '')}: {at.get('checked', 0)} checked", err=True)


@click.command()
def drift() -> None:
    """Has Google changed its interface since this Tillpass was made? Exit 1 if it touches what we use."""
    parts, _ = _google()
    url = discovery_url(parts.settings)
    if not url:
        raise click.ClickException("TILLPASS_GOOGLE_DISCOVERY_URL is off: there is nowhere to look.")
    try:
        seen = Watch(parts.deps.db, parts.deps.read, url).look()
    except Unreadable as error:
        raise click.ClickException(f"Google's description could not be read: {error}.") from None
    click.echo(
        f"Ours is of {seen.ours}, Google's of {seen.theirs}; {seen.others} changes touch nothing of ours."
    )
    for each in seen.touching:
        click.echo(f"changed  {each}")
    if seen.touching:
        raise SystemExit(1)


@click.command()
@click.option("--issuer", default="", help="The issuer's id.  [default: that of the settings]")
def contract(issuer: str) -> None:
    """Let Google judge a sample of every kind of card; nothing is made there. Exit 1 if it refuses one."""
    parts, wallet = _google()
    if issuer and issuer not in wallet.desks.by_issuer:
        raise click.ClickException(f"There is no key for the issuer {issuer}.")
    refused = False
    try:
        for verdict in contracts.examine(wallet.desks.chosen(issuer), parts.deps.now()):
            click.echo(
                f"{verdict.kind:10} {verdict.form:12} {f'refused: {verdict.said}' if verdict.said else 'ok'}"
            )
            refused = refused or bool(verdict.said)
    except GoogleError as error:
        raise click.ClickException(f"Google does not judge: {error.message} ({error.reason.value})") from None
    if refused:
        raise SystemExit(1)


def _google() -> tuple[Tillpass, GoogleWallet]:
    parts = parts_at_work()
    wallet = parts.deps.wallets.get("google")
    if wallet is None:
        raise click.ClickException(
            "Google Wallet is off: set TILLPASS_GOOGLE_CREDENTIALS and TILLPASS_GOOGLE_ISSUER_ID."
        )
    return parts, cast(GoogleWallet, wallet)


CARE = (reconcile, drift, contract)
"""What the command `google` takes over."""
