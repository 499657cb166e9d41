"""Google's root keys for callbacks: fetched when first needed, kept for as long as Google says.

A key without an end, or past it, is no key. While Google's address is down the last keys still count until
their own end. A stranger's forged callback must not become a request to Google: at most one a minute.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric import ec

from .callbacks import PROTOCOL, CallbackRejected, KeysUnavailable, is_ahead, load_key, parse_object

KEYS_URL = "https://pay.google.com/gp/m/issuer/keys"
LARGEST_DOCUMENT = 256 * 1024
TIMEOUT_S = (5.0, 10.0)
REFETCH_EVERY = timedelta(minutes=1)
LONGEST_KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class KeysReply:
    """The keys document as it came, with its headers (for how long it may be kept)."""

    body: bytes
    headers: Mapping[str, str]


class RootKeys:
    """The root keys, shared by all threads of a process. `fetch` gets the document; may raise OSError."""

    def __init__(self, fetch: Callable[[], KeysReply]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._document: list[Any] = []
        self._fresh_until: datetime | None = None
        self._asked_at: datetime | None = None

    def trusted(self, now: datetime) -> tuple[ec.EllipticCurvePublicKey, ...]:
        """The keys that count now; raises `KeysUnavailable` if there is none to be had."""
        with self._lock:
            if self._fresh_until is None or self._fresh_until <= now:
                self._refresh(now)
            if keys := _usable(self._document, now):
                return keys
        raise KeysUnavailable("Google's root keys cannot be fetched")

    def refetched(self, now: datetime) -> tuple[ec.EllipticCurvePublicKey, ...]:
        """The keys after asking again, because a signature fits none of them: new keys may be out."""
        with self._lock:
            self._refresh(now)
            return _usable(self._document, now)

    def _refresh(self, now: datetime) -> None:
        if self._asked_at is not None and now - self._asked_at < REFETCH_EVERY:
            return
        self._asked_at = now
        try:
            reply = self._fetch()
            document = parse_object(reply.body, "keys document").get("keys")
        except (OSError, CallbackRejected):
            return
        if isinstance(document, list):
            self._document = document
            self._fresh_until = now + fresh_for(reply.headers)


def fresh_for(headers: Mapping[str, str]) -> timedelta:
    """How long a reply may be kept: `Cache-Control: max-age` minus `Age`, nothing where it does not say."""
    found = re.search(r"(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])", headers.get("Cache-Control", "").lower())
    age = headers.get("Age", "").strip()
    age_s = int(age) if age.isascii() and age.isdigit() and len(age) < 10 else 0
    left = timedelta(seconds=int(found[1]) - age_s if found else 0)
    return min(max(left, timedelta(0)), LONGEST_KEPT)


def fetch_from(url: str = KEYS_URL) -> Callable[[], KeysReply]:
    """A `fetch` over HTTP that ignores the machine's proxy settings; raises OSError."""
    session = requests.Session()
    session.trust_env = False

    def fetch() -> KeysReply:
        with session.get(url, timeout=TIMEOUT_S, allow_redirects=False, stream=True) as reply:
            if reply.status_code != 200:
                raise OSError(f"HTTP {reply.status_code}")
            body = next(reply.iter_content(LARGEST_DOCUMENT), b"")
            return KeysReply(body, reply.headers)

    return fetch


def _usable(document: list[Any], now: datetime) -> tuple[ec.EllipticCurvePublicKey, ...]:
    return tuple(key for entry in document if (key := _key(entry, now)) is not None)


def _key(entry: object, now: datetime) -> ec.EllipticCurvePublicKey | None:
    if not isinstance(entry, dict) or entry.get("protocolVersion") != PROTOCOL:
        return None
    if not is_ahead(entry.get("keyExpiration"), now):
        return None
    try:
        return load_key(entry.get("keyValue"))
    except CallbackRejected:
        return None
