"""What was done on a card, for those who read it: members, cashiers, programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.storage.states import account_of
from app.storage.tables import Card, LotRow, Operation, TransferRow


def entries(
    session: Session, card: Card, *, limit: int = 50, before_id: int | None = None
) -> list[dict[str, Any]]:
    """The journal of the card's account, newest first: when, what, how much, the balance after, why and by
    whom; `via` is the serial of the card that was shown, where it is not the one whose account it is. Lines
    that move no balance (what was set aside is spent, a debt grows) are no part of it. `against` is the other
    account of the line (`issued`, `redeemed`, `held`, `extended`: an end that moved, …), `rule` decided it,
    `lot` holds it until `ends_at`.
    """
    statement = (
        select(TransferRow, Operation, Card.serial, LotRow.expires_at)
        .join(Operation, Operation.id == TransferRow.operation_id)
        .outerjoin(Card, Card.id == Operation.via_card_id)
        .outerjoin(LotRow, LotRow.id == TransferRow.lot_id)
        .where(
            TransferRow.card_id == account_of(card),
            or_(TransferRow.debit == "available", TransferRow.credit == "available"),
        )
        .order_by(TransferRow.id.desc())
        .limit(limit)
    )
    if before_id is not None:
        statement = statement.where(TransferRow.id < before_id)
    return [_entry(*row) for row in session.execute(statement).all()]


def balances_of(session: Session, card: Card, unit: str, *, limit: int) -> list[tuple[datetime, int]]:
    """What the account had of a unit after each of its last lines, the oldest first."""
    statement = (
        select(Operation.recorded_at, TransferRow.balance_after)
        .join(Operation, Operation.id == TransferRow.operation_id)
        .where(
            TransferRow.card_id == account_of(card),
            TransferRow.unit == unit,
            or_(TransferRow.debit == "available", TransferRow.credit == "available"),
        )
        .order_by(TransferRow.id.desc())
        .limit(limit)
    )
    return [(at, balance) for at, balance in reversed(session.execute(statement).all())]


def _entry(line: Any, operation: Operation, via: str | None, ends_at: datetime | None) -> dict[str, Any]:
    return {
        "id": line.id,
        "operation": operation.public_id,
        "kind": operation.kind,
        "unit": line.unit,
        "amount": line.amount if line.credit == "available" else -line.amount,
        "balance": line.balance_after,
        "at": operation.occurred_at,
        "reason": operation.reason,
        "actor": operation.actor,
        "store": operation.store,
        "via": via or "",
        "partner": operation.partner,
        "against": line.debit if line.credit == "available" else line.credit,
        "rule": line.rule,
        "lot": line.lot_id,
        "ends_at": ends_at,
    }


def last_undoable(session: Session, card: Card, *, since: datetime, actor: str) -> Operation | None:
    """The newest operation that this person did on the card since then and that still stands; for the
    till's undo.
    """
    newest = session.scalars(
        select(Operation)
        .where(Operation.card_id == account_of(card), Operation.recorded_at >= since)
        .where(Operation.actor == actor)
        .order_by(Operation.id.desc())
        .limit(1)
    ).one_or_none()
    if newest is None or newest.kind == "reversal":
        return None
    return newest
