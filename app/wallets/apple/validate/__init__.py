"""The strictest reader of a .pkpass, ours, foreign or hostile: it says what a phone refuses in silence.

Phones give no reason for a refusal, and other validators do not look at hashes, signatures, pictures or
fields. Everything here is bounded: an archive built to hurt is a fault like any other. A `.pkpasses` bundle
is looked at pass by pass. Rules follow Apple's Wallet pages (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from app.wallets.apple.validate.bundles import LARGEST_BUNDLE
from app.wallets.apple.validate.card import card_faults
from app.wallets.apple.validate.faults import Fault
from app.wallets.apple.validate.inspection import Inspection, inspect

__all__ = ["Fault", "Inspection", "card_faults", "inspect", "inspect_file", "verify", "verify_file"]


def verify(
    data: bytes, *, trusted: Collection[str] = frozenset(), now: datetime | None = None
) -> list[Fault]:
    """All faults of a pass or a bundle of passes, the gravest first; an empty list is a good pass.

    `trusted`: SHA-256 fingerprints (hex) of intermediates to accept beside Apple's own, for development.
    `now`: also say what has ended or soon will. Never raises for any input.
    """
    return inspect(data, trusted=trusted, now=now).faults


def verify_file(
    path: Path | str, *, trusted: Collection[str] = frozenset(), now: datetime | None = None
) -> list[Fault]:
    """All faults of a file, of which no more is read than a bundle may have; raises OSError."""
    return inspect_file(path, trusted=trusted, now=now).faults


def inspect_file(
    path: Path | str, *, trusted: Collection[str] = frozenset(), now: datetime | None = None
) -> Inspection:
    """The same with all that was found."""
    with Path(path).open("rb") as file:
        return inspect(file.read(LARGEST_BUNDLE + 1), trusted=trusted, now=now)
