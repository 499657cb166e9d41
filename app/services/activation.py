"""Points that waited for their day: when it comes, the card shows them and an event tells of them, once.

What may be spent is decided by the clock alone; this round only makes it seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, sessionmaker

from app.services import rounds, tasks, touching
from app.services.events import record
from app.services.expiry import drawn
from app.services.rounds import Turn
from app.storage.batches import among
from app.storage.tables import Card, LotRow, Operation
from app.storage.tables.delivery import NORMAL

NAME = "activate-lots"
PAGE = 50
MARGIN = timedelta(seconds=10)
"""So late it may be: an operation that was begun just before a lot's day is written by then."""
IDLE = timedelta(minutes=10)
"""So often the cursor moves on where there is nothing to do, so that no look goes far back."""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def activate_lots(db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> int:
    """Show a page of lots that may be spent since the last time; gives how many there were."""
    upto = now - MARGIN
    with read() as session:
        since = _cursor(rounds.result_of(session, NAME))
        if not _begun(session, since, upto, 1) and since[0] > upto - IDLE:
            return 0
    turn = rounds.take(db, read, NAME, now, first=now)
    if turn is None:
        return 0
    since = _cursor(turn.result)
    with read() as session:
        page = _begun(session, since, upto, PAGE)
    _show(db, read, turn, page, now)
    return len(page)


def lots_begun(session: Session, now: datetime) -> int:
    """How many lots wait to be shown."""
    begun = _statement(_cursor(rounds.result_of(session, NAME)), now - MARGIN)
    return session.scalar(select(func.count()).select_from(begun.subquery())) or 0


def _cursor(result: Mapping[str, Any]) -> tuple[datetime, int]:
    """The time and id of the last lot that was shown; those of one time come in the order of their ids."""
    at = result.get("at")
    return (datetime.fromisoformat(at), int(result.get("lot", 0))) if at else (LONG_AGO, 0)


def _statement(since: tuple[datetime, int], upto: datetime) -> Any:
    at, lot = since
    return (
        select(LotRow.id, LotRow.card_id, LotRow.unit, LotRow.remaining, LotRow.active_from)
        .join(Operation, Operation.id == LotRow.operation_id)
        .where(
            LotRow.remaining > 0,
            LotRow.active_from >= at,
            LotRow.active_from <= upto,
            or_(LotRow.active_from > at, LotRow.id > lot),
            LotRow.active_from > Operation.recorded_at,  # what could be spent at once waited for no day
        )
        .order_by(LotRow.active_from, LotRow.id)
    )


def _begun(session: Session, since: tuple[datetime, int], upto: datetime, limit: int) -> Sequence[Any]:
    return session.execute(_statement(since, upto).limit(limit)).all()


def _show(
    db: sessionmaker[Session], read: sessionmaker[Session], turn: Turn, page: Sequence[Any], now: datetime
) -> None:
    """Touch the cards, tell, and keep how far it came: all in one transaction, so that each happens once."""
    card_ids = sorted({lot.card_id for lot in page})
    before, faces = drawn(read, card_ids, now) if page else ((), {})
    upto = now - MARGIN
    at, last = (page[-1].active_from, page[-1].id) if len(page) == PAGE else (upto, 0)
    with db.begin() as session:
        mine = select(Card).where(among(session, Card.id, card_ids)).order_by(Card.id)
        cards = session.scalars(mine.with_for_update()).all() if card_ids else []
        for card in cards:
            _tell(session, card, [lot for lot in page if lot.card_id == card.id], now)
        touching.advance_all(session, before, faces, now, priority=NORMAL)
        result = {"at": at.isoformat(), "lot": last}
        if not rounds.keep_with(session, turn, result, next_at=now, last_at=now):
            session.rollback()


def _tell(session: Session, card: Card, lots: Sequence[Any], now: datetime) -> None:
    amounts: dict[str, int] = {}
    for lot in lots:
        amounts[lot.unit] = amounts.get(lot.unit, 0) + lot.remaining
    record(session, card.programme_id, "points.activated", {"amounts": amounts}, now, card=card)
    holders = select(Card.id).where(Card.account_id == card.id)
    for holder in session.scalars(holders).all():
        tasks.plan(session, holder, "redraw", f"activated:{lots[-1].id}", now)
