"""Phones that were told of a change and never came for it: which, since when, and whether they are alive.

Apple's "taken" says nothing of the phone: it may be off, without a network, or have automatic updates turned
off for this card. A phone that gave no sign of life for a month is asleep, not broken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from app.storage.tables import AppleDevice, AppleRegistration, Card

AFTER = timedelta(hours=6)
"""So long a phone may take: nights, flights and basements are no fault."""
ASLEEP = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Silence:
    """The phones of a programme: how many hold its cards, were told and did not come, and are asleep."""

    programme_id: int
    phones: int
    waiting: int
    asleep: int


def unfetched(now: datetime, after: timedelta = AFTER) -> ColumnElement[bool]:
    """Pushed longer than `after` ago and not fetched since."""
    return and_(
        AppleRegistration.pushed_version > AppleRegistration.fetched_version,
        AppleRegistration.pushed_at <= now - after,
    )


def asleep(now: datetime) -> ColumnElement[bool]:
    """No sign of life for a month: it neither registered, nor asked, nor fetched."""
    since = now - ASLEEP
    return and_(
        AppleRegistration.registered_at < since,
        AppleDevice.token_seen_at < since,
        or_(AppleRegistration.asked_at.is_(None), AppleRegistration.asked_at < since),
        or_(AppleRegistration.fetched_at.is_(None), AppleRegistration.fetched_at < since),
    )


def silences(session: Session, programmes: Sequence[int] | None, now: datetime) -> list[Silence]:
    """By programme (`None`: all), in the order of their numbers."""
    silent, sleeps = unfetched(now), asleep(now)
    counted = (
        select(
            Card.programme_id,
            func.count(),
            func.count(case((and_(silent, ~sleeps), 1))),
            func.count(case((and_(silent, sleeps), 1))),
        )
        .select_from(AppleRegistration)
        .join(AppleDevice, AppleDevice.id == AppleRegistration.device_id)
        .join(Card, Card.id == AppleRegistration.card_id)
        .group_by(Card.programme_id)
        .order_by(Card.programme_id)
    )
    return [Silence(*row) for row in session.execute(_mine(counted, programmes))]


def silent_phones(
    session: Session, programmes: Sequence[int] | None, now: datetime, *, limit: int
) -> Sequence[Any]:
    """The phones that were told and did not come, the longest wait first."""
    rows = (
        select(
            Card.serial,
            Card.number,
            Card.programme_id,
            AppleDevice.scheme,
            func.substr(AppleDevice.library_id, -4).label("device"),
            AppleRegistration.pushed_version,
            AppleRegistration.pushed_at,
            AppleRegistration.asked_at,
            AppleRegistration.fetched_at,
            (AppleRegistration.repushed_version == AppleRegistration.pushed_version).label("again"),
            asleep(now).label("asleep"),
        )
        .select_from(AppleRegistration)
        .join(AppleDevice, AppleDevice.id == AppleRegistration.device_id)
        .join(Card, Card.id == AppleRegistration.card_id)
        .where(unfetched(now))
        .order_by(AppleRegistration.pushed_at, AppleRegistration.id)
        .limit(limit)
    )
    return session.execute(_mine(rows, programmes)).all()


def _mine(statement: Select[*tuple[Any, ...]], programmes: Sequence[int] | None) -> Select[*tuple[Any, ...]]:
    return statement if programmes is None else statement.where(Card.programme_id.in_(programmes))
