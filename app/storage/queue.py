"""Due rows: any table with `due_at`, `priority` and `attempts` is a queue. Claiming moves the due time to
the lease's end.

A dead worker just lets its lease run out. Settling is a compare-and-swap on the lease: if the row was made
due again
meanwhile (a till's change, or another worker after our lease), it stays due.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, bindparam, select, update
from sqlalchemy.orm import Mapped, Session


class Due(Protocol):
    """What a queue's table must have."""

    __table__: Any
    id: Mapped[int]
    due_at: Mapped[datetime | None]
    priority: Mapped[int]
    attempts: Mapped[int]
    last_error: Mapped[str]


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
    due = (
        select(table.id)
        .where(table.due_at.is_not(None), table.due_at <= now, *where)
        .order_by(table.priority, table.due_at, table.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    take = (
        update(table)
        .where(table.id.in_(select(due.c.id)))
        .values(due_at=now + lease, attempts=table.attempts + 1)
        .returning(table)
    )
    return list(session.scalars(take, execution_options={"synchronize_session": False}))


def settle_many(session: Session, table: type[Row], done: Sequence[tuple[Row, dict[str, Any]]]) -> None:
    """Set these values on rows that we still hold, and take them out of the queue; all rows set the same
    columns.
    """
    _swap(
        session,
        table,
        [(row, {"due_at": None, "attempts": 0, "last_error": "", **values}) for row, values in done],
    )


def postpone(session: Session, table: type[Row], row: Row, *, due_at: datetime | None, error: str) -> None:
    """Try again at `due_at`; None gives up until the next change."""
    _swap(session, table, [(row, {"due_at": due_at, "last_error": error[:500]})])


def _swap(session: Session, table: type[Row], rows: Sequence[tuple[Row, dict[str, Any]]]) -> None:
    if not rows:
        return
    core = table.__table__
    columns: dict[str, Any] = {name: bindparam(f"new_{name}") for name in rows[0][1]}
    statement = (
        update(core)
        .where(core.c.id == bindparam("held_id"), core.c.due_at == bindparam("held_until"))
        .values(columns)
    )
    session.connection().execute(
        statement,
        [
            {
                "held_id": row.id,
                "held_until": row.due_at,
                **{f"new_{name}": value for name, value in values.items()},
            }
            for row, values in sorted(rows, key=lambda each: each[0].id)  # always in one order: no deadlocks
        ],
    )


def backoff_s(attempts: int, jitter: float, *, base_s: float = 2.0, cap_s: float = 3600.0) -> float:
    """Seconds to wait after `attempts` failures: full jitter, `jitter` in 0..1, under a doubling ceiling."""
    ceiling: float = min(cap_s, base_s * 2 ** min(attempts, 20))
    return max(0.5, jitter * ceiling)
