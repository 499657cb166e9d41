"""One field of a pass: Wallet refuses the whole pass for one wrong kind of value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.wallets.apple.validate import values as kinds
from app.wallets.apple.validate.faults import Faults
from app.wallets.apple.validate.semantics import check_tags

_MEND = "See Apple's page on PassFieldContent."
_NUMBER_STYLES = ("Decimal", "Percent", "Scientific", "SpellOut")
_DATE_STYLES = ("None", "Short", "Medium", "Long", "Full")
_ENUMS = {
    "textAlignment": tuple(f"PKTextAlignment{each}" for each in ("Left", "Center", "Right", "Natural")),
    **{key: tuple(f"PKDateStyle{each}" for each in _DATE_STYLES) for key in ("dateStyle", "timeStyle")},
    "numberStyle": tuple(f"PKNumberStyle{each}" for each in _NUMBER_STYLES),
}
_DETECTORS = tuple(
    f"PKDataDetectorType{each}" for each in ("PhoneNumber", "Link", "Address", "CalendarEvent")
)
_KNOWN = {
    *("key", "value", "label", "attributedValue", "changeMessage", "dataDetectorTypes", "textAlignment"),
    *("dateStyle", "timeStyle", "isRelative", "ignoresTimeZone", "numberStyle", "currencyCode", "row"),
    "semantics",
}
_DATED = ("dateStyle", "timeStyle", "isRelative", "ignoresTimeZone")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?\Z", re.ASCII)
_TAG = re.compile(r"<\s*+/?\s*+([A-Za-z0-9]{1,20})")
_LINK = re.compile(r"<\s*+a\s[^<>]{0,400}?href\s*+=\s*+[\"']?([^\"'>\s]{1,2000})", re.IGNORECASE)
_MOST_MARKUP = 20_000

Problem = tuple[str, str]


def check_field(field: Any, keys: set[str], *, style: str, group: str, where: str, faults: Faults) -> None:
    """Check one field of a group; `keys` collects those that the pass has used."""
    if not isinstance(field, dict):
        faults.add("field-wrong", where, "The field is not an object.", "Write it in { }.")
        return
    _check_key(field, keys, where, faults)
    for code, message in _problems(field, group):
        faults.add(code, where, f"{message}.", _MEND)
    for name in sorted(field.keys() - _KNOWN):
        message = f"Wallet knows no key {name!r} and passes over it."
        faults.warn("field-key-unknown", where, message, "Look for a slip of the pen.")
    if field.get("dataDetectorTypes") and group != "backFields":
        message = "Data detectors work on the back alone."
        faults.warn("field-detectors-front", where, message, "Leave dataDetectorTypes out.")
    if "row" in field and style != "eventTicket":
        faults.warn("field-row-style", where, "Only event tickets have two rows.", "Leave row out.")
    tags = field.get("semantics", {})
    if isinstance(tags, dict):
        check_tags(tags, f"{where}/semantics", faults)
    else:
        faults.add("field-semantics", where, "semantics is not an object.", _MEND)


def _check_key(field: Mapping[str, Any], keys: set[str], where: str, faults: Faults) -> None:
    key = field.get("key")
    if not isinstance(key, str) or not key:
        faults.add("field-key", where, "The field's key is missing or no text.", "Give it a key of its own.")
    elif key in keys:
        faults.add("field-key-twice", where, f"The key {key!r} is used by two fields.", "Rename one of them.")
    else:
        keys.add(key)


def _problems(field: Mapping[str, Any], group: str) -> Iterator[Problem]:
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


def _number_problems(field: Mapping[str, Any], value: Any) -> Iterator[Problem]:
    styled = [key for key in ("numberStyle", "currencyCode") if key in field]
    if styled and isinstance(value, str):
        yield "field-number", f"{styled[0]} is for numbers, but the value is text"
    if len(styled) == 2:
        yield "field-number", "numberStyle and currencyCode exclude each other"
    if "currencyCode" in field and (said := kinds.currency(field["currencyCode"])):
        yield "field-currency", f"currencyCode {said}"


def _date_problems(field: Mapping[str, Any], value: Any) -> Iterator[Problem]:
    dated = [key for key in _DATED if key in field]
    if dated and not _is_date(value):
        yield "field-date", f"{dated[0]} is for dates, but the value is no W3C date"
    if dated and ("numberStyle" in field or "currencyCode" in field):
        yield "field-date", "a field is formatted as a date or as a number, not both"
    for key in ("isRelative", "ignoresTimeZone"):
        if key in field and not isinstance(field[key], bool):
            yield "field-date", f"{key} is neither true nor false"


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or not _DATE.match(value):
        return False
    return kinds.moment(value if "T" in value else f"{value}T00:00Z") is None


def _place_problems(field: Mapping[str, Any], group: str) -> Iterator[Problem]:
    if "textAlignment" in field and group in ("primaryFields", "backFields"):
        yield "field-alignment", "textAlignment does not work in primary and back fields"
    if "row" in field and (group != "auxiliaryFields" or kinds.one_of(0, 1)(field["row"])):
        yield "field-row", "row is 0 or 1, for auxiliary fields"
    detectors = field.get("dataDetectorTypes", [])
    if not isinstance(detectors, list) or any(each not in _DETECTORS for each in detectors):
        yield "field-detectors", f"dataDetectorTypes is a list of {', '.join(_DETECTORS)}"


def _link_problems(field: Mapping[str, Any]) -> Iterator[Problem]:
    rich = field.get("attributedValue")
    if isinstance(rich, str):
        if others := {tag.lower() for tag in _TAG.findall(rich)} - {"a"}:
            yield "field-markup", f"attributedValue takes links (<a href>) alone, not <{min(others)}>"
        elif any(kinds.address(link) for link in _LINK.findall(rich[:_MOST_MARKUP])):
            yield "field-markup", "a link in attributedValue has no address with a scheme such as https://"
    elif rich is not None and (isinstance(rich, bool) or not isinstance(rich, int | float)):
        yield "field-markup", "attributedValue is neither text nor number"
