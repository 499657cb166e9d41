"""Points that waited for their day: when it comes, the card shows them and an event tells of them, once.

What may be spent is decided by the clock alone; this round only makes it seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.services import tasks
from app.services.events import record
from app.services.walks import Walk
from app.storage.tables import Card, LotRow, Operation

MARGIN = timedelta(seconds=10)
"""So late it may be: an operation that was begun just before a lot's day is written by then."""


def amounts_of(lots: Sequence[Any]) -> dict[str, int]:
    """What is left in these lots, by unit."""
    amounts: dict[str, int] = {}
    for lot in lots:
        amounts[lot.unit] = amounts.get(lot.unit, 0) + lot.remaining
    return amounts


def redraw_holders(session: Session, account: Card, key: str, now: datetime) -> None:
    """Cards that share this account show it too."""
    for holder in session.scalars(select(Card.id).where(Card.account_id == account.id)).all():
        tasks.plan(session, holder, "redraw", key, now)


def _tell(session: Session, card: Card, lots: Sequence[Any], now: datetime) -> None:
    record(session, card.programme_id, "points.activated", {"amounts": amounts_of(lots)}, now, card=card)
    redraw_holders(session, card, f"activated:{lots[-1].id}", now)


ACTIVATION = Walk(
    "activate-lots",
    select(LotRow.id, LotRow.card_id, LotRow.unit, LotRow.remaining, LotRow.active_from.label("at"))
    .join(Operation, Operation.id == LotRow.operation_id)
    .where(
        LotRow.remaining > 0,
        LotRow.active_from > Operation.recorded_at,  # what could be spent at once waited for no day
    ),
    LotRow.active_from,
    LotRow.id,
    _tell,
    ahead=-MARGIN,
)
