"""What phones did, noted beside the answer: asked and fetched. Written in small batches, so that a list
stays a read.

A crash loses at most the last moments of these notes. Then a card is listed once more, and the phone gets a
304: never
the other way round.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.storage.tables import AppleRegistration, Card

_ASKED = (
    update(AppleRegistration.__table__)  # type: ignore[arg-type]
    .where(AppleRegistration.__table__.c.id == bindparam("registration"))
    .values(asked_version=bindparam("version"), asked_at=bindparam("at"))
)


class Observed:
    """Collects notes and writes them every `every_s` seconds; 0 writes each at once (for tests and
    commands).
    """

    def __init__(
        self, db: sessionmaker[Session], now: Callable[[], datetime], *, every_s: float = 0.1
    ) -> None:
        self._db, self._now, self._every_s = db, now, every_s
        self._asked: dict[int, tuple[int, datetime]] = {}
        self._fetched: dict[int, tuple[int, datetime]] = {}
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def asked(self, told: Mapping[int, int]) -> None:
        """These registrations (id → version) were told of a new version."""
        at = self._now()
        with self._lock:
            self._asked |= {registration: (version, at) for registration, version in told.items()}
        self._soon()

    def fetched(self, card_id: int, version: int) -> None:
        """The card's current pass was served (or found to be the same)."""
        with self._lock:
            self._fetched[card_id] = (version, self._now())
        self._soon()

    def _soon(self) -> None:
        if self._every_s == 0:
            self.flush()
            return
        with self._lock:
            if self._timer is None:
                self._timer = threading.Timer(self._every_s, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write all notes now."""
        with self._lock:
            asked, self._asked = self._asked, {}
            fetched, self._fetched = self._fetched, {}
            self._timer = None
        if not asked and not fetched:
            return
        with self._db.begin() as session:
            if asked:
                rows = [
                    {"registration": id_, "version": v, "at": at} for id_, (v, at) in sorted(asked.items())
                ]
                session.connection().execute(_ASKED, rows)
            for card_id, (version, at) in sorted(fetched.items()):
                note_fetched(session, card_id, version, at)


def note_fetched(session: Session, card_id: int, version: int, at: datetime) -> None:
    """Mark the version as served, and as fetched by the device that most likely did: a GET names no device.

    With one device there is no doubt. With several it is the one that was told of this version most recently
    and has
    not fetched it yet.
    """
    session.execute(
        update(Card).where(Card.id == card_id, Card.served_version < version).values(served_version=version)
    )
    waiting = (
        select(AppleRegistration)
        .where(AppleRegistration.card_id == card_id, AppleRegistration.fetched_version != version)
        .order_by(AppleRegistration.asked_version.desc(), AppleRegistration.asked_at.desc())
    )
    rows = session.scalars(waiting).all()
    if rows and (len(rows) == 1 or rows[0].asked_version >= version):
        rows[0].fetched_version, rows[0].fetched_at = version, at
