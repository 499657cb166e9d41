"""Save and delete callbacks, signed as Google signs them (ECv2SigningOnly), sent in the background.

Root and intermediate are keys of the sandbox's own. The root is kept: whoever verifies us has it in a cache.
Best effort like the original: a few attempts with pauses, then the callback is lost.
"""

import base64
import contextlib
import heapq
import itertools
import json
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.sandbox.google_modes import Modes

Json = dict[str, Any]
PROTOCOL = "ECv2SigningOnly"
SENDER = "GooglePayPasses"
USER_AGENT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
TIMEOUT_S = (3.0, 10.0)
MESSAGE_LIFE = timedelta(hours=1)
INTERMEDIATE_LIFE = timedelta(days=7)
ROOT_LIFE = timedelta(days=3650)
KEYS_MAX_AGE_S = 3600
ANOTHER_ISSUER = "3388000000099999999"
_ECDSA = ec.ECDSA(hashes.SHA256())

Post = Callable[[str, bytes], int]
"""Posts JSON to an address and returns the status; raises OSError."""


def post_callback(url: str, body: bytes) -> int:
    headers = {"Content-Type": "application/json; charset=UTF-8", "User-Agent": USER_AGENT}
    with requests.Session() as session:
        session.trust_env = False
        return session.post(
            url, data=body, headers=headers, timeout=TIMEOUT_S, allow_redirects=False
        ).status_code


class CallbackKeys:
    """A root that is kept and an intermediate that it signs."""

    def __init__(
        self,
        kept: Callable[[str], str | None],
        keep: Callable[[str, str], None],
        *,
        now: Callable[[], datetime],
        lock: Any,
    ) -> None:
        self._keep, self._now, self._lock = keep, now, lock
        pem = kept("callback root key")
        self._root = _load(pem) if pem else self._new_root()
        self._intermediate = ec.generate_private_key(ec.SECP256R1())

    def rotate(self) -> None:
        """A new root and intermediate at once; who has the old root cached must fetch again."""
        with self._lock:
            self._root = self._new_root()
            self._intermediate = ec.generate_private_key(ec.SECP256R1())

    def document(self) -> bytes:
        """The public root keys, as Google writes them: `=` escaped, times as strings."""
        entry = {
            "keyValue": _public(self._root),
            "protocolVersion": PROTOCOL,
            "keyExpiration": _millis(self._now() + ROOT_LIFE),
        }
        return _escaped({"keys": [entry]}).encode()

    def envelope(self, issuer: str, message: Json) -> bytes:
        """A signed callback for this recipient."""
        with self._lock:
            root, intermediate = self._root, self._intermediate
        expiry = _millis(self._now() + INTERMEDIATE_LIFE)
        signed_key = _escaped({"keyValue": _public(intermediate), "keyExpiration": expiry})
        signed_message = json.dumps(message, separators=(",", ":"))
        return json.dumps(
            {
                "signature": _sign(intermediate, SENDER, issuer, PROTOCOL, signed_message),
                "intermediateSigningKey": {
                    "signedKey": signed_key,
                    "signatures": [_sign(root, SENDER, PROTOCOL, signed_key)],
                },
                "protocolVersion": PROTOCOL,
                "signedMessage": signed_message,
            }
        ).encode()

    def _new_root(self) -> ec.EllipticCurvePrivateKey:
        key = ec.generate_private_key(ec.SECP256R1())
        with self._lock:
            self._keep("callback root key", _pem(key))
        return key


@dataclass(order=True)
class _Due:
    at: float
    order: int
    url: str = field(compare=False)
    body: bytes = field(compare=False)
    about: Json = field(compare=False)
    attempt: int = field(compare=False, default=0)


class CallbackSender:
    """Signs callbacks and sends them from one thread of its own; `sent` is a bounded log of attempts."""

    def __init__(
        self,
        kept: Callable[[str], str | None],
        keep: Callable[[str, str], None],
        modes: Modes,
        *,
        now: Callable[[], datetime],
        lock: Any,
        waits_s: tuple[float, ...],
        post: Post = post_callback,
    ) -> None:
        self.keys = CallbackKeys(kept, keep, now=now, lock=lock)
        self.sent: deque[Json] = deque(maxlen=200)
        self._modes, self._now, self._waits_s, self._post = modes, now, waits_s, post
        self._due: list[_Due] = []
        self._held: tuple[str, bytes, Json] | None = None
        self._order = itertools.count()
        self._busy = False
        self._stopped = False
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def send(self, url: str, class_id: str, object_id: str, event: str) -> None:
        """Tell the issuer, as the modes say; returns at once."""
        about = {"object_id": object_id, "event": event, "url": url}
        if self._modes.callback_outage:
            self._note(about, "dropped")
            return
        life = -MESSAGE_LIFE if self._modes.callbacks_expired else MESSAGE_LIFE
        message = {
            "classId": class_id,
            "objectId": object_id,
            "eventType": event,
            "expTimeMillis": int(_millis(self._now() + life)),
            "count": 1,
            "nonce": str(uuid.uuid4()),
        }
        own = object_id.split(".")[0]
        body = self.keys.envelope(
            ANOTHER_ISSUER if self._modes.callbacks_for_another_issuer else own, message
        )
        if self._modes.callbacks_out_of_order and self._held is None:
            self._held = (url, body, about)
            self._note(about, "held back")
            return
        for _ in range(2 if self._modes.callbacks_duplicated else 1):
            self._put(url, body, about, 0)
        if self._held is not None:
            late, self._held = self._held, None
            self._put(*late, 0)

    def forget(self) -> None:
        """What was held back is never sent."""
        self._held = None

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Whether nothing is left to send within that time."""
        with self._wake:
            return self._wake.wait_for(lambda: not self._due and not self._busy, timeout_s)

    def close(self) -> None:
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=2)

    def _put(self, url: str, body: bytes, about: Json, attempt: int) -> None:
        with self._wake:
            if self._stopped:
                return
            at = time.monotonic() + self._waits_s[attempt]
            heapq.heappush(self._due, _Due(at, next(self._order), url, body, about, attempt))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="google-callbacks", daemon=True)
                self._thread.start()
            self._wake.notify_all()

    def _run(self) -> None:
        while (one := self._next()) is not None:
            self._attempt(one)
            with self._wake:
                self._busy = False
                self._wake.notify_all()

    def _next(self) -> _Due | None:
        with self._wake:
            while not self._stopped:
                wait_s = self._due[0].at - time.monotonic() if self._due else None
                if wait_s is not None and wait_s <= 0:
                    self._busy = True
                    return heapq.heappop(self._due)
                self._wake.wait(wait_s)
        return None

    def _attempt(self, one: _Due) -> None:
        status = 0
        with contextlib.suppress(OSError, ValueError):
            status = self._post(one.url, one.body)
        self._note(one.about, status or "no answer")
        if not 200 <= status < 300 and one.attempt + 1 < len(self._waits_s):
            self._put(one.url, one.body, one.about, one.attempt + 1)

    def _note(self, about: Json, outcome: object) -> None:
        self.sent.append({"at": self._now().isoformat(), **about, "outcome": outcome})


def _sign(key: ec.EllipticCurvePrivateKey, *parts: str) -> str:
    signed = b"".join(len(part.encode()).to_bytes(4, "little") + part.encode() for part in parts)
    return base64.b64encode(key.sign(signed, _ECDSA)).decode()


def _public(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(key.public_key().public_bytes(serialization.Encoding.DER, form)).decode()


def _escaped(value: Json) -> str:
    return json.dumps(value, separators=(",", ":")).replace("=", "\\u003d")


def _millis(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def _load(pem: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the kept callback key is not an EC key")
    return key
