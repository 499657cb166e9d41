"""A shop that files come into and go out of."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from app.services import ledger_check
from app.services.jobs import exporting, importing, running, shelf
from app.services.jobs.importing import Asked
from app.services.moving import reading, unloading
from app.storage.database import Database
from app.storage.tables import Card, Event, Job
from tests.support.api_shop import CAFE, STAMPS, Shop
from tests.support.clock import Clock

RULES: list[dict[str, Any]] = [
    {"kind": "points", "percent": 10, "expires_after_days": 365},
    {"kind": "stamps", "goal": 10, "reward": "A coffee"},
    {
        "kind": "tiers",
        "levels": [
            {"key": "basic", "name": "Basic"},
            {"key": "gold", "name": "Gold", "from": 100_000},
        ],
    },
]


@dataclass
class Mover:
    """Brings files in and takes them out, as a worker and the API do."""

    shop: Shop

    def lay_down(self, data: bytes, format_: str = "csv", slug: str = "cafe", **about: Any) -> str:
        asked = Asked(slug, format_, "key:crm", **about)
        return importing.lay_down(self.shop.deps.means, io.BytesIO(data), asked)[0]

    def works(self) -> None:
        while running.step(self.shop.deps.means, rest=lambda _s: None):
            pass

    def imports(self, data: bytes | Iterable[Any], format_: str = "csv", **about: Any) -> Job:
        """The finished job of a file, or of rows."""
        raw = data if isinstance(data, bytes) else b"".join(orjson.dumps(row) + b"\n" for row in data)
        name = self.lay_down(raw, format_ if isinstance(data, bytes) else "ndjson", **about)
        self.works()
        return self.job(name)

    def job(self, name: str) -> Job:
        with self.shop.deps.read() as session:
            return shelf.job_called(session, name, None)

    def errors(self, job: Job) -> bytes:
        return b"".join(importing.errors_file(self.shop.deps.means, job))

    def exports(self, slug: str = "cafe", format_: str = "ndjson") -> bytes:
        return b"".join(exporting.straight(self.shop.deps.means, slug, format_))

    def rows(self, slug: str = "cafe") -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.exports(slug).splitlines()]

    def cards(self) -> list[Card]:
        with self.shop.deps.read() as session:
            return list(session.scalars(select(Card).order_by(Card.id)))

    def events(self, kind: str) -> list[Event]:
        with self.shop.deps.read() as session:
            return list(session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))

    def is_sound(self) -> bool:
        """Whether every invariant of the ledger holds."""
        found = list(ledger_check.check(self.shop.deps.read))[-1]
        assert {} == found.broken
        return True


def opened(database: Database, clock: Clock) -> Mover:
    shop = Shop(database, clock)
    for programme in ({**CAFE, "rules": RULES}, STAMPS):
        answer = shop.owner.post("/programmes", programme)
        assert 201 == answer.status_code, answer.get_data(as_text=True)
    return Mover(shop)


@pytest.fixture
def mover(sqlite_database: Database, clock: Clock) -> Mover:
    """On SQLite, where the engine makes no difference."""
    return opened(sqlite_database, clock)


@pytest.fixture
def mover_on_each(database: Database, clock: Clock) -> Mover:
    """On either engine."""
    return opened(database, clock)


__all__ = ["Mover", "opened", "reading", "unloading"]
