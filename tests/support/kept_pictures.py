"""Drawings outlive a test: a service remembers them in memory, and must go on serving what it remembers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import insert, select

from app.storage.database import Database
from app.storage.tables import ImageRow, Rendition


@contextmanager
def kept_drawings(database: Database) -> Iterator[None]:
    """Whatever empties the tables inside, the drawings are there again afterwards."""
    images, made = ImageRow.__table__, Rendition.__table__
    with database.read() as session:
        used = select(images).where(images.c.sha256.in_(select(made.c.image)))
        rows = [
            (table, [dict(row) for row in session.execute(found).mappings()])
            for table, found in ((images, used), (made, select(made)))
        ]
    yield
    with database.write.begin() as session:
        for table, found in rows:
            if found:
                session.execute(insert(table), found)
