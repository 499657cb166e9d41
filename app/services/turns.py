"""A pace that all workers on all machines share through one row of the database."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.domain.pacing import next_slot
from app.storage.tables import Pacing


def take_turn(db: sessionmaker[Session], name: str, rate: float, now_s: float, *, burst: int = 1) -> float:
    """Take the next of `rate` turns a second (`burst` at once after a quiet spell); returns the seconds to
    wait for it. Above MAX_WAIT_S nothing was taken.
    """
    try:
        return _take(db, name, rate, now_s, burst)
    except IntegrityError:  # two workers made the row at the same moment
        return _take(db, name, rate, now_s, burst)


def _take(db: sessionmaker[Session], name: str, rate: float, now_s: float, burst: int) -> float:
    with db.begin() as session:
        row = session.scalars(select(Pacing).where(Pacing.name == name).with_for_update()).one_or_none()
        if row is None:
            row = Pacing(name=name, arrival_s=0.0)
            session.add(row)
        row.arrival_s, wait_s = next_slot(row.arrival_s, now_s, rate, burst)
        return wait_s
