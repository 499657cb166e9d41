"""A rule of points, a card and a basket for worked examples."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.ledger import Earn, Holdings, Lot
from app.domain.mechanics import Decision, decide, parse_rules
from app.domain.mechanics.base import Item, Sale, State
from app.domain.mechanics.points import Points
from tests.support.clock import START

RIGA = ZoneInfo("Europe/Riga")
TEN = {"percent": 10}
COFFEE, CAKE, WINE = (
    Item("c-1", "coffee", 1, 400),
    Item("k-1", "cake", 1, 600),
    Item("w-1", "alcohol", 1, 2000),
)


def card(points: int = 0, *, unit: str = "points", **more: Any) -> State:
    lots = [Lot(1, unit, points, points, START)] if points else []
    return State(Holdings.of(lots), START, **more)


def rule(**fields: Any) -> Points:
    (made,) = parse_rules([{"kind": "points", **fields}])
    assert isinstance(made, Points)
    return made


def buys(fields: dict[str, Any], sale: Sale, state: State | None = None) -> Decision:
    return decide([rule(**fields)], sale, state or card())


def earned(fields: dict[str, Any], sale: Sale, state: State | None = None) -> int:
    given = (move for move in buys(fields, sale, state).moves if isinstance(move, Earn))
    return sum(move.amount for move in given if move.unit in ("points", "cashback_minor"))


def riga(*day: int) -> datetime:
    """A moment by the clock on a wall in Riga."""
    return datetime(*day, tzinfo=RIGA)  # type: ignore[arg-type,misc]
