"""Counting what cards do, a row a day, so that no rule ever reads a history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.domain.mechanics.base import EVER
from app.storage.tables import Tally

_TALLIES = cast(Table, Tally.__table__)


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
    if not rows:
        return
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    adding = insert(_TALLIES)
    raising = adding.on_conflict_do_update(
        index_elements=["card_id", "what", "day"], set_={"amount": _TALLIES.c.amount + adding.excluded.amount}
    )
    session.connection().execute(raising, rows)
