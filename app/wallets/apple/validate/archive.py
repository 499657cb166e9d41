"""Opens a stranger's archive within bounds: count, names and sizes are judged before a byte is unpacked."""

from __future__ import annotations

import re

from app.wallets.apple import zipfmt
from app.wallets.apple.validate.faults import Faults

LARGEST_FILE = 50 << 20
LARGEST_MEMBER = 12 << 20
LARGEST_TOTAL = 60 << 20
MOST_MEMBERS = 500
_DIRECTORY_LIMIT = MOST_MEMBERS * 400

_BAD_NAME = re.compile(r"^/|\\|(?:^|/)\.{1,2}(?:/|$)|//|[\x00-\x1f\x7f]|^[A-Za-z]:|^$")
_LITTER = re.compile(r"(?:^|/)(?:__MACOSX(?:/|$)|\.DS_Store$|Thumbs\.db$|\._)")
_FOLDERED = re.compile(r"^([^/]+)/pass\.json$")
_LONGEST_NAME = 200


def read_members(data: bytes, faults: Faults) -> dict[str, bytes] | None:
    """Name to bytes of every honest member, or None where the archive cannot be opened at all."""
    entries = open_entries(data, faults, largest=LARGEST_FILE)
    if entries is None:
        return None
    return _unpack(data, [entry for entry in entries if acceptable(entry, faults)], faults)


def open_entries(data: bytes, faults: Faults | None, *, largest: int) -> list[zipfmt.Entry] | None:
    """What an archive lists, judged by its directory alone; None where it cannot be opened at all.

    Without `faults` nothing is noted: for a first look.
    """
    noted = faults if faults is not None else Faults()
    if len(data) > largest:
        message = f"The file is larger than {largest} bytes."
        noted.add("archive-too-large", "", message, "Use smaller pictures.")
        return None
    try:
        directory = zipfmt.find_directory(data)
        if directory.stop - directory.start > _DIRECTORY_LIMIT or directory.members > MOST_MEMBERS:
            raise zipfmt.BadArchive(f"it lists more than {MOST_MEMBERS} members")
        entries = zipfmt.read_entries(data, directory)
    except zipfmt.BadArchive as error:
        noted.add("archive-unreadable", "", f"The archive cannot be read: {error}.", "Zip the contents anew.")
        return None
    if len(entries) != directory.members:
        noted.add("archive-count", "", "The archive's count of members is wrong.", "Zip the contents anew.")
    _check_overlap(entries, directory, noted)
    return entries


def acceptable(entry: zipfmt.Entry, faults: Faults) -> bool:
    """Whether a member may be unpacked; folders are passed over in silence."""
    if _BAD_NAME.search(entry.name.removesuffix("/")) or len(entry.name) > _LONGEST_NAME:
        faults.add("member-name", entry.name, "The name leads outside the pass.", "Use plain relative names.")
        return False
    if entry.is_link:
        faults.add("member-link", entry.name, "This is a symbolic link.", "Put the file itself in.")
        return False
    if _LITTER.search(entry.name):
        message = "A file that a computer left behind; phones refuse what the manifest does not list."
        faults.add("member-litter", entry.name, message, "Leave it out when zipping (zip -X, no Finder).")
    if match := _FOLDERED.match(entry.name):
        message = f"The pass lies in a folder, {match[1]}/."
        faults.add("pass-in-folder", entry.name, message, "Zip the contents, not the folder.")
    return not entry.is_folder


def _check_overlap(entries: list[zipfmt.Entry], directory: zipfmt.Directory, faults: Faults) -> None:
    """Members that share bytes are how a small archive unpacks to terabytes."""
    ordered = sorted(entries, key=lambda entry: entry.offset)
    stops = [entry.offset for entry in ordered[1:]] + [directory.start]
    for entry, stop in zip(ordered, stops, strict=False):
        if entry.offset + entry.packed > stop:
            faults.add(
                "member-overlap", entry.name, "The member overlaps the next one.", "Zip the contents anew."
            )


def _unpack(data: bytes, entries: list[zipfmt.Entry], faults: Faults) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    folded: set[str] = set()
    room = LARGEST_TOTAL
    for entry in entries:
        if entry.name.casefold() in folded:
            faults.add(
                "member-twice", entry.name, "The name comes twice.", "Every member once, whatever its case."
            )
            continue
        folded.add(entry.name.casefold())
        try:
            members[entry.name], _ = zipfmt.extract(data, entry, limit=min(LARGEST_MEMBER, room))
        except zipfmt.BadArchive as error:
            faults.add("member-unreadable", entry.name, f"{error}.", "Zip the contents anew.")
        else:
            room -= len(members[entry.name])
    return members
