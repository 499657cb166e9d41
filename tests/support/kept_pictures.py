"""Drawings outlive a test: a service remembers them in memory, and must go on serving what it remembers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Table, insert, select

from app.storage.database import Database
from app.storage.tables import ImageRow, Rendition

Drawings = list[tuple[Table, list[dict[str, Any]]]]


@contextmanager
def kept_drawings(database: Database) -> Iterator[None]:
    """Whatever empties the tables inside, the drawings are there again afterwards."""
    drawn = drawings(database)
    yield
    put_back(database, drawn)


def drawings(database: Database) -> Drawings:
    """All that was drawn."""
    images, made = _tables()
    with database.read() as session:
        used = select(images).where(images.c.sha256.in_(select(made.c.image)))
        return [
            (table, [dict(row) for row in session.execute(found).mappings()])
            for table, found in ((images, used), (made, select(made)))
        ]


def put_back(database: Database, drawn: Drawings) -> None:
    """Fill the empty tables."""
    with database.write.begin() as session:
        for table, rows in drawn:
            if rows:
                session.execute(insert(table), rows)


def _tables() -> tuple[Table, Table]:
    images, made = ImageRow.__table__, Rendition.__table__
    assert isinstance(images, Table) and isinstance(made, Table)
    return images, made
