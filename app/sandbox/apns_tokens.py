"""Provider tokens as Apple's push service judges them: who signed, which team, how old, how often renewed.

Follows developer.apple.com/documentation/usernotifications/establishing-a-token-based-connection-to-apns
(last checked 2026-08): a JSON web token in ES256 with `kid` in its head, `iss` (the team) and `iat`; refused
after an hour; a new one on the same connection no sooner than after 20 minutes.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.sandbox.apns_rules import Answer, Client, Request

OLDEST_S, SOONEST_S, AHEAD_S = 3600, 1200, 60
_INVALID = Answer(403, "InvalidProviderToken")


@dataclass(frozen=True, slots=True)
class _Known:
    team: str
    public: ec.EllipticCurvePublicKey


class TeamKeys:
    """The push keys that Apple gave out, and which team owns which pass type. Thread-safe.

    `used` lists the keys whose tokens were accepted, once a connection.
    """

    def __init__(self) -> None:
        self.used: list[str] = []
        self._keys: dict[str, _Known] = {}
        self._owners: dict[str, str] = {}
        self._lock = threading.Lock()

    def give(self, key_id: str, team: str, public_pem: bytes) -> None:
        """A team made a key at Apple's site. Raises ValueError for one of another kind."""
        public = serialization.load_pem_public_key(public_pem)
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise ValueError("a push key is of the kind P-256")
        with self._lock:
            self._keys[key_id] = _Known(team, public)

    def revoke(self, key_id: str) -> None:
        """The team took a key back."""
        with self._lock:
            self._keys.pop(key_id, None)

    def own(self, topic: str, team: str) -> None:
        """A pass type belongs to a team."""
        with self._lock:
            self._owners[topic] = team

    def refuse(self, request: Request, client: Client, now: float) -> Answer | None:
        """What is wrong with the token of a request, None for one that may push to its topic."""
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        with self._lock:
            known = self._keys.get(_head(text).get("kid", "")) if scheme.lower() == "bearer" else None
            owner = self._owners.get(request.topic)
        if known is None:
            return _INVALID
        answer = _judge(text, known, now) or (_INVALID if owner != known.team else None)
        return answer or self._refuse_update(text, client, now)

    def _refuse_update(self, text: str, client: Client, now: float) -> Answer | None:
        """A connection that changes its token too often gets 429, until the time is up."""
        last = client.tokens[-1] if client.tokens else None
        if last and last[0] == text:
            return None
        if last and now - last[1] < SOONEST_S:
            return Answer(429, "TooManyProviderTokenUpdates")
        client.tokens.append((text, now))
        self.used.append(_head(text)["kid"])
        return None


def _head(text: str) -> Mapping[str, str]:
    try:
        head = jwt.get_unverified_header(text)
    except jwt.InvalidTokenError:
        return {}
    good = head.get("alg") == "ES256" and isinstance(head.get("kid"), str) and len(head["kid"]) == 10
    return head if good else {}


def _judge(text: str, known: _Known, now: float) -> Answer | None:
    try:
        body = jwt.decode(text, known.public, algorithms=["ES256"], options={"verify_iat": False})
    except jwt.InvalidTokenError:
        return _INVALID
    made = body.get("iat")
    if body.get("iss") != known.team or not isinstance(made, int) or isinstance(made, bool):
        return _INVALID
    if made > now + AHEAD_S:
        return _INVALID
    return Answer(403, "ExpiredProviderToken") if now - made > OLDEST_S else None
