"""Discounts, tiers and memberships, in words."""

from __future__ import annotations

from typing import Any

from app.domain.mechanics.windows import amount_text
from app.domain.programme import Programme
from app.domain.rule_words import parts
from app.domain.rule_words.parts import Words, line
from app.domain.text import LocalText


def discount(rule: Any, programme: Programme) -> Words:
    """How much, for whom, off what."""
    by_tier = [
        line(
            "{tier}\u00a0– {p}",
            "{tier}\u00a0— {p}",
            tier=parts.tier_name(key, programme),
            p=parts.percent(share),
        )
        for key, share in rule.tier_percents.items()
    ]
    said: list[LocalText] = []
    if rule.percent or not by_tier:
        p = parts.percent(rule.percent)
        said.append(line("{p} off each purchase", "Скидка {p} на каждую покупку", p=p))
    else:
        said.append({"en": "A discount by tier", "ru": "Скидка по уровню"})
    if by_tier:
        said.append(line("By tier: {list}.", "По уровням: {list}.", list=parts.joined(by_tier)))
    return (*said, *_taking_off(rule, programme))


def _taking_off(rule: Any, programme: Programme) -> Words:
    said = [*parts.left_out(rule.excluded), *parts.minimum(rule.minimum_minor, programme)]
    if rule.adds_up:
        said.append({"en": "Adds up with other discounts.", "ru": "Складывается с другими скидками."})
    return tuple(said)


def growing_discount(rule: Any, programme: Programme) -> Words:
    """From which sum on which discount."""
    said: list[LocalText] = [
        {"en": "The more you buy, the larger the discount", "ru": "Чем больше покупок, тем больше скидка"}
    ]
    said += [
        line(
            "From {m} on: {p}.",
            "От {m}: {p}.",
            m=parts.money(each.from_minor, programme),
            p=parts.percent(each.percent),
        )
        for each in rule.steps
    ]
    return (*said, *_window(rule), *_taking_off(rule, programme))


def _window(rule: Any) -> Words:
    if rule.window == "rolling":
        return (line("The last {n} count.", "Считаются последние {n}.", n=parts.days(rule.days)),)
    if rule.window == "year":
        return ({"en": "The calendar year counts.", "ru": "Считается календарный год."},)
    return ({"en": "All purchases count.", "ru": "Считаются все покупки."},)


def tiers(rule: Any, programme: Programme) -> Words:
    """Levels, what they take and bring, how long they are kept."""
    names = parts.joined(level.name for level in rule.levels)
    said: list[LocalText] = [line("Tiers: {names}", "Уровни: {names}", names=names)]
    for level in rule.levels:
        said.append(_level(level, rule, programme))
    said += _window(rule)
    if rule.keeps is not None and rule.keeps.months:
        n = parts.months(rule.keeps.months)
        said.append(line("A tier is kept for {n}.", "Уровень сохраняется {n}.", n=n))
    if rule.grace_days:
        n = parts.days(rule.grace_days)
        said.append(
            line("Before a lower one there are {n} of grace.", "Перед понижением\u00a0— ещё {n}.", n=n)
        )
    return tuple(said)


def _level(level: Any, rule: Any, programme: Programme) -> LocalText:
    perks = parts.joined(level.perks)
    brings = line(": {perks}", ": {perks}", perks=perks) if level.perks else ""
    if level.invited:
        return line(
            "{name}: by invitation{more}.", "{name}: по приглашению{more}.", name=level.name, more=brings
        )
    reach = amount_text(rule.by, level.from_, programme.currency)
    return line("{name}: from {m}{more}.", "{name}: от {m}{more}.", name=level.name, m=reach, more=brings)


def membership(rule: Any, programme: Programme) -> Words:
    """What it costs, how long it runs, what it brings."""
    length = parts.months(rule.months) if rule.months else parts.days(rule.days or 0)
    price = parts.money(rule.price_minor, programme)
    head = line("{name}: {m} for {n}", "{name}: {m} за {n}", name=rule.name, m=price, n=length)
    if not rule.price_minor:
        head = line("{name}: {n}", "{name}: {n}", name=rule.name, n=length)
    said = [head, *rule.perks]
    if rule.tier:
        tier = parts.tier_name(rule.tier, programme)
        said.append(line("With the tier {tier}.", "С уровнем {tier}.", tier=tier))
    if rule.grace_days:
        n = parts.days(rule.grace_days)
        said.append(line("It counts {n} longer than it is paid.", "Действует ещё {n} после окончания.", n=n))
    return tuple(said)
