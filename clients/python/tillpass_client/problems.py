"""Refusals of the API (RFC 9457) as exceptions, one class for each that a program treats in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Problem(Exception):
    """A refusal. `type` is stable; `errors` has all faults with JSON pointers, `state` the present facts."""

    def __init__(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        self.status = status
        self.type = str(body.get("type", "about:blank"))
        self.title = str(body.get("title", ""))
        self.detail = str(body.get("detail", ""))
        self.errors: list[dict[str, str]] = list(body.get("errors") or [])
        self.state: dict[str, Any] = dict(body.get("state") or {})
        self.headers = dict(headers)
        title = self.title or "no problem document"
        super().__init__(f"{status} {title}: {self.detail} {self._faults()}".strip())

    def _faults(self) -> str:
        return "; ".join(f"{each['pointer'] or '/'} {each['detail']}" for each in self.errors)


class Invalid(Problem):
    """422: `errors` says what is wrong where; nothing was stored."""


class KeyReused(Problem):
    """422: the Idempotency-Key stands for another request."""


class Unauthorized(Problem):
    """401: the API key is unknown, revoked or over."""


class Forbidden(Problem):
    """403: the key lacks `state["scope"]`."""


class NotFound(Problem):
    """404: there is no such thing, or this key may not see it."""


class Conflict(Problem):
    """409: the present state does not allow it; `state` has the facts."""


class CardNotActive(Conflict):
    """409: `state["status"]` says what the card is."""


class InsufficientBalance(Conflict):
    """409: `state` has `unit`, `available` and `wanted`."""


class AlreadyReversed(Conflict):
    """409: it was taken back before."""


class Outdated(Problem):
    """412: somebody changed it since you read it; `state["etag"]` is the present one."""


class TooManyRequests(Problem):
    """429, however often it was tried."""


class ServerFault(Problem):
    """500 and above: try again later with the same Idempotency-Key."""


_BY_TYPE: dict[str, type[Problem]] = {
    "invalid": Invalid,
    "idempotency-key-reused": KeyReused,
    "card-not-active": CardNotActive,
    "insufficient-balance": InsufficientBalance,
    "already-reversed": AlreadyReversed,
}
_BY_STATUS: dict[int, type[Problem]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Outdated,
    422: Invalid,
    429: TooManyRequests,
}


def problem_of(status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> Problem:
    """The refusal as the exception that fits it best."""
    name = str(body.get("type", "")).rsplit("/", 1)[-1]
    kind = _BY_TYPE.get(name) or _BY_STATUS.get(status) or (ServerFault if status >= 500 else Problem)
    return kind(status, body, headers)
