"""A pass or a Pass Designer template of anybody's as a design of ours. Pure: bytes in, values and notes out.

What belongs to one card (serial number, token, barcode message, end of validity) is not carried over; what
our designs have no word for is named in the notes. Follows Apple's "Pass" (last checked 2026-08).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from app.domain.design import Design, Slot
from app.domain.errors import Invalid
from app.rendering.colours import extreme_on, mix
from app.rendering.pass_words import colour_of
from app.services.importing import ImportedDesign, Note
from app.wallets.apple.importing_fields import groups_of
from app.wallets.apple.importing_look import apple_look
from app.wallets.apple.importing_texts import Sayings, sayings_of
from app.wallets.apple.passjson.codes import FORMATS
from app.wallets.apple.validate.archive import read_members
from app.wallets.apple.validate.faults import Faults
from app.wallets.apple.validate.strict_json import parse_object

STYLES = ("boardingPass", "coupon", "eventTicket", "generic", "storeCard")
POSTER = "posterGeneric"
SLOTS: Mapping[str, Slot] = {
    "icon": "icon",
    "logo": "logo",
    "strip": "banner",
    "thumbnail": "thumbnail",
    "background": "background",
    "artwork": "artwork",
    "footer": "footer",
    "primaryLogo": "primary_logo",
    "secondaryLogo": "secondary_logo",
    "personalizationLogo": "personalisation_logo",
}
_PICTURE = re.compile(r"(?:([^/]+)\.lproj/)?([A-Za-z]+)(?:@([23])x)?\.png")
_FORMATS = {apples: ours for ours, apples in FORMATS.items()}
_MOST_REPAIRS = 100
_LOOSE = ("event_urls", "flight_urls", "contacts")
"""Collections that lose a key rather than vanish."""


def import_design(data: bytes) -> ImportedDesign:
    """The design of a .pkpass or of a zipped .pkpasstemplate; raises Invalid for a file that is neither."""
    faults = Faults()
    members = read_members(data, faults)
    if members is None:
        raise Invalid({"": f"This is no pass: {faults.found[0].message}"})
    return import_members(members)


def import_members(members: Mapping[str, bytes]) -> ImportedDesign:
    """The same from files by name, as a template's folder holds them; raises Invalid."""
    inside = _unfolded(members)
    faults = Faults()
    card = parse_object(inside["pass.json"], "pass.json", faults) if "pass.json" in inside else None
    if card is None:
        why = faults.found[0].message if faults.found else "There is no pass.json."
        raise Invalid({"": f"This is no pass and no template: {why}"})
    notes: list[Note] = []
    raw = _repaired(_design(card, inside, sayings_of(card, inside), notes), notes)
    pictures, local = _pictures(inside)
    _note_rest(card, inside, notes)
    return ImportedDesign(raw, pictures, local, tuple(notes))


def _unfolded(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Without the folder around: a zipped template is `Name.pkpasstemplate/pass.json`."""
    places = [name for name in members if name == "pass.json" or name.endswith("/pass.json")]
    root = min(places, key=len, default="pass.json").removesuffix("pass.json")
    return {name.removeprefix(root): data for name, data in members.items() if name.startswith(root)}


def _design(
    card: Mapping[str, Any], members: Mapping[str, bytes], sayings: Sayings, notes: list[Note]
) -> dict[str, Any]:
    style = next((each for each in STYLES if isinstance(card.get(each), dict)), "")
    if not style:
        notes.append(Note("The pass had no style of its own, so it became a generic one."))
    name = sayings.say(card.get("organizationName")) or {"*": "My shop"}
    title = sayings.say(card.get("logoText")) or sayings.say(card.get("description")) or name
    return {
        "style": style or "generic",
        "palette": _palette(card),
        "organisation": name,
        "programme_name": title,
        "logo_text": sayings.say(card.get("logoText")),
        "description": sayings.say(card.get("description")),
        "fields": groups_of(card.get(style or POSTER), card.get(POSTER), sayings, notes),
        "barcode": _barcode(card, notes),
        "progress": "none" if any(name.split("/")[-1].startswith("strip") for name in members) else "auto",
        "places": _places(card, sayings),
        "apple": apple_look(card, members, sayings, notes),
    }


def _palette(card: Mapping[str, Any]) -> dict[str, str]:
    ground = colour_of(card.get("backgroundColor"), "#ffffff")
    ink = colour_of(card.get("foregroundColor"), extreme_on(ground))
    label = colour_of(card.get("labelColor"), mix(ink, ground, 0.3))
    return {"background": ground, "foreground": ink, "label": label, "accent": ink}


def _barcode(card: Mapping[str, Any], notes: list[Note]) -> dict[str, Any]:
    codes = card.get("barcodes")
    listed = [*(codes[:8] if isinstance(codes, list) else []), card.get("barcode")]
    code = next((each for each in listed if isinstance(each, Mapping)), None)
    if code is None:
        notes.append(Note("The pass had no barcode; every card of ours has one, with its own number."))
        return {}
    notes.append(Note("The barcode shows each card's own number instead of the message of this one pass."))
    form = code.get("format")
    known = _FORMATS.get(form, "") if isinstance(form, str) else ""
    return {"format": known or "qr", "show_number": bool(code.get("altText"))}


def _places(card: Mapping[str, Any], sayings: Sayings) -> list[dict[str, Any]]:
    found = card.get("locations")
    listed = [each for each in found[:10] if isinstance(each, Mapping)] if isinstance(found, list) else []
    made = []
    for each in listed:
        where = {key: each[key] for key in ("latitude", "longitude", "altitude") if key in each}
        made.append({**where, "text": sayings.say(each.get("relevantText"))})
    return made


def _pictures(
    members: Mapping[str, bytes],
) -> tuple[dict[Slot, bytes], dict[str, dict[Slot, bytes]]]:
    """The finest picture of each slot; one at the root hides those of the languages, as on a phone."""
    best: dict[tuple[str, Slot], tuple[int, bytes]] = {}
    for name, data in members.items():
        match = _PICTURE.fullmatch(name)
        if match and match[2] in SLOTS:
            place, density = (match[1] or "", SLOTS[match[2]]), int(match[3] or 1)
            if density > best.get(place, (0, b""))[0]:
                best[place] = (density, data)
    common = {slot: data for (folder, slot), (_, data) in best.items() if not folder}
    local: dict[str, dict[Slot, bytes]] = {}
    for (folder, slot), (_, data) in best.items():
        locale = folder.replace("_", "-")
        if folder and slot not in common and re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", locale):
            local.setdefault(locale, {})[slot] = data
    return common, local


def _repaired(raw: dict[str, Any], notes: list[Note]) -> dict[str, Any]:
    """The design without what ours cannot hold: each part left out is named."""
    for _ in range(_MOST_REPAIRS):
        try:
            return Design.model_validate(raw).model_dump(mode="json", exclude_defaults=True)
        except ValidationError as error:
            fault = error.errors()[0]
            path = _cut(raw, fault["loc"])
            said = fault["msg"].removeprefix("Value error, ")
            notes.append(Note("%(part)s was left out: %(said)s.", {"part": path, "said": said}))
    raise Invalid({"": "This pass has more oddities than can be mended."})


def _cut(raw: dict[str, Any], loc: tuple[int | str, ...]) -> str:
    """Take the smallest removable part at `loc` away: an entry of a list, else a key of the section."""
    places = {"fields": 3, "apple": 3, "places": 2, "links": 2, "barcode": 2}
    path = list(loc[: places.get(str(loc[0]), 1)])
    while path:
        node: Any = raw
        for step in path[:-1]:
            node = node[step] if _has(node, step) else None
        if _has(node, path[-1]) and not (len(path) == 3 and isinstance(node, dict) and path[1] not in _LOOSE):
            del node[path[-1]]
            return "/" + "/".join(str(step) for step in path)
        path.pop()
    raise Invalid({"": f"This pass cannot be read at {loc}."})


def _has(node: Any, step: int | str) -> bool:
    if isinstance(node, dict):
        return step in node
    return isinstance(node, list) and isinstance(step, int) and step < len(node)


def _note_rest(card: Mapping[str, Any], members: Mapping[str, bytes], notes: list[Note]) -> None:
    if "expirationDate" in card:
        notes.append(Note("The end of validity belongs to each card; set it with expires_at."))
    if "tooling.json" in members:
        notes.append(Note("tooling.json, Pass Designer's own notes, was not needed."))
    if any(name.endswith(".pdf") for name in members):
        notes.append(Note("Pictures as PDF were left out; export them as PNG."))
