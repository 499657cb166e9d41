"""The balance of a card over time: a line that a phone draws without a script, and the same in figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from sqlalchemy.orm import Session

from app.domain.mechanics import paying_rule
from app.domain.mechanics.gift_card import UNIT as GIFT
from app.domain.programme import Programme
from app.i18n import shown_day
from app.services.statement import balances_of
from app.storage.tables import Card
from app.web.unit_words import counted, unit_names

LEAST_DAYS = 3
"""Fewer make no line worth looking at."""
MOST_LINES = 400
WIDTH, HEIGHT = 320, 96


@dataclass(frozen=True, slots=True)
class Chart:
    """`path` lies in a box of `WIDTH` by `HEIGHT`; `rows` are the same days, the newest first."""

    unit: str
    path: str
    area: str
    most: str
    first: str
    last: str
    rows: tuple[tuple[str, str], ...]
    width: int = WIDTH
    height: int = HEIGHT


def chart_of(session: Session, card: Card, programme: Programme, now: datetime) -> Chart | None:
    """The balance that the card pays with, at the end of each day; None where there are too few days."""
    unit = _unit(programme)
    lines = balances_of(session, card, unit, limit=MOST_LINES) if unit else []
    days = _by_day([*lines, (now, lines[-1][1])] if lines else [], programme)
    if len(days) < LEAST_DAYS:
        return None
    path = _path(days)
    return Chart(
        unit_names().get(unit, unit),
        path,
        f"{path}V{HEIGHT}H0Z",
        counted(unit, max(balance for _, balance in days), programme),
        shown_day(days[0][0]),
        shown_day(days[-1][0]),
        tuple((shown_day(day), counted(unit, balance, programme)) for day, balance in reversed(days)),
    )


def _unit(programme: Programme) -> str:
    """Points or cashback; a gift card where there are none."""
    rule = paying_rule(programme.rules)
    gifts = any(each.kind == "gift_card" for each in programme.rules)
    return rule.unit if rule else GIFT if gifts else ""


def _by_day(lines: Sequence[tuple[datetime, int]], programme: Programme) -> list[tuple[date, int]]:
    """The last balance of each day, the oldest first."""
    return list({at.astimezone(programme.zone).date(): balance for at, balance in lines}.items())


def _path(days: Sequence[tuple[date, int]]) -> str:
    """Steps: a balance stands until the next one; the axis begins at zero and is true to the days."""
    begin, span = days[0][0], max(1, (days[-1][0] - days[0][0]).days)
    most = max(1, max(balance for _, balance in days))
    points = [
        (round((day - begin).days * WIDTH / span, 1), round(HEIGHT - balance * HEIGHT / most, 1))
        for day, balance in days
    ]
    steps = "".join(f"H{x}V{y}" for (_, _), (x, y) in pairwise(points))
    return f"M0 {points[0][1]}{steps}"
