"""Databases to measure on: migrated, with one programme in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from app.rendering.starters import fit_starter
from app.services import programmes
from app.storage.database import Database, connect
from app.storage.schema import migrate
from benchmarks.support.crowd import PASS_TYPE
from tests.support.postgres import running_postgres

Engine = Literal["postgresql", "sqlite"]


@contextmanager
def store(kind: Engine, folder: Path) -> Iterator[str]:
    """The address of a new, migrated database. Raises PostgresMissing."""
    with ExitStack() as stack:
        if kind == "postgresql":
            server = stack.enter_context(running_postgres())
            url = server.url(server.create())
        else:
            url = f"sqlite:///{folder / 'tillpass.db'}"
        migrate(url)
        yield url


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """The database at `url`, closed afterwards."""
    database = connect(url)
    try:
        yield database
    finally:
        database.close()


def open_programme(database: Database, slug: str = "cafe") -> int:
    """A programme with points, on the pass type of the crowd; answers its id."""
    raw = {
        "slug": slug,
        "name": "Coffee and mint",
        "currency": "EUR",
        "locales": ["en", "ru"],
        "rules": [{"kind": "points", "percent": 10, "goal": 100_000, "reward": "A gift"}],
        "apple": {"pass_type_identifier": PASS_TYPE},
    }
    programme = programmes.parse(raw)
    return programmes.create(database.write, programme, now=datetime.now(UTC), fit_starter=fit_starter)
