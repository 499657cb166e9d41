"""Events, surprises, friends, coupons, gift cards, partners and companies, in words."""

from __future__ import annotations

from typing import Any

from app.domain.programme import Programme
from app.domain.rule_words import parts
from app.domain.rule_words.parts import Words, line
from app.domain.text import LocalText, in_locale


def event(rule: Any, programme: Programme) -> Words:
    """For what, what is given, how often."""
    given = parts.gifts(rule.gives, programme)
    said = [line("{name}: {gifts}", "{name}: {gifts}", name=rule.title, gifts=given)]
    said += [*parts.limits(rule.limits), *parts.minimum(rule.minimum_minor, programme)]
    if rule.days_around:
        n = parts.days(rule.days_around)
        said.append(line("From {n} before to {n} after.", "За {n} до и {n} после.", n=n))
    return (*said, *parts.span(rule.starts_on, rule.ends_on))


def surprise(rule: Any, programme: Programme) -> Words:
    """How likely, what, and how much of it there is."""
    given = parts.gifts(rule.gives, programme)
    p = parts.percent(rule.chance / 100)
    return (
        line("A surprise now and then: {gifts}", "Иногда\u00a0— сюрприз: {gifts}", gifts=given),
        line("One purchase in {n}.", "Одна покупка из {n}.", n=str(round(10_000 / rule.chance))),
        line("The chance is {p}, as long as the budget lasts.", "Вероятность {p}, пока есть бюджет.", p=p),
        *parts.minimum(rule.minimum_minor, programme),
        *parts.span(rule.starts_on, rule.ends_on),
    )


def referral(rule: Any, programme: Programme) -> Words:
    """What both sides get, when."""
    said: list[LocalText] = [{"en": "Bring a friend", "ru": "Приведите друга"}]
    if rule.gives_referrer:
        given = parts.gifts(rule.gives_referrer, programme)
        said.append(line("You get: {gifts}.", "Вам: {gifts}.", gifts=given))
    if rule.gives_friend:
        given = parts.gifts(rule.gives_friend, programme)
        said.append(line("Your friend gets: {gifts}.", "Другу: {gifts}.", gifts=given))
    said.append({"en": "After the friend's first purchase.", "ru": "После первой покупки друга."})
    return (*said, *parts.minimum(rule.minimum_minor, programme), *parts.limits(rule.limits))


def coupon(rule: Any, programme: Programme) -> Words:
    """What the code brings, and when it holds."""
    said = [_coupon_head(rule, programme)]
    if rule.code:
        said.append(line("Code: {code}.", "Код: {code}.", code=rule.code))
    if rule.uses_per_card:
        said.append(line("Uses per card: {n}.", "Использований на карту: {n}.", n=str(rule.uses_per_card)))
    if rule.uses_in_all:
        said.append(line("Uses in all: {n}.", "Всего использований: {n}.", n=str(rule.uses_in_all)))
    names = [*rule.categories, *rule.skus]
    if names:
        said.append(line("For: {what}.", "На: {what}.", what=parts.listed(names)))
    if rule.tiers:
        said.append(line("For: {what}.", "Для уровней: {what}.", what=parts.tiers(rule.tiers, programme)))
    if rule.stores:
        said.append(line("In: {what}.", "Магазины: {what}.", what=parts.listed(rule.stores)))
    said += [*parts.minimum(rule.minimum_minor, programme), *parts.span(rule.valid_from, rule.valid_to)]
    return tuple(said)


def _coupon_head(rule: Any, programme: Programme) -> LocalText:
    """Its name with what it brings, unless the name says so."""
    gift = _coupon_gift(rule, programme)
    if all(in_locale(gift, locale) in in_locale(rule.name, locale) for locale in parts.LOCALES):
        head: LocalText = rule.name
        return head
    return line("{name}: {gift}", "{name}: {gift}", name=rule.name, gift=gift)


def _coupon_gift(rule: Any, programme: Programme) -> LocalText:
    if rule.percent is not None:
        return line("{p} off", "скидка {p}", p=parts.percent(rule.percent))
    if rule.amount_minor is not None:
        return line("{m} off", "скидка {m}", m=parts.money(rule.amount_minor, programme))
    if rule.points is not None:
        return parts.points(rule.points)
    return parts.stamps(rule.stamps) if rule.stamps is not None else rule.reward or {"en": "", "ru": ""}


def gift_card(rule: Any, programme: Programme) -> Words:
    """Limits and the end."""
    said: list[LocalText] = [
        {"en": "Money on the card, to give and to spend", "ru": "Деньги на карте: подарить и потратить"}
    ]
    if rule.least_minor > 1:
        least = parts.money(rule.least_minor, programme)
        said.append(line("At least {m} is loaded at once.", "Пополнение от {m}.", m=least))
    if rule.most_minor < 10**12:
        most = parts.money(rule.most_minor, programme)
        said.append(line("A card holds {m} at most.", "На карте не больше {m}.", m=most))
    if rule.expires_after_days:
        n = parts.days(rule.expires_after_days)
        said.append(line("Money ends after {n}.", "Деньги действуют {n}.", n=n))
    return tuple(said)


def partner(rule: Any, programme: Programme) -> Words:
    """What is earned and spent there, and its offer."""
    said: list[LocalText] = [line("Partner: {name}", "Партнёр: {name}", name=rule.name)]
    if rule.earn_percent is not None:
        p = parts.percent(rule.earn_percent)
        said.append(line("Purchases there earn {p}.", "Покупки там приносят {p}.", p=p))
    said.append(
        {"en": "Points may be spent there.", "ru": "Там можно тратить баллы."}
        if rule.may_burn
        else {"en": "Points are only collected there.", "ru": "Там баллы только копят."}
    )
    if rule.offer:
        said.append(rule.offer)
    if rule.cities:
        said.append(line("In: {what}.", "Города: {what}.", what=parts.listed(rule.cities)))
    return (*said, *parts.span(rule.valid_from, rule.valid_to))


def company(rule: Any, programme: Programme) -> Words:
    """How many share an account, and who pays from it."""
    n = str(rule.most_holders)
    pays: LocalText = {"en": "All of them may pay from it.", "ru": "Платить могут все."}
    if rule.who_may_pay == "first":
        pays = {"en": "Only the first card may pay from it.", "ru": "Платить можно только по первой карте."}
    head = line("Up to {n} cards of a company share an account", "До {n} карт компании на одном счёте", n=n)
    return (head, pays)
