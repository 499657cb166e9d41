"""Google's 20 requests a second, shared by all workers on all machines."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy.orm import Session, sessionmaker

from app.services.turns import take_turn

RATE_PER_S = 20.0
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
        return max(take_turn(db, name, rate, clock()) for name, rate in lanes for _ in range(count))

    return reserve
