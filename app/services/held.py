"""What a till set aside: finding it, and marking what became of it. A hold is resolved once, under its card's
lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.ledger import Move, Unhold
from app.domain.mechanics import Decision, paying_rule
from app.services import journal
from app.storage.tables import HoldRow, Operation

if TYPE_CHECKING:
    from app.services.operating import Work

Outcome = Literal["captured", "voided", "expired"]


def by_id(session: Session, public_id: str, programme_ids: Sequence[int] | None = None) -> HoldRow:
    """The hold called so, or the one that the operation called so set aside; raises NotFound."""
    found = _one(session, programme_ids, HoldRow.public_id == public_id)
    if found is None:
        operation = select(Operation.id, Operation.card_id).where(Operation.public_id == public_id)
        made = session.execute(operation).one_or_none()
        mine = made and (HoldRow.card_id == made.card_id, HoldRow.operation_id == made.id)
        found = _one(session, programme_ids, *mine) if mine else None
    if found is None:
        raise NotFound("There is no such hold.", id=public_id)
    return found


def _one(
    session: Session, programme_ids: Sequence[int] | None, *wanted: ColumnElement[bool]
) -> HoldRow | None:
    statement = select(HoldRow).where(*wanted)
    if programme_ids is not None:
        statement = statement.where(HoldRow.programme_id.in_(programme_ids))
    return session.scalars(statement.execution_options(populate_existing=True)).one_or_none()


def opened(work: Work, public_id: str) -> Work:
    """The work with what this hold set aside in `held`; raises NotFound, and Conflict where it is resolved.

    Whether its time is over is the caller's question.
    """
    row = by_id(work.session, public_id, [work.card.programme_id])
    if row.card_id != work.account.id:
        raise NotFound("There is no such hold.", id=public_id)
    if row.state != "open":
        raise Conflict("This hold was resolved before.", id=public_id, state=row.state)
    operation = work.session.get_one(Operation, row.operation_id)
    lines = [line for line in journal.transfers_of(work.session, operation) if line.credit == "held"]
    holdings = journal.with_lots_of(work.session, work.state.holdings, lines)
    parts = tuple((line.lot, line.amount) for line in lines if line.lot is not None)
    return replace(work, state=replace(work.state, holdings=holdings), held=parts)


def for_receipt(work: Work, public_id: str, receipt: str) -> Work:
    """The same for the purchase that closes it: in time, and for this receipt."""
    row = by_id(work.session, public_id, [work.card.programme_id])
    work = opened(work, public_id)
    in_time(row, work.now)
    if row.receipt and receipt and row.receipt != receipt:
        raise Conflict("This hold is for another receipt.", id=public_id, receipt=row.receipt)
    payer = paying_rule(work.programme.rules)
    if payer is None or payer.unit != row.unit:  # the rules changed since
        raise Conflict("Purchases are not paid with what was set aside any more: void it.", id=public_id)
    return work


def in_time(row: HoldRow, now: datetime) -> None:
    """Raises Conflict for a hold whose time is over, whether the clock came by or not."""
    if row.expires_at <= now:
        raise Conflict("This hold ran out; its points went back.", id=row.public_id, state="expired")


def taken(work: Work, unit: str, amount: int) -> tuple[Move, ...]:
    """`amount` of what is held is spent, the rest returns to its lots. Raises Invalid for more than there
    is.
    """
    most = sum(part for _, part in work.held)
    if amount > most:
        raise Invalid({"/amount": f"is more than the {most} that were set aside"})
    moves: list[Move] = []
    for lot, part in work.held:
        spent = min(amount, part)
        amount -= spent
        moves += [Unhold(unit, spent, lot, "redeemed")] if spent else []
        moves += [Unhold(unit, part - spent, lot, "available")] if part > spent else []
    return tuple(moves)


def and_the_rest(decision: Decision, work: Work) -> Decision:
    """The decision, and what of the hold it did not spend: that goes back first, so that a purchase which
    moves the ends of points moves theirs too.
    """
    spent: dict[int, int] = {}
    unit = ""
    for move in decision.moves:
        if isinstance(move, Unhold):
            spent[move.lot] = spent.get(move.lot, 0) + move.amount
            unit = move.unit
    if work.held and not unit:
        raise Invalid({"/hold": "nothing of this purchase is paid from it; void it instead"})
    rest = [(lot, part - spent.get(lot, 0)) for lot, part in work.held]
    back = tuple(Unhold(unit, part, lot, "available") for lot, part in rest if part)
    return replace(decision, moves=(*back, *decision.moves))


def resolve(session: Session, public_id: str, outcome: Outcome, now: datetime) -> None:
    """Write down what became of it; its card is locked and it was open."""
    row = by_id(session, public_id)
    row.state, row.resolved_at = outcome, now
    session.flush()
