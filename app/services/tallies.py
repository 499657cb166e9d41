"""Counting what cards do, a row a day, so that no rule ever reads a history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.domain.mechanics.base import EVER
from app.storage.tables import Tally


def raise_counts(session: Session, card_id: int, counts: Mapping[str, int], day: date) -> None:
    """Add to the card's counts of `day` (in the programme's zone) and to those of all time; what goes back
    is negative and counts on the day on which it was given.
    """
    rows = [
        {"card_id": card_id, "what": what, "day": each, "amount": amount}
        for what, amount in sorted(counts.items())
        if amount
        for each in (EVER, day)
    ]
    if rows:
        session.connection().execute(_adding(session.get_bind().dialect.name), rows)


def raise_many(session: Session, amounts: Mapping[tuple[int, str, date], int]) -> None:
    """The same for many cards at once: by card, what and day; the sums of all days rise with them."""
    sums: dict[tuple[int, str, date], int] = {}
    for (card_id, what, day), amount in amounts.items():
        for each in (EVER, day):
            sums[card_id, what, each] = sums.get((card_id, what, each), 0) + amount
    rows = [
        {"card_id": card_id, "what": what, "day": day, "amount": amount}
        for (card_id, what, day), amount in sorted(sums.items())
        if amount
    ]
    if rows:
        session.connection().execute(_adding(session.get_bind().dialect.name), rows)


@cache
def _adding(dialect: str) -> Any:
    table: Any = Tally.__table__
    adding: Any = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    return adding.on_conflict_do_update(
        index_elements=["card_id", "what", "day"], set_={"amount": table.c.amount + adding.excluded.amount}
    )
