"""Somebody with the database's password: changes that no constraint and no trigger of ours holds back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, text

from app.storage.database import Database


@contextmanager
def damage(database: Database) -> Iterator[Connection]:
    """A transaction without triggers, foreign keys and checks; committed at the end of the block."""
    with database.engine.connect() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            yield connection
            connection.commit()
            return
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        connection.execute(text("COMMIT"))
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("PRAGMA ignore_check_constraints=ON")
        connection.execute(text("BEGIN IMMEDIATE"))
        triggers = connection.execute(
            text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        ).all()
        for name, _ in triggers:
            connection.execute(text(f"DROP TRIGGER {name}"))
        yield connection
        for _, sql in triggers:
            connection.exec_driver_sql(sql)
        connection.commit()
        raw.execute("PRAGMA foreign_keys=ON")
        raw.execute("PRAGMA ignore_check_constraints=OFF")


@contextmanager
def repaired(database: Database) -> Iterator[None]:
    """An SQLite database that is after the block what it was before."""
    file = Path(str(database.engine.url.database))
    with closing(sqlite3.connect(":memory:")) as kept:
        with closing(sqlite3.connect(file)) as now:
            now.backup(kept)
        yield
        with closing(sqlite3.connect(file, timeout=10)) as now:
            now.execute("PRAGMA synchronous = OFF")  # a test database need not survive a power cut
            kept.backup(now)
