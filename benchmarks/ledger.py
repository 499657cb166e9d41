"""How near a purchase comes to the bare SQL that it sends, and how long points take to end.

    python -m benchmarks.ledger [--cards 1000000] [--purchases 400] [--only purchase|expiry]

On PostgreSQL. `purchase`: the statements of real purchases are written down and sent again, by a plain loop
of psycopg, to a second copy of the same database: that is the limit. At least half of its rate, with a
history of 10 entries and of 10,000. `expiry`: points of all cards end at once; a process takes them out while
a till goes on selling. Linear, in bounded memory, and no sale waits more than 100 ms for it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import make_url

from app.services import expiry, loyalty
from app.services.journal import By, Once
from app.services.loyalty import Purchase
from app.storage.database import Database
from app.storage.schema import migrate
from benchmarks.support import crowd, histories
from benchmarks.support.figures import load, quantile, verdict
from benchmarks.support.stores import open_programme, opened
from tests.support.postgres import PostgresMissing, PostgresServer, running_postgres

LEAST_SHARE = 0.5
MOST_WAIT_MS = 100
CROWD = 200
Sent = tuple[bool, str, Any]
"""Whether it was sent for many rows, the SQL, and what was filled in."""


def purchases(server: PostgresServer, count: int) -> bool:
    """Both histories, each on two copies of one database."""
    met = True
    for entries in (10, 10_000):
        template = server.create()
        migrate(server.url(template))
        with opened(server.url(template)) as database:
            programme = open_programme(database)
            crowd.fill(database.engine, programme, CROWD, datetime.now(UTC))
            histories.grow(database.engine, crowd.FIRST_ID, entries)
        bare_copy = server.create(template)
        with opened(server.url(template)) as database:
            ours_s, sent = _ours(database, count)
        bare_s = _bare(server.url(bare_copy), sent)
        statements = sum(len(each) for each in sent) / count
        print(
            f"history of {entries:,}: {1 / ours_s:,.0f} purchases/s, bare {1 / bare_s:,.0f}/s,"
            f" {statements:.1f} statements each; {load()}"
        )
        met = verdict(f"   share of the bare rate, {entries:,} entries", bare_s / ours_s, LEAST_SHARE) and met
    return met


def _sell(database: Database, number: int, card: int = crowd.FIRST_ID) -> None:
    cmd = Purchase(f"s{card}", 1_000 + number % 7, "EUR", receipt=f"r{number}", store="Old town")
    once = Once("benchmark", f"k{number}", {"number": number})
    loyalty.purchase(database.write, cmd, once, By("boris", "Old town"), now=datetime.now(UTC))


def _ours(database: Database, count: int) -> tuple[float, list[list[Sent]]]:
    """Seconds a purchase (the second half, which nobody listens to), and what the first half sent."""
    sent: list[list[Sent]] = []

    def listen(_c: Any, _cursor: Any, sql: str, given: Any, _context: Any, many: bool) -> None:
        sent[-1].append((many and not isinstance(given, Mapping), sql, given))  # batches go as one row

    for number in range(10):  # connections, plans, caches: sent again too, so that both copies are alike
        sent.append([])
        if not number:
            event.listen(database.engine, "before_cursor_execute", listen)
        _sell(database, number)
    for number in range(10, 10 + count):
        sent.append([])
        _sell(database, number)
    event.remove(database.engine, "before_cursor_execute", listen)
    began = time.perf_counter()
    for number in range(10 + count, 10 + 2 * count):
        _sell(database, number)
    return (time.perf_counter() - began) / count, sent


def _bare(url: str, sent: Sequence[Sequence[Sent]]) -> float:
    """Seconds for the statements of one purchase, sent by a plain loop."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, prepare_threshold=5) as connection, connection.cursor() as cursor:
        for statements in sent[:10]:
            _send(cursor, statements)
            connection.commit()
        began = time.perf_counter()
        for statements in sent[10:]:
            _send(cursor, statements)
            connection.commit()
        return (time.perf_counter() - began) / (len(sent) - 10)


def _send(cursor: psycopg.Cursor[Any], statements: Sequence[Sent]) -> None:
    for many, sql, given in statements:
        if many:
            cursor.executemany(sql.encode(), given)
        else:
            cursor.execute(sql.encode(), given)
        if cursor.description is not None:
            cursor.fetchall()


def ends(server: PostgresServer, cards: int) -> bool:
    """All points end at once; prints the pace of each half, memory, and how long sales took meanwhile."""
    name = server.create()
    migrate(server.url(name))
    with opened(server.url(name)) as database:
        programme = open_programme(database)
        crowd.fill(database.engine, programme, cards + CROWD, datetime.now(UTC))
        histories.end_all(database.engine, crowd.FIRST_ID + CROWD, cards, datetime.now(UTC))
        for number in range(20):
            _sell(database, number)
        alone = _waits(database, lambda waits: len(waits) < 100, 1_000)
        context = multiprocessing.get_context("spawn")
        receiving, giving = context.Pipe(False)
        process = context.Process(target=_take_out, args=(server.url(name), cards, giving))
        process.start()
        beside = _waits(database, lambda _: process.is_alive(), 100_000)
        process.join()
        done, halves, memory = receiving.recv()
    print(
        f"{done:,} lots: {halves[0]:,.0f} a second in the first half,"
        f" {halves[1]:,.0f} in the second; {load()}"
    )
    print(
        f"memory of the process: {memory[0] / 1024:,.0f} MB after a tenth,"
        f" {memory[1] / 1024:,.0f} MB at the end"
    )
    print(f"sales alone: p99 {quantile(alone, 0.99):,.1f} ms; beside: p99 {quantile(beside, 0.99):,.1f} ms")
    return all(
        [
            verdict("   second half's pace against the first", halves[1] / halves[0], 0.7),
            verdict("   memory at the end against a tenth", memory[1] / memory[0], 1.2, at_most=True),
            verdict("   longest wait of a sale", max(beside), MOST_WAIT_MS, at_most=True, unit=" ms"),
        ]
    )


def _waits(database: Database, goes_on: Callable[[list[float]], bool], first: int) -> list[float]:
    """Milliseconds of sales, one after the other, on cards whose points end and on others."""
    waits: list[float] = []
    while goes_on(waits) or not waits:
        number = first + len(waits)
        began = time.perf_counter()
        _sell(database, number, crowd.FIRST_ID + number % (2 * CROWD))
        waits.append((time.perf_counter() - began) * 1_000)
        time.sleep(0.01)
    return waits


def _take_out(url: str, cards: int, giving: Any) -> None:
    """What `tillpass tick --only lots --until-done` does; tells what it did, its pace and its memory."""
    done, marks, memory = 0, {0: time.perf_counter()}, 0
    with opened(url) as database:
        while step := expiry.expire_lots(database.write, database.read, datetime.now(UTC)):
            done += step
            if done >= cards // 10 and not memory:
                memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            if done >= cards // 2 and len(marks) == 1:
                marks[done] = time.perf_counter()
    marks[done] = time.perf_counter()
    ((start, at), (half, mid), (end, last)) = sorted(marks.items())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    paces = ((half - start) / (mid - at), (end - half) / (last - mid))
    giving.send((done, paces, (memory, peak)))


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where the targets are met, 1 where not, 2 where PostgreSQL is missing."""
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--cards", type=int, default=1_000_000)
    parser.add_argument("--purchases", type=int, default=400)
    parser.add_argument("--only", choices=("purchase", "expiry"))
    asked = parser.parse_args(arguments)
    met = True
    try:
        with ExitStack() as stack:
            server = stack.enter_context(running_postgres())
            if asked.only != "expiry":
                met = purchases(server, asked.purchases)
            if asked.only != "purchase":
                met = ends(server, asked.cards) and met
    except PostgresMissing as missing:
        print(missing, file=sys.stderr)
        return 2
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
