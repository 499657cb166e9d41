"""Proof of returns: what was due went back, was written off or is owed, and never more than was earned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.storage.batches import among
from app.storage.tables import Receipt, Refund, TransferRow

_GIVEN = ("issued", "converted", "adjusted")
Sums = dict[tuple[int, str], int]


def faults(
    session: Session, first: int, last: int, programme_id: int | None = None
) -> Iterator[tuple[int, str, str]]:
    """Card, unit and what is wrong, for receipts of the cards `first` to `last`."""
    statement: Any = (
        select(
            Receipt.card_id, Receipt.public_id, Receipt.operation_id.label("sale"), Refund.receipt_id,
            Refund.operation_id, Refund.due, Refund.written_off, Refund.debt,
        )
        .join(Receipt, Receipt.id == Refund.receipt_id)
        .where(Receipt.card_id >= first, Receipt.card_id <= last)
        .order_by(Receipt.card_id, Refund.receipt_id, Refund.id)
    )  # fmt: skip
    if programme_id is not None:
        statement = statement.where(Receipt.programme_id == programme_id)
    rows = session.execute(statement).all()
    if not rows:
        return
    lines = _lines(session, sorted({row.operation_id for row in rows} | {row.sale for row in rows}))
    for row in rows:
        yield from _of_one(row, lines)
    yield from _above_earned(rows, lines)


def _lines(session: Session, operations: Sequence[int]) -> Mapping[str, Sums]:
    """Per operation and unit: what was earned, taken back, and became a debt."""
    columns = (TransferRow.operation_id, TransferRow.unit, TransferRow.debit, TransferRow.credit)
    statement = select(*columns, TransferRow.amount)
    sums: dict[str, Sums] = {"earned": {}, "taken": {}, "debt": {}}
    mine = statement.where(among(session, TransferRow.operation_id, operations))
    for operation_id, unit, debit, credit, amount in session.execute(mine):
        kind = _kind(debit, credit)
        if kind:
            key = (operation_id, unit)
            sums[kind][key] = sums[kind].get(key, 0) + amount
    return sums


def _kind(debit: str, credit: str) -> str:
    if credit == "available" and debit in _GIVEN:
        return "earned"
    if credit == "reversed" and debit in ("available", "debt"):
        return "taken" if debit == "available" else "debt"
    return ""


def _of_one(row: Any, lines: Mapping[str, Sums]) -> Iterator[tuple[int, str, str]]:
    units = {*row.due, *row.written_off, *row.debt} | {
        unit for kind in ("taken", "debt") for operation, unit in lines[kind] if operation == row.operation_id
    }
    for unit in sorted(units):
        taken = lines["taken"].get((row.operation_id, unit), 0)
        owed = lines["debt"].get((row.operation_id, unit), 0)
        due, off, debt = (int(each.get(unit, 0)) for each in (row.due, row.written_off, row.debt))
        if due != taken + off + debt or owed != debt:
            says = f"{due} were due back, {taken} were taken, {off} written off, {debt} owed (lines: {owed})"
            yield row.card_id, unit, f"receipt {row.public_id}: {says}"


def _above_earned(rows: Sequence[Any], lines: Mapping[str, Sums]) -> Iterator[tuple[int, str, str]]:
    due: dict[tuple[int, str], int] = {}
    of: dict[int, Any] = {}
    for row in rows:
        of[row.sale] = row
        for unit, amount in row.due.items():
            due[row.sale, unit] = due.get((row.sale, unit), 0) + int(amount)
    for (sale, unit), amount in due.items():
        earned = lines["earned"].get((sale, unit), 0)
        if amount > earned:
            row = of[sale]
            yield row.card_id, unit, f"receipt {row.public_id} earned {earned}, {amount} were due back"
