"""Fields: Wallet drops what it does not draw, and refuses the whole pass for one wrong kind of value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.wallets.apple.validate.faults import Faults

STYLES = ("boardingPass", "coupon", "eventTicket", "generic", "storeCard", "posterGeneric")
GROUPS = ("headerFields", "primaryFields", "secondaryFields", "auxiliaryFields", "backFields")
_MORE_GROUPS = ("additionalInfoFields", "footerFields")
_LIMITS = {
    "boardingPass": (3, 2, 4, 5),
    "coupon": (3, 1, 4, 4),
    "eventTicket": (3, 1, 4, 8),
    "generic": (3, 1, 4, 4),
    "storeCard": (3, 1, 4, 4),
    "posterGeneric": (1, 4, 0, 0),
}
_ONE_ROW = 4
_SQUARE = ("PKBarcodeFormatQR", "PKBarcodeFormatAztec")
_TRANSIT = ("Air", "Boat", "Bus", "Generic", "Train")

_ENUMS = {
    "textAlignment": tuple(f"PKTextAlignment{each}" for each in ("Left", "Center", "Right", "Natural")),
    **{
        key: tuple(f"PKDateStyle{each}" for each in ("None", "Short", "Medium", "Long", "Full"))
        for key in ("dateStyle", "timeStyle")
    },
    "numberStyle": tuple(f"PKNumberStyle{each}" for each in ("Decimal", "Percent", "Scientific", "SpellOut")),
}
_DETECTORS = tuple(
    f"PKDataDetectorType{each}" for each in ("PhoneNumber", "Link", "Address", "CalendarEvent")
)
_KNOWN = {
    *(
        "key",
        "value",
        "label",
        "attributedValue",
        "changeMessage",
        "dataDetectorTypes",
        "textAlignment",
        "dateStyle",
    ),
    *("timeStyle", "isRelative", "ignoresTimeZone", "numberStyle", "currencyCode", "row", "semantics"),
}
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?\Z")
_TAG = re.compile(r"<\s*/?\s*([A-Za-z0-9]+)")


def check_style(card: Mapping[str, Any], faults: Faults) -> None:
    """Exactly one style (a poster style may stand beside one), its groups, and all their fields."""
    styles = [style for style in STYLES if style in card]
    plain = [style for style in styles if style != "posterGeneric"]
    if len(plain) != 1:
        what = f"The pass has {len(plain)} styles ({', '.join(plain) or 'none'}); Wallet wants one."
        faults.add("style-count", "pass.json#", what, f"Keep one of {', '.join(STYLES[:5])}.")
    keys: set[str] = set()
    for style in styles:
        if not isinstance(card[style], dict):
            faults.add(
                "style-wrong",
                f"pass.json#/{style}",
                "The style is not an object.",
                "Put the field groups in.",
            )
            continue
        _check_groups(style, card, faults)
        # A poster shows the same card in another form, so its keys may be those of the plain style.
        _check_fields(style, card[style], keys if style != "posterGeneric" else set(), faults)
    _check_transit(card, faults)


def _check_transit(card: Mapping[str, Any], faults: Faults) -> None:
    for style in STYLES:
        content = card.get(style)
        if not isinstance(content, dict):
            continue
        known = content.get("transitType") in tuple(f"PKTransitType{each}" for each in _TRANSIT)
        if (style == "boardingPass") != known or (style != "boardingPass" and "transitType" in content):
            message = "Only a boarding pass has a transitType, and it needs one."
            faults.add("transit-type", f"pass.json#/{style}/transitType", message, "Mend the transitType.")


def _check_groups(style: str, card: Mapping[str, Any], faults: Faults) -> None:
    content = card[style]
    for group in content:
        if group not in (*GROUPS, *_MORE_GROUPS, "transitType"):
            message = f"Wallet knows no group {group!r}."
            faults.warn(
                "group-unknown", f"pass.json#/{style}/{group}", message, "Look for a slip of the pen."
            )
    counts = [len(content[group]) if isinstance(content.get(group), list) else 0 for group in GROUPS[:4]]
    for group, count, most in zip(GROUPS, counts, _LIMITS[style], strict=False):
        if count > most:
            _crowded(f"pass.json#/{style}/{group}", f"{count} fields, but a {style} draws {most}.", faults)
    squeezed = style == "storeCard" or (style in ("coupon", "generic") and _first_format(card) in _SQUARE)
    if squeezed and counts[2] + counts[3] > _ONE_ROW:
        message = f"Secondary and auxiliary fields together draw {_ONE_ROW}, not {counts[2] + counts[3]}."
        _crowded(f"pass.json#/{style}", message, faults)


def _crowded(where: str, message: str, faults: Faults) -> None:
    faults.add("too-many-fields", where, message, "Move the others to the back.")


def _first_format(card: Mapping[str, Any]) -> Any:
    codes = card.get("barcodes")
    first = codes[0] if isinstance(codes, list) and codes else card.get("barcode")
    return first.get("format") if isinstance(first, dict) else None


def _check_fields(style: str, content: Mapping[str, Any], keys: set[str], faults: Faults) -> None:
    for group in (*GROUPS, *_MORE_GROUPS):
        fields = content.get(group, [])
        if not isinstance(fields, list):
            faults.add(
                "group-wrong", f"pass.json#/{style}/{group}", "The group is not a list.", "Write it in [ ]."
            )
            continue
        for place, field in enumerate(fields):
            where = f"pass.json#/{style}/{group}/{place}"
            if not isinstance(field, dict):
                faults.add("field-wrong", where, "The field is not an object.", "Write it in { }.")
                continue
            _check_key(field, keys, where, faults)
            for code, message in _problems(field, group):
                faults.add(code, where, f"{message}.", "See Apple's page on PassFieldContent.")
            for name in sorted(field.keys() - _KNOWN):
                message = f"Wallet knows no key {name!r} and passes over it."
                faults.warn("field-key-unknown", where, message, "Look for a slip of the pen.")


def _check_key(field: Mapping[str, Any], keys: set[str], where: str, faults: Faults) -> None:
    key = field.get("key")
    if not isinstance(key, str) or not key:
        faults.add("field-key", where, "The field's key is missing or no text.", "Give it a key of its own.")
    elif key in keys:
        faults.add("field-key-twice", where, f"The key {key!r} is used by two fields.", "Rename one of them.")
    else:
        keys.add(key)


def _problems(field: Mapping[str, Any], group: str) -> Iterator[tuple[str, str]]:
    value = field.get("value")
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        yield "field-value", "the value is neither text nor number"
        return
    for key in ("label", "changeMessage"):
        if key in field and not isinstance(field[key], str):
            yield "field-text", f"{key} is not text"
    if isinstance(field.get("changeMessage"), str) and "%@" not in field["changeMessage"]:
        yield "change-message", "changeMessage has no %@, so the news would not say the new value"
    for key, known in _ENUMS.items():
        if key in field and field[key] not in known:
            yield "field-enum", f"{key} is {field[key]!r}, not one of {', '.join(known)}"
    yield from _number_problems(field, value)
    yield from _date_problems(field, value)
    yield from _place_problems(field, group)
    yield from _link_problems(field)


def _number_problems(field: Mapping[str, Any], value: Any) -> Iterator[tuple[str, str]]:
    styled = [key for key in ("numberStyle", "currencyCode") if key in field]
    if styled and isinstance(value, str):
        yield "field-number", f"{styled[0]} is for numbers, but the value is text"
    if len(styled) == 2:
        yield "field-number", "numberStyle and currencyCode exclude each other"
    if "currencyCode" in field and not _CURRENCY.match(str(field["currencyCode"])):
        yield "field-currency", "currencyCode is no code of ISO 4217, such as EUR"


def _date_problems(field: Mapping[str, Any], value: Any) -> Iterator[tuple[str, str]]:
    dated = [key for key in ("dateStyle", "timeStyle", "isRelative", "ignoresTimeZone") if key in field]
    if dated and not (isinstance(value, str) and _DATE.match(value)):
        yield "field-date", f"{dated[0]} is for dates, but the value is no W3C date"
    if dated and ("numberStyle" in field or "currencyCode" in field):
        yield "field-date", "a field is formatted as a date or as a number, not both"
    for key in ("isRelative", "ignoresTimeZone"):
        if key in field and not isinstance(field[key], bool):
            yield "field-date", f"{key} is neither true nor false"


def _place_problems(field: Mapping[str, Any], group: str) -> Iterator[tuple[str, str]]:
    if "textAlignment" in field and group in ("primaryFields", "backFields"):
        yield "field-alignment", "textAlignment does not work in primary and back fields"
    if "row" in field and (group != "auxiliaryFields" or field["row"] not in (0, 1)):
        yield "field-row", "row is 0 or 1, for auxiliary fields"
    kinds = field.get("dataDetectorTypes", [])
    if not isinstance(kinds, list) or any(kind not in _DETECTORS for kind in kinds):
        yield "field-detectors", f"dataDetectorTypes is a list of {', '.join(_DETECTORS)}"


def _link_problems(field: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    rich = field.get("attributedValue")
    if isinstance(rich, str):
        if others := {tag.lower() for tag in _TAG.findall(rich)} - {"a"}:
            yield "field-markup", f"attributedValue takes links (<a href>) alone, not <{min(others)}>"
    elif rich is not None and (isinstance(rich, bool) or not isinstance(rich, int | float)):
        yield "field-markup", "attributedValue is neither text nor number"
