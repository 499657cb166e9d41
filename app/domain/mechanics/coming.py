"""What a card holder may take up: coupons and partners' offers, in words, the soonest to end first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo

from app.domain.mechanics.base import Coming
from app.domain.text import LocalText, in_locale

_EN = "January February March April May June July August September October November December"
_RU = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"
_MONTHS = {"en": _EN.split(" "), "ru": _RU.split(" ")}
LOCALES = ("en", "ru")


def day_words(day: date) -> LocalText:
    """`5 March` and `5 марта`."""
    return {locale: f"{day.day}\u00a0{_MONTHS[locale][day.month - 1]}" for locale in LOCALES}


def last_day(ends_at: datetime, zone: tzinfo) -> date:
    """The last day before something ends: what ends at midnight counts the day before, and that day whole."""
    return (ends_at - timedelta(microseconds=1)).astimezone(zone).date()


def in_order(coming: Iterable[Coming]) -> tuple[Coming, ...]:
    """The soonest to end first, what never ends last."""
    return tuple(sorted(coming, key=lambda each: (each.ends_at is None, each.ends_at, each.code)))


def words(coming: Iterable[Coming], zone: tzinfo) -> dict[str, LocalText]:
    """The values of `{coupons}` and `{offers}`: a line each, as far as there are any."""
    lines: dict[str, dict[str, list[str]]] = {}
    for each in in_order(coming):
        said = line(each, zone)
        for locale in LOCALES:
            lines.setdefault(each.sort, {}).setdefault(locale, []).append(said[locale])
    return {
        sort: {locale: "\n".join(each) for locale, each in spoken.items()} for sort, spoken in lines.items()
    }


def line(each: Coming, zone: tzinfo) -> dict[str, str]:
    """`SPRING: 10 % off, until 5 March`."""
    made = {}
    for locale in LOCALES:
        code = f"{each.code}: " if each.code else ""
        made[locale] = f"{code}{in_locale(each.name, locale)}{_until(each, zone, locale)}"
    return made


def _until(each: Coming, zone: tzinfo, locale: str) -> str:
    if each.ends_at is None:
        return ""
    day = in_locale(day_words(last_day(each.ends_at, zone)), locale)
    return f", until {day}" if locale == "en" else f", до {day}"
