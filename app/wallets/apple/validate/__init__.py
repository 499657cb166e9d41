"""The strictest reader of a .pkpass, ours, foreign or hostile: it says what a phone refuses in silence.

Phones give no reason for a refusal, and other validators do not look at hashes, signatures, pictures or
fields. Everything here is bounded: an archive built to hurt is a fault like any other. Rules follow Apple's
Wallet pages (last checked 2026-07).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from app.wallets.apple.validate.archive import LARGEST_FILE, read_members
from app.wallets.apple.validate.card import card_faults
from app.wallets.apple.validate.faults import Fault, Faults
from app.wallets.apple.validate.images import check_images
from app.wallets.apple.validate.manifest import check_manifest
from app.wallets.apple.validate.signature import check_signature
from app.wallets.apple.validate.strict_json import parse_object
from app.wallets.apple.validate.translations import check_translations

__all__ = ["Fault", "card_faults", "verify", "verify_file"]


def verify(data: bytes, *, trusted: Collection[str] = frozenset()) -> list[Fault]:
    """All faults of a pass, the gravest kinds first; an empty list is a pass that Wallet takes.

    `trusted`: SHA-256 fingerprints (hex) of intermediates to accept beside Apple's own, for development.
    Never raises for any input.
    """
    faults = Faults()
    members = read_members(data, faults)
    if members is None:
        return faults.found
    card = parse_object(members["pass.json"], "pass.json", faults) if "pass.json" in members else None
    if "pass.json" not in members:
        faults.add(
            "pass-missing", "pass.json", "There is no pass.json.", "Put it at the root of the archive."
        )
    check_manifest(members, faults)
    check_signature(members, card, faults, trusted=trusted)
    if card is not None:
        faults.found += card_faults(card)
        check_translations(members, card, faults)
    check_images(members, card, faults)
    return sorted(faults.found, key=lambda fault: fault.severity != "error")


def verify_file(path: Path | str, *, trusted: Collection[str] = frozenset()) -> list[Fault]:
    """All faults of a file, of which no more is read than a pass may have; raises OSError."""
    with Path(path).open("rb") as file:
        return verify(file.read(LARGEST_FILE + 1), trusted=trusted)
