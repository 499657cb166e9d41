"""Semantic tags in Apple's forms. A value that does not read as its kind is left out, as a phone would.

Follows Apple's "SemanticTags" (last checked 2026-08).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from app.domain.apple_values import moment
from app.domain.money import major
from app.domain.semantics import BOARDING, EVENT, EVENT_TYPES, STORE, TAGS
from app.wallets.apple.passjson.forms import PHONE, ZONE, rgb, w3c_there
from app.wallets.apple.strings import clean

_OWN = {"eventTicket": EVENT, "boardingPass": BOARDING, "storeCard": STORE}
_WHOLE = ("flightNumber",)
_FLAGS = {True: True, False: False, "true": True, "false": False}
_FLAG_KEYS = ("ignoreTimeComponents", "unannounced", "undetermined")


def tags(said: Mapping[str, Any]) -> dict[str, Any]:
    """Apple's form of these tags."""
    made = {tag: _read(tag, value) for tag, value in said.items() if tag in TAGS}
    return {tag: value for tag, value in made.items() if value is not None}


def tags_of_style(said: Mapping[str, Any], style: str) -> dict[str, Any]:
    """Those that mean something on a pass of this style."""
    foreign = {tag for name, own in _OWN.items() if name != style for tag in own}
    return tags({tag: value for tag, value in said.items() if tag not in foreign})


def _read(tag: str, value: Any) -> Any:
    if tag in _WHOLE:
        return number if isinstance(number := _number(value), int) else None
    if tag == "duration":
        return number if (number := _number(value)) is not None and number > 0 else None
    return _KINDS[TAGS[tag]](value)


def _text(value: Any) -> str | None:
    told = clean(str(value)).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return told or None


def _texts(value: Any) -> list[str] | None:
    return (
        [told for each in value if (told := _text(each))] or None if isinstance(value, list | tuple) else None
    )


def _number(value: Any) -> int | float | None:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,9})?", text):
        return None
    return float(text) if "." in text else int(text)


def _flag(value: Any) -> bool | None:
    return _FLAGS.get(value.strip().lower() if isinstance(value, str) else value)


def _date(value: Any) -> str | None:
    when = moment(value.strip()) if isinstance(value, str) else None
    return w3c_there(when) if when else None


def _matching(pattern: re.Pattern[str]) -> Callable[[Any], str | None]:
    return lambda value: value if isinstance(value, str) and pattern.match(value) else None


def _money(value: Any) -> dict[str, str] | None:
    amount, currency = _number(value.get("amount_minor")), str(value.get("currency"))
    if not isinstance(amount, int) or not re.fullmatch("[A-Z]{3}", currency):
        return None
    return {"amount": f"{major(amount, currency):f}", "currencyCode": currency}


def _place(value: Any) -> dict[str, Any] | None:
    made = {key: number for key, each in value.items() if (number := _number(each)) is not None}
    fits = abs(made.get("latitude", 91)) <= 90 and abs(made.get("longitude", 181)) <= 180
    return made if fits else None


def _person(value: Any) -> dict[str, str] | None:
    return {key: told for key, each in value.items() if (told := _text(each))} or None


def _seat(value: Any) -> dict[str, str] | None:
    made = _person({key: each for key, each in value.items() if key != "seatSectionColor"}) or {}
    colour = str(value.get("seatSectionColor", ""))
    if re.fullmatch("#[0-9a-fA-F]{6}", colour):
        made["seatSectionColor"] = rgb(colour)
    return made or None


def _complete(*keys: str) -> Callable[[Any], dict[str, str] | None]:
    """Objects of texts, all of which are needed."""

    def read(value: Any) -> dict[str, str] | None:
        made = _person(value) or {}
        return made if all(key in made for key in keys) else None

    return read


def _each(read: Callable[[Any], Any]) -> Callable[[Any], list[Any] | None]:
    return lambda value: [made for each in value if (made := read(each))] or None


def _date_info(value: Any) -> dict[str, Any] | None:
    when = _date(value.get("date"))
    zone = _matching(ZONE)(value.get("timeZone"))
    flags = {key: flag for key in _FLAG_KEYS if (flag := _flag(value.get(key))) is not None}
    return {"date": when, **flags, **({"timeZone": zone} if zone else {})} if when else None


def _event_type(value: Any) -> str | None:
    name = re.sub("^PKEventType", "", str(value).strip())
    return f"PKEventType{name}" if name in EVENT_TYPES else None


_KINDS: Mapping[str, Callable[[Any], Any]] = {
    "text": _text,
    "texts": _texts,
    "number": _number,
    "flag": _flag,
    "date": _date,
    "zone": _matching(ZONE),
    "phone": _matching(PHONE),
    "money": _money,
    "place": _place,
    "person": _person,
    "seats": _each(_seat),
    "wifi": _each(_complete("ssid", "password")),
    "airplay": _each(_complete("airplayDeviceGroupToken")),
    "date_info": _date_info,
    "event_type": _event_type,
}
