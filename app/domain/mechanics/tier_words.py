"""What a card says of its tier, in English and Russian."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.mechanics.base import State
from app.domain.mechanics.windows import By, amount_text, day_text
from app.domain.text import LocalText, in_locale, plain

if TYPE_CHECKING:
    from app.domain.mechanics.tiers import Level

NOTHING = plain("")
_HIGHEST: LocalText = {"en": "The highest level", "ru": "Высший уровень"}


def face_values(
    by: By, level: Level | None, ahead: Level | None, score: int, state: State, *, highest: bool
) -> dict[str, int | LocalText]:
    """`tier_name`, `tier_progress`, `tier_until`, `perks`; empty words where there is nothing to say."""
    until = NOTHING
    if level and state.standing.until and state.standing.earned == level.key and not state.standing.invited:
        last = (state.standing.until - timedelta(seconds=1)).astimezone(state.zone).date()
        until = day_text(last)
    values: dict[str, int | LocalText] = {
        "tier_name": level.name if level else NOTHING,
        "tier_until": until,
        "perks": lines(level.perks) if level else NOTHING,
        "tier_progress": NOTHING,
    }
    if ahead:
        words = way(amount_text(by, ahead.from_ - score, state.currency), ahead.name)
        values |= {"tier_progress": words, "progress": words}
    elif level and highest:
        values["progress"] = _HIGHEST
    return values


def way(amount: LocalText, name: LocalText) -> LocalText:
    """`€120 to Gold`, `До уровня «Gold»: ещё 120 €`."""
    return {
        "en": f"{in_locale(amount, 'en')} to {in_locale(name, 'en')}",
        "ru": f"До уровня «{in_locale(name, 'ru')}»: ещё {in_locale(amount, 'ru')}",
    }


def lines(texts: Sequence[LocalText]) -> LocalText:
    """Several texts, a line each, in every language that one of them has."""
    if not texts:
        return NOTHING
    locales = dict.fromkeys(locale for text in texts for locale in text)
    return {locale: "\n".join(in_locale(text, locale) for text in texts) for locale in locales}
