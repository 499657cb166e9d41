"""`tillpass doctor CARD`: everything about one card on one page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast

import click

from app.cli import parts as composed
from app.compose import Tillpass
from app.services.health.one_card import CardReport, report
from app.wallets.apple.bundle import BrokenPass
from app.wallets.apple.signing import CertificateError
from app.wallets.apple.validate import verify
from app.wallets.apple.wallet import AppleWallet


def about(wanted: str, *, as_json: bool) -> int:
    """Print what is known of a card; 1 where its pass would be refused or a wallet was given up. Raises
    NotFound.
    """
    parts = composed.parts()
    with parts.deps.read() as session:
        card = report(session, parts.deps.wallets, wanted, parts.deps.now())
    faults = _faults(parts, card)
    if as_json:
        click.echo(json.dumps(_as_json(card, faults), ensure_ascii=False, indent=2, default=str))
    else:
        for line in _lines(card, faults):
            click.echo(line)
    parts.database.close()
    return 1 if faults or card.told["code"] == "given-up" else 0


def _faults(parts: Tillpass, card: CardReport) -> list[str]:
    """Why a phone would refuse the pass as it would be made now; nothing is kept of the trial."""
    wallet = cast(AppleWallet, parts.deps.wallets["apple"])
    if not card.pass_type:
        return []
    try:
        found = verify(wallet.signed(card.card_id).body, trusted=wallet.store.wwdr_fingerprints())
    except (CertificateError, BrokenPass) as error:
        return [str(error)]
    return [f"{each.where}: {each.message} {each.mend}" for each in found if each.severity == "error"]


def _as_json(card: CardReport, faults: list[str]) -> dict[str, Any]:
    kept = ("serial", "number", "programme", "status", "version", "changed_at", "pass_type", "told", "advice")
    complaints = [{"at": at, "kind": kind, "message": said} for at, kind, said in card.complaints]
    return {**{name: getattr(card, name) for name in kept}, "faults": faults, "complaints": complaints}


def _lines(card: CardReport, faults: list[str]) -> Iterator[str]:
    yield f"Card {card.number} of {card.programme}, serial {card.serial}"
    yield f"  {card.status}, version {card.version} since {_when(card.changed_at)}"
    yield f"  {card.told['sentence']}"
    yield f"  {card.advice}"
    for queue in card.told["queues"]:
        yield from _queue_lines(queue)
    for phone in card.told["devices"]:
        yield from _phone_lines(phone)
    if not card.pass_type:
        yield "Apple's pass: not made yet, the card was never downloaded"
    elif faults:
        yield "Apple's pass: a phone would refuse it"
        yield from (f"  {fault}" for fault in faults)
    else:
        yield "Apple's pass: made and checked just now, a phone takes it"
    for at, kind, said in card.complaints:
        yield f"Complaint of {_when(at)} ({kind}): {said}"


def _queue_lines(queue: dict[str, Any]) -> Iterator[str]:
    yield f"{queue['wallet']}: {queue['state']}, version {queue['delivered_version']} delivered"
    if queue["due_at"]:
        yield f"  due {_when(queue['due_at'])}, {queue['attempts']} attempts"
    if queue["last_error"]:
        yield f"  last error: {queue['last_error']}"


def _phone_lines(phone: dict[str, Any]) -> Iterator[str]:
    yield f"Phone {phone['device'][:24]} ({phone['wallet']}), since {_when(phone['registered_at'])}"
    for step in ("pushed", "asked", "fetched"):
        at, version = phone[f"{step}_at"], phone[f"{step}_version"]
        yield f"  {step}: version {version} on {_when(at)}" if at else f"  {step}: never"
    if phone["error"]:
        yield f"  push error: {phone['error']}"


def _when(at: datetime | None) -> str:
    return f"{at:%F %T} UTC" if at else "an unknown time"
