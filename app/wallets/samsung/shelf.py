"""What we know of our cards in Samsung Wallet: by which name Samsung asks, where it wants to be told."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.services.cards import deliver_to
from app.services.events import record
from app.storage.tables import Card, SamsungCard

WALLET = "samsung"
RECENT = timedelta(minutes=2)
"""A card that changed so shortly before it was added may have been added as it was before."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event on a card, as Samsung tells it; `at` is when Samsung did."""

    event: Literal["ADDED", "UPDATED", "DELETED", "PROVISIONED"]
    country: str
    callback_url: str
    at: datetime


def reference(db: sessionmaker[Session], card_id: int) -> str:
    """The name of this card at Samsung: 32 characters that nobody can guess, for good."""
    with db() as session:
        if known := session.get(SamsungCard, card_id):
            return known.ref_id
    made = SamsungCard(card_id=card_id, ref_id=secrets.token_hex(16))
    try:
        with db.begin() as session:
            session.add(made)
            return made.ref_id
    except IntegrityError:  # the same button twice at once
        with db() as session:
            return session.get_one(SamsungCard, card_id).ref_id


def held(session: Session, card_ids: Sequence[int]) -> dict[int, SamsungCard]:
    """Those of these cards that are in somebody's Samsung Wallet."""
    rows = session.scalars(select(SamsungCard).where(SamsungCard.card_id.in_(card_ids)))
    return {row.card_id: row for row in rows if row.added_at and not row.removed_at}


def apply_event(db: sessionmaker[Session], ref_id: str, told: Told, now: datetime) -> bool:
    """Note what Samsung tells, once and in the order of Samsung's own times; False for an unknown card."""
    with db.begin() as session:
        row = session.scalars(
            select(SamsungCard).where(SamsungCard.ref_id == ref_id).with_for_update()
        ).one_or_none()
        if row is None:
            return False
        card = session.get_one(Card, row.card_id, with_for_update=True)
        if told.event in ("ADDED", "PROVISIONED"):
            _added(session, row, card, told, now)
        elif told.event == "DELETED":
            _deleted(session, row, card, told, now)
        return True


def _added(session: Session, row: SamsungCard, card: Card, told: Told, now: datetime) -> None:
    if row.removed_at and told.at <= row.removed_at:
        return  # late: it was taken away since
    fresh = row.added_at is None or row.removed_at is not None
    row.added_at, row.removed_at = told.at if fresh else row.added_at, None
    row.country, row.callback_url = told.country or row.country, told.callback_url or row.callback_url
    if fresh:
        deliver_to(session, card, WALLET, now, due=card.changed_at > told.at - RECENT)
        record(session, card.programme_id, "card.installed", {"wallet": WALLET}, now, card=card)


def _deleted(session: Session, row: SamsungCard, card: Card, told: Told, now: datetime) -> None:
    if row.added_at is None or row.removed_at is not None or told.at < row.added_at:
        return
    row.removed_at = told.at
    record(session, card.programme_id, "card.removed", {"wallet": WALLET}, now, card=card)
