"""One look at a file: its faults, what it holds, and what its certificate says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from app.wallets.apple.validate.archive import read_members
from app.wallets.apple.validate.bundles import is_bundle, read_passes
from app.wallets.apple.validate.card import card_faults
from app.wallets.apple.validate.certificates import CertificateFacts
from app.wallets.apple.validate.faults import GRAVITY, Fault, Faults
from app.wallets.apple.validate.images import check_images
from app.wallets.apple.validate.manifest import check_manifest
from app.wallets.apple.validate.nearby import check_personalization
from app.wallets.apple.validate.signature import check_signature
from app.wallets.apple.validate.strict_json import parse_object
from app.wallets.apple.validate.translations import check_translations


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in a file. `card` is pass.json; `passes` are those of a bundle, by their names."""

    faults: list[Fault]
    members: Mapping[str, bytes] = field(default_factory=dict)
    card: Mapping[str, Any] | None = None
    certificate: CertificateFacts | None = None
    passes: Mapping[str, Inspection] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        """Whether a phone would refuse it."""
        return any(fault.severity == "error" for fault in self.faults)


def inspect(
    data: bytes, *, trusted: Collection[str] = frozenset(), now: datetime | None = None
) -> Inspection:
    """Everything about a pass or a bundle of passes; never raises for any input."""
    return _bundle(data, trusted, now) if is_bundle(data) else _pass(data, trusted, now)


def _bundle(data: bytes, trusted: Collection[str], now: datetime | None) -> Inspection:
    faults = Faults()
    passes = {name: _pass(each, trusted, now) for name, each in read_passes(data, faults)}
    _check_twins(passes, faults)
    for name, inner in passes.items():
        faults.found += [replace(fault, where=f"{name}: {fault.where}") for fault in inner.faults]
    return Inspection(_sorted(faults.found), passes=passes)


def _check_twins(passes: Mapping[str, Inspection], faults: Faults) -> None:
    """A pass with the same type and serial number replaces the other one on the phone."""
    seen: dict[tuple[Any, Any], str] = {}
    for name, inner in passes.items():
        card = inner.card or {}
        who = (str(card.get("passTypeIdentifier")), str(card.get("serialNumber")))
        if inner.card is not None and who in seen:
            message = f"This is the same pass as {seen[who]}, so only one of them will be added."
            faults.add("bundle-same-pass", name, message, "Give each pass a serial number of its own.")
        seen.setdefault(who, name)


def _pass(data: bytes, trusted: Collection[str], now: datetime | None) -> Inspection:
    faults = Faults()
    members = read_members(data, faults)
    if members is None:
        return Inspection(faults.found)
    card = parse_object(members["pass.json"], "pass.json", faults) if "pass.json" in members else None
    if "pass.json" not in members:
        mend = "Put it at the root of the archive."
        faults.add("pass-missing", "pass.json", "There is no pass.json.", mend)
    check_manifest(members, faults)
    facts = check_signature(members, card, faults, trusted=trusted, now=now)
    if card is not None:
        faults.found += card_faults(card)
        check_translations(members, card, faults)
    check_personalization(members, card, faults)
    check_images(members, card, faults)
    return Inspection(_sorted(faults.found), members, card, facts)


def _sorted(faults: list[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: GRAVITY.index(fault.severity))
