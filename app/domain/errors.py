"""What the business refuses, each with the fact that the caller needs to explain it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """A request that the rules do not allow now; `code` is stable, `state` holds the current facts."""

    code = "refused"

    def __init__(self, message: str, **state: Any) -> None:
        super().__init__(message)
        self.message = message
        self.state: Mapping[str, Any] = state


class NotFound(Refused):
    """No such programme, card, design or receipt."""

    code = "not-found"


class Invalid(Refused):
    """The input makes no sense; `faults` maps a JSON pointer to what is wrong there."""

    code = "invalid"

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{where or '/'}: {what}" for where, what in faults.items()))
        self.faults = dict(faults)


class KeyReused(Refused):
    """The idempotency key was used before with another input."""

    code = "idempotency-key-reused"


class Conflict(Refused):
    """The thing exists already, or somebody else was first."""

    code = "conflict"


class CardNotActive(Refused):
    """The card is blocked, void or expired."""

    code = "card-not-active"


class InsufficientBalance(Refused):
    """The card holds less than was asked for; `state` has `unit`, `available` and `wanted`."""

    code = "insufficient-balance"


class AlreadyReversed(Refused):
    """The operation was taken back before."""

    code = "already-reversed"


class Outdated(Refused):
    """Somebody changed it since the caller looked; `state` has the present `etag`."""

    code = "precondition-failed"
