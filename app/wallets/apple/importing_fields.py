"""The fields of an imported pass as those of a design: balances become placeholders, the rest stays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from app.domain.fields import GROUPS
from app.services.importing import Note
from app.wallets.apple.importing_look import tags_of
from app.wallets.apple.importing_texts import Sayings

MOST = {"header": 3, "primary": 4, "secondary": 4, "auxiliary": 8, "back": 40, "footer": 2, "additional": 40}
_APPLE = {"additional": "additionalInfoFields"}
_BALANCES = {
    **dict.fromkeys(("points", "balance", "bonus", "bonuses", "pointsbalance"), "{points}"),
    **dict.fromkeys(("stamps", "visits", "stampcount"), "{stamps}"),
}
_PERSONAL = ("name", "member", "membername", "holder", "customer", "cardnumber", "number", "membernumber")
_ALIGNMENTS = ("left", "center", "right")
_DETECTED = {"PhoneNumber": "phone", "Link": "link", "Address": "address", "CalendarEvent": "event"}
_NUMBERS = {"Decimal": "decimal", "Percent": "percent", "Scientific": "scientific", "SpellOut": "spell_out"}
_ANCHOR = re.compile(
    r"\s*<a\s[^<>]{0,200}?href\s*=\s*[\"']([^\"'<>\s]{1,1000})[\"'][^<>]{0,200}>([^<>]*)</a>\s*"
)
_MARKUP = re.compile(r"<[^<>]{0,2000}>")


def groups_of(
    content: Any, poster: Any, sayings: Sayings, notes: list[Note]
) -> dict[str, list[dict[str, Any]]]:
    """All groups of the plain style, with the footer and the additional fields of the poster beside it."""
    made: dict[str, list[dict[str, Any]]] = {}
    taken: set[str] = set()
    for group in GROUPS:
        source = poster if group in ("footer", "additional") and isinstance(poster, Mapping) else content
        name = _APPLE.get(group, f"{group}Fields")
        listed = source.get(name) if isinstance(source, Mapping) else None
        fields = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
        if len(fields) > MOST[group]:
            said = {"count": len(fields) - MOST[group], "group": name, "most": MOST[group]}
            notes.append(Note("%(count)s of %(group)s were left out: there is room for %(most)s.", said))
        if kept := [_field(each, sayings, taken, notes) for each in fields[: MOST[group]]]:
            made[group] = kept
    if isinstance(poster, Mapping) and content is not poster:
        _note_poster(content, poster, notes)
    return made


def _note_poster(content: Any, poster: Mapping[str, Any], notes: list[Note]) -> None:
    for name in ("headerFields", "primaryFields"):
        if poster.get(name) and poster[name] != (content or {}).get(name):
            words = "The poster's own %(group)s were not carried over: it shows those of the plain style."
            notes.append(Note(words, {"group": name}))


def _field(field: Mapping[str, Any], sayings: Sayings, taken: set[str], notes: list[Note]) -> dict[str, Any]:
    key = _key(field.get("key"), taken)
    made: dict[str, Any] = {"key": key, "label": sayings.say(field.get("label"))}
    made |= _value(field, key, sayings, notes)
    if message := sayings.say(field.get("changeMessage")):
        made["change_message"] = message
    align = str(field.get("textAlignment", "")).removeprefix("PKTextAlignment").lower()
    if align in _ALIGNMENTS:
        made["alignment"] = align
    if field.get("row") == 1:
        made["row"] = 1
    detectors = field.get("dataDetectorTypes")
    if isinstance(detectors, list):
        kinds = (str(each).removeprefix("PKDataDetectorType") for each in detectors[:10])
        made["detect"] = [_DETECTED[kind] for kind in kinds if kind in _DETECTED]
    if tags := tags_of(field.get("semantics"), notes):
        made["semantics"] = tags
    return made


def _value(field: Mapping[str, Any], key: str, sayings: Sayings, notes: list[Note]) -> dict[str, Any]:
    value, plain = field.get("value"), re.sub(r"[^a-z]", "", key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if plain in _BALANCES:
            style = _NUMBERS.get(str(field.get("numberStyle", "")).removeprefix("PKNumberStyle"))
            said = {"key": key, "placeholder": _BALANCES[plain], "value": repr(value)[:20]}
            words = "The field '%(key)s' shows each card's %(placeholder)s instead of %(value)s."
            notes.append(Note(words, said))
            return {"value": {"*": _BALANCES[plain]}} | ({"number_style": style} if style else {})
        return {"value": sayings.shown(field)}
    if isinstance(value, str) and ("dateStyle" in field or "timeStyle" in field):
        return {"value": sayings.shown(field)}
    if plain in _PERSONAL:
        words = "The field '%(key)s' says the same on every card; put {name} or {number} if it should not."
        notes.append(Note(words, {"key": key}))
    if any("{" in said for said in sayings.say(value).values()):
        words = "The field '%(key)s' has braces, which are placeholders in our designs."
        notes.append(Note(words, {"key": key}))
    return _linked(field, sayings, key, notes) or {"value": sayings.say(value)}


def _linked(field: Mapping[str, Any], sayings: Sayings, key: str, notes: list[Note]) -> dict[str, Any]:
    """A value that is one link as a whole keeps it; other markup becomes its words."""
    rich = field.get("attributedValue")
    if not isinstance(rich, str) or not rich.strip():
        return {}
    rich = rich[:20_000]
    if anchor := _ANCHOR.fullmatch(rich):
        return {"value": sayings.say(unescape(anchor[2]) or anchor[1]), "link": unescape(anchor[1])}
    lost = "The field '%(key)s' had links within its words; the words were kept, the links not."
    notes.append(Note(lost, {"key": key}))
    return {"value": sayings.say(unescape(_MARKUP.sub("", rich)))}


def _key(key: Any, taken: set[str]) -> str:
    """A key that ours accepts and that no other field has."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(key)[:60]) if isinstance(key, str) else ""
    name = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-_")[:36] or "field"
    name = name if name[0].isalpha() else f"f-{name}"[:36]
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    taken.add(free)
    return free
