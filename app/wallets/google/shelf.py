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

from app.domain.google_look import Kind
from app.services.cards import deliver_to
from app.services.events import record
from app.storage.tables import Card, Delivery, GoogleClass, GoogleNonce, GoogleObject, ProgrammeRow
from app.wallets.google.callbacks import Callback
from app.wallets.google.objects import SHOWN_BALANCES

KEEP_NONCES = 50_000


def digest(body: Any) -> str:
    """Hex SHA-256 of a body, whatever the order of its keys."""
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def lasting(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body without what is said once: the wish for a notice, and messages, which have a life of their
    own.
    """
    return {key: value for key, value in body.items() if key not in ("notifyPreference", "messages")}


def delivered_version(session: Session, card_id: int) -> int | None:
    """The version that Google was last given, None before the first."""
    told = select(Delivery.delivered_version).where(Delivery.card_id == card_id, Delivery.wallet == "google")
    return session.scalar(told)


def balance_digest(body: Mapping[str, Any]) -> str:
    """A hash of the balances that an object shows: when it moves, the phone may buzz."""
    return digest({key: body.get(key) for key in SHOWN_BALANCES})


def objects_of(session: Session, card_ids: Sequence[int]) -> dict[int, GoogleObject]:
    """Our objects by card."""
    rows = session.scalars(select(GoogleObject).where(GoogleObject.card_id.in_(card_ids)))
    return {row.card_id: row for row in rows}


def existing(session: Session, object_ids: Sequence[str]) -> frozenset[str]:
    """Those that Google has of us."""
    found = select(GoogleObject.object_id).where(GoogleObject.object_id.in_(object_ids))
    return frozenset(session.scalars(found)) if object_ids else frozenset()


def keep_object(
    session: Session,
    card_id: int,
    body: Mapping[str, Any],
    version: int,
    now: datetime,
    kind: Kind = "loyalty",
) -> None:
    """Google has taken this object, which shows `version`: note it, and keep it in step from now on.

    A page that made the link may come last with an older card than the worker sent: then it is due once more.
    """
    card = session.get_one(Card, card_id, with_for_update=True)
    row = session.get(GoogleObject, card_id)
    if row is None:
        row = GoogleObject(card_id=card_id, object_id=body["id"], class_id="", kind=kind, inserted_at=now)
        session.add(row)
    deliver_to(session, card, "google", now, due=card.version != version)
    row.class_id, row.balance_shown = body["classId"], balance_digest(body)
    row.body_hash = digest(lasting(body))


def told_classes(session: Session, programme_id: int) -> dict[str, str]:
    """Class id → hash of what Google was last told."""
    found = select(GoogleClass.class_id, GoogleClass.body_hash).where(
        GoogleClass.programme_id == programme_id
    )
    return dict(session.execute(found).all())


def keep_class(
    session: Session,
    programme_id: int,
    design_id: int,
    body: Mapping[str, Any],
    now: datetime,
    review: str = "",
) -> None:
    """Google has taken this class, and judges it so."""
    session.merge(
        GoogleClass(
            class_id=body["id"],
            programme_id=programme_id,
            design_id=design_id,
            body_hash=digest(body),
            review=_plain(review),
            published_at=now,
        )
    )


def unapproved(session: Session) -> list[tuple[str, str]]:
    """(class id, Google's word) of looks that were not approved when Google last answered."""
    known = select(GoogleClass.class_id, GoogleClass.review).where(
        GoogleClass.review.not_in(("", "approved"))
    )
    return [(class_id, review) for class_id, review in session.execute(known.order_by(GoogleClass.class_id))]


def wanted_issuers(session: Session) -> list[tuple[str, str]]:
    """(programme, issuer id) of programmes that name one."""
    rows = session.execute(select(ProgrammeRow.slug, ProgrammeRow.body).order_by(ProgrammeRow.slug))
    named = ((slug, str((body.get("google") or {}).get("issuer_id", ""))) for slug, body in rows)
    return [(slug, issuer) for slug, issuer in named if issuer]


def _plain(word: str) -> str:
    """Google's enumerations in one spelling: it answers `underReview` for `UNDER_REVIEW`."""
    return word.lower().replace("_", "")[:30]


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
