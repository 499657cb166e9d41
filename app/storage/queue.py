"""Due rows: any table with `due_at`, `priority` and `attempts` is a queue. Claiming moves the due time to
the lease's end.

A dead worker just lets its lease run out. Settling is a compare-and-swap on the lease: if the row was made
due again
meanwhile (a till's change, or another worker after our lease), it stays due.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Update, select, update
from sqlalchemy.orm import Session

from app.storage.batches import update_many

Row = TypeVar("Row", bound=Any)


def claim(
    session: Session,
    table: type[Row],
    now: datetime,
    *,
    limit: int,
    lease: timedelta,
    where: Sequence[ColumnElement[bool]] = (),
) -> list[Row]:
    """Take up to `limit` due rows, most urgent lane first; the rows' `due_at` is then our lease."""
    take = _take(table, now, limit, lease, where).returning(table)
    return list(session.scalars(take, execution_options={"synchronize_session": False}))


def claim_columns(
    session: Session,
    table: type[Row],
    now: datetime,
    *columns: Any,
    limit: int,
    lease: timedelta,
    where: Sequence[ColumnElement[bool]] = (),
) -> Sequence[Any]:
    """The same for thousands of rows at once: plain rows of `id`, `due_at`, `attempts` and these columns."""
    take = _take(table, now, limit, lease, where)
    wanted: Any = (table.id, table.due_at, table.attempts, *columns)
    return session.execute(take.returning(*wanted), execution_options={"synchronize_session": False}).all()


def _take(
    table: type[Row], now: datetime, limit: int, lease: timedelta, where: Sequence[ColumnElement[bool]]
) -> Update:
    due = (
        select(table.id)
        .where(table.due_at.is_not(None), table.due_at <= now, *where)
        .order_by(table.priority, table.due_at, table.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    return (
        update(table)
        .where(table.id.in_(select(due.c.id)))
        .values(due_at=now + lease, attempts=table.attempts + 1)
    )


def settle_many(session: Session, table: type[Row], done: Sequence[tuple[Any, dict[str, Any]]]) -> None:
    """Set these values on rows that we still hold, and take them out of the queue; all rows set the same
    columns.
    """
    _swap(
        session,
        table,
        [(row, {"due_at": None, "attempts": 0, "last_error": "", **values}) for row, values in done],
    )


def postpone(session: Session, table: type[Row], row: Any, *, due_at: datetime | None, error: str) -> None:
    """Try again at `due_at`; None gives up until the next change."""
    _swap(session, table, [(row, {"due_at": due_at, "last_error": error[:500]})])


def _swap(session: Session, table: type[Row], rows: Sequence[tuple[Any, dict[str, Any]]]) -> None:
    update_many(
        session,
        table.__table__,
        [({"id": row.id, "due_at": row.due_at}, values) for row, values in rows],
    )


def backoff_s(attempts: int, jitter: float, *, base_s: float = 2.0, cap_s: float = 3600.0) -> float:
    """Seconds to wait after `attempts` failures: full jitter, `jitter` in 0..1, under a doubling ceiling."""
    ceiling: float = min(cap_s, base_s * 2 ** min(attempts, 20))
    return max(0.5, jitter * ceiling)
