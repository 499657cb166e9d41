"""A pass.json as words to draw: fields in a language, numbers, money and dates as that language writes them.

A stranger's pass may hold anything anywhere, so every look-up here answers something that can be drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, format_percent, format_scientific

from app.domain.design import Hex

LONGEST_WORDS = 400
MOST_FIELDS = 12
_STYLES = ("short", "medium", "long", "full")
_LARGEST_NUMBER = 10**15


@dataclass(frozen=True, slots=True)
class Shown:
    """A field as it is drawn: a small word over a value. `row` is the second row of an event ticket."""

    label: str
    value: str
    align: str = "natural"
    row: int = 0


@dataclass(frozen=True, slots=True)
class Words:
    """What a pass says in one language; `translations` are those of its pass.strings."""

    translations: Mapping[str, str]
    locale: str = "en"

    def say(self, text: Any) -> str:
        """The words for a text of pass.json; an empty text for anything else."""
        if not isinstance(text, str):
            return ""
        return _plain(str(self.translations.get(text, text)))

    def fields(self, style: Any, group: str) -> list[Shown]:
        """The fields of a group, as many as any phone would show."""
        found = style.get(group) if isinstance(style, Mapping) else None
        listed = [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
        return [self._shown(each) for each in listed[:MOST_FIELDS]]

    def _shown(self, field: Mapping[str, Any]) -> Shown:
        align = str(field.get("textAlignment", "")).removeprefix("PKTextAlignment").lower()
        row = 1 if field.get("row") == 1 else 0
        return Shown(self.say(field.get("label")), self._value(field), align, row)

    def _value(self, field: Mapping[str, Any]) -> str:
        value = field.get("value")
        try:
            if isinstance(value, bool) or value is None:
                return ""
            if isinstance(value, int | float):
                return _plain(self._number(value, field))
            if isinstance(value, str) and ("dateStyle" in field or "timeStyle" in field):
                return _plain(self._moment(value, field))
        except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError):
            return _plain(str(value)[:LONGEST_WORDS])
        return self.say(value)

    def _number(self, value: float, field: Mapping[str, Any]) -> str:
        if not abs(value) < _LARGEST_NUMBER:
            return "∞" if value > 0 else "-∞"
        style, currency, locale = field.get("numberStyle"), field.get("currencyCode"), _known(self.locale)
        if isinstance(currency, str) and len(currency) == 3:
            return str(format_currency(value, currency, locale=locale))
        if style == "PKNumberStylePercent":
            return str(format_percent(value, locale=locale))
        if style == "PKNumberStyleScientific":
            return str(format_scientific(value, locale=locale))
        return str(format_decimal(value, locale=locale))

    def _moment(self, value: str, field: Mapping[str, Any]) -> str:
        when, locale = datetime.fromisoformat(value), _known(self.locale)
        day, hour = (
            str(field.get(key, "PKDateStyleNone")).removeprefix("PKDateStyle").lower()
            for key in ("dateStyle", "timeStyle")
        )
        # A phone shows hours and minutes in its own zone; the pass's zone is the one that is known here.
        shown = [format_date(when, format=day, locale=locale)] if day in _STYLES else []
        shown += [format_time(when, format="short", locale=locale)] if hour in _STYLES else []
        return ", ".join(shown) or value


def _known(locale: str) -> Locale:
    for code in (locale, locale.split("-")[0]):
        try:
            return Locale.parse(code, sep="-")
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return Locale("en")


def _plain(text: str) -> str:
    """Printable words in one line; the pages behind a card are not drawn."""
    letters = (letter if letter.isprintable() else " " for letter in text[:LONGEST_WORDS])
    return " ".join("".join(letters).split())


def colour_of(value: Any, fallback: Hex) -> Hex:
    """`#rrggbb` of a colour like `rgb(1,2,3)` or `#abc`; the fallback for anything else."""
    if not isinstance(value, str) or len(value) > 60:
        return fallback
    text = value.strip().lower()
    try:
        if text.startswith("rgb(") and text.endswith(")"):
            parts = [int(part) for part in text[4:-1].split(",")]
        else:
            digits = text.removeprefix("#")
            digits = "".join(each * 2 for each in digits) if len(digits) == 3 else digits
            parts = list(bytes.fromhex(digits))
    except ValueError:
        return fallback
    if len(parts) != 3 or not all(0 <= part <= 255 for part in parts):
        return fallback
    return "#" + "".join(f"{part:02x}" for part in parts)
