"""How long a preview of new rules takes over many cards on PostgreSQL, and how much memory it needs.

    python -m benchmarks.rule_preview [--cards 1000000] [--receipts 1000000]

Two programmes over the same crowd: a stamp card, whose cards share a few states (every card counts), and
points with stamps, whose states are so many that a sample speaks for all. Needs PostgreSQL's programs.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Date, String, bindparam, cast, column, func, literal, select, text

from app.domain.mechanics.base import EVER
from app.services import programmes
from app.services.rule_preview import Preview, Step, preview
from app.storage.database import Database
from app.storage.tables import Card, LotRow, Member, Operation, ProgrammeRow, Receipt, Tally
from app.storage.tables.base import Base
from benchmarks.support.crowd import FIRST_ID, tidy
from benchmarks.support.figures import verdict
from benchmarks.support.stores import open_programme, opened, store
from tests.support.postgres import PostgresMissing

TARGET_S = 60.0
STAMPS = {"kind": "stamps", "goal": 10, "reward": "A coffee"}
POINTS = {"kind": "points", "percent": 5, "goal": 5000, "reward": "A gift"}
PROGRAMMES: dict[str, tuple[list[Any], list[Any]]] = {
    "stamps": ([STAMPS], [{**STAMPS, "goal": 8}]),
    "points": ([POINTS, STAMPS], [{**POINTS, "percent": 7, "goal": 4000}, {**STAMPS, "goal": 8}]),
}
_N: Any = column("i", BigInteger)
_MINUTE = text("interval '1 minute'")


def _numbers(rows: int) -> Any:
    series = func.generate_series(bindparam(None, FIRST_ID, BigInteger), FIRST_ID + rows - 1)
    return select(series.label("i")).subquery("n")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where the target was met, 1 where it was missed, 2 where PostgreSQL is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cards", type=int, default=1_000_000)
    parser.add_argument("--receipts", type=int, default=1_000_000)
    asked = parser.parse_args(arguments)
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            database = stack.enter_context(opened(stack.enter_context(store("postgresql", folder))))
            met = _measured(database, asked.cards, asked.receipts)
    except PostgresMissing as missing:
        print(missing)
        return 2
    return 0 if met else 1


def _measured(database: Database, cards: int, receipts: int) -> bool:
    met = True
    programme_id = open_programme(database)
    began = time.perf_counter()
    _fill(database, programme_id, cards, receipts)
    print(f"{cards:,} cards and {receipts:,} receipts made in {time.perf_counter() - began:.0f} s")
    for name, (before, after) in PROGRAMMES.items():
        _give_rules(database, programme_id, before)
        began = time.perf_counter()
        found = _shown(preview(database.read, "cafe", after, now=datetime.now(UTC)))
        took = time.perf_counter() - began
        _tell(name, found)
        met &= verdict(f"a preview of {name} over {cards:,} cards", took, TARGET_S, at_most=True, unit=" s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
    return met


def _give_rules(database: Database, programme_id: int, rules: list[Any]) -> None:
    parsed = programmes.parse({"slug": "cafe", "name": "Cafe", "rules": rules})
    with database.write.begin() as session:
        row = session.get_one(ProgrammeRow, programme_id)
        row.body = {**row.body, "rules": parsed.model_dump(mode="json")["rules"]}


def _tell(name: str, found: Preview) -> None:
    how = "every card" if found.cards.exact else f"a sample of {found.cards.looked_at:,}"
    print(f"{name}: {dict(found.cards.sides)}, {found.cards.complete:,} complete at once ({how})")
    month = found.costs[0]
    money, margin = month.monthly_minor / 100, month.margin_minor / 100
    counted = f"{month.looked_at:,} of {month.receipts:,} receipts counted"
    print(f"{name}: {money:,.0f} a month more, give or take {margin:,.0f} ({counted})")


def _shown(steps: Iterator[Step | Preview]) -> Preview:
    for step in steps:
        if isinstance(step, Preview):
            return step
        if sys.stderr.isatty():
            print(f"\r{step.done} of {step.total} ", end="", file=sys.stderr)
    raise SystemExit("the preview ended without a result")


def _fill(database: Database, programme_id: int, cards: int, receipts: int) -> None:
    now = datetime.now(UTC)
    mine = {"programme_id": literal(programme_id)}
    _many(database, Member, cards, {**mine, "id": _N, "locale": literal("en"), "created_at": literal(now)})
    text_of = cast(_N, String)
    names = {"serial": literal("s") + text_of, "number": text_of, "link": literal("l") + text_of}
    born = literal(now - timedelta(days=200))
    about = {"salt": literal(b"salt"), "changed_at": literal(now), "created_at": born}
    _many(database, Card, cards, {**mine, "id": _N, "member_id": _N, **names, **about})
    operation = _operation(database, programme_id, now)
    of_card = {"card_id": _N, "operation_id": literal(operation), "active_from": literal(now)}
    held = {"points": 1 + _N * 7919 % 20_000, "stamps": 1 + _N % 9}
    for unit, amount in held.items():
        lot = {**of_card, "unit": literal(unit), "initial": literal(30_000), "remaining": amount}
        _many(database, LotRow, cards, lot)
    tally = {"card_id": _N, "what": literal("spend_minor"), "day": literal(EVER, Date)}
    _many(database, Tally, cards, {**tally, "amount": _N * 104_729 % 900_000})
    bought = {
        "public_id": literal("r") + text_of,
        "card_id": FIRST_ID + _N * 7919 % cards,
        "operation_id": literal(operation),
        "currency": literal("EUR"),
        "amount_minor": 300 + _N * 6131 % 9000,
        "closed_at": literal(now) - (_N % 129_000) * _MINUTE,
    }
    _many(database, Receipt, receipts, {**mine, **bought})
    tidy(database.engine)


def _operation(database: Database, programme_id: int, now: datetime) -> int:
    with database.write.begin() as session:
        made = Operation(
            public_id="bench",
            programme_id=programme_id,
            card_id=FIRST_ID,
            kind="import",
            source="bench",
            key="k",
            request_hash="",
            reply={},
            occurred_at=now,
            recorded_at=now,
        )
        session.add(made)
        session.flush()
        return made.id


def _many(database: Database, table: type[Base], rows: int, given: Mapping[str, Any]) -> None:
    """Rows from expressions of `i`; other columns have their defaults."""
    numbers = _numbers(rows)
    wanted: dict[str, Any] = {}
    for each in table.__table__.columns:
        if each.name in given:
            wanted[each.name] = given[each.name]
        elif each.default is not None:
            found: Any = each.default.arg
            wanted[each.name] = literal(found(None) if callable(found) else found, each.type)
    statement = table.__table__.insert().from_select(  # type: ignore[attr-defined]
        list(wanted), select(*wanted.values()).select_from(numbers), include_defaults=False
    )
    with database.engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(statement)


if __name__ == "__main__":
    sys.exit(main())
