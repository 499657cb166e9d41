"""The one sentence that a card says first: what the customer would regret to miss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.mechanics.base import RISK, Mechanic, Progress, Reward, State
from app.domain.mechanics.points_words import last_day
from app.domain.mechanics.standing import ladder_of
from app.domain.mechanics.windows import By, amount_text, day_text
from app.domain.text import LocalText, in_locale, plain

BURNING_DAYS = (30, 7, 1)
"""So many days before points burn, their owner is told."""
NEAR = 0.8
"""From this share of the way on, a goal is near."""
NOTHING = plain("")


@dataclass(frozen=True, slots=True)
class Risk:
    """A tier that the next review will take away, unless `missing` more comes in (of what `by` counts)."""

    tier: str
    name: LocalText
    until: datetime
    missing: int
    by: By


def is_near(progress: Progress | None) -> bool:
    """Whether the goal is near and not reached: most of the way is done, or one step is left."""
    if progress is None or progress.goal <= 0 or not 0 < progress.done < progress.goal:
        return False
    return progress.done >= NEAR * progress.goal or progress.goal - progress.done == 1


def at_risk(rules: Sequence[Mechanic], state: State) -> Risk | None:
    """The earned tier that is reviewed within 30 days and that the card will not keep as things stand."""
    ladder, standing = ladder_of(rules), state.standing
    if ladder is None or standing.until is None or standing.invited:
        return None
    level = ladder.level(standing.earned)
    if level is None or not state.now < standing.until <= state.now + RISK:
        return None
    missing = level.from_ - ladder.score_ahead(standing.until.astimezone(state.zone).date(), state)
    return Risk(level.key, level.name, standing.until, missing, ladder.by) if missing > 0 else None


def notice(
    rules: Sequence[Mechanic],
    state: State,
    values: Mapping[str, int | LocalText],
    progress: Progress | None,
    rewards: Sequence[Reward],
) -> LocalText:
    """The most urgent of: points that burn, a tier at risk, a reward that is ready, a goal that is near."""
    burning = values.get("burning", NOTHING)
    burns = isinstance(burning, Mapping) and any(burning.values())
    if isinstance(burning, Mapping) and burns and _ends_within(state, BURNING_DAYS[1]):
        return burning
    risk = at_risk(rules, state)
    if risk is not None:
        return _risk_words(risk, state)
    if rewards:
        return _ready_words(rewards[0].name)
    if isinstance(burning, Mapping) and burns and _ends_within(state, BURNING_DAYS[0]):
        return burning
    way = values.get("progress", NOTHING)
    return way if is_near(progress) and isinstance(way, Mapping) else NOTHING


def _ends_within(state: State, days: int) -> bool:
    soon = state.now + timedelta(days=days)
    return any(
        lot.usable(state.now) and lot.expires_at is not None and lot.expires_at <= soon
        for lot in state.holdings.lots.values()
        if not lot.unit.startswith("reward.")
    )


def _risk_words(risk: Risk, state: State) -> LocalText:
    day = day_text(last_day(risk.until, state))
    amount = amount_text(risk.by, risk.missing, state.currency)
    return {
        "en": f"{in_locale(amount, 'en')} by {in_locale(day, 'en')} to keep {in_locale(risk.name, 'en')}",
        "ru": f"Чтобы сохранить уровень «{in_locale(risk.name, 'ru')}»,"
        f" нужно ещё {in_locale(amount, 'ru')} до {in_locale(day, 'ru')}",
    }


def _ready_words(name: LocalText) -> LocalText:
    return {
        "en": f"{in_locale(name, 'en')} is waiting for you",
        "ru": f"Вас ждёт: {in_locale(name, 'ru')}",
    }
