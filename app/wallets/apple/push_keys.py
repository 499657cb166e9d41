"""Apple's `.p8` push keys: the other way to log in to the push service, by a signed token a team.

A pass type's certificate is the way Apple describes for passes and stays the default; a key in the pass
type's folder is used instead, which spares a TLS login by certificate and lives for ever. Apple wants one
token a team, between 20 and 60 minutes old and not made anew with every push; so tokens are shared by all
threads of a process. Follows "Establishing a token-based connection to APNs" (last checked 2026-08).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.wallets.apple.signing import CertificateError

REFRESH_S = 40 * 60
"""Apple refuses a token after an hour, and answers 429 to new ones more often than every 20 minutes."""
SOONEST_S = 20 * 60
KEY_ID_FILE = "push_key_id"
_NAMED = re.compile(r"AuthKey_([A-Z0-9]{10})\.p8\Z")
_KEY_ID = re.compile(r"[A-Z0-9]{10}\Z")
_LARGEST = 16_384


@dataclass(frozen=True, slots=True)
class PushKey:
    """One key of one team; equal keys share a token. The private part shows in no text."""

    key_id: str
    team: str
    private: ec.EllipticCurvePrivateKey = field(repr=False, compare=False)


def find_push_key(folder: Path, team: str) -> PushKey | None:
    """The key in a pass type's folder, None where there is none; raises CertificateError in plain words."""
    files = sorted(folder.glob("*.p8"))
    if not files:
        return None
    if len(files) > 1:
        raise CertificateError(f"{folder} holds several .p8 keys ({len(files)}): leave the one to use.")
    return PushKey(_key_id(files[0]), team, _private(files[0]))


def _key_id(path: Path) -> str:
    if named := _NAMED.match(path.name):
        return named[1]
    try:
        written = (path.parent / KEY_ID_FILE).read_text().strip()
    except (OSError, UnicodeDecodeError):
        written = ""
    if not _KEY_ID.match(written):
        raise CertificateError(
            f"{path.name}: the key's id is unknown. Name the file AuthKey_<ten letters>.p8 as Apple does, "
            f"or write the id into {KEY_ID_FILE} beside it."
        )
    return written


def _private(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        data = path.read_bytes()[:_LARGEST]
        key = serialization.load_pem_private_key(data, password=None)
    except Exception:  # the cause is dropped on purpose: nothing of a key's text may reach a log
        raise CertificateError(f"{path.name} holds no usable push key, as Apple's site gives it.") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CertificateError(f"{path.name} is no push key: Apple's are of the kind P-256.")
    return key


@dataclass(frozen=True, slots=True)
class _Made:
    text: str
    at_s: float
    forced_at_s: float | None = None


class ProviderTokens:
    """The tokens of all keys of this process; thread-safe. `clock` gives seconds since 1970."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._made: dict[PushKey, _Made] = {}
        self._lock = threading.Lock()

    def token(self, key: PushKey) -> str:
        """The token to send now; the same one for forty minutes."""
        with self._lock:
            made, now = self._made.get(key), self._clock()
            if made is None or not 0 <= now - made.at_s < REFRESH_S:
                made = self._make(key, now)
            return made.text

    def replace(self, key: PushKey, refused: str) -> str | None:
        """Another token after Apple called `refused` expired; None where a new one would come too soon.

        Whoever asks second gets the first one's new token: a thousand pushes in flight make one.
        """
        with self._lock:
            made, now = self._made.get(key), self._clock()
            if made is not None and made.text != refused:
                return made.text
            last = made.forced_at_s if made else None
            if last is not None and 0 <= now - last < SOONEST_S:
                return None
            return self._make(key, now, forced=True).text

    def _make(self, key: PushKey, now: float, *, forced: bool = False) -> _Made:
        before = self._made.get(key)
        claims = {"iss": key.team, "iat": int(now)}
        text = jwt.encode(claims, key.private, algorithm="ES256", headers={"kid": key.key_id})
        forced_at = now if forced else before.forced_at_s if before else None
        self._made[key] = made = _Made(text, now, forced_at)
        return made


@dataclass(frozen=True, slots=True)
class KeyLogin:
    """How a client logs in with one key: the token to send, and another one after a refusal."""

    tokens: ProviderTokens
    key: PushKey

    def token(self) -> str:
        """The token to send now."""
        return self.tokens.token(self.key)

    def replace(self, refused: str) -> str | None:
        """Another one after Apple called `refused` expired, None where there is none to be had yet."""
        return self.tokens.replace(self.key, refused)
