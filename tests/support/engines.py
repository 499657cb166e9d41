"""Databases with today's tables, made once a session; each test gets one that is empty.

One stays open for all tests of an engine, because SQLAlchemy compiles every statement once an engine, and
because PostgreSQL takes a tenth of a second to copy a database or to truncate its tables, and two hundredths
of that to delete the few rows of a test.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

import psycopg
from sqlalchemy import Connection
from sqlalchemy.pool import QueuePool

from app.storage.database import Database, connect
from app.storage.schema import migrate
from app.storage.tables.base import Base
from tests.support.overwriting import overwrite
from tests.support.postgres import PostgresServer


def _prepare(url: str) -> None:
    migrate(url)


def sqlite_template(folder: Path) -> Path:
    """A migrated SQLite file to copy from."""
    path = folder / "template.db"
    _prepare(f"sqlite:///{path}")
    return path


def postgres_template(server: PostgresServer) -> str:
    """The name of a migrated database to copy from; nobody keeps it open."""
    name = server.create()
    _prepare(server.url(name))
    return name


@contextmanager
def sqlite_copy(template: Path, folder: Path) -> Iterator[Database]:
    """A database of one test's own."""
    path = folder / "tillpass.db"
    shutil.copyfile(template, path)
    with opened(f"sqlite:///{path}") as database:
        yield database


@contextmanager
def postgres_copy(server: PostgresServer, template: str) -> Iterator[str]:
    """The address of a database of one test's own."""
    name = server.create(template)
    try:
        yield server.url(name)
    finally:
        server.drop(name)


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = connect(url)
    try:
        yield database
    finally:
        database.close()


def address(database: Database) -> str:
    """The database's address, password included."""
    return database.engine.url.render_as_string(hide_password=False)


class Kept:
    """A database that stays open over tests."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._blank = blank(database)

    def anew(self) -> Database:
        """The database, empty; a new one on the same file or server where a test left a session open."""
        if any(in_use(engine.pool) for engine in (self._database.engine, self._database.read_engine)):
            self.close()
            self._database = connect(address(self._database))
        empty(self._database, self._blank)
        return self._database

    def close(self) -> None:
        """Give all connections back."""
        self._database.close()


def in_use(pool: object) -> bool:
    """Whether somebody still has a connection of this pool."""
    return isinstance(pool, QueuePool) and pool.checkedout() > 0


def blank(database: Database) -> bytes:
    """What `empty` makes of an SQLite database: the file as it is now."""
    if database.dialect != "sqlite":
        return b""
    path = Path(str(database.engine.url.database))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what was written last stands beside the file
    return path.read_bytes()


def empty(database: Database, blank: bytes) -> None:
    """No rows are left in any table, and numbers begin at 1 again."""
    if database.dialect == "sqlite":  # whose ledger is append-only for tests too
        overwrite(Path(str(database.engine.url.database)), blank)
        return
    with database.engine.begin() as connection:
        _delete_all(connection)


def _delete_all(connection: Connection) -> None:
    """As a replica would: neither the ledger's triggers nor foreign keys hold rows back."""
    deletes = ";".join(f"DELETE FROM {table.name}" for table in Base.metadata.sorted_tables)
    numbers = "SELECT setval(seqrelid, seqstart, false) FROM pg_sequence"
    driver = cast(psycopg.Connection, connection.connection.dbapi_connection)
    statements = f"SET LOCAL session_replication_role = replica; {deletes}; {numbers}"
    driver.execute(statements.encode())
