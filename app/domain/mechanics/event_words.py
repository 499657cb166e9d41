"""What events are called, and why one gave nothing, in English and Russian."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.text import LocalText, plain

NAMES: Mapping[str, LocalText] = {
    "welcome": {"en": "Welcome", "ru": "Добро пожаловать"},
    "profile": {"en": "Profile filled in", "ru": "Анкета заполнена"},
    "birthday": {"en": "Birthday", "ru": "День рождения"},
    "first-purchase": {"en": "First purchase", "ru": "Первая покупка"},
    "holiday": {"en": "Holiday", "ru": "Праздник"},
    "review": {"en": "Review written", "ru": "Отзыв оставлен"},
    "survey": {"en": "Survey answered", "ru": "Опрос пройден"},
    "packaging": {"en": "Packaging returned", "ru": "Упаковка сдана"},
    "visit": {"en": "Visit without a purchase", "ru": "Визит без покупки"},
}
NOT_NOW: LocalText = {
    "en": "Nothing was given: not on this day",
    "ru": "Ничего не начислено: сегодня это не действует",
}
UNFINISHED: LocalText = {
    "en": "Nothing was given: the profile is not complete yet",
    "ru": "Ничего не начислено: анкета ещё не заполнена",
}
NO_BIRTHDAY: LocalText = {
    "en": "Nothing was given: the birthday is not known, or is another day",
    "ru": "Ничего не начислено: день рождения неизвестен или в другой день",
}
BIRTHDAY_HAD: LocalText = {
    "en": "Nothing was given: this year’s birthday was celebrated already",
    "ru": "Ничего не начислено: в этом году подарок уже был",
}
_PERIODS: Mapping[str, LocalText] = {
    "day": {"en": "a day", "ru": "в день"},
    "month": {"en": "a month", "ru": "в месяц"},
    "year": {"en": "a year", "ru": "в год"},
    "ever": {"en": "in all", "ru": "всего"},
}


def name_of(key: str, own: LocalText) -> LocalText:
    """What the shop calls it, or what everybody does."""
    return own or NAMES.get(key) or plain(key.replace("-", " ").capitalize())


def limited(kept_back: int, limit: int, period: str) -> LocalText:
    """What a limit kept back."""
    when = _PERIODS[period]
    return {
        "en": f"Not given: {kept_back} × (at most {limit} {when['en']})",
        "ru": f"Не начислено: {kept_back} × (не больше {limit} {when['ru']})",
    }
