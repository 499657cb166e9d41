"""Bringing a database to today's tables, and telling whether it is there.

Several processes may start at once: SQLite's BEGIN IMMEDIATE or an advisory lock lets one of them migrate and
makes the others wait and find nothing to do. A migration is one transaction on both engines.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from app.resources import folder
from app.storage.database import Database, connect

_LOCK = 7_455_170_001  # any number that is ours alone in the database


class BrokenReferences(Exception):
    """A migration left rows that point nowhere; it was rolled back."""


def migrate(url: str, *, scripts: Path | None = None) -> None:
    """Bring the database at `url` to the newest revision; safe at every start, by several at once."""
    database = connect(url, foreign_keys=False)
    try:
        with database.engine.begin() as connection:
            _take_turn(connection)
            command.upgrade(_config(scripts, connection), "head")
            _require_whole_references(connection)
    finally:
        database.close()


def is_fresh(database: Database) -> bool:
    """Whether nobody has ever migrated this database."""
    with database.read_engine.connect() as connection:
        return not MigrationContext.configure(connection).get_current_heads()


def is_current(database: Database) -> bool:
    """Whether no migration is missing; False also for an empty database."""
    with database.read_engine.connect() as connection:
        have = set(MigrationContext.configure(connection).get_current_heads())
    return have == set(ScriptDirectory.from_config(_config(None, None)).get_heads())


def _config(scripts: Path | None, connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts or folder("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _take_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _require_whole_references(connection: Connection) -> None:
    """Checked afterwards: SQLite migrates with foreign keys off, as a rebuilt table would cascade."""
    if connection.dialect.name == "sqlite":
        broken = connection.execute(text("PRAGMA foreign_key_check")).first()
        if broken is not None:
            raise BrokenReferences(f"rows of {broken[0]} point to rows of {broken[2]} that do not exist")
