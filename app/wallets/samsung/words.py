"""Our texts and values as Samsung's card takes them: one language at a time, cut to Samsung's lengths."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, get_currency_precision

from app.domain.passes import PassField
from app.domain.text import LocalText, in_locale


def cut(text: str, most: int) -> str:
    """At most so many characters, with an ellipsis where something is missing."""
    text = re.sub(r"[ \t\r\n]+", " ", text).strip()
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def said(text: LocalText, locale: str, locales: Sequence[str]) -> str:
    """The words of one language."""
    return in_locale(text, locale, locales[0])


def shown(one: PassField, locale: str, locales: Sequence[str]) -> str:
    """A field's value as this language writes it: Samsung's texts format nothing themselves."""
    value, babel = one.value, _babel(locale)
    if isinstance(value, datetime):
        return str(format_date(value, "long", babel))
    if isinstance(value, int):
        return _number(value, one, babel)
    return said(value, locale, locales)


def number(value: int, locale: str) -> str:
    """`1,234` or `1 234`."""
    return str(format_decimal(value, locale=_babel(locale)))


def _number(value: int, one: PassField, babel: Locale) -> str:
    showing = one.showing
    if showing and showing.currency:
        minor = 10 ** get_currency_precision(showing.currency)
        return str(format_currency(value / minor, showing.currency, locale=babel))
    words = str(format_decimal(value, locale=babel))
    return f"{words}\u00a0%" if showing and showing.number_style == "percent" else words


def _babel(locale: str) -> Locale:
    try:
        return Locale.parse(locale, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")
