"""The push tokens that the stand-in for APNs knows, and what has become of them."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from app.sandbox.apns_rules import Answer

_UNKNOWN = Answer(400, "BadDeviceToken")


@dataclass(slots=True)
class _Device:
    topics: set[str] = field(default_factory=set)
    gone: Answer | None = None
    recent: deque[float] = field(default_factory=deque)


class Devices:
    """Thread-safe. Tokens are hexadecimal and compared without regard to case; times are Unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[str, _Device] = {}
        self._lock = threading.Lock()
        self._limit: tuple[int, float] | None = None

    def register(self, token: str, topic: str) -> None:
        """A phone asked for pushes with this topic; a token that was gone is alive again."""
        with self._lock:
            device = self._known.setdefault(token.lower(), _Device())
            device.topics.add(topic)
            device.gone = None

    def unregister(self, token: str, *, reason: str = "Unregistered", at_ms: int | None = None) -> None:
        """The phone is gone (or `ExpiredToken`): 410 with the time from now on. An unknown token stays
        unknown.
        """
        with self._lock:
            if device := self._known.get(token.lower()):
                device.gone = Answer(410, reason, invalid_at_ms=at_ms or int(self._clock() * 1000))

    def limit(self, pushes: int, within_s: float) -> None:
        """Answer 429 to a token that gets more than so many pushes within so many seconds; 0 pushes lifts
        the limit.
        """
        with self._lock:
            self._limit = (pushes, within_s) if pushes else None

    def answer(self, token: str, topic: str) -> Answer:
        """What a well-formed push to this token gets."""
        with self._lock:
            device = self._known.get(token)
            if device is None:
                return _UNKNOWN
            if topic not in device.topics:
                return Answer(400, "DeviceTokenNotForTopic")
            return device.gone or self._throttle(device)

    def _throttle(self, device: _Device) -> Answer:
        if self._limit is None:
            return Answer()
        (pushes, within_s), now = self._limit, self._clock()
        while device.recent and device.recent[0] <= now - within_s:
            device.recent.popleft()
        if len(device.recent) >= pushes:
            return Answer(429, "TooManyRequests")
        device.recent.append(now)
        return Answer()
