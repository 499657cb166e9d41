"""Points, stamps, chips and what multiplies them, in words."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.domain.mechanics.windows import day_text
from app.domain.programme import Programme
from app.domain.rule_words import parts
from app.domain.rule_words.parts import Words, line
from app.domain.text import LocalText, date_text, plain

_WEEKDAYS = {
    "mon": {"en": "Monday", "ru": "понедельник"},
    "tue": {"en": "Tuesday", "ru": "вторник"},
    "wed": {"en": "Wednesday", "ru": "среда"},
    "thu": {"en": "Thursday", "ru": "четверг"},
    "fri": {"en": "Friday", "ru": "пятница"},
    "sat": {"en": "Saturday", "ru": "суббота"},
    "sun": {"en": "Sunday", "ru": "воскресенье"},
}


def points(rule: Any, programme: Programme) -> Words:
    """What a purchase earns, what it is worth, how it is paid with, when it ends."""
    return (
        _headline(rule, programme),
        *_worth(rule, programme),
        *_by_tier(rule, programme),
        *_boosted(rule, programme),
        *parts.left_out(rule.excluded),
        *parts.minimum(rule.minimum_minor, programme),
        *_paying(rule, programme),
        *_ageing(rule),
        *_goal(rule, programme),
    )


def _as(rule: Any) -> LocalText:
    if rule.kind == "cashback":
        return {"en": "cashback", "ru": "кэшбэком"}
    return {"en": "points", "ru": "баллами"}


def _named(rule: Any) -> LocalText:
    if rule.kind == "cashback":
        return {"en": "Cashback", "ru": "Кэшбэк"}
    return {"en": "Points", "ru": "Баллы"}


def _headline(rule: Any, programme: Programme) -> LocalText:
    if rule.percent is not None:
        return line(
            "{p} of each purchase as {what}",
            "{p} от каждой покупки {what}",
            p=parts.percent(rule.percent),
            what=_as(rule),
        )
    given = parts.amount(_unit(rule), rule.points_per_step, programme)
    step = parts.money(rule.step_minor, programme)
    return line("{n} for each {step} spent", "{n} за каждые {step}", n=given, step=step)


def _unit(rule: Any) -> str:
    return "cashback_minor" if rule.kind == "cashback" else "points"


def _worth(rule: Any, programme: Programme) -> Words:
    if rule.kind == "cashback":
        return ()
    worth = parts.money(rule.point_value_minor, programme)
    return (line("One point is worth {m}.", "Один балл равен {m}.", m=worth),)


def _by_tier(rule: Any, programme: Programme) -> Words:
    said = [
        line(
            "{tier}\u00a0– {p}",
            "{tier}\u00a0— {p}",
            tier=parts.tier_name(key, programme),
            p=parts.percent(share),
        )
        for key, share in rule.tier_percents.items()
    ]
    return (line("By tier: {list}.", "По уровням: {list}.", list=parts.joined(said)),) if said else ()


def _boosted(rule: Any, programme: Programme) -> Words:
    said = []
    for each in rule.boosted:
        share = parts.percent(each.percent) if each.percent is not None else parts.times(each.factor)
        said.append(line("{what}: {p}", "{what}: {p}", what=each.category or each.sku, p=share))
    return (
        (line("Some goods earn their own share: {list}.", "Особые товары: {list}.", list=parts.joined(said)),)
        if said
        else ()
    )


def _paying(rule: Any, programme: Programme) -> Words:
    paying, said = rule.paying, []
    if paying.most_percent < 100:
        share = parts.percent(paying.most_percent)
        words = _as(rule)
        said.append(
            line(
                "Up to {p} of a receipt may be paid in {what}.",
                "До {p} чека можно оплатить {what}.",
                p=share,
                what=words,
            )
        )
    if paying.minimum_points > 1:
        least = parts.amount(_unit(rule), paying.minimum_points, programme)
        said.append(line("At least {n} at once.", "Не меньше {n} за раз.", n=least))
    if paying.step_points > 1:
        step = parts.amount(_unit(rule), paying.step_points, programme)
        said.append(line("In steps of {n}.", "Шагом {n}.", n=step))
    if paying.minimum_balance:
        held = parts.amount(_unit(rule), paying.minimum_balance, programme)
        said.append(line("From a balance of {n} on.", "Если на карте не меньше {n}.", n=held))
    if paying.money_left_minor:
        left = parts.money(paying.money_left_minor, programme)
        said.append(line("At least {m} is paid in money.", "Не меньше {m} платят деньгами.", m=left))
    return tuple(said)


def _ageing(rule: Any) -> Words:
    what, said = _named(rule), []
    if rule.active_after_days:
        wait = parts.days(rule.active_after_days)
        said.append(
            line("{what} may be used after {n}.", "{what} можно тратить через {n}.", what=what, n=wait)
        )
    if rule.expires_after_days:
        n = parts.days(rule.expires_after_days)
        said.append(line("{what} end after {n}.", "{what} сгорают через {n}.", what=what, n=n))
    elif rule.expires_after_idle_days:
        n = parts.days(rule.expires_after_idle_days)
        said.append(
            line(
                "{what} end {n} after the last purchase.",
                "{what} сгорают через {n} после последней покупки.",
                what=what,
                n=n,
            )
        )
    elif rule.expires_on:
        day = _month_and_day(rule.expires_on)
        said.append(
            line("{what} end on {day} each year.", "{what} сгорают каждый год {day}.", what=what, day=day)
        )
    else:
        said.append(line("{what} do not end.", "{what} не сгорают.", what=what))
    return tuple(said)


def _month_and_day(text: str) -> LocalText:
    month, day = (int(part) for part in text.split("-"))
    return date_text(date(2024, month, day))


def _goal(rule: Any, programme: Programme) -> Words:
    if rule.goal is None:
        return ()
    reward = rule.reward or {"en": "a reward", "ru": "награда"}
    goal = parts.amount(_unit(rule), rule.goal, programme)
    return (line("At {n}: {reward}.", "При {n}: {reward}.", n=goal, reward=reward),)


def stamps(rule: Any, programme: Programme) -> Words:
    """What gives a stamp, what a full card is, and what waits on the way."""
    n = parts.stamps(rule.goal)
    said = [
        line("{n} for: {reward}", "{n}\u00a0— {reward}", n=n, reward=rule.reward),
        _for_what(rule, programme),
    ]
    said += [
        line("At stamp {n}: {reward}.", "На {n}-м штампе: {reward}.", n=str(step.at), reward=step.reward)
        for step in rule.rewards
    ]
    said += parts.minimum(rule.minimum_minor, programme)
    if rule.daily_cap:
        cap = parts.stamps(rule.daily_cap)
        said.append(line("At most {n} a day.", "Не больше: {n} в день.", n=cap))
    if rule.expires_after_days:
        d = parts.days(rule.expires_after_days)
        said.append(line("Stamps end after {n}.", "Штампы сгорают через {n}.", n=d))
    if rule.reward_expires_after_days:
        d = parts.days(rule.reward_expires_after_days)
        said.append(line("A reward waits for {n}.", "Награда ждёт {n}.", n=d))
    return tuple(said)


def _for_what(rule: Any, programme: Programme) -> LocalText:
    if rule.per == "amount":
        step = parts.money(rule.step_minor, programme)
        return line("A stamp for each {m} spent.", "Штамп за каждые {m}.", m=step)
    if rule.per == "item":
        names = [*([rule.category] if rule.category else []), *rule.categories, *rule.skus]
        if not names:
            return {"en": "A stamp for each item.", "ru": "Штамп за каждый товар."}
        what = parts.listed(names)
        return line("A stamp for each item of: {what}.", "Штамп за каждый товар из: {what}.", what=what)
    known = {
        "purchase": {"en": "A stamp for each purchase.", "ru": "Штамп за каждую покупку."},
        "visit": {"en": "A stamp for each visit.", "ru": "Штамп за каждый визит."},
    }
    return known.get(rule.per, plain(str(rule.per)))


def chips(rule: Any, programme: Programme) -> Words:
    """An event's own currency: what gives chips, what they are good for, until when."""
    name = rule.name or {"en": "Chips", "ru": "Фишки"}
    said = [name, *parts.span(rule.starts_on, rule.ends_on)]
    if rule.step_minor:
        n, m = parts.chips(rule.chips_per_step), parts.money(rule.step_minor, programme)
        said.append(line("{n} for each {m} spent.", "{n} за каждые {m}.", n=n, m=m))
    said += [
        line(
            "{n} for each: {what}.",
            "{n} за каждый товар: {what}.",
            n=parts.chips(each.chips),
            what=each.category or each.sku,
        )
        for each in rule.items
    ]
    said += parts.left_out(rule.excluded)
    said += [
        line("{n}: {reward}.", "{n}: {reward}.", n=parts.chips(each.at), reward=each.reward)
        for each in rule.prizes
    ]
    last = day_text(rule.last_day)
    said.append(line("Chips may be used until {day}.", "Фишки можно обменять по {day}.", day=last))
    return tuple(said)


def multiplier(rule: Any, programme: Programme) -> Words:
    """When, where and for whom more is given."""
    what = {"points": {"en": "points", "ru": "баллов"}, "stamps": {"en": "stamps", "ru": "штампов"}}
    unit = what.get(rule.unit, {"en": "cashback", "ru": "кэшбэка"})
    head = line("{f} {unit}", "{f} {unit}", f=parts.times(rule.factor), unit=unit)
    said: list[LocalText] = (
        [line("{name}: {head}", "{name}: {head}", name=rule.name, head=head)] if rule.name else [head]
    )
    if rule.weekdays:
        named = parts.joined(_WEEKDAYS[each] for each in rule.weekdays)
        said.append(line("On: {days}.", "Дни: {days}.", days=named))
    if rule.hours:
        said.append(line("From {a} to {b}.", "С {a} до {b}.", a=rule.hours.start, b=rule.hours.end))
    if rule.stores:
        said.append(line("In: {what}.", "Магазины: {what}.", what=parts.listed(rule.stores)))
    said += parts.span(rule.starts_on, rule.ends_on)
    if rule.tiers:
        said.append(line("For: {what}.", "Для уровней: {what}.", what=parts.tiers(rule.tiers, programme)))
    if rule.cities:
        said.append(
            line("For customers from: {what}.", "Для города: {what}.", what=parts.listed(rule.cities))
        )
    for name, values in rule.attributes.items():
        said.append(
            line("Where {name} is {what}.", "Если {name}: {what}.", name=name, what=parts.listed(values))
        )
    return tuple(said)
