"""When a webhook that failed is sent again: soon at first, then rarer, for a day."""

from __future__ import annotations

from collections.abc import Sequence

DELAYS_S: Sequence[int] = (5, 30, 300, 1800, 3600, 7200, 14_400, 28_800, 30_600)
"""5 s, 30 s, 5 min, 30 min, 1 h, 2 h, 4 h, 8 h, 8.5 h: a little more than 24 hours in all."""
MOST_ATTEMPTS = len(DELAYS_S) + 1
SPREAD = 0.1
"""Up to a tenth later than the table says, so that what failed together does not come back together."""
MOST_WAIT_S = 86_400.0


def next_delay_s(attempts: int, jitter: float, retry_after_s: float | None = None) -> float | None:
    """Seconds until the next try after so many failed ones (1 or more), None to give up.

    `jitter` is in 0..1. What the other side asked for counts where it is longer, up to a day.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    planned = DELAYS_S[max(1, attempts) - 1] * (1 + SPREAD * jitter)
    return max(planned, min(retry_after_s or 0.0, MOST_WAIT_S))
