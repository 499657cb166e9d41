"""Turns in the order of asking.

A plain lock goes to whoever runs at the moment, and that is nearly always the one who just gave it back: a
roll-out would pass it to itself while a till waits.
"""

from __future__ import annotations

from collections import deque
from threading import Lock


class Turns:
    """One at a time, first come first served; for any threads."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._queue: deque[Lock] = deque()
        self._is_taken = False

    def take(self, timeout_s: float) -> bool:
        """Wait for our turn; False when it did not come in time."""
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return True
            mine = Lock()
            mine.acquire()
            self._queue.append(mine)
        if mine.acquire(timeout=timeout_s):
            return True
        with self._guard:
            if mine in self._queue:
                self._queue.remove(mine)
                return False
            return True  # it came in the very moment in which we gave up

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        with self._guard:
            return len(self._queue)

    def give_back(self) -> None:
        """Hand the turn to who has waited longest."""
        with self._guard:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._is_taken = False
