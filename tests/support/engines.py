"""Databases with today's tables, made once a session and copied for each test."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.storage.database import Database, connect
from app.storage.schema import migrate
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
