"""Google's 20 requests a second, shared by all workers on all machines through one row of the database."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.storage.tables import Pacing
from app.wallets.google.pacing import RATE_PER_S, next_slot

BULK_SHARE = 0.8
"""A roll-out leaves a fifth of the rate to tills."""


def shared_turns(
    db: sessionmaker[Session], issuer_id: str, *, urgent: bool, clock: Callable[[], float] = time.time
) -> Callable[[int], float]:
    """`reserve(n)` for one issuer: takes n turns and returns the seconds to wait for the last of them."""
    lanes = [(f"google:{issuer_id}", RATE_PER_S)]
    if not urgent:
        lanes.insert(0, (f"google:{issuer_id}:bulk", RATE_PER_S * BULK_SHARE))

    def reserve(count: int) -> float:
        return max(_take(db, name, rate, clock()) for name, rate in lanes for _ in range(count))

    return reserve


def _take(db: sessionmaker[Session], name: str, rate: float, now_s: float) -> float:
    try:
        return _take_once(db, name, rate, now_s)
    except IntegrityError:  # two workers made the row at the same moment
        return _take_once(db, name, rate, now_s)


def _take_once(db: sessionmaker[Session], name: str, rate: float, now_s: float) -> float:
    with db.begin() as session:
        row = session.scalars(select(Pacing).where(Pacing.name == name).with_for_update()).one_or_none()
        if row is None:
            row = Pacing(name=name, arrival_s=0.0)
            session.add(row)
        row.arrival_s, wait_s = next_slot(row.arrival_s, now_s, rate)
        return wait_s
