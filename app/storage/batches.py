"""Many rows in one statement. PostgreSQL takes arrays: one round trip and one plan, however many rows.
SQLite has neither, and no round trips to save: there it is a list, and one small statement a row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Table, bindparam, column, func, select, update
from sqlalchemy.orm import Session

Change = tuple[Mapping[str, Any], Mapping[str, Any]]
"""What a row must still hold (its `id` among it), and what to set then, by column."""


def among(session: Session, of: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """Whether the column `of` has one of `values`."""
    matches: ColumnElement[bool] = of.in_(values)
    if _has_arrays(session):
        matches = of == func.any(bindparam(None, list(values), ARRAY(of.type)))
    return matches


def update_many(session: Session, table: Table, changes: Sequence[Change]) -> None:
    """Carry out all changes whose rows still hold what they must; all changes name the same columns.

    Rows are locked in the order of their ids: two such batches wait for one another and never deadlock.
    """
    if not changes:
        return
    ordered = sorted(changes, key=lambda change: int(change[0]["id"]))
    if _has_arrays(session):
        _at_once(session, table, ordered)
    else:
        _one_by_one(session, table, ordered)


def _has_arrays(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _one_by_one(session: Session, table: Table, changes: Sequence[Change]) -> None:
    held, fresh = changes[0]
    statement = (
        update(table)
        .where(*(table.c[name] == bindparam(f"old_{name}") for name in held))
        .values({name: bindparam(f"new_{name}") for name in fresh})
    )
    rows = [
        {f"old_{name}": held[name] for name in held} | {f"new_{name}": fresh[name] for name in fresh}
        for held, fresh in changes
    ]
    session.connection().execute(statement, rows)


def _at_once(session: Session, table: Table, changes: Sequence[Change]) -> None:
    """What is the same in all changes travels once, the rest as arrays; `id` is always an array."""
    fixed: dict[str, Any] = {}
    varying: dict[str, Any] = {}
    for part, prefix in ((0, "old"), (1, "new")):
        for name in changes[0][part]:
            values, kind = [change[part][name] for change in changes], table.c[name].type
            if name != "id" and values.count(values[0]) == len(values):
                fixed[f"{prefix}_{name}"] = bindparam(None, values[0], kind)
            else:
                varying[f"{prefix}_{name}"] = bindparam(None, values, ARRAY(kind))
    columns = [column(label, table.c[label[4:]].type) for label in varying]
    given = func.unnest(*varying.values()).table_valued(*columns, name="given").render_derived()
    value = fixed | {label: given.c[label] for label in varying}
    locked = (
        select(table.c.id.label("locked_id"), *(value[f"new_{name}"].label(name) for name in changes[0][1]))
        .join_from(table, given, table.c.id == given.c.old_id)
        .where(*(table.c[name] == value[f"old_{name}"] for name in changes[0][0] if name != "id"))
        .order_by(table.c.id)
        .with_for_update(of=table)
        .cte("locked")
    )
    statement = update(table).where(table.c.id == locked.c.locked_id)
    session.connection().execute(statement.values({name: locked.c[name] for name in changes[0][1]}))
