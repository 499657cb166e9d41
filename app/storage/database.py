"""Opening SQLite or PostgreSQL so that the same points cannot be spent twice on either.

SQLite as SQLAlchemy opens it starts a transaction at the first write, and two tills that read before they
write then both pay (or both fail with "database is locked", at once and whatever the timeout). So writers say
BEGIN IMMEDIATE, and readers get an engine of their own whose plain BEGIN never waits for a writer.
"""

from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import Session, sessionmaker

from app.storage.turns import Turns

SQLITE_BUSY_TIMEOUT_S = 10
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # NORMAL may lose the last commits when the power fails; a receipt was given for them
    f"busy_timeout={SQLITE_BUSY_TIMEOUT_S * 1000}",
)
_POSTGRESQL_OPTIONS = (
    "-c statement_timeout=30s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s -c timezone=UTC"
)


@dataclass(frozen=True, slots=True)
class Database:
    """One opened database: `write` for use cases that may change rows, `read` for those that never do.

    On PostgreSQL both share one engine and one pool; on SQLite a `read` session sees a stable snapshot and
    neither waits for a writer nor makes one wait.
    """

    write: sessionmaker[Session]
    read: sessionmaker[Session]
    engine: Engine
    read_engine: Engine

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    def close(self) -> None:
        """Give all connections back; the value can be used again and then opens new ones."""
        self.engine.dispose()
        self.read_engine.dispose()


def connect(url: str | URL, *, pool_size: int = 10, foreign_keys: bool = True) -> Database:
    """Open `url`; the folder of a SQLite file is made if it is missing.

    `pool_size` connections are kept per process on PostgreSQL and twice as many may be open for a moment.
    `foreign_keys=False` is for migrations on SQLite, which rebuild tables that others refer to.
    Nothing is sent to the server before the first transaction. Raises ValueError for other kinds of database.
    """
    address = make_url(url)
    match address.get_backend_name():
        case "sqlite":
            return _sqlite(address, foreign_keys)
        case "postgresql":
            return _postgresql(address, pool_size)
        case other:
            raise ValueError(f"Tillpass stores its data in SQLite or PostgreSQL, not in {other}")


def _sqlite(url: URL, foreign_keys: bool) -> Database:
    if not url.database or url.database == ":memory:":
        raise ValueError("SQLite needs a file: two engines cannot share one database in memory")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    pragmas = (*_PRAGMAS, f"foreign_keys={'ON' if foreign_keys else 'OFF'}")
    writing, reading = _sqlite_engine(url, "BEGIN IMMEDIATE", pragmas), _sqlite_engine(url, "BEGIN", pragmas)
    _take_turns(writing)
    return Database(_sessions(writing), _sessions(reading), writing, reading)


def _sqlite_engine(url: URL, begin: str, pragmas: tuple[str, ...]) -> Engine:
    waits = {"isolation_level": None, "timeout": SQLITE_BUSY_TIMEOUT_S}
    engine = create_engine(
        url, connect_args=waits, hide_parameters=True
    )  # they name people; errors are logged

    @event.listens_for(engine, "connect")
    def prepare(connection: SQLiteConnection, _record: Any) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _take_turns(engine: Engine) -> None:
    """Let the writers of this process queue: SQLite itself makes them sleep and try again, for up to 100 ms
    at a time, and a till would lose every such race against a roll-out.

    Only a courtesy: whoever waits too long goes on to BEGIN IMMEDIATE, which is what keeps writers apart.
    """
    turns = Turns()

    @event.listens_for(engine, "begin", insert=True)
    def wait(connection: Connection) -> None:
        if not connection.info.get("turn"):
            connection.info["turn"] = turns.take(SQLITE_BUSY_TIMEOUT_S)

    def give_back(_connection: SQLiteConnection, record: Any, *_: Any) -> None:
        if record.info.pop("turn", False):
            turns.give_back()

    for ended in ("checkin", "invalidate", "close"):
        event.listen(engine, ended, give_back)


def _postgresql(url: URL, pool_size: int) -> Database:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        connect_args={"options": _POSTGRESQL_OPTIONS, "connect_timeout": 5, "application_name": "tillpass"},
        pool_pre_ping=True,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        pool_recycle=1800,
    )
    sessions = _sessions(engine)
    return Database(sessions, sessions, engine, engine)


def _sessions(engine: Engine) -> sessionmaker[Session]:
    return sessionmaker(engine, expire_on_commit=False)
