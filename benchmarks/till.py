"""How long a sale takes to knock at the customer's phone while a roll-out walks over 100,000 cards.

    python -m benchmarks.till [--short] [--engine sqlite|postgresql] [--mode embedded|separate|http]

From the beginning of the purchase to its push at the stand-in for Apple (an nginx, whose log has the time
in milliseconds of the same clock): median under 50 ms, and 99 of 100 under 250 ms. `embedded`: the worker's
threads share the till's process. `separate`: a worker process, woken by PostgreSQL's NOTIFY. `http`: the
whole application under granian with its embedded worker, and the till calls the API.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from app.services import access, rollouts
from app.services.worker import Bell, Worker, ring_after_commit
from app.storage.database import Database
from app.storage.tables import ProgrammeRow, Rollout
from app.wallets.apple.certificates import CertificateStore
from benchmarks.pushing import StandIn, ToolMissing, nginx
from benchmarks.support import crowd
from benchmarks.support.figures import load, quantile, verdict
from benchmarks.support.served import granian
from benchmarks.support.stores import Engine, open_programme, opened, store
from benchmarks.support.tills import Sell, sell_meanwhile, seller, waits_ms, web_seller, worker_process
from benchmarks.support.workers import apple_wallet, worker_parts
from tests.support.postgres import PostgresMissing

MEDIAN_MS, P99_MS = 50, 250
QUIET_S = 8
"""So long the till sells alone, to tell what the machine and what the roll-out adds."""
MODES = {"sqlite": ("embedded", "http"), "postgresql": ("embedded", "separate", "http")}


def measure(engine: Engine, mode: str, cards: int, every_s: float) -> bool:
    """One roll-out with sales beside it; prints the waits, and gives whether they are short enough."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="till-")))
        log = home / "pushes.log"
        stand_in = stack.enter_context(nginx(home, log=f"{log} push"))
        url = stack.enter_context(store(engine, home))
        database = stack.enter_context(opened(url))
        programme = open_programme(database)
        crowd.fill(database.engine, programme, cards, datetime.now(UTC))
        sell = stack.enter_context(_till(mode, database, url, stand_in, home))
        for number in range(5):  # connections, caches
            sell(crowd.FIRST_ID + number, f"warm-{number}")
        until = time.time() + QUIET_S
        quiet = sell_meanwhile(sell, cards, goes_on=lambda: time.time() < until, every_s=every_s)
        rollout = _start(database, programme)
        began = time.time()
        begun = sell_meanwhile(sell, cards, goes_on=lambda: not _done(database, rollout), every_s=every_s)
        took = time.time() - began
        time.sleep(2)
        print(f"{engine}, {mode}: {_in_words(waits_ms(log, quiet))} before the roll-out")
        return _report(f"{engine}, {mode}", waits_ms(log, begun), len(begun), cards / took)


def _in_words(waits: Sequence[float]) -> str:
    return f"median {quantile(waits, 0.5):,.0f} ms, p99 {quantile(waits, 0.99):,.0f} ms"


def _report(where: str, waits: Sequence[float], sales: int, pace: float) -> bool:
    print(
        f"{where}: {sales} sales, {sales - len(waits)} without a push; roll-out {pace:,.0f} cards/s; {load()}"
    )
    median = verdict("   median", quantile(waits, 0.5), MEDIAN_MS, at_most=True, unit=" ms")
    return verdict("   p99", quantile(waits, 0.99), P99_MS, at_most=True, unit=" ms") and median


@contextmanager
def _till(mode: str, database: Database, url: str, stand_in: StandIn, home: Path) -> Iterator[Sell]:
    papers = stand_in.papers.parent
    if mode == "http":
        settings = {
            "TILLPASS_DATABASE_URL": url,
            "TILLPASS_SANDBOX": "1",
            "TILLPASS_INSTANCE_DIR": str(home / "instance"),
            "TILLPASS_CERTS_DIR": str(papers),
            "TILLPASS_SECRET_KEY": "s" * 40,
            "TILLPASS_EMBEDDED_WORKER": "1",
            "TILLPASS_APNS_URL": stand_in.url,
            "TILLPASS_APNS_CA": str(stand_in.ca),
        }
        key = access.create_key(database.write, role="owner", now=datetime.now(UTC))
        with granian("app:create_app", settings, home / "ours.log") as server:
            yield web_seller(server.url, key)
    elif mode == "separate":
        with worker_process(url, stand_in.url, stand_in.ca, papers):
            yield seller(database)
    else:
        bell = Bell()
        ring_after_commit(database.write, bell)
        wallet = apple_wallet(database, stand_in.url, stand_in.ca, CertificateStore(papers))
        worker = Worker(worker_parts(database, wallet), bell)
        worker.start()
        yield seller(database)
        worker.stop()


def _start(database: Database, programme_id: int) -> int:
    with database.write.begin() as session:
        row = session.get_one(ProgrammeRow, programme_id)
        return rollouts.start_rollout(session, row, now=datetime.now(UTC), why="banner").id


def _done(database: Database, rollout_id: int) -> bool:
    with database.read() as session:
        return session.scalar(select(Rollout.finished_at).where(Rollout.id == rollout_id)) is not None


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where the targets are met, 1 where not, 2 where a program is missing."""
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--short", action="store_true", help="10,000 cards")
    parser.add_argument("--engine", choices=tuple(MODES), action="append")
    parser.add_argument("--mode", choices=("embedded", "separate", "http"), action="append")
    parser.add_argument("--cards", type=int, default=100_000)
    parser.add_argument("--every-ms", type=int, default=150, help="between two sales")
    asked = parser.parse_args(arguments)
    cards = 10_000 if asked.short else asked.cards
    try:
        met = [
            measure(engine, mode, cards, asked.every_ms / 1000)
            for engine in asked.engine or MODES
            for mode in MODES[engine]
            if mode in (asked.mode or MODES[engine])
        ]
    except (ToolMissing, PostgresMissing) as missing:
        print(missing, file=sys.stderr)
        return 2
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
