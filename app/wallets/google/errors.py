"""What can go wrong with Google, told apart by what the caller should do about it.

Google answers in two dialects: the Wallet back end names a `reason` and no `status`, the API front end
names a `status` and often no `reason`. Both end here as one `Reason`; a status code alone is never enough,
because 403 is both "you may not" and "you already sent three of those today".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

DAY_S = 86_400.0
MISCONFIGURED_RETRY_S = 900.0
MAX_RETRY_AFTER_S = DAY_S


class Reason(StrEnum):
    """Why a call failed, in words that a delivery row and a page for people can show."""

    INVALID = "invalid"
    NOT_FOUND = "notFound"
    EXISTS = "alreadyExists"
    PERMISSION = "permission"
    CREDENTIALS = "credentials"
    QUOTA = "quotaExceeded"
    RATE = "rateLimitExceeded"
    BACKEND = "backend"
    NETWORK = "network"
    BAD_REPLY = "badReply"


class GoogleError(Exception):
    """A call that did not succeed.

    `permanent` means that the same bytes will fail again whatever we wait for. A missing permission or a
    withdrawn key is *not* permanent: the owner mends it in a console and every card must then catch up.
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        permanent: bool,
        retry_after_s: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(f"{reason.value}: {message}")
        self.reason = reason
        self.message = message
        self.permanent = permanent
        self.retry_after_s = retry_after_s
        self.status = status


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a body: where (a JSON pointer, RFC 6901) and what."""

    pointer: str
    problem: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.problem}"


class InvalidRequest(GoogleError):
    """A body that Google would refuse, stopped before it left; `faults` lists everything at once."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(Reason.INVALID, "; ".join(map(str, self.faults)), permanent=True)


_BY_VENDOR_REASON = {
    "quotaExceeded": Reason.QUOTA,
    "dailyLimitExceeded": Reason.QUOTA,
    "rateLimitExceeded": Reason.RATE,
    "userRateLimitExceeded": Reason.RATE,
    "RESOURCE_EXHAUSTED": Reason.RATE,
    "PERMISSION_DENIED": Reason.PERMISSION,
    "UNAUTHENTICATED": Reason.CREDENTIALS,
}
_BY_STATUS = {
    400: Reason.INVALID,
    401: Reason.CREDENTIALS,
    403: Reason.PERMISSION,
    404: Reason.NOT_FOUND,
    408: Reason.BACKEND,
    409: Reason.EXISTS,
    429: Reason.RATE,
}
_PERMANENT = {Reason.INVALID, Reason.NOT_FOUND, Reason.EXISTS}
_RETRY_AFTER_S = {
    Reason.QUOTA: DAY_S,
    Reason.PERMISSION: MISCONFIGURED_RETRY_S,
    Reason.CREDENTIALS: MISCONFIGURED_RETRY_S,
}


def error_from_reply(status: int, headers: Mapping[str, str], body: bytes, *, now: datetime) -> GoogleError:
    """The error that an unsuccessful HTTP reply means; never raises, whatever the bytes are."""
    vendor_reason, vendor_status, message = _read_error(body)
    reason = _reason(status, vendor_reason, vendor_status)
    return GoogleError(
        reason,
        message or f"HTTP {status}",
        permanent=reason in _PERMANENT,
        retry_after_s=_retry_after_s(headers, now) or _RETRY_AFTER_S.get(reason),
        status=status,
    )


def _reason(status: int, vendor_reason: str, vendor_status: str) -> Reason:
    if status in (403, 429):
        for word in (vendor_reason, vendor_status):
            if word in _BY_VENDOR_REASON:
                return _BY_VENDOR_REASON[word]
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if 400 <= status < 500:
        return Reason.INVALID
    return Reason.BACKEND if status >= 500 else Reason.BAD_REPLY


def _read_error(body: bytes) -> tuple[str, str, str]:
    """`(errors[0].reason, status, message)`, each empty where the body does not say."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return "", "", ""
    error = found.get("error") if isinstance(found, dict) else None
    if not isinstance(error, dict):
        return "", "", ""
    first = error.get("errors")
    first = first[0] if isinstance(first, list) and first and isinstance(first[0], dict) else {}
    words = (first.get("reason"), error.get("status"), error.get("message") or first.get("message"))
    reason, status, message = (word[:500] if isinstance(word, str) else "" for word in words)
    return reason, status, message


def _retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        seconds = float(text) if text.isascii() and text.isdigit() else _seconds_until(text, now)
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


def _seconds_until(http_date: str, now: datetime) -> float:
    when = parsedate_to_datetime(http_date)
    return ((when if when.tzinfo else when.replace(tzinfo=UTC)) - now).total_seconds()
