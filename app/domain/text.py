"""Texts in several languages, and the plural rules of those that we write ourselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

ANY = "*"
"""The key of a text that is the same in every language."""

LocalText = Mapping[str, str]
"""Locale (BCP 47, such as `en` or `ru`) to text; the key `*` stands for every other language."""

PLACEHOLDER = re.compile(r"\{([a-z0-9_.]+)\}")
_LOCALE = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")


def _lift(value: Any) -> Any:
    return {ANY: value} if isinstance(value, str) else value


def _checked(value: dict[str, str]) -> dict[str, str]:
    for locale, text in value.items():
        if locale != ANY and not _LOCALE.match(locale):
            raise ValueError(f"'{locale}' is not a language tag such as 'en'")
        if len(text) > 2000:
            raise ValueError("a text may have 2,000 characters at most")
    return value


TextInput = Annotated[dict[str, str], BeforeValidator(_lift), AfterValidator(_checked)]
"""A field type: takes `"Text"` or `{"en": "Text", "ru": "Текст"}`."""


def plain(text: str) -> LocalText:
    """The same words in every language."""
    return {ANY: text}


def in_locale(text: LocalText, locale: str, fallback: str = "en") -> str:
    """The words for `locale` (`pt-BR` falls back to `pt`), else for `fallback`, else any; never an error."""
    if locale in text:
        return text[locale]
    for key in (locale.split("-")[0], fallback, ANY):
        if key in text:
            return text[key]
    return next(iter(text.values()), "")


def spread(text: LocalText, locales: Iterable[str], fallback: str = "en") -> LocalText:
    """The text for exactly these locales; collapses to `*` where all are the same."""
    if len(text) == 1 and ANY in text:
        return text
    return _collapsed(
        {locale: text[locale] if locale in text else in_locale(text, locale, fallback) for locale in locales}
    )


def _collapsed(words: LocalText) -> LocalText:
    each = iter(words.values())
    first = next(each, "")
    return words if any(other != first for other in each) else plain(first)


class Template:
    """A text with placeholders `{name}` in these languages, taken apart once and filled often."""

    __slots__ = ("_constant", "_fallback", "_parts", "_same")

    def __init__(self, text: LocalText, locales: Iterable[str], fallback: str = "en") -> None:
        self._fallback = fallback
        self._parts = {
            locale: tuple(PLACEHOLDER.split(in_locale(text, locale, fallback))) for locale in locales
        }
        """By language: words, a name, words, a name, ..., words."""
        every = iter(self._parts.values())
        first = next(every, ("",))
        self._same = first if all(other == first for other in every) else None
        fixed = all(len(parts) == 1 for parts in self._parts.values())
        self._constant = self._each({}) if fixed else None

    def fill(self, values: Mapping[str, Any]) -> LocalText:
        """Replace `{name}` by values (texts by their own language); an unknown or empty name becomes
        nothing.
        """
        if self._constant is not None:
            return self._constant
        if self._same is not None:
            said = [values.get(name) for name in self._same[1::2]]
            if all(value is None or isinstance(value, str) for value in said):  # no language in it
                return plain(_joined(self._same, values, "", ""))
        return self._each(values)

    def _each(self, values: Mapping[str, Any]) -> LocalText:
        return _collapsed(
            {locale: _joined(parts, values, locale, self._fallback) for locale, parts in self._parts.items()}
        )


def fill(
    text: LocalText, values: Mapping[str, Any], locales: Iterable[str], fallback: str = "en"
) -> LocalText:
    """The text with its placeholders filled, for these languages."""
    return Template(text, locales, fallback).fill(values)


def _joined(parts: tuple[str, ...], values: Mapping[str, Any], locale: str, fallback: str) -> str:
    said = list(parts)
    for place in range(1, len(parts), 2):
        said[place] = _word(values.get(parts[place]), locale, fallback)
    return "".join(said).strip()


def _word(value: Any, locale: str, fallback: str) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, dict):
        return in_locale(value, locale, fallback)
    if isinstance(value, int):
        return _number(value, locale)
    if isinstance(value, datetime):
        return f"{value:%d.%m.%Y}" if locale.split("-")[0] == "ru" else f"{value:%Y-%m-%d}"
    return in_locale(value, locale, fallback) if isinstance(value, Mapping) else str(value)


def _number(value: int, locale: str) -> str:
    """Group thousands as the language does: `1,234` in English, a no-break space in Russian."""
    return f"{value:,}" if locale.split("-")[0] == "en" else f"{value:,}".replace(",", "\u00a0")


def plural(locale: str, count: int, forms: tuple[str, ...]) -> str:
    """The form for `count`: (one, other) in English, (one, few, many) in Russian (CLDR cardinal rules)."""
    if locale.split("-")[0] == "ru":
        tens, ones = count % 100, count % 10
        few = 2 <= ones <= 4 and not 12 <= tens <= 14
        return forms[0] if ones == 1 and tens != 11 else forms[1] if few else forms[2]
    return forms[0] if count == 1 else forms[-1]


def count_text(count: int, en: tuple[str, str], ru: tuple[str, str, str]) -> LocalText:
    """`3 stamps` and `3 штампа` from the plural forms of both languages."""
    return {
        "en": f"{_number(count, 'en')} {plural('en', count, en)}",
        "ru": f"{_number(count, 'ru')}\u00a0{plural('ru', count, ru)}",
    }


_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
}


def date_text(day: date) -> LocalText:
    """`31 March`, `31 марта`."""
    return {locale: f"{day.day} {months.split()[day.month - 1]}" for locale, months in _MONTHS.items()}
