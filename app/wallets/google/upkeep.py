"""What has to be looked after at Google by the clock, a bounded piece at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from app.services import rounds
from app.wallets.google import notices

EVERY = timedelta(seconds=10)
"""So often one process looks whether a round is due."""
Step = Callable[[datetime], bool]


class Upkeep:
    """Rounds, one after the other; cheap to call often. Which machine makes one, the rounds decide."""

    def __init__(self, steps: Sequence[Step] = ()) -> None:
        self._steps = steps
        self._looked: datetime | None = None

    def step(self, now: datetime) -> bool:
        """One piece of the first round that is due; returns whether more is waiting."""
        if self._looked is not None and timedelta(0) <= now - self._looked < EVERY:
            return False
        worked = any(step(now) for step in self._steps)
        self._looked = None if worked else now
        return worked


@dataclass(frozen=True)
class Sweeper:
    """Forgets turns at the phones' attention that count no more, once a day."""

    db: sessionmaker[Session]
    read: sessionmaker[Session]

    def step(self, now: datetime) -> bool:
        """Some of them, if it is due; returns whether more is waiting."""
        turn = rounds.take(self.db, self.read, "google:sweep", now, first=now)
        if turn is None:
            return False
        with self.db.begin() as session:
            more = notices.prune(session, now)
        rounds.keep(self.db, turn, {}, next_at=now if more else now + timedelta(days=1), last_at=now)
        return more
