"""Which phone a push token leads to: the index between APNs and any number of phones."""

import threading
from dataclasses import dataclass, field

from app.sandbox.world import Apns


@dataclass
class PushRoutes:
    """Remembers the owner of each push token while APNs is told about it."""

    apns: Apns
    _owners: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def owner(self, token: str) -> str | None:
        """The phone that holds `token` now."""
        return self._owners.get(token)

    def of(self, phone_id: str) -> Apns:
        """APNs as the phone `phone_id` sees it."""
        return _Route(self, phone_id)

    def register(self, phone_id: str, token: str, topic: str) -> None:
        with self._lock:
            self._owners[token] = phone_id
        self.apns.register(token, topic)

    def unregister(self, token: str) -> None:
        with self._lock:
            self._owners.pop(token, None)
        self.apns.unregister(token)


@dataclass(frozen=True, slots=True)
class _Route:
    routes: PushRoutes
    phone_id: str

    def register(self, token: str, topic: str) -> None:
        self.routes.register(self.phone_id, token, topic)

    def unregister(self, token: str) -> None:
        self.routes.unregister(token)
