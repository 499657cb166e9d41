"""Many rows in one statement. PostgreSQL takes arrays: one round trip and one plan, however many rows.
SQLite has neither, and no round trips to save: there it is a list, and one small statement a row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    JSON,
    ColumnElement,
    String,
    Table,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
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
    """What is the same in all changes travels once, the rest as arrays; `id` is always an array. They have
    one dimension: a list in a JSON column is a value, and not a further one.
    """
    fixed: dict[str, Any] = {}
    varying: dict[str, Any] = {}
    for part, prefix in ((0, "old"), (1, "new")):
        for name in changes[0][part]:
            values, kind = [change[part][name] for change in changes], table.c[name].type
            if name != "id" and values.count(values[0]) == len(values):
                fixed[f"{prefix}_{name}"] = bindparam(None, values[0], kind)
            else:
                varying[f"{prefix}_{name}"] = bindparam(None, values, ARRAY(kind, dimensions=1))
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


def insert_many(
    session: Session, table: Table, rows: Sequence[Mapping[str, Any]], *, by: str = ""
) -> dict[Any, int]:
    """Insert these rows, all of the same columns and whole but for the `id`; with `by`, gives their new ids
    by that column, which is unique.
    """
    if not rows:
        return {}
    adding = insert(table)
    answering = adding.returning(table.c.id, table.c[by]) if by else adding
    if _has_arrays(session):
        value, given = _given(table, rows)
        chosen = select(*value.values()).select_from(given)
        found = session.connection().execute(
            answering.from_select(list(value), chosen, include_defaults=False)
        )
    else:
        found = session.connection().execute(answering, [dict(row) for row in rows])
    return {key: number for number, key in found} if by else {}


def insert_missing(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """The same where rows with the same unique values may stand already: those stay as they are."""
    if not rows:
        return
    if _has_arrays(session):
        value, given = _given(table, rows)
        chosen = select(*value.values()).select_from(given)
        adding = postgresql.insert(table).from_select(list(value), chosen, include_defaults=False)
        session.connection().execute(adding.on_conflict_do_nothing())
    else:
        missing = sqlite.insert(table).on_conflict_do_nothing()
        session.connection().execute(missing, [dict(row) for row in rows])


def set_many(
    session: Session, table: Table, rows: Sequence[Mapping[str, Any]], *, keys: Sequence[str]
) -> None:
    """Set the other columns of the rows that have these `keys`; whoever asks holds a lock that covers
    them.
    """
    if not rows:
        return
    fresh = [name for name in rows[0] if name not in keys]
    if _has_arrays(session):
        value, _ = _given(table, rows, keys)
        mine = update(table).where(*(table.c[name] == value[name] for name in keys))
        session.connection().execute(mine.values({name: value[name] for name in fresh}))
        return
    mine = update(table).where(*(table.c[name] == bindparam(f"key_{name}") for name in keys))
    setting = mine.values({name: bindparam(f"new_{name}") for name in fresh})
    named = {name: f"key_{name}" if name in keys else f"new_{name}" for name in rows[0]}
    session.connection().execute(setting, [{named[name]: row[name] for name in named} for row in rows])


def _given(
    table: Table, rows: Sequence[Mapping[str, Any]], keys: Collection[str] = ()
) -> tuple[dict[str, Any], Any]:
    """The rows' values by column, and where they are from: what is the same in all travels once; the rest,
    and `keys`, as one JSON document that the server takes apart, which costs us least.
    """
    first = rows[0]
    varying = keys or list(first)[:1]
    differ = [
        name for name, value in first.items() if name in varying or any(row[name] != value for row in rows)
    ]
    document = orjson.dumps([{name: row[name] for name in differ} for row in rows]).decode()
    taken = func.json_to_recordset(cast(bindparam(None, document, String), JSON))
    columns = [column(name, table.c[name].type) for name in differ]
    given = taken.table_valued(*columns, name="given").render_derived(name="given", with_types=True)
    return {
        name: given.c[name]
        if name in differ
        else cast(bindparam(None, value, table.c[name].type), table.c[name].type)
        for name, value in first.items()
    }, given
