"""The languages of our own pages: catalogues, the choice of a language, and numbers, dates and money in it.

The catalogues are `translations/<language>/*.po`, one file a room so that rooms do not get in each other's
way. They are read at the start: there is nothing to compile and nothing to forget. A card may speak more
languages than our pages do, so `g.locale` is the language of the shop's texts and `language()` the nearest
one of ours.
"""

from __future__ import annotations

import gettext as gnu
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.core import negotiate_locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, get_currency_precision
from flask import Flask, current_app, g, has_request_context, request, session
from werkzeug.exceptions import HTTPException

from app.domain.text import LocalText, in_locale

LANGUAGES = ("en", "ru")
_KEY = "tillpass.i18n"


def install(app: Flask, folder: Path) -> None:
    """Give `app` the catalogues below `folder`, and its templates `_`, `ngettext` and the filters of this
    module.

    Raises ValueError for a catalogue that cannot be read.
    """
    app.extensions[_KEY] = {language: _catalogue(folder / language, language) for language in LANGUAGES}
    app.jinja_env.add_extension("jinja2.ext.i18n")
    install_callables: Any = app.jinja_env.install_gettext_callables  # type: ignore[attr-defined]
    install_callables(_found, _found_plural, newstyle=True)
    app.jinja_env.filters.update(
        number=number, money=money, day=day, day_before=day_before, moment=moment, local=local
    )
    app.jinja_env.globals.update(language=language, locale=locale)


def _catalogue(folder: Path, language: str) -> gnu.NullTranslations:
    files = sorted(folder.glob("*.po"))
    return _read(tuple((path, path.stat().st_mtime_ns) for path in files), language)


@lru_cache(maxsize=16)
def _read(files: tuple[tuple[Path, int], ...], language: str) -> gnu.NullTranslations:
    """One catalogue of these files (path and when it changed): read once, however many apps a process has."""
    made: gnu.NullTranslations = gnu.NullTranslations()
    for path, _changed in files:
        with path.open("rb") as file:
            messages, compiled = read_po(file, locale=language, abort_invalid=True), BytesIO()
        write_mo(compiled, messages)
        compiled.seek(0)
        one = gnu.GNUTranslations(compiled)
        one.add_fallback(made)
        made = one
    return made


def _catalogue_now() -> gnu.NullTranslations:
    found: gnu.NullTranslations = current_app.extensions[_KEY][language()]
    return found


def _found(message: str) -> str:
    return _catalogue_now().gettext(message)


def _found_plural(one: str, many: str, count: int) -> str:
    return _catalogue_now().ngettext(one, many, count)


def gettext(message: str, **values: Any) -> str:
    """The message in this page's language, with `%(name)s` filled in."""
    found = _found(message)
    return found % values if values else found


def ngettext(one: str, many: str, count: int, **values: Any) -> str:
    """The right plural for `count` in this page's language; `%(num)s` is the count, written as the language
    does.
    """
    return _found_plural(one, many, count) % {"num": number(count), **values}


def use(locale: str, zone: tzinfo = UTC) -> None:
    """Speak `locale` (BCP 47) for the rest of this request, with times of day in `zone`."""
    g.locale, g.zone = locale, zone


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Speak another language for a while: a letter is in its reader's language, not in that of the page."""
    before = g.get("locale")
    g.locale = locale
    try:
        yield
    finally:
        g.locale = before


def locale() -> str:
    """The language of this page's texts (BCP 47): what `use` said, else the visitor's own choice."""
    if not g.get("locale"):
        g.locale = chosen(LANGUAGES) if has_request_context() else LANGUAGES[0]
    return str(g.locale)


def language() -> str:
    """The one of `LANGUAGES` that is nearest to `locale()`."""
    spoken = locale().split("-")[0]
    return spoken if spoken in LANGUAGES else LANGUAGES[0]


def chosen(offered: Sequence[str], preferred: str = "") -> str:
    """The one of `offered` that the visitor wants: `?lang=`, `preferred` (a member's own), their browser,
    the first.
    """
    asked = told("lang") or ("" if preferred else str(session.get("lang", "")))
    wishes = [asked, preferred, *request.accept_languages.values()]
    for wish in (each for each in wishes if each):
        found = negotiate_locale([wish], list(offered), sep="-") or _same_language(wish, offered)
        if found:
            return found
    return offered[0]


def told(name: str) -> str:
    """What the address or the form says under `name`; nothing when the form itself is what is wrong."""
    try:
        return request.values.get(name, "")
    except HTTPException:  # a fault's own page must not fail over the same body again
        return request.args.get(name, "")


def _same_language(wish: str, offered: Sequence[str]) -> str | None:
    spoken = wish.replace("_", "-").split("-")[0].lower()
    return next((each for each in offered if each.split("-")[0].lower() == spoken), None)


def _babel() -> Locale:
    try:
        return Locale.parse(locale(), sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(language())


def _zone() -> tzinfo:
    zone: tzinfo = g.get("zone") or UTC
    return zone


def number(value: int) -> str:
    """`1,234` or `1 234`, as the language writes it."""
    return format_decimal(value, locale=_babel())


def money(minor: int, currency: str) -> str:
    """`minor` units of an ISO 4217 currency, such as 1234 and EUR: `€12.34`."""
    digits = get_currency_precision(currency)
    return format_currency(minor / 10**digits, currency, locale=_babel())


def day(at: datetime) -> str:
    """A date in the programme's time zone, without the time: `2 Mar 2026`."""
    return format_date(at.astimezone(_zone()).date(), format="medium", locale=_babel())


def day_before(ends_at: datetime) -> str:
    """The last day of what ends at `ends_at`: at midnight, the day before it."""
    return day(ends_at - timedelta(seconds=1))


def shown_month(first: date) -> str:
    """A month of a year: `May 2026`, `май 2026 г.`"""
    return format_skeleton("yMMMM", first, locale=_babel())


def shown_day(when: date) -> str:
    """A day that has no time: `2 Mar 2026`."""
    return format_date(when, format="medium", locale=_babel())


def moment(at: datetime) -> str:
    """A date and time in the programme's time zone."""
    return format_datetime(at, format="short", tzinfo=_zone(), locale=_babel())


def local(text: LocalText | str | int | None) -> str:
    """The shop's own words in this page's language."""
    if isinstance(text, Mapping):
        return in_locale(text, locale())
    return number(text) if isinstance(text, int) else text or ""
