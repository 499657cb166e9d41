"""The pass that a phone holds under an earlier pass type: it lives on, leads to the new one, then retires.

Apple knows an installed pass by pass type and serial, so a card under another pass type is another pass that
only its holder can add ("Pass", passTypeIdentifier; last checked 2026-08).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.fields import PAGE
from app.domain.passes import Pass, PassField, PassLink
from app.domain.text import LocalText, spread
from app.storage.tables import AppleDevice, AppleRegistration, FormerPass
from app.wallets.apple.registrations import forget

LET_GO = 200
_LINK: LocalText = {"en": "Get your new card", "ru": "Получить новую карту"}
_LABEL: LocalText = {"en": "New card", "ru": "Новая карта"}
_READY: LocalText = {
    "en": "Your card has a successor: open the link and add it. This one works until you do.",
    "ru": "У вашей карты есть преемница: откройте ссылку и добавьте её. До тех пор работает эта.",
}
_REPLACED: LocalText = {
    "en": "This card was replaced by your new one, which is in your wallet. You may remove this one.",
    "ru": "Эту карту заменила новая, она уже в вашем кошельке. Эту можно удалить.",
}


def as_former(face: Pass, old: FormerPass) -> Pass:
    """The face of a card's earlier pass: with the way to the new one, and void once that is on a phone."""
    moved = old.moved_at is not None
    text = spread(_REPLACED if moved else _READY, face.locales)
    note = PassField("new-card", spread(_LABEL, face.locales), text, {"*": "%@"})
    assert face.changed_at is not None
    return replace(
        face,
        pass_type_identifier=old.pass_type_identifier,
        status="void" if moved else face.status,
        personalise=False,
        back=(note, *face.back),
        links=(PassLink("new-card-link", spread(_LINK, face.locales), PAGE), *face.links),
        version=face.version + old.steps,
        changed_at=face.changed_at + timedelta(seconds=old.steps),
    )


def let_go(db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> bool:
    """Forget the registrations of replaced passes whose phones have all fetched that news; returns whether
    there were any. A phone that never asks again keeps its registration.
    """
    with read() as session:
        if session.scalars(_told().limit(1)).first() is None:
            return False
    with db.begin() as session:
        gone = session.scalars(_told().limit(LET_GO).with_for_update(skip_locked=True)).all()
        for old in gone:
            forget(session, session.scalars(_held(old)).all())
            old.left_at = now
        return bool(gone)


def _told() -> Select[FormerPass]:
    unaware = (
        select(AppleRegistration.id)
        .join(AppleDevice, AppleDevice.id == AppleRegistration.device_id)
        .where(
            AppleRegistration.card_id == FormerPass.card_id,
            AppleDevice.pass_type_identifier == FormerPass.pass_type_identifier,
            AppleRegistration.fetched_version < FormerPass.moved_version,
        )
    )
    leaving = select(FormerPass).where(FormerPass.moved_at.is_not(None), FormerPass.left_at.is_(None))
    return leaving.where(~unaware.exists()).order_by(FormerPass.moved_at)


def _held(old: FormerPass) -> Select[int]:
    return (
        select(AppleRegistration.id)
        .join(AppleDevice, AppleDevice.id == AppleRegistration.device_id)
        .where(
            AppleRegistration.card_id == old.card_id,
            AppleDevice.pass_type_identifier == old.pass_type_identifier,
        )
    )
