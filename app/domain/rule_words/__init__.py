"""Rules in words that a shopkeeper and a customer understand, in English and Russian.

`described` gives a headline and the sentences below it. A kind without words of its own is told by its
settings, so that nothing is ever hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.domain.mechanics.base import Mechanic
from app.domain.programme import Programme
from app.domain.rule_words import gifts, giving, standing
from app.domain.rule_words.parts import Words, line
from app.domain.text import LocalText, plain

Teller = Callable[[Mechanic, Programme], Words]
TITLES: Mapping[str, LocalText] = {
    "points": {"en": "Points", "ru": "Баллы"},
    "cashback": {"en": "Cashback", "ru": "Кэшбэк"},
    "stamps": {"en": "Stamps", "ru": "Штампы"},
    "multiplier": {"en": "Multiplier", "ru": "Множитель"},
    "chips": {"en": "Chips", "ru": "Фишки"},
    "event": {"en": "Gift for an occasion", "ru": "Подарок за событие"},
    "surprise": {"en": "Surprise", "ru": "Сюрприз"},
    "referral": {"en": "Bring a friend", "ru": "Приведи друга"},
    "discount": {"en": "Discount", "ru": "Скидка"},
    "growing_discount": {"en": "Growing discount", "ru": "Накопительная скидка"},
    "tiers": {"en": "Tiers", "ru": "Уровни"},
    "membership": {"en": "Paid membership", "ru": "Платный абонемент"},
    "coupon": {"en": "Coupon", "ru": "Купон"},
    "gift_card": {"en": "Gift card", "ru": "Подарочная карта"},
    "partner": {"en": "Partner", "ru": "Партнёр"},
    "company": {"en": "Company account", "ru": "Счёт компании"},
}
_TELLERS: Mapping[str, Teller] = {
    "points": giving.points,
    "cashback": giving.points,
    "stamps": giving.stamps,
    "chips": giving.chips,
    "multiplier": giving.multiplier,
    "event": gifts.event,
    "surprise": gifts.surprise,
    "referral": gifts.referral,
    "coupon": gifts.coupon,
    "gift_card": gifts.gift_card,
    "partner": gifts.partner,
    "company": gifts.company,
    "discount": standing.discount,
    "growing_discount": standing.growing_discount,
    "tiers": standing.tiers,
    "membership": standing.membership,
}


def title(kind: str) -> LocalText:
    """What a kind of rule is called."""
    return TITLES.get(kind) or plain(kind.replace("_", " ").capitalize())


def described(rule: Mechanic, programme: Programme) -> Words:
    """The headline and the sentences of a rule."""
    teller = _TELLERS.get(rule.kind)
    told = teller(rule, programme) if teller else ()
    return told or settings(rule)


def settings(rule: Mechanic) -> Words:
    """Its settings by their names, those at their defaults left out."""
    said = rule.model_dump(mode="json", exclude_defaults=True, exclude={"kind"}, by_alias=True)
    named = [line("{name}: {value}", "{name}: {value}", name=n, value=str(v)) for n, v in said.items()]
    return (title(rule.kind), *named)
