"""How often Google lets a phone buzz: three messages and three updates in 24 hours, for a card or a look.

Beyond that a message is refused (403 quotaExceeded), and an update arrives silently. So turns are taken from
our own count first, and one of the three is kept for what must be heard: a service message among messages, a
change at a till among updates. News and roll-outs share the other two.

Vendor page: developers.google.com/wallet/retail/loyalty-cards/use-cases/trigger-push-notifications
(last checked 2026-08).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.storage.tables import GoogleClass, GoogleNotice, GoogleObject

Kind = Literal["message", "update"]
WINDOW = timedelta(hours=24)
ALL, LESSER = 3, 2
"""Turns in the window; those of them that what is less important may use."""
PRUNED_AT_ONCE = 1000


def take(session: Session, target: str, kind: Kind, *, service: bool, now: datetime) -> int | None:
    """A turn to buzz, by its number, or None where none is left. `service`: it must be heard.

    The target's row is locked, so that two workers never count the same turns.
    """
    _hold(session, target)
    since = now - WINDOW
    mine = (GoogleNotice.target == target, GoogleNotice.kind == kind)
    session.execute(delete(GoogleNotice).where(*mine, GoogleNotice.at <= since))
    lesser = func.count().filter(GoogleNotice.service.is_(False))
    used, used_lesser = session.execute(select(func.count(), lesser).where(*mine)).one()
    if used >= ALL or (not service and used_lesser >= LESSER):
        return None
    turn = GoogleNotice(target=target, kind=kind, service=service, at=now)
    session.add(turn)
    session.flush()
    return turn.id


def give_back(session: Session, turn: int | None) -> None:
    """Nobody buzzed: Google refused the whole request."""
    if turn is not None:
        session.execute(delete(GoogleNotice).where(GoogleNotice.id == turn))


def exhaust(session: Session, target: str, kind: Kind, now: datetime) -> None:
    """Google says that the day's turns are used up: believe it for a day."""
    session.add_all(GoogleNotice(target=target, kind=kind, service=False, at=now) for _ in range(ALL))


def prune(session: Session, now: datetime) -> bool:
    """Forget turns that count no more, some at a time; returns whether there may be others."""
    old = select(GoogleNotice.id).where(GoogleNotice.at <= now - 2 * WINDOW).limit(PRUNED_AT_ONCE)
    gone = session.scalars(
        delete(GoogleNotice)
        .where(GoogleNotice.id.in_(old))
        .returning(GoogleNotice.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(gone) == PRUNED_AT_ONCE


def _hold(session: Session, target: str) -> None:
    one = select(GoogleObject.card_id).where(GoogleObject.object_id == target).with_for_update()
    if session.execute(one).one_or_none() is None:
        session.execute(select(GoogleClass.class_id).where(GoogleClass.class_id == target).with_for_update())
