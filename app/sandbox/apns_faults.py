"""Trouble on demand: what can go wrong between us and Apple, switched on by a test or a person at the
sandbox.
"""

import threading

from app.sandbox.apns_rules import Answer


class Faults:
    """Thread-safe switches; everything is off at first.

    `latency_s`: seconds before each answer. `outage`: every request gets 503. `goaway_every`: so many
    requests on a connection, then GOAWAY. `cut_every`: so many, then the connection is cut without a word.
    `mute`: never an answer.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Switch everything off."""
        self._lock = threading.Lock()
        self._next: list[Answer] = []
        self._of_token: dict[str, Answer] = {}
        self._cuts_left = 0
        self.latency_s = 0.0
        self.outage = self.mute = False
        self.goaway_every = self.cut_every = 0

    def fail_next(self, count: int, status: int, reason: str, *, retry_after_s: int | None = None) -> None:
        """Give this answer to the next `count` requests, whatever they ask."""
        with self._lock:
            self._next += [Answer(status, reason, retry_after_s=retry_after_s)] * count

    def fail_token(self, token: str, status: int, reason: str, *, invalid_at_ms: int | None = None) -> None:
        """Give this answer to every push to a token, until `heal`."""
        with self._lock:
            self._of_token[token.lower()] = Answer(status, reason, invalid_at_ms=invalid_at_ms)

    def heal(self, token: str) -> None:
        """Treat a token by the rules again."""
        with self._lock:
            self._of_token.pop(token.lower(), None)

    def cut_next(self, connections: int) -> None:
        """Let `cut_every` apply to so many connections only; without it, to all."""
        with self._lock:
            self._cuts_left = connections

    def answer(self, token: str) -> Answer | None:
        """The fault that a request meets, if any."""
        if self.outage:
            return Answer(503, "ServiceUnavailable")
        if not self._next and not self._of_token:
            return None
        with self._lock:
            return self._next.pop(0) if self._next else self._of_token.get(token)

    def cuts(self, requests: int) -> bool:
        """True when a connection is to be cut after so many requests."""
        if not self.cut_every or requests < self.cut_every:
            return False
        with self._lock:
            self._cuts_left -= 1
            if self._cuts_left == 0:
                self.cut_every = 0
        return True
