"""Who calls: the key of a program, its scopes and its programme; and how often it may."""

from __future__ import annotations

import time

from flask import current_app, g, request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from app.api.problems import Problem
from app.deps import deps
from app.domain.errors import NotFound
from app.services.access import Caller, caller_of
from app.storage.tables import Card, ProgrammeRow

PACE = "tillpass-api-pace"
WRONG_KEYS_PER_MINUTE = 300
"""From one address; the keys are far too long to be guessed, this only spares the database."""


class Pace:
    """Calls a minute for each key, counted in this process."""

    def __init__(self, per_minute: int) -> None:
        self._counter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._calls = RateLimitItemPerMinute(per_minute)
        self._wrong = RateLimitItemPerMinute(WRONG_KEYS_PER_MINUTE)

    def count(self, caller: Caller) -> dict[str, str]:
        """Count a call and answer the RateLimit headers; raises Problem 429."""
        return self._hit(self._calls, "key", str(caller.key_id))

    def count_wrong(self, address: str) -> dict[str, str]:
        """Count a call with a wrong key and answer the RateLimit headers; raises Problem 429."""
        return self._hit(self._wrong, "address", address)

    def _hit(self, item: RateLimitItem, name: str, whose: str) -> dict[str, str]:
        """The three plain headers, and the two of the IETF draft (draft-ietf-httpapi-ratelimit-headers-10,
        last checked 2026-08).
        """
        who = f"{name}:{whose}"
        allowed = self._counter.hit(item, who)
        window = self._counter.get_window_stats(item, who)
        wait = max(1, round(window.reset_time - time.time()))
        said = {
            "RateLimit-Limit": str(item.amount),
            "RateLimit-Remaining": str(max(0, window.remaining)),
            "RateLimit-Reset": str(wait),
            "RateLimit-Policy": f'"{name}";q={item.amount};w={item.get_expiry()}',
            "RateLimit": f'"{name}";r={max(0, window.remaining)};t={wait}',
        }
        if not allowed:
            raise Problem("too-many-requests", headers={**said, "Retry-After": str(wait)})
        return said


def require(scope: str, or_scope: str = "") -> Caller:
    """The caller, if the key is valid, not too busy and has the scope (or the other one); raises Problem 401,
    429 or 403.
    """
    found = _caller()
    pace: Pace = current_app.extensions[PACE]
    if found is None:
        _count_refusal()
        g.rate_headers = pace.count_wrong(request.remote_addr or "")
        raise Problem("unauthorized", headers={"WWW-Authenticate": 'Bearer realm="tillpass"'})
    g.rate_headers = pace.count(found)
    if not found.allows(scope) and not (or_scope and found.allows(or_scope)):
        raise Problem("forbidden", f"This key lacks the scope {scope}.", state={"scope": scope})
    g.caller = found
    return found


def _caller() -> Caller | None:
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    presented = secret.strip() if kind.lower() == "bearer" else ""
    known = deps()
    return caller_of(known.db, presented, known.now(), read=known.read)


def _count_refusal() -> None:
    metrics = current_app.extensions.get("tillpass-metrics")
    if metrics is not None:
        metrics.refusals.labels("api", "key").inc()


def caller() -> Caller:
    """Who makes this request."""
    found: Caller = g.caller
    return found


def reachable(card: Card) -> Card:
    """The card, if the caller's key belongs to its programme; raises NotFound as if there were none."""
    if caller().programme_id not in (None, card.programme_id):
        raise NotFound("There is no such card.", serial=card.serial)
    return card


def reachable_programme(row: ProgrammeRow) -> ProgrammeRow:
    """The programme, if the caller's key may see it; raises NotFound as if there were none."""
    if caller().programme_id not in (None, row.id):
        raise NotFound(f"There is no programme '{row.slug}'.", programme=row.slug)
    return row
