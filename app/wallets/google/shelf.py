"""What we know of our classes and objects at Google, so that nothing is sent twice and nothing is asked in
vain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.services.cards import deliver_to
from app.services.events import record
from app.storage.tables import Card, GoogleClass, GoogleNonce, GoogleObject
from app.wallets.google.callbacks import Callback
from app.wallets.google.objects import SHOWN_BALANCES

KEEP_NONCES = 50_000


def digest(body: Any) -> str:
    """Hex SHA-256 of a body, whatever the order of its keys."""
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def balance_digest(body: Mapping[str, Any]) -> str:
    """A hash of the balances that an object shows: when it moves, the phone may buzz."""
    return digest({key: body.get(key) for key in SHOWN_BALANCES})


def objects_of(session: Session, card_ids: Sequence[int]) -> dict[int, GoogleObject]:
    """Our objects by card."""
    rows = session.scalars(select(GoogleObject).where(GoogleObject.card_id.in_(card_ids)))
    return {row.card_id: row for row in rows}


def keep_object(session: Session, card_id: int, body: Mapping[str, Any], version: int, now: datetime) -> None:
    """Google has taken this object, which shows `version`: note it, and keep it in step from now on.

    A page that made the link may come last with an older card than the worker sent: then it is due once more.
    """
    card = session.get_one(Card, card_id, with_for_update=True)
    row = session.get(GoogleObject, card_id)
    if row is None:
        row = GoogleObject(card_id=card_id, object_id=body["id"], class_id=body["classId"], inserted_at=now)
        session.add(row)
    deliver_to(session, card, "google", now, due=card.version != version)
    row.class_id, row.balance_shown = body["classId"], balance_digest(body)


def told_classes(session: Session, programme_id: int) -> dict[str, str]:
    """Class id → hash of what Google was last told."""
    found = select(GoogleClass.class_id, GoogleClass.body_hash).where(
        GoogleClass.programme_id == programme_id
    )
    return dict(session.execute(found).all())


def keep_class(
    session: Session, programme_id: int, design_id: int, body: Mapping[str, Any], now: datetime
) -> None:
    """Google has taken this class."""
    session.merge(
        GoogleClass(
            class_id=body["id"],
            programme_id=programme_id,
            design_id=design_id,
            body_hash=digest(body),
            published_at=now,
        )
    )


def apply_callback(session: Session, callback: Callback, now: datetime) -> bool:
    """Note a save or a deletion, once; False for a repeat or an object that is not ours."""
    row = session.scalars(
        select(GoogleObject).where(GoogleObject.object_id == callback.object_id).with_for_update()
    ).one_or_none()
    if row is None or session.get(GoogleNonce, callback.nonce) is not None:
        return False
    session.add(GoogleNonce(nonce=callback.nonce, at=now))
    session.flush()
    oldest = select(GoogleNonce.nonce).order_by(GoogleNonce.at.desc()).offset(KEEP_NONCES)
    session.execute(delete(GoogleNonce).where(GoogleNonce.nonce.in_(oldest)))
    saved = callback.event == "save"
    row.saved_at, row.removed_at = (now, None) if saved else (row.saved_at, now)
    card = session.get_one(Card, row.card_id)
    kind = "card.installed" if saved else "card.removed"
    record(session, card.programme_id, kind, {"wallet": "google"}, now, card=card)
    return True
