"""How long figures by channel, the funnel and a programme's overview take, on both engines.

    python -m benchmarks.analytics [--cards 100000] [--receipts 300000]

Half a year of one shop with thirty channels; asked for are its last 30 and 180 days. PostgreSQL's part is
left out where its programs are missing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from app.services.analytics import Question, channels, funnel, overview, question
from app.storage.database import Database
from app.storage.tables import ProgrammeRow
from app.storage.tables.base import Utc
from benchmarks.support.crowd import FIRST_ID, fill, tidy
from benchmarks.support.figures import verdict
from benchmarks.support.stores import Engine, open_programme, opened, store
from tests.support.postgres import PostgresMissing

TARGET_S = 5.0
SPANS = (30, 180)
_NUMBERS = (
    "WITH RECURSIVE n(i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < :rows - 1)"
)
_MINUTES = 180 * 24 * 60
_TABLES = (
    "UPDATE cards SET created_at = {born} WHERE id >= :first",
    "UPDATE apple_registrations SET registered_at = {born} WHERE card_id >= :first",
    """INSERT INTO attributions (card_id, programme_id, utm_source, utm_medium, utm_campaign, utm_content,
            utm_term, ref, link_code, at)
        SELECT id, programme_id, 'source' || id % 10, 'medium' || id % 3, '', '', '', '', '', created_at
        FROM cards WHERE id >= :first""",
    """INSERT INTO events (programme_id, card_id, card_version, card_seq, kind, body, at)
        SELECT programme_id, id, 1, 0, 'card.installed', '{{"wallet": "apple"}}', created_at
        FROM cards WHERE id >= :first""",
    """INSERT INTO events (programme_id, card_id, card_version, card_seq, kind, body, at)
        SELECT programme_id, id, 1, 0, 'card.updated', '{{"version": 2}}', created_at
        FROM cards WHERE id >= :first""",
    """INSERT INTO operations (id, public_id, programme_id, card_id, kind, source, key, request_hash, reply,
            rules_revision, actor, store, reason, partner, detail, occurred_at, recorded_at)
        {numbers} SELECT :first + i, 'o' || i, :programme, :first + {whose}, 'purchase', 'bench',
            CAST(i AS TEXT), '', '{{}}', 1, 'boris', '', '', '', '{{}}', {done}, {done} FROM n""",
    """INSERT INTO receipts (id, public_id, programme_id, card_id, operation_id, store, currency,
            amount_minor, points_paid, items, discount_minor, gift_minor, partner, working, refunded_minor,
            closed_at)
        SELECT id, public_id, programme_id, card_id, id, '', 'EUR', 300 + id % 9000, 0, '[]', 0, 0, '',
            '{{}}', 0, occurred_at FROM operations WHERE source = 'bench'""",
    """INSERT INTO transfers (operation_id, seq, card_id, unit, debit, credit, amount, rule, balance_after,
            account_version)
        SELECT id, 0, card_id, 'points', 'issued', 'available', 30, 'points', 30, id
        FROM operations WHERE source = 'bench'""",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where the targets were met, 1 where one was missed, 2 where PostgreSQL is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cards", type=int, default=100_000)
    parser.add_argument("--receipts", type=int, default=300_000)
    asked = parser.parse_args(arguments)
    met = _on("sqlite", asked.cards, asked.receipts)
    try:
        met &= _on("postgresql", asked.cards, asked.receipts)
    except PostgresMissing as missing:
        print(missing)
        return 2
    return 0 if met else 1


def _on(kind: Engine, cards: int, receipts: int) -> bool:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = stack.enter_context(opened(stack.enter_context(store(kind, folder))))
        programme_id, now = open_programme(database), datetime.now(UTC)
        began = time.perf_counter()
        fill(database.engine, programme_id, cards, now)
        _live(database, programme_id, cards, receipts, now)
        print(f"{kind}: {cards:,} cards, {receipts:,} receipts made in {time.perf_counter() - began:.0f} s")
        results = [_measured(database, kind, programme_id, days, now) for days in SPANS]
        return all(results)


def _live(database: Database, programme_id: int, cards: int, receipts: int, now: datetime) -> None:
    """Cards come to be, and are used, spread over the half-year."""
    parts = {
        "numbers": _NUMBERS,
        "born": _back(database.dialect, f"{_MINUTES} - (id - {FIRST_ID}) * {_MINUTES} / {cards}"),
        "done": _back(database.dialect, f"{_MINUTES} - i * {_MINUTES} / {receipts}"),
        "whose": f"(i * 7919) % {cards}",
    }
    given: dict[str, Any] = {"first": FIRST_ID, "now": now, "rows": receipts, "programme": programme_id}
    with database.engine.begin() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        for table in _TABLES:
            statement = table.format(**parts)
            known = {name: value for name, value in given.items() if f":{name}" in statement}
            times = [bindparam("now", type_=Utc())] if "now" in known else []
            connection.execute(text(statement).bindparams(*times), known)
    tidy(database.engine)
    if database.dialect == "sqlite":
        with database.engine.connect() as connection:
            connection.execute(text("ANALYZE"))


def _back(dialect: str, minutes: str) -> str:
    if dialect == "sqlite":
        return f"strftime('%Y-%m-%d %H:%M:%f', :now, '-' || ({minutes}) || ' minutes')"
    return f"CAST(:now AS timestamptz) - ({minutes}) * interval '1 minute'"


def _measured(database: Database, kind: Engine, programme_id: int, days: int, now: datetime) -> bool:
    asks: dict[str, Callable[[Session, Question], Any]] = {
        "figures by channel": channels,
        "the funnel": funnel,
        "the overview": lambda session, asked: overview(session, asked, now, "week"),
    }
    met = True
    for name, ask in asks.items():
        with database.read() as session:
            row, since = session.get_one(ProgrammeRow, programme_id), now.date() - timedelta(days=days - 1)
            asked = question(row, now=now, since=since, until=now.date())
            began = time.perf_counter()
            ask(session, asked)
            took = time.perf_counter() - began
        met &= verdict(f"{kind}: {name} of {days} days", took, TARGET_S, at_most=True, unit=" s")
    return met


if __name__ == "__main__":
    sys.exit(main())
