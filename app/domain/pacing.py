"""So many requests a second from all of us together; this arithmetic says whose turn it is when.

One stored number is enough: the theoretical arrival time (GCRA). Every worker moves it forward inside one
short transaction, then waits outside of it. Seconds since the epoch throughout.
"""

from __future__ import annotations

MAX_WAIT_S = 30.0


def next_slot(
    tat: float, now: float, rate: float, burst: int = 1, *, max_wait_s: float = MAX_WAIT_S
) -> tuple[float, float]:
    """Take the next turn: `(tat to store, seconds to wait)`.

    `tat` is the stored time (0 at first), `rate` requests a second, `burst` how many may leave at once after
    a quiet spell. A wait above `max_wait_s` reserves nothing (`tat` comes back unchanged): else everybody
    who gives up would push the queue further away from everybody who stays.
    """
    step_s = 1.0 / rate
    start = max(tat, now)
    wait_s = max(0.0, start - (burst - 1) * step_s - now)
    if wait_s > max_wait_s:
        return tat, wait_s
    return start + step_s, wait_s
