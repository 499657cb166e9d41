"""What a card has at Apple and Google from before: its pass's token, the phones that hold it, the object.

A phone that got the pass from the former vendor goes on asking the address in it. Once that address leads to
us, the phone shows the old token: so it is kept, and written into every new pass of that card.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.services.cards import wake
from app.services.moving.taking import Order, Taken
from app.storage.tables import AppleDevice, AppleRegistration, Card, Delivery, GoogleObject, KeptToken
from app.storage.tables.delivery import BULK


def check(session: Session, order: Order, rows: Sequence[Taken]) -> None:
    """Note as faults what would break passes that phones have from us already."""
    good = [each for each in rows if not each.faults]
    known = [each.found.id for each in good if not each.is_new and each.row.apple]
    kept = _kept(session, known)
    on_phones = _on_phones(session, known)
    objects = _objects(session, good)
    for each in good:
        if each.row.apple and (fault := _apple_fault(each, order, kept, on_phones)):
            each.faults["apple"] = fault
        if each.row.google and (fault := _google_fault(each, objects)):
            each.faults["google.object_id"] = fault


def _kept(session: Session, card_ids: Sequence[int]) -> dict[int, str]:
    rows = select(KeptToken.card_id, KeptToken.token).where(KeptToken.card_id.in_(card_ids))
    return dict(session.execute(rows).all()) if card_ids else {}


def _on_phones(session: Session, card_ids: Sequence[int]) -> set[int]:
    rows = select(AppleRegistration.card_id).where(AppleRegistration.card_id.in_(card_ids)).distinct()
    return set(session.scalars(rows)) if card_ids else set()


def _objects(session: Session, rows: Sequence[Taken]) -> dict[str, int]:
    """Object id to card, of the ids that are named here."""
    named = {each.row.google.object_id for each in rows if each.row.google}
    mine = select(GoogleObject.object_id, GoogleObject.card_id).where(GoogleObject.object_id.in_(named))
    return dict(session.execute(mine).all()) if named else {}


def _apple_fault(each: Taken, order: Order, kept: dict[int, str], on_phones: set[int]) -> str:
    said = each.row.apple
    assert said is not None, "the caller looked"
    if said.devices and not said.authentication_token:
        return "phones without the authentication_token of their pass could never fetch it"
    if each.is_new:
        return ""
    card, given = each.found, said.authentication_token
    if said.pass_type_identifier not in (None, "", card.pass_type_identifier):
        return f"this card has the pass type {card.pass_type_identifier or 'of the programme'} already"
    if given is None or hmac.compare_digest(given.encode(), _token(card, order, kept).encode()):
        return ""
    if card.id in kept or card.id in on_phones or card.served_version:
        return "phones have this card under another authentication_token"
    return ""


def _token(card: Card, order: Order, kept: dict[int, str]) -> str:
    sealed = kept.get(card.id)
    return order.unseal(sealed) if sealed else order.pass_token(card.serial, card.salt)


def _google_fault(each: Taken, objects: dict[str, int]) -> str:
    said = each.row.google
    assert said is not None, "the caller looked"
    owner = objects.get(said.object_id)
    if owner is not None and (each.card is None or owner != each.card.id):
        return "is another card's already"
    return ""


def keep(session: Session, order: Order, rows: Sequence[Taken], now: datetime) -> None:
    """Keep tokens, phones and objects; deliveries begin in step, or due where phones are to be told."""
    apple = [each for each in rows if each.row.apple]
    _keep_tokens(session, order, apple, now)
    reached = {("apple", card_id) for card_id in _register(session, apple, now)}
    reached |= {("google", card_id) for card_id in _keep_objects(session, rows, now)}
    versions = {each.found.id: each.found.version for each in rows}
    for wallet, card_id in sorted(reached):
        _begin(session, card_id, wallet, versions[card_id], now if order.announce else None)
    if reached and order.announce:
        wake(session, BULK)


def _keep_tokens(session: Session, order: Order, rows: Sequence[Taken], now: datetime) -> None:
    kept = _kept(session, [each.found.id for each in rows if not each.is_new])
    for each in rows:
        given = each.row.apple.authentication_token if each.row.apple else None
        if given is None or given == _token(each.found, order, kept):
            continue
        session.add(KeptToken(card_id=each.found.id, token=order.seal(given), at=now))


def _register(session: Session, rows: Sequence[Taken], now: datetime) -> set[int]:
    """The cards that are on phones now which we did not know to have them."""
    wanted = {
        (device.device_library_identifier, each.found.pass_type_identifier): device
        for each in rows
        for device in (each.row.apple.devices if each.row.apple else ())
    }
    if not wanted:
        return set()
    named = tuple_(AppleDevice.library_id, AppleDevice.pass_type_identifier).in_(list(wanted))
    devices = {(row.library_id, row.pass_type_identifier): row for row in session.scalars(
        select(AppleDevice).where(named).order_by(AppleDevice.id).with_for_update())}  # fmt: skip
    for key, said in wanted.items():
        if key not in devices:
            devices[key] = AppleDevice(
                library_id=key[0],
                pass_type_identifier=key[1],
                push_token=said.push_token,
                token_seen_at=now,
                scheme=said.app,
                push_url=said.push_url,
            )
            session.add(devices[key])
    session.flush()
    return _hold(session, rows, devices, now)


def _hold(
    session: Session, rows: Sequence[Taken], devices: dict[tuple[str, str], AppleDevice], now: datetime
) -> set[int]:
    ids = [each.found.id for each in rows if not each.is_new]
    pairs = select(AppleRegistration.device_id, AppleRegistration.card_id)
    held = set(session.execute(pairs.where(AppleRegistration.card_id.in_(ids))).tuples()) if ids else set()
    found: set[int] = set()
    for each in rows:
        card = each.found
        for said in each.row.apple.devices if each.row.apple else ():
            device = devices[said.device_library_identifier, card.pass_type_identifier]
            if (device.id, card.id) in held:
                continue
            held.add((device.id, card.id))
            found.add(card.id)
            session.add(AppleRegistration(device_id=device.id, card_id=card.id, registered_at=now))
    return found


def _keep_objects(session: Session, rows: Sequence[Taken], now: datetime) -> set[int]:
    """An empty hash: Google is told all of it at the first change."""
    saying = [each for each in rows if each.row.google]
    ids = [each.found.id for each in saying]
    known = (
        {row.card_id: row for row in session.scalars(
            select(GoogleObject).where(GoogleObject.card_id.in_(ids)))}
        if ids
        else {}
    )  # fmt: skip
    found: set[int] = set()
    for each in saying:
        said, row = each.row.google, known.get(each.found.id)
        assert said is not None, "they were chosen for it"
        if row is not None and row.object_id == said.object_id:
            continue
        if row is None:
            row = GoogleObject(card_id=each.found.id, inserted_at=now)
            session.add(row)
        row.object_id, row.kind, row.class_id = said.object_id, said.kind, said.class_id or ""
        row.saved_at = (said.saved_at or now) if said.saved else None
        row.removed_at, row.body_hash, row.balance_shown = None, "", ""
        found.add(each.found.id)
    return found


def _begin(session: Session, card_id: int, wallet: str, version: int, due_at: datetime | None) -> None:
    mine = select(Delivery).where(Delivery.card_id == card_id, Delivery.wallet == wallet)
    row = session.scalars(mine).one_or_none()
    if row is None:
        row = Delivery(card_id=card_id, wallet=wallet, delivered_version=version, due_at=None)
        session.add(row)
    if due_at is not None:
        row.delivered_version, row.due_at, row.priority, row.queued_at = 0, due_at, BULK, due_at
