"""`.pkpasses`: several passes in one file, which Safari adds together. Each must be good on its own.

Follows Apple's "Distributing and updating a pass" (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Iterator

from app.wallets.apple import zipfmt
from app.wallets.apple.validate.archive import LARGEST_FILE, acceptable, open_entries
from app.wallets.apple.validate.faults import Faults

LARGEST_BUNDLE = 150 * 1000 * 1000
MOST_PASSES = 10
MEDIA_TYPE = "application/vnd.apple.pkpasses"
_SUFFIX = ".pkpass"


def is_bundle(data: bytes) -> bool:
    """Whether this is a bundle rather than a pass: passes inside, and no pass.json."""
    entries = open_entries(data, None, largest=LARGEST_BUNDLE)
    names = [entry.name for entry in entries or ()]
    return "pass.json" not in names and any(name.lower().endswith(_SUFFIX) for name in names)


def read_passes(data: bytes, faults: Faults) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each pass, one after the other, so that no more than one is unpacked at a time."""
    entries = open_entries(data, faults, largest=LARGEST_BUNDLE) or []
    honest = [entry for entry in entries if acceptable(entry, faults)]
    inner = [entry for entry in honest if entry.name.lower().endswith(_SUFFIX)]
    for entry in honest:
        if entry not in inner:
            message = "A bundle holds passes and nothing else."
            faults.add("bundle-stranger", entry.name, message, "Leave it out; put passes in directly.")
    if len(inner) > MOST_PASSES:
        message = f"{len(inner)} passes; Safari takes {MOST_PASSES} at most."
        faults.add("bundle-too-many", "", message, "Make several bundles.")
    faults.note(
        "bundle-media-type",
        "",
        f"Safari adds a bundle only when it is served as {MEDIA_TYPE}.",
        "Set the content type; in mails and other browsers, send single passes.",
    )
    yield from _unpacked(data, inner[:MOST_PASSES], faults)


def _unpacked(data: bytes, entries: list[zipfmt.Entry], faults: Faults) -> Iterator[tuple[str, bytes]]:
    names: set[str] = set()
    room = LARGEST_BUNDLE
    for entry in entries:
        if entry.name.casefold() in names:
            faults.add(
                "member-twice", entry.name, "The name comes twice.", "Give each pass a name of its own."
            )
            continue
        names.add(entry.name.casefold())
        try:
            content, _ = zipfmt.extract(data, entry, limit=min(LARGEST_FILE, room))
        except zipfmt.BadArchive as error:
            faults.add("member-unreadable", entry.name, f"{error}.", "Zip the passes anew.")
        else:
            room -= len(content)
            yield entry.name, content
