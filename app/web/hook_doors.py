"""What a hook must know of its source, remembered for a moment: calls come in bursts."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from app.deps import Deps
from app.services import crm

REMEMBERED_S = 5.0
"""A secret that was replaced is taken for so much longer."""
NOTIFY_S = 0.1
"""Workers of other machines are woken so often at most; they look by themselves every second."""
MOST = 1_000


@dataclass(frozen=True, slots=True)
class Door:
    """A source as its calls are verified; `source_id` 0 is one that there is not."""

    source_id: int
    kind: str
    all_secrets: tuple[str, ...]
    former_until: datetime | None = None
    until_s: float = 0.0

    def secrets(self, now: datetime) -> Sequence[str]:
        """Those that count now, the newest first."""
        over = self.former_until is not None and self.former_until <= now
        return self.all_secrets[:1] if over else self.all_secrets


class Doors:
    """The doors of a running Tillpass, by slug; several threads may ask at once."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Deps, Door]] = {}
        self._notified: tuple[Deps | None, float] = (None, 0.0)
        self._lock = threading.Lock()

    def remembered(self, known: Deps, slug: str) -> Door | None:
        """The source, if it was looked up a moment ago."""
        owner, door = self._known.get(slug, (None, None))
        return door if door and owner is known and door.until_s > time.monotonic() else None

    def look_up(self, known: Deps, slug: str) -> Door:
        """The source as it is now. One that is unknown has a secret that nobody knows: it takes as long."""
        with known.read() as session:
            row = None if "\x00" in slug else crm.source_called(session, slug)
        if row is None:
            return Door(0, "generic", (known.unseal(_decoy(known.seal)),))
        valid = tuple(known.unseal(each) for each in row.secrets)
        door = Door(row.id, row.kind, valid, row.former_until, time.monotonic() + REMEMBERED_S)
        with self._lock:
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[slug] = (known, door)
        return door

    def may_notify(self, known: Deps) -> bool:
        """Whether it is time to wake other machines again."""
        now = time.monotonic()
        with self._lock:
            owner, last = self._notified
            due = owner is not known or now - last >= NOTIFY_S
            if due:
                self._notified = (known, now)
        return due


@lru_cache(maxsize=8)
def _decoy(seal: Callable[[str], str]) -> str:
    """A secret that nobody knows, sealed as all are."""
    return seal(secrets.token_urlsafe(32))
