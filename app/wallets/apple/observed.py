"""What phones did, noted beside the answer: asked and fetched. Written in small batches, so that a list
stays a read.

A crash loses at most the last moments of these notes. Then a card is listed once more, and the phone gets a
304: never
the other way round.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.storage.tables import AppleDevice, AppleRegistration, Card, FormerPass

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Observed:
    """Collects notes and writes them every `every_s` seconds; 0 writes each at once (for tests and
    commands).
    """

    def __init__(
        self, db: sessionmaker[Session], now: Callable[[], datetime], *, every_s: float = 0.1
    ) -> None:
        self._db, self._now, self._every_s = db, now, every_s
        self._asked: dict[int, tuple[int, datetime]] = {}
        self._fetched: dict[tuple[int, str], tuple[int, datetime]] = {}
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def asked(self, told: Mapping[int, int]) -> None:
        """These registrations (id → version) were told of a new version."""
        at = self._now()
        with self._lock:
            self._asked |= {registration: (version, at) for registration, version in told.items()}
        self._soon()

    def fetched(self, card_id: int, version: int, former: str = "") -> None:
        """The phone was found to have the current pass; `former` names the earlier pass type that it holds
        the card under, if it does.
        """
        with self._lock:
            self._fetched[card_id, former] = (version, self._now())
        self._soon()

    def served(self, card_id: int, version: int, former: str = "") -> None:
        """The pass went out: known before the phone can ask again, or it would be told in vain."""
        with self._lock:
            self._fetched[card_id, former] = (version, self._now())
        self.flush()

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
            note(session, asked, fetched)


Asked = Mapping[int, tuple[int, datetime]]
"""Version and time, by registration."""
Fetched = Mapping[tuple[int, str], tuple[int, datetime]]
"""Version and time, by card and the earlier pass type that it was fetched under (empty: the present one)."""


def note(session: Session, asked: Asked, fetched: Fetched) -> None:
    """Mark versions as told to registrations (`asked`) and as served to cards' devices (`fetched`).

    Cards first, then registrations, each in the order of their ids: as everybody else locks them, or a phone
    that leaves at this moment and these notes would wait for each other.
    """
    for (card_id, former), (version, _) in sorted(fetched.items()):
        _note_served(session, card_id, former, version)
    cards = {card_id for card_id, _ in fetched}
    mine = or_(AppleRegistration.id.in_(asked), AppleRegistration.card_id.in_(cards))
    rows = session.scalars(
        select(AppleRegistration).where(mine).order_by(AppleRegistration.id).with_for_update()
    ).all()
    for row in rows:
        if row.id in asked:
            row.asked_version, row.asked_at = asked[row.id]
    held_as = _held_as(session, cards)
    for (card_id, former), (version, at) in fetched.items():
        _note_fetched([row for row in rows if held_as.get(row.id) == (card_id, former)], version, at)


def _note_served(session: Session, card_id: int, former: str, version: int) -> None:
    if former:
        mine = FormerPass.card_id == card_id, FormerPass.pass_type_identifier == former
        old = update(FormerPass).where(*mine, FormerPass.served_version < version)
        session.execute(old.values(served_version=version))
    else:
        served = update(Card).where(Card.id == card_id, Card.served_version < version)
        session.execute(served.values(served_version=version))


def _held_as(session: Session, cards: Collection[int]) -> dict[int, tuple[int, str]]:
    """By registration of these cards: the card, and the pass type it is held under unless the present one."""
    rows = session.execute(
        select(AppleRegistration.id, Card.id, Card.pass_type_identifier, AppleDevice.pass_type_identifier)
        .join(Card, Card.id == AppleRegistration.card_id)
        .join(AppleDevice, AppleDevice.id == AppleRegistration.device_id)
        .where(AppleRegistration.card_id.in_(cards))
    )
    return {row: (card, "" if held == present else held) for row, card, present, held in rows}


def _note_fetched(devices: Sequence[AppleRegistration], version: int, at: datetime) -> None:
    """Of a card's devices, the one that most likely fetched this version: a GET names no device.

    With one that waits there is no doubt. With several it is the one that was told of this version most
    recently and has not fetched it yet.
    """
    waiting = [row for row in devices if row.fetched_version != version]
    if not waiting:
        return
    likely = max(waiting, key=lambda row: (row.asked_version, row.asked_at or _LONG_AGO))
    if len(waiting) == 1 or likely.asked_version >= version:
        likely.fetched_version, likely.fetched_at = version, at
