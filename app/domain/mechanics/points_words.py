"""What a points card says of itself, in English and Russian."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from app.domain.mechanics.base import State
from app.domain.text import LocalText, count_text, date_text, in_locale, plain, plural

NOTICE = timedelta(days=60)
"""How long before its end the card speaks of it."""
NONE = plain("")


def points_words(count: int) -> LocalText:
    """`1,234 points`, `1 234 балла`."""
    return count_text(count, ("point", "points"), ("балл", "балла", "баллов"))


def short_words(to_go: int, words: LocalText) -> LocalText:
    """A few words for the front of the card, where a wallet cuts long ones."""
    if to_go == 0:
        return {"en": "waiting for you", "ru": "ждёт вас"}
    return {"en": f"{in_locale(words, 'en')} to go", "ru": f"ещё {in_locale(words, 'ru')}"}


def way_words(to_go: int, words: LocalText, reward: LocalText) -> LocalText:
    """The way to the reward in a sentence."""
    if to_go == 0:
        return {
            "en": f"{in_locale(reward, 'en')} is yours",
            "ru": f"{in_locale(reward, 'ru')} — можно получить",
        }
    return {
        "en": f"{in_locale(words, 'en')} to {in_locale(reward, 'en')}",
        "ru": f"Ещё {in_locale(words, 'ru')}: {in_locale(reward, 'ru')}",
    }


def burning(
    unit: str, worded: Callable[[int, State], LocalText], state: State
) -> Mapping[str, int | LocalText]:
    """What ends next, as values of the face: `120 points burn on 31 March`; empty where nothing ends soon."""
    found = next_end(unit, state)
    if found is None or found[1] - NOTICE > state.now:
        return {"burning": NONE, "burning_points": 0, "burns_at": NONE}
    amount, ends_at = found
    day = date_text(last_day(ends_at, state))
    words = burning_words(worded(amount, state), amount if unit == "points" else 0, day)
    return {"burning": words, "burning_points": amount, "burns_at": day}


def burning_words(what: LocalText, amount: int, day: LocalText) -> LocalText:
    """`120 points burn on 31 March`, `120 баллов сгорят 31 марта`; an `amount` of 0 stands for money."""
    burn = "burns" if amount < 2 else "burn"
    ru = plural("ru", amount, ("сгорит", "сгорят", "сгорят"))
    return {
        "en": f"{in_locale(what, 'en')} {burn} on {in_locale(day, 'en')}",
        "ru": f"{in_locale(what, 'ru')} {ru} {in_locale(day, 'ru')}",
    }


def next_end(unit: str, state: State) -> tuple[int, datetime] | None:
    """How much of what may be spent ends next, and when."""
    ending = [
        (lot.expires_at, lot.remaining)
        for lot in state.holdings.lots.values()
        if lot.unit == unit and lot.usable(state.now) and lot.expires_at is not None
    ]
    first = min((end for end, _ in ending), default=None)
    return None if first is None else (sum(amount for end, amount in ending if end == first), first)


def notice_at(unit: str, state: State) -> datetime | None:
    """When the next end will come into sight; None where none is waiting to."""
    found = next_end(unit, state)
    return found[1] - NOTICE if found and found[1] - NOTICE > state.now else None


def last_day(ends_at: datetime, state: State) -> date:
    """The day that counts whole before what ends at midnight ends."""
    return (ends_at - timedelta(seconds=1)).astimezone(state.zone).date()
