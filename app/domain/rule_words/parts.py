"""Pieces of sentences about rules, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from app.domain.mechanics.discount import percent_text
from app.domain.mechanics.windows import day_text
from app.domain.money import money_text
from app.domain.programme import Programme
from app.domain.text import LocalText, count_text, in_locale, plain

Words = tuple[LocalText, ...]
LOCALES = ("en", "ru")


def line(en: str, ru: str, **values: LocalText | str) -> LocalText:
    """A sentence in both languages; values in braces are filled in by language."""
    spoken = {locale: {name: _said(value, locale) for name, value in values.items()} for locale in LOCALES}
    return {"en": en.format(**spoken["en"]), "ru": ru.format(**spoken["ru"])}


def _said(value: LocalText | str, locale: str) -> str:
    return value if isinstance(value, str) else in_locale(value, locale)


def joined(parts: Iterable[LocalText], between: str = ", ") -> LocalText:
    """All of them, one after the other."""
    every = list(parts)
    return {locale: between.join(in_locale(each, locale) for each in every) for locale in LOCALES}


def listed(names: Iterable[str]) -> LocalText:
    """Names of goods, stores or cities, the first few of them."""
    every = list(names)
    more = f" (+{len(every) - 5})" if len(every) > 5 else ""
    return plain(", ".join(every[:5]) + more)


def money(minor: int, programme: Programme) -> LocalText:
    """An amount in the programme's currency."""
    return money_text(minor, programme.currency)


def percent(value: Any) -> LocalText:
    """`7.5 %`, `7,5 %`."""
    return percent_text(Decimal(value))


def times(factor: Decimal) -> LocalText:
    """`2×`, `1.5×`."""
    figures = f"{factor.normalize():f}"
    return {"en": f"{figures}×", "ru": f"{figures.replace('.', ',')}×"}


def days(count: int) -> LocalText:
    """`365 days`, `365 дней`."""
    return count_text(count, ("day", "days"), ("день", "дня", "дней"))


def months(count: int) -> LocalText:
    """`3 months`."""
    return count_text(count, ("month", "months"), ("месяц", "месяца", "месяцев"))


def points(count: int) -> LocalText:
    """`100 points`."""
    return count_text(count, ("point", "points"), ("балл", "балла", "баллов"))


def stamps(count: int) -> LocalText:
    """`10 stamps`."""
    return count_text(count, ("stamp", "stamps"), ("штамп", "штампа", "штампов"))


def chips(count: int) -> LocalText:
    """`10 chips`."""
    return count_text(count, ("chip", "chips"), ("фишка", "фишки", "фишек"))


def amount(unit: str, count: int, programme: Programme) -> LocalText:
    """So much of a unit."""
    known = {"points": points, "stamps": stamps, "chips": chips}
    if unit in known:
        return known[unit](count)
    if unit.endswith("_minor"):
        return money(count, programme)
    return plain(f"{count} {unit}")


def gift(each: Any, programme: Programme) -> LocalText:
    """What an event or a friend brings."""
    if each.unit:
        given = amount(each.unit, each.amount, programme)
    else:
        name = each.name or reward_name(each.reward, programme)
        given = line("{name} ({count})", "{name} ({count})", name=name, count=str(each.amount))
        given = name if each.amount == 1 else given
    if each.expires_after_days is None:
        return given
    return line("{what} for {days}", "{what} на {days}", what=given, days=days(each.expires_after_days))


def reward_name(key: str, programme: Programme) -> LocalText:
    """What a reward is called by whichever rule names it."""
    for rule in programme.rules:
        if name := rule.reward_names().get(key):
            return name
    return plain(key)


def gifts(every: Sequence[Any], programme: Programme) -> LocalText:
    """All of them."""
    return joined(gift(each, programme) for each in every)


def span(starts_on: date | None, ends_on: date | None) -> Words:
    """From when to when, as far as that is limited."""
    if starts_on and ends_on:
        return (line("From {a} to {b}.", "С {a} по {b}.", a=day_text(starts_on), b=day_text(ends_on)),)
    if starts_on:
        return (line("From {a} on.", "С {a}.", a=day_text(starts_on)),)
    return (line("Until {b}.", "По {b}.", b=day_text(ends_on)),) if ends_on else ()


def limits(every: Any) -> Words:
    """How often: a day, a month, a year, ever."""
    words = {
        "day": ("{n} a day", "{n} в день"),
        "month": ("{n} a month", "{n} в месяц"),
        "year": ("{n} a year", "{n} в год"),
        "ever": ("{n} in all", "{n} за всё время"),
    }
    said = [
        line(*words[period], n=str(getattr(every, period)))
        for period in words
        if getattr(every, period) is not None
    ]
    if not said:
        return ()
    return (line("At most {limits}.", "Не больше: {limits}.", limits=joined(said)),)


def minimum(minor: int, programme: Programme) -> Words:
    """From which receipt on."""
    if not minor:
        return ()
    return (line("For purchases of {m} or more.", "При покупке от {m}.", m=money(minor, programme)),)


def left_out(things: Any) -> Words:
    """Goods that do not count."""
    names = [*things.categories, *things.skus]
    return (line("Not for: {what}.", "Не действует на: {what}.", what=listed(names)),) if names else ()


def tiers(keys: Iterable[str], programme: Programme) -> LocalText:
    """Names of tiers."""
    return joined(tier_name(key, programme) for key in keys)


def tier_name(key: str, programme: Programme) -> LocalText:
    """What a tier is called."""
    levels = (level for rule in programme.rules for level in getattr(rule, "levels", ()))
    return next((level.name for level in levels if level.key == key), plain(key))
