"""A schedule that runs work only when a test lets time pass."""

import heapq
import itertools
from collections.abc import Callable

from tests.support.clock import Clock


class SteppedSchedule:
    """Work waits until `run`; `forward` moves the clock first."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def later(self, delay_s: float, work: Callable[[], None]) -> None:
        at = self.clock.now().timestamp() + delay_s
        heapq.heappush(self._due, (at, next(self._order), work))

    def run(self) -> int:
        """Do everything that is due now, also what that work adds; returns how much there was."""
        done = 0
        while self._due and self._due[0][0] <= self.clock.now().timestamp():
            heapq.heappop(self._due)[2]()
            done += 1
        return done

    def forward(self, seconds: float) -> int:
        self.clock.forward(seconds=seconds)
        return self.run()

    def waits_s(self) -> list[float]:
        """How long each waiting piece of work still waits."""
        now = self.clock.now().timestamp()
        return sorted(round(at - now, 3) for at, _, _ in self._due)
