"""Whether a call is genuine, from its raw bytes: every way that takes the same time for right and wrong.

Nothing here says why a call was refused; whoever forges one learns nothing from it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from app.services.ports import HookRejected

WINDOW_S = 300
MOST_SIGNATURES = 10


@contextmanager
def refusing() -> Iterator[None]:
    """Whatever goes wrong inside is HookRejected: hostile headers break parsers in ways that nobody lists."""
    try:
        yield
    except HookRejected:
        raise
    except Exception as error:
        raise HookRejected from error


def require_token(given: str | None, secrets: Sequence[str]) -> None:
    """`given` is one of the secrets; an empty one never is. Raises HookRejected."""
    wanted = (given or "").encode("utf-8", "surrogateescape")
    good = False
    for secret in secrets:
        good |= hmac.compare_digest(secret.encode(), wanted)
    if not good or not wanted:
        raise HookRejected


def require_signed(
    content: bytes, given: Sequence[bytes], keys: Iterable[bytes], digest: str = "sha256"
) -> None:
    """One of the signatures is that of `content` with one of the keys; raises HookRejected.

    All keys are tried against all signatures, so that the time tells nothing.
    """
    good = False
    for key in keys:
        wanted = hmac.new(key, content, digest).digest()
        for signature in given[:MOST_SIGNATURES]:
            good |= hmac.compare_digest(wanted, signature)
    if not good:
        raise HookRejected


def require_recent(stamp: str | int, now: datetime, *, per_s: int = 1) -> None:
    """`stamp` counts seconds since 1970 (`per_s` 1000: milliseconds) and lies within five minutes of `now`,
    before or after; raises HookRejected.
    """
    text = str(stamp)
    if not re.fullmatch(r"[0-9]{1,15}", text) or abs(now.timestamp() - int(text) / per_s) > WINDOW_S:
        raise HookRejected


def from_base64(text: str) -> bytes:
    """The bytes; raises for anything that is not exactly base64."""
    return base64.b64decode(text.encode("ascii"), validate=True)


def from_hex(text: str) -> bytes:
    """The bytes; raises for anything that is not hexadecimal."""
    if not re.fullmatch(r"(?:[0-9a-fA-F]{2})+", text):
        raise HookRejected
    return bytes.fromhex(text)


def as_keys(secrets: Sequence[str]) -> list[bytes]:
    """Secrets as they are written; what most senders sign with."""
    return [secret.encode() for secret in secrets]


def key_of_body(body: bytes) -> str:
    """By which repeats are known where nothing in the call names it: the same bytes are the same call."""
    return f"body:{hashlib.sha256(body).hexdigest()}"
