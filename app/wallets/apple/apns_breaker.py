"""The fuse between Apple's "bad token" and our registrations.

A wrong host, topic or certificate makes Apple call every token bad. Taken at its word, one wrong setting
would wipe out the registrations of all customers within a minute. So drops are held back until the whole
batch has been seen; where most of it was rejected the fault is ours, and nothing is dropped.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat

from app.wallets.apple.apns_replies import PushResult, Reply, Verdict, is_rejection


@dataclass(frozen=True, slots=True)
class MassRejection:
    """Why nothing is dropped now: `rejected` of the last `answered` pushes, and the reason given most
    recently."""

    answered: int
    rejected: int
    reason: str

    def __str__(self) -> str:
        return (
            f"Apple rejected {self.rejected} of the last {self.answered} push tokens ({self.reason}). "
            "The topic, the certificate or the host is wrong; no token was dropped."
        )


class CircuitBreaker:
    """Counts the last answers of one certificate and topic; share one between all its clients (thread-safe).

    It opens when more than `share` of at least `least` answers among the last `window` were rejections, and
    closes by itself once enough pushes succeed again. Outages and our own faults tell nothing of tokens: not
    counted.
    """

    def __init__(self, *, least: int = 20, share: float = 0.5, window: int = 200) -> None:
        self.window = window
        self._least, self._share = least, share
        self._recent: deque[bool] = deque(maxlen=window)
        self._reason = ""
        self._lock = threading.Lock()

    def note(self, reply: Reply) -> bool:
        """Count one answer; False where it says nothing about tokens."""
        rejected = is_rejection(reply)
        if not rejected and reply.status not in (200, 410):
            return False
        with self._lock:
            self._recent.append(rejected)
            self._reason = reply.reason if rejected else self._reason
        return True

    def note_taken(self, count: int) -> int:
        """Count `count` pushes that Apple took, and give that number."""
        with self._lock:
            self._recent.extend(repeat(False, min(count, self.window)))
        return count

    @property
    def finding(self) -> MassRejection | None:
        """What is wrong at present, for `/readyz` and `doctor`; None while tokens may be dropped."""
        with self._lock:
            answered, rejected = len(self._recent), sum(self._recent)
            if answered < self._least or rejected <= self._share * answered:
                return None
            return MassRejection(answered, rejected, self._reason)

    @property
    def is_well(self) -> bool:
        """Whether pushes are known to be taken: a fuse that has seen nothing knows nothing."""
        with self._lock:
            seen = list(self._recent)
        return self.finding is None and not all(seen)

    def sift(self, results: Iterable[PushResult]) -> Iterator[PushResult]:
        """Pass results on as they come, but drops last of all: as OURS where the batch was rejected as a
        whole."""
        held = []
        for result in results:
            if result.verdict is Verdict.DROP:
                held.append(result)
            else:
                yield result
        if self.finding:
            held = [result._replace(verdict=Verdict.OURS) for result in held]
        yield from held
