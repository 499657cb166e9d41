"""One field of a pass: its value as text, number, money or time, and how the phone treats it.

Follows Apple's "PassFieldContent" (last checked 2026-08).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

from app.domain.money import major
from app.domain.passes import PassField, PassLink, Showing
from app.domain.text import LocalText, plain
from app.wallets.apple.passjson.forms import OPENED, w3c, w3c_there
from app.wallets.apple.passjson.tags import tags
from app.wallets.apple.strings import Wording, clean

_ALIGNMENTS = {
    "left": "PKTextAlignmentLeft",
    "center": "PKTextAlignmentCenter",
    "right": "PKTextAlignmentRight",
}
_DATES = {name: f"PKDateStyle{name.title()}" for name in ("none", "short", "medium", "long", "full")}
_NUMBERS = {
    "decimal": "PKNumberStyleDecimal",
    "percent": "PKNumberStylePercent",
    "scientific": "PKNumberStyleScientific",
    "spell_out": "PKNumberStyleSpellOut",
}
_DETECTORS = {
    "phone": "PKDataDetectorTypePhoneNumber",
    "link": "PKDataDetectorTypeLink",
    "address": "PKDataDetectorTypeAddress",
    "event": "PKDataDetectorTypeCalendarEvent",
}
_SCHEME = re.compile(r"^(?:https?://|tel:|mailto:)")
_NOT_ALIGNED = ("primary", "back")
_PLAIN = Showing()


def field(each: PassField, group: str, wording: Wording, taken: set[str], row: int = 0) -> dict[str, Any]:
    """Apple's form of a field in this group; `taken` holds the keys of the pass so far."""
    showing = each.showing or _PLAIN
    made: dict[str, Any] = {"key": unique(each.key, taken), **_value(each.value, showing, wording)}
    if label := wording.say(each.label):
        made["label"] = label
    if each.change_message and (message := wording.say(_with_value(each.change_message))):
        made["changeMessage"] = message
    if each.alignment in _ALIGNMENTS and group not in _NOT_ALIGNED:
        made["textAlignment"] = _ALIGNMENTS[each.alignment]
    if row:
        made["row"] = row
    if showing is not _PLAIN:
        made.update(_behaviour(each, showing, group, wording))
    return made


def link(each: PassLink, wording: Wording, taken: set[str]) -> dict[str, Any]:
    """A link on the back, for readers that know `attributedValue` and for those that do not."""
    url = clean(each.url)
    shown = _SCHEME.sub("", url).rstrip("/")
    made = {"key": unique(each.key, taken), "value": shown}
    if OPENED.match(url):
        made["attributedValue"] = _anchor(url, shown)
    return made | ({"label": label} if (label := wording.say(each.label)) else {})


def unique(key: str, taken: set[str]) -> str:
    """Two fields with one key make Wallet refuse the pass."""
    number, name = 1, key
    while name in taken:
        number += 1
        name = f"{key}-{number}"
    taken.add(name)
    return name


def _value(value: LocalText | int | datetime, showing: Showing, wording: Wording) -> dict[str, Any]:
    if isinstance(value, datetime):
        return _time(value, showing)
    if isinstance(value, int):
        return _number(value, showing)
    return {"value": wording.say(value)}


def _time(value: datetime, showing: Showing) -> dict[str, Any]:
    chosen = showing.date_style or showing.time_style
    made: dict[str, Any] = {
        "value": w3c_there(value) if showing.ignores_time_zone else w3c(value),
        "dateStyle": _DATES[(showing.date_style or "none") if chosen else "medium"],
        "timeStyle": _DATES[showing.time_style or "none"],
    }
    if showing.relative:
        made["isRelative"] = True
    if showing.ignores_time_zone:
        made["ignoresTimeZone"] = True
    return made


def _number(value: int, showing: Showing) -> dict[str, Any]:
    """A number, whole percents (Apple's 0.15 is 15 %) or money; an amount of money has no number style."""
    if showing.currency:
        amount = major(value, showing.currency)
        whole = amount == amount.to_integral_value()
        return {"value": int(amount) if whole else float(amount), "currencyCode": showing.currency}
    style = showing.number_style or "decimal"
    shown = (
        value / 100 if style == "percent" and value % 100 else value // 100 if style == "percent" else value
    )
    return {"value": shown, "numberStyle": _NUMBERS[style]}


def _with_value(message: LocalText) -> LocalText:
    """Apple's `%@` stands for the new value; a message without it is completed, an empty one stays silent."""
    if not any(said.strip() for said in message.values()):
        return {}
    return {locale: said if "%@" in said else f"{said} %@".strip() for locale, said in message.items()}


def _behaviour(each: PassField, showing: Showing, group: str, wording: Wording) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if showing.detect is not None and group == "back":
        made["dataDetectorTypes"] = [_DETECTORS[name] for name in showing.detect]
    if showing.link and OPENED.match(url := clean(showing.link)) and not isinstance(each.value, datetime):
        shown = each.value if isinstance(each.value, Mapping) else plain(str(each.value))
        rich = {locale: _anchor(url, said) for locale, said in shown.items() if said}
        if rich:
            made["attributedValue"] = wording.say(rich)
    if showing.semantics and (meaning := tags(showing.semantics)):
        made["semantics"] = meaning
    return made


def _anchor(url: str, shown: str) -> str:
    return f'<a href="{escape(url)}">{escape(shown)}</a>'
