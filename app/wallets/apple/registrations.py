"""Which devices hold which cards. The hot reads are plain statements on columns, never entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.services import pass_moves
from app.services.cards import deliver_to
from app.services.events import record
from app.services.ports import DeviceNews
from app.storage.batches import among
from app.storage.tables import AppleDevice, AppleRegistration, Card, Delivery, FormerPass, KeptToken
from app.wallets.apple.apps import APPLE, NAMES

MOST_DEVICES = 50
"""Registrations a card may have; the oldest give way (one device was seen to register anew for ever)."""

_VERSION = Card.version + func.coalesce(FormerPass.steps, 0)
_SERVED = func.coalesce(FormerPass.served_version, Card.served_version)
_AS_FORMER = and_(
    FormerPass.card_id == Card.id,
    FormerPass.pass_type_identifier == AppleDevice.pass_type_identifier,
)

HELD = (
    select(
        Card.id,
        Card.serial,
        _VERSION.label("version"),
        _SERVED.label("served_version"),
        AppleRegistration.id.label("registration"),
    )
    .join(AppleRegistration, AppleRegistration.card_id == Card.id)
    .join(AppleDevice, AppleDevice.id == AppleRegistration.device_id)
    .outerjoin(FormerPass, _AS_FORMER)
    .where(
        AppleDevice.library_id == bindparam("library_id"),
        AppleDevice.pass_type_identifier == bindparam("pass_type_identifier"),
    )
)
"""The cards of one pass type that are registered on one device; a former pass counts its own steps too."""

KNOWN = (
    select(
        Card.id,
        Card.salt,
        _VERSION.label("version"),
        _SERVED.label("served_version"),
        Card.changed_at,
        FormerPass.steps,
        KeptToken.token.label("kept"),
    )
    .outerjoin(KeptToken, KeptToken.card_id == Card.id)
    .outerjoin(
        FormerPass,
        and_(
            FormerPass.card_id == Card.id,
            FormerPass.pass_type_identifier == bindparam("pass_type_identifier"),
        ),
    )
    .where(
        Card.serial == bindparam("serial"),
        or_(
            Card.pass_type_identifier == bindparam("pass_type_identifier"),
            FormerPass.card_id.is_not(None),
        ),
    )
)
"""What is needed to answer for one card; `steps` is None for its present pass type."""


@dataclass(frozen=True, slots=True)
class Registering:
    """A device that wants news of a card."""

    library_id: str
    pass_type_identifier: str
    serial: str
    push_token: str
    app: str = APPLE
    push_url: str = ""
    """PassWallet's own push server; the other apps' servers are known."""


def register(db: sessionmaker[Session], cmd: Registering, *, now: datetime) -> bool:
    """Keep the device's newest push token and the registration; True if it is new. Two at once make one."""
    try:
        return _register(db, cmd, now)
    except IntegrityError:
        return _register(db, cmd, now)


def _register(db: sessionmaker[Session], cmd: Registering, now: datetime) -> bool:
    with db.begin() as session:
        card = session.scalars(select(Card).where(Card.serial == cmd.serial).with_for_update()).one()
        former = session.get(FormerPass, (card.id, cmd.pass_type_identifier))
        version = card.version + (former.steps if former else 0)
        served = former.served_version if former else card.served_version
        device = _device(session, cmd, now)
        known = session.scalars(
            select(AppleRegistration).where(
                AppleRegistration.device_id == device.id, AppleRegistration.card_id == card.id
            )
        ).one_or_none()
        if known is None:
            session.add(
                AppleRegistration(
                    device_id=device.id,
                    card_id=card.id,
                    registered_at=now,
                    fetched_version=served,
                    fetched_at=now if served else None,
                )
            )
            session.flush()
            _make_room(session, card.id, device)
            if former is None and not pass_moves.arrived(session, card, now):
                record(session, card.programme_id, "card.installed", {"wallet": "apple"}, now, card=card)
        deliver_to(session, card, "apple", now, due=version != served)
        return known is None


def _device(session: Session, cmd: Registering, now: datetime) -> AppleDevice:
    device = session.scalars(
        select(AppleDevice)
        .where(
            AppleDevice.library_id == cmd.library_id,
            AppleDevice.pass_type_identifier == cmd.pass_type_identifier,
        )
        .with_for_update()
    ).one_or_none()
    if device is None:
        device = AppleDevice(library_id=cmd.library_id, pass_type_identifier=cmd.pass_type_identifier)
        session.add(device)
    device.push_token, device.token_seen_at = cmd.push_token, now
    device.scheme, device.push_url = cmd.app, cmd.push_url
    session.flush()
    return device


def _make_room(session: Session, card_id: int, device: AppleDevice) -> None:
    """A phone that changed its library id registers with the same push token: its old registration goes."""
    mine = (
        select(AppleRegistration.id)
        .join(AppleDevice, AppleDevice.id == AppleRegistration.device_id)
        .where(
            AppleRegistration.card_id == card_id,
            AppleDevice.id != device.id,
            AppleDevice.pass_type_identifier == device.pass_type_identifier,
        )
        .order_by(AppleRegistration.id.desc())
    )
    twins = session.scalars(mine.where(AppleDevice.push_token == device.push_token)).all()
    oldest = session.scalars(mine.offset(MOST_DEVICES - 1)).all()
    forget(session, [*twins, *oldest])


def unregister(
    db: sessionmaker[Session], library_id: str, pass_type: str, serial: str, *, now: datetime
) -> None:
    """Forget the registration; one that is not there is no error, because phones repeat themselves."""
    with db.begin() as session:
        card = session.scalars(select(Card).where(Card.serial == serial).with_for_update()).one()
        found = session.scalars(
            select(AppleRegistration.id)
            .join(AppleDevice, AppleDevice.id == AppleRegistration.device_id)
            .where(
                AppleRegistration.card_id == card.id,
                AppleDevice.library_id == library_id,
                AppleDevice.pass_type_identifier == pass_type,
            )
        ).all()
        forget(session, found)
        former = session.get(FormerPass, (card.id, pass_type))
        if found and (former is None or former.moved_at is None):
            record(session, card.programme_id, "card.removed", {"wallet": "apple"}, now, card=card)


def forget_dead(session: Session, tokens: Mapping[int, tuple[str, datetime | None]]) -> None:
    """Forget registrations (id → push token, and when it was seen) that Apple gave up, but not those whose
    phone registered again while we were asking: it would believe to be registered, and never hear of us.
    """
    rows = session.execute(
        select(AppleRegistration.id, AppleDevice.push_token, AppleDevice.token_seen_at)
        .join(AppleDevice, AppleDevice.id == AppleRegistration.device_id)
        .where(AppleRegistration.id.in_(tokens))
        .order_by(AppleDevice.id)
        .with_for_update(of=AppleDevice)
    ).all()
    forget(session, [row.id for row in rows if tokens[row.id] == (row.push_token, row.token_seen_at)])


def forget(session: Session, registration_ids: Sequence[int]) -> None:
    """Delete registrations, and devices that have none left; devices are locked first, as in registering."""
    if not registration_ids:
        return
    mine = select(AppleRegistration.device_id).where(AppleRegistration.id.in_(registration_ids))
    devices = session.scalars(
        select(AppleDevice.id).where(AppleDevice.id.in_(mine)).order_by(AppleDevice.id).with_for_update()
    ).all()
    session.execute(delete(AppleRegistration).where(AppleRegistration.id.in_(registration_ids)))
    left = select(AppleRegistration.id).where(AppleRegistration.device_id == AppleDevice.id).exists()
    session.execute(delete(AppleDevice).where(AppleDevice.id.in_(devices), ~left))


def device_news(session: Session, card_id: int) -> list[DeviceNews]:
    """How far the news went to each device of a card; the device's name is cut, because it is a secret."""
    rows = session.execute(
        select(AppleRegistration, AppleDevice.library_id, AppleDevice.scheme)
        .join(AppleDevice, AppleDevice.id == AppleRegistration.device_id)
        .where(AppleRegistration.card_id == card_id)
        .order_by(AppleRegistration.id)
    ).all()
    return [_news(row, library_id, app) for row, library_id, app in rows]


def _news(row: AppleRegistration, library_id: str, app: str) -> DeviceNews:
    return DeviceNews(
        wallet="apple",
        device=f"{NAMES.get(app, app)} …{library_id[-4:]}",
        registered_at=row.registered_at,
        pushed_version=row.pushed_version,
        pushed_at=row.pushed_at,
        asked_version=row.asked_version,
        asked_at=row.asked_at,
        fetched_version=row.fetched_version,
        fetched_at=row.fetched_at,
        error=row.push_error,
    )


def push_targets(session: Session, card_ids: Sequence[int]) -> Sequence[Any]:
    """Every device that holds one of these cards: whose it is, and how far the news went there."""
    return session.execute(
        select(
            AppleRegistration.card_id,
            AppleRegistration.id.label("registration"),
            AppleRegistration.pushed_version,
            AppleRegistration.pushed_at,
            AppleRegistration.push_error,
            AppleDevice.push_token,
            AppleDevice.token_seen_at,
            AppleDevice.pass_type_identifier,
            AppleDevice.scheme,
            AppleDevice.push_url,
            AppleRegistration.fetched_version,
            _VERSION.label("version"),
            (AppleDevice.pass_type_identifier != Card.pass_type_identifier).label("former"),
            exists().where(FormerPass.card_id == Card.id).correlate(Card).label("moving"),
            Delivery.queued_at,
        )
        .join(AppleDevice, AppleDevice.id == AppleRegistration.device_id)
        .join(Card, Card.id == AppleRegistration.card_id)
        .outerjoin(FormerPass, _AS_FORMER)
        .outerjoin(Delivery, and_(Delivery.card_id == AppleRegistration.card_id, Delivery.wallet == "apple"))
        .where(among(session, AppleRegistration.card_id, card_ids))
    ).all()
