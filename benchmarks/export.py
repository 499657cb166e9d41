"""Taking all members out: how many cards a second, and whether memory stays the same for ever more of them.

    python -m benchmarks.export [--short] [--cards 100000] [--format csv] [--store postgresql]

A process of its own reads the export to its end, as whoever downloads it would; its greatest resident size is
compared with that of an export of a tenth of the cards. `--cards 1000000` is a matter of minutes.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from app.services.jobs import exporting
from app.services.jobs.importing import Means
from app.services.moving.unloading import Papers
from benchmarks.support import crowd
from benchmarks.support.figures import load, verdict
from benchmarks.support.stores import open_programme, opened, store
from tests.support.postgres import PostgresMissing

MOST_GROWTH = 1.15
LEAST_PER_S = 2_000.0
SLUG = "cafe"
_NAMES = """INSERT INTO member_pii
    (member_id, programme_id, phone, email, given_name, family_name, city, attributes)
    SELECT id, programme_id, '+371' || id, 'member-' || id || '@example.com', 'Given', 'Family', 'Riga',
        '{"size": "42"}' FROM members"""


def read_out(url: str, format_: str) -> None:
    """In the process that is measured: read the export, and print what it took as JSON."""
    papers = Papers("https://cards.test", str, str, lambda serial, salt: f"token-{serial}")
    with opened(url) as database:
        means = Means(database.write, database.read, papers, lambda: datetime.now(UTC), str)
        began, size, lines = time.perf_counter(), 0, 0
        for part in exporting.straight(means, SLUG, format_):
            size += len(part)
            lines += part.count(b"\n")
        took_s = time.perf_counter() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps({"took_s": took_s, "bytes": size, "lines": lines, "peak_mb": peak_mb}))


def measure(kind: str, cards: int, format_: str) -> dict[str, float]:
    """Fill a database with `cards` cards and take them out."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="export-")))
        url = stack.enter_context(store(kind, home))
        with opened(url) as database:
            crowd.fill(database.engine, open_programme(database, SLUG), cards, datetime.now(UTC))
            with database.write.begin() as session:
                session.connection().exec_driver_sql(_NAMES)
        asked = [sys.executable, "-m", "benchmarks.export", "--read-out", str(url), "--format", format_]
        done = subprocess.run(asked, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    per_s = cards / found["took_s"]
    print(
        f"{cards:>9,} cards as {format_} from {kind}: {found['took_s']:,.1f} s, {per_s:,.0f} a second,"
        f" {found['bytes'] / 1e6:,.0f} MB, at most {found['peak_mb']:,.0f} MB of memory; {load()}",
        flush=True,
    )
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where no target was missed, 1 where one was, 2 where PostgreSQL is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="20,000 cards")
    parser.add_argument("--cards", type=int, default=100_000)
    parser.add_argument("--format", choices=exporting.FORMATS, default="ndjson")
    parser.add_argument("--store", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--read-out", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.read_out:
        read_out(asked.read_out, asked.format)
        return 0
    cards = 20_000 if asked.short else asked.cards
    try:
        few = measure(asked.store, max(5_000, cards // 10), asked.format)
        many = measure(asked.store, cards, asked.format)
    except PostgresMissing as missing:
        print(missing)
        return 2
    growth = many["peak_mb"] / few["peak_mb"]
    flat = verdict("memory for many beside few", growth, MOST_GROWTH, at_most=True)
    quick = verdict("cards a second", cards / many["took_s"], LEAST_PER_S)
    return 0 if flat and quick else 1


if __name__ == "__main__":
    sys.exit(main())
