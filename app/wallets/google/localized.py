"""Our texts in Google's form: one default with its language, and the translations beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

from app.domain.text import ANY, LocalText, fill, in_locale, plain, spread

Json = dict[str, Any]


def localized(name: str, text: LocalText, locales: Sequence[str]) -> Json:
    """`{name: …, localizedName: …}` for a field that Google has in both forms; empty for an empty text.

    A text that is the same in every language needs no second form; a language without words has those of
    another.
    """
    words = spread(text, locales, locales[0])
    spoken = [each for each in (in_locale(words, locales[0]), *words.values()) if each.strip()]
    if not spoken:
        return {}
    default = spoken[0]
    words = {locale: each if each.strip() else default for locale, each in words.items()}
    if ANY in words:
        return {name: default}
    return {name: default, f"localized{name[:1].upper()}{name[1:]}": translations(words, locales)}


def translations(text: LocalText, locales: Sequence[str]) -> Json:
    """Google's LocalizedString; the first locale is the default for those who speak none of ours."""
    first, *others = ({"language": one, "value": in_locale(text, one, locales[0])} for one in locales)
    return {"defaultValue": first, "translatedValues": others}


def shown(value: LocalText | int | datetime, locales: Sequence[str]) -> LocalText:
    """A value in words, by the habits of each language: Google's text fields format nothing themselves."""
    if isinstance(value, datetime):
        return {locale: _day(value, locale) for locale in locales}
    if isinstance(value, int):
        return fill(plain("{value}"), {"value": value}, locales)
    return value


def _day(moment: datetime, locale: str) -> str:
    try:
        return format_date(moment, "long", Locale.parse(locale, sep="-"))
    except (UnknownLocaleError, ValueError):
        return moment.date().isoformat()
