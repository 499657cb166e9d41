"""How fast a queued change reaches Apple: claim, push and settle, on PostgreSQL, beside an nginx with HTTP/2.

    python -m benchmarks.pipeline [--short] [--sizes 10000,100000,1000000] [--due 50000]

Every size gets the same number of due cards, spread over all registered ones, so that a rate which falls
with the size shows. At least 4,000 devices a second on two cores, and at a million not less than 0.8 of
the rate at ten thousand. Rounds alternate between the sizes. Database, nginx and worker share the machine.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.services.worker import Parts, steps
from app.storage.database import Database
from app.storage.tables.delivery import BULK
from app.wallets.apple.certificates import CertificateStore
from benchmarks.pushing import StandIn, ToolMissing, nginx
from benchmarks.support import crowd
from benchmarks.support.figures import load, spread, verdict
from benchmarks.support.stores import open_programme, opened, store
from benchmarks.support.workers import apple_wallet, worker_parts
from tests.support.postgres import PostgresMissing

TARGET_RATE = 4_000
TARGET_FLAT = 0.8


@dataclass(frozen=True)
class Street:
    """A database with `size` registered phones, and what brings news to them."""

    size: int
    database: Database
    parts: Parts

    def bulk_steps(self) -> list:
        """The loops of a worker that carry out roll-outs to Apple."""
        return [step for name, step in steps(self.parts).items() if name.startswith("apple-bulk")]


def drain(street: Street, due: int) -> tuple[float, float]:
    """Mark `due` cards, deliver them all; devices a second, and CPU milliseconds of ours for a thousand."""
    every = max(1, street.size // due)
    marked = crowd.mark_due(street.database.engine, BULK, datetime.now(UTC), every=every)
    begun, cpu = time.perf_counter(), time.process_time()
    threads = [threading.Thread(target=_until_idle, args=(step,)) for step in street.bulk_steps()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, cpu = time.perf_counter() - begun, time.process_time() - cpu
    crowd.tidy(street.database.engine)
    return marked / took, cpu * 1e6 / marked


def _until_idle(step) -> None:
    while step():
        pass


def measure(streets: Sequence[Street], due: int, rounds: int) -> bool:
    """Alternate between the sizes; print medians, and give whether the targets were met."""
    rates: dict[int, list[float]] = {street.size: [] for street in streets}
    for number in range(rounds):
        for street in streets:
            rate, cpu = drain(street, min(due, street.size))
            rates[street.size].append(rate)
            print(
                f"round {number + 1}: {street.size:>9,} registered {rate:>8,.0f}/s {cpu:5.0f} ms CPU per 1k",
                flush=True,
            )
    for size, each in rates.items():
        print(f"{size:>9,} registered: {spread(each, '/s')}")
    middle = [statistics.median(each) for each in rates.values()]
    fast = verdict("devices a second, slowest size", min(middle), TARGET_RATE)
    flat = verdict("largest size beside smallest", middle[-1] / middle[0], TARGET_FLAT)
    return fast and flat


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where the targets are met, 1 where not, 2 where a program is missing."""
    asked = _asked(arguments)
    try:
        with ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pipeline-")))
            stand_in = stack.enter_context(nginx(home))
            streets = [_street(stack, stand_in, home, int(size)) for size in asked.sizes.split(",")]
            print(load())
            return 0 if measure(streets, asked.due, asked.rounds) else 1
    except (ToolMissing, PostgresMissing) as missing:
        print(missing, file=sys.stderr)
        return 2


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--short", action="store_true", help="a tenth of it, in a minute")
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--due", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args(arguments)
    if asked.short:
        asked.sizes, asked.due, asked.rounds = "10000,100000", 10_000, 2
    return asked


def _street(stack: ExitStack, stand_in: StandIn, home: Path, size: int) -> Street:
    database = stack.enter_context(opened(stack.enter_context(store("postgresql", home))))
    crowd.fill(database.engine, open_programme(database), size, datetime.now(UTC))
    wallet = apple_wallet(database, stand_in.url, stand_in.ca, CertificateStore(stand_in.papers.parent))
    return Street(size, database, worker_parts(database, wallet))


if __name__ == "__main__":
    sys.exit(main())
