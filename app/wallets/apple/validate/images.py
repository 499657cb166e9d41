"""Pictures: a JPEG that is called .png makes a pass fail, a missing icon too; wrong sizes only look bad."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from app.wallets.apple.validate.faults import Faults

_MAGIC = b"\x89PNG\r\n\x1a\n"
_NAME = re.compile(r"^(?:([^/]+)\.lproj/)?([A-Za-z]+)(?:@([23])x)?\.png$")
_LONGEST_SIDE = 4096
_SHARP = ("icon", "logo", "strip", "thumbnail", "background")
LARGEST = {
    "icon": (60, 60),
    "logo": (160, 50),
    "strip": (375, 144),
    "thumbnail": (120, 120),
    "background": (345, 505),
    "footer": (286, 15),
    "artwork": (358, 448),
    "primaryLogo": (126, 30),
    "secondaryLogo": (135, 12),
    "personalizationLogo": (160, 50),
}
"""Points; beyond them Wallet crops or shrinks."""
_SMALLEST_ICON = 29
_PICTURES = ("jpg", "jpeg", "gif", "webp", "heic", "svg")
_DRAWN_ON = {
    "strip": ("coupon", "eventTicket", "storeCard"),
    "thumbnail": ("eventTicket", "generic"),
    "background": ("eventTicket",),
    "footer": ("boardingPass",),
    "artwork": ("eventTicket", "posterGeneric"),
    "primaryLogo": ("boardingPass", "eventTicket", "posterGeneric"),
    "secondaryLogo": ("eventTicket", "posterGeneric"),
}
"""Which styles show a picture at all."""


def check_images(members: Mapping[str, bytes], card: Mapping[str, Any] | None, faults: Faults) -> None:
    """Check every picture, and that the icon is there."""
    if not any(match and match[2] == "icon" for match in map(_NAME.match, members)):
        message = "There is no icon.png; a phone refuses such a pass."
        faults.add(
            "icon-missing", "icon.png", message, "Add icon.png, icon@2x.png and icon@3x.png (38 points)."
        )
    for name, data in members.items():
        if name.lower().endswith(".png"):
            _check_picture(name, data, faults)
    _check_sharpness(members, faults)
    _check_hidden(members, faults)
    _check_languages(members, faults)
    _check_other_kinds(members, faults)
    if card is not None:
        _check_places(members, card, faults)


def _check_picture(name: str, data: bytes, faults: Faults) -> None:
    if not data.startswith(_MAGIC):
        faults.add("image-not-png", name, "The file is not a PNG.", "Save it as PNG; renaming is not enough.")
        return
    try:
        width, height = _size(data)
    except ValueError as error:
        faults.add("image-damaged", name, f"The picture is damaged: {error}.", "Export it anew.")
        return
    match = _NAME.match(name)
    if match and match[2] in LARGEST:
        _check_size(name, match[2], int(match[3] or 1), (width, height), faults)


def _size(data: bytes) -> tuple[int, int]:
    """Width and height; raises ValueError unless the chunks are whole from header to end."""
    chunks = list(_chunks(data))
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13 or chunks[-1][0] != b"IEND":
        raise ValueError("its header or its end is missing")
    if not any(kind == b"IDAT" for kind, _ in chunks):
        raise ValueError("it has no pixels")
    width, height = struct.unpack_from(">II", chunks[0][1])
    if not 0 < width <= _LONGEST_SIDE or not 0 < height <= _LONGEST_SIDE:
        raise ValueError(f"{width} by {height} pixels")
    return width, height


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view, at = memoryview(data), len(_MAGIC)
    while at < len(data):
        if at + 12 > len(data):
            raise ValueError("it is cut short")
        length, stop = struct.unpack_from(">I", data, at)[0], at + 12 + struct.unpack_from(">I", data, at)[0]
        if stop > len(data):
            raise ValueError("it is cut short")
        if zlib.crc32(view[at + 4 : at + 8 + length]) != struct.unpack_from(">I", data, stop - 4)[0]:
            raise ValueError("a checksum is wrong")
        yield data[at + 4 : at + 8], view[at + 8 : at + 8 + length]
        at = stop


def _check_size(name: str, slot: str, scale: int, size: tuple[int, int], faults: Faults) -> None:
    width, height = (side * scale for side in LARGEST[slot])
    shown = f"{size[0]} by {size[1]} pixels"
    if size[0] > width or size[1] > height:
        message = f"{shown} is more than the {width} by {height} that are shown: it is cropped or shrunk."
        faults.warn("image-too-large", name, message, "Export it in the size of its slot.")
    if slot == "icon" and min(size) < _SMALLEST_ICON * scale:
        message = f"{shown} is less than an icon needs."
        faults.warn("icon-too-small", name, message, f"Make it {38 * scale} pixels square.")


def _check_sharpness(members: Mapping[str, bytes], faults: Faults) -> None:
    for slot in _SHARP:
        scales = {match[3] or "1" for match in map(_NAME.match, members) if match and match[2] == slot}
        if scales and slot == "icon" and "1" not in scales:
            message = "icon.png itself is missing; some readers ask for it alone."
            faults.warn("icon-plain-missing", "icon.png", message, "Add it (38 points square).")
        if scales and (missing := {"2", "3"} - scales):
            names = " and ".join(f"{slot}@{scale}x.png" for scale in sorted(missing))
            faults.warn(
                "image-not-sharp", f"{slot}.png", f"{names} are missing; phones look blurred.", "Add them."
            )


def _check_hidden(members: Mapping[str, bytes], faults: Faults) -> None:
    """A picture at the root wins over the translated ones of the same name."""
    for name in members:
        match = _NAME.match(name)
        if match and match[1] and name.split("/", 1)[1] in members:
            message = "A picture of the same name at the root hides this one."
            faults.add(
                "image-hidden", name, message, "Keep the translated ones, or the one at the root.", "warning"
            )


def _check_languages(members: Mapping[str, bytes], faults: Faults) -> None:
    """A language that lacks a picture which another one has shows none at all."""
    found: dict[str, set[str]] = {}
    for name in members:
        if (match := _NAME.match(name)) and match[1]:
            found.setdefault(match[1], set()).add(name.split("/", 1)[1])
    languages = {name.split(".lproj/")[0] for name in members if ".lproj/" in name}
    every = set().union(*found.values())
    for language in sorted(languages):
        if missing := sorted(every - found.get(language, set()) - members.keys()):
            message = f"Other languages have {missing[0]}, this one has not."
            mend = "Give every language the same pictures in the same resolutions."
            faults.add("image-languages", f"{language}.lproj/{missing[0]}", message, mend)


def _check_other_kinds(members: Mapping[str, bytes], faults: Faults) -> None:
    for name in members:
        stem, _, ending = name.rsplit("/", 1)[-1].rpartition(".")
        if ending.lower() in _PICTURES and stem.split("@")[0] in LARGEST:
            message = f"Wallet reads pictures as .png, and passes over .{ending}."
            faults.warn("image-not-read", name, message, "Export it as PNG.")
        elif ending.lower() == "png" and ending != "png":
            message = "File names on a phone tell capitals from small letters."
            faults.warn("image-not-read", name, message, "End the name in .png.")


def _check_places(members: Mapping[str, bytes], card: Mapping[str, Any], faults: Faults) -> None:
    """Pictures that the style has no place for, and places that it leaves empty."""
    slots = {match[2] for match in map(_NAME.match, members) if match}
    styles = card.keys() & {style for styles in _DRAWN_ON.values() for style in styles}
    for slot in sorted(slots & _DRAWN_ON.keys()):
        if styles and not styles & set(_DRAWN_ON[slot]):
            message = f"Only {' and '.join(_DRAWN_ON[slot])} show a {slot}."
            faults.note("image-style", f"{slot}.png", message, "Leave it out, or use another picture.")
    if "eventTicket" in card and "strip" in slots and slots & {"background", "thumbnail"}:
        message = "Beside a strip an event ticket shows neither background nor thumbnail."
        faults.note("image-style", "strip.png", message, "Keep the strip, or the other two.")
    if "posterGeneric" in card and "artwork" not in slots:
        message = "A poster lives from its artwork, and there is none."
        faults.warn("artwork-missing", "artwork.png", message, "Add artwork (358 by 448 points).")
    schemes = card.get("preferredStyleSchemes")
    poster = isinstance(schemes, list) and "posterEventTicket" in schemes and "eventTicket" in card
    if poster and not slots & {"artwork", "background"}:
        message = "A poster event ticket needs artwork or a background."
        mend = "Add artwork (358 by 448 points), or Wallet falls back to the plain style."
        faults.add("poster-artwork", "artwork.png", message, mend)
