"""What a worker needs of memory while a roll-out walks over 100,000 cards and their phones.

    python -m benchmarks.memory [--short] [--cards 100000]

A worker process of its own on PostgreSQL; its resident size is looked at every half second until all
phones are told. It should be flat: the second half of the roll-out at most a tenth above the first.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import psutil
from sqlalchemy import func, select

from app.services import rollouts
from app.storage.database import Database
from app.storage.tables import Delivery, ProgrammeRow, Rollout
from benchmarks.pushing import ToolMissing, nginx
from benchmarks.support import crowd
from benchmarks.support.figures import load, verdict
from benchmarks.support.stores import open_programme, opened, store
from benchmarks.support.tills import worker_process
from tests.support.postgres import PostgresMissing

MOST_GROWTH = 1.10
PATIENCE_S = 1800


def measure(cards: int) -> bool:
    """Roll out to `cards` cards; print the worker's sizes, and give whether they stayed flat."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="memory-")))
        stand_in = stack.enter_context(nginx(home))
        url = stack.enter_context(store("postgresql", home))
        database = stack.enter_context(opened(url))
        programme = open_programme(database)
        crowd.fill(database.engine, programme, cards, datetime.now(UTC))
        papers = stand_in.papers.parent
        pid = stack.enter_context(worker_process(url, stand_in.url, stand_in.ca, papers))
        before = psutil.Process(pid).memory_info().rss / 1e6
        with database.write.begin() as session:
            row = session.get_one(ProgrammeRow, programme)
            rollouts.start_rollout(session, row, now=datetime.now(UTC), why="banner")
        return _report(cards, before, _sizes_mb(pid, database))


def _sizes_mb(pid: int, database: Database) -> list[float]:
    sizes, worker, until = [], psutil.Process(pid), time.monotonic() + PATIENCE_S
    while not _done(database) and time.monotonic() < until:
        time.sleep(0.5)
        sizes.append(worker.memory_info().rss / 1e6)
    return sizes


def _done(database: Database) -> bool:
    with database.read() as session:
        walking = session.scalar(select(func.count()).select_from(Rollout).where(Rollout.due_at.is_not(None)))
        waiting = session.scalar(select(Delivery.id).where(Delivery.due_at.is_not(None)).limit(1))
    return not walking and waiting is None


def _report(cards: int, before: float, sizes: Sequence[float]) -> bool:
    middle = len(sizes) // 2
    first, second = statistics.median(sizes[:middle]), statistics.median(sizes[middle:])
    took = len(sizes) / 2
    print(
        f"{cards:,} cards in {took:,.0f} s: {before:,.0f} MB idle, {first:,.0f} MB in the first half, ",
        end="",
    )
    print(f"{second:,.0f} MB in the second, {max(sizes):,.0f} MB at most; {load()}")
    return verdict("second half beside the first", second / first, MOST_GROWTH, at_most=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where the size stayed flat, 1 where not, 2 where a program is missing."""
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--short", action="store_true", help="10,000 cards")
    parser.add_argument("--cards", type=int, default=100_000)
    asked = parser.parse_args(arguments)
    try:
        return 0 if measure(10_000 if asked.short else asked.cards) else 1
    except (ToolMissing, PostgresMissing) as missing:
        print(missing, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
