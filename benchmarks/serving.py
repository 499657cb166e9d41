"""How near our answers to phones come to a bare Flask route that reads one row, on the same granian.

    python -m benchmarks.serving [--short] [--engine sqlite|postgresql] [--cards 1000,300000]

Three requests that phones make: the list without news (204), the list with one change (200) and the pass
that they have (304), each through the whole application, beside the route. h2load asks over HTTP/1.1 on 16
connections. Rates are per CPU second of the server, because other programs share the machine; each should
reach 0.60 of the route's, however many cards there are.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from werkzeug.http import http_date

from app.compose import compose
from app.settings import Settings
from app.storage.tables import Card
from app.wallets.apple.vector import encode
from app.wallets.apple.wallet import AppleWallet
from benchmarks.pushing import ToolMissing, tool
from benchmarks.support import crowd
from benchmarks.support.figures import load, verdict
from benchmarks.support.served import Server, granian
from benchmarks.support.stores import Engine, open_programme, opened, store
from tests.support.postgres import PostgresMissing

TARGET = 0.60
LIMIT = "bare route, one row"


@dataclass(frozen=True)
class Question:
    """One request, and the status that answers it."""

    path: str
    status: int
    headers: dict[str, str] = field(default_factory=dict)


def ask(server: Server, question: Question, count: int) -> float:
    """Requests per CPU second of the server; every answer must have the right status."""
    headers = [word for name, value in question.headers.items() for word in ("-H", f"{name}: {value}")]
    command = [tool("h2load"), "--h1", "-t1", "-c16", f"-n{count}", *headers, server.url + question.path]
    before = server.cpu_s()
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = server.cpu_s() - before
    right = f"{count} 2xx" if question.status < 300 else f"{count} 3xx"
    if right not in said:
        raise SystemExit(f"not every answer was {question.status}:\n{said}")
    return count / used


def questions(wallet: AppleWallet, card: Card) -> dict[str, Question]:
    """What a phone asks that holds this card."""
    lists = f"/apple/v1/devices/d{card.id}/registrations/{crowd.PASS_TYPE}"
    tag = encode({card.id: card.version})
    held = {
        "Authorization": f"ApplePass {wallet.tokens.token(card.serial, card.salt)}",
        "If-Modified-Since": http_date(card.changed_at),
    }
    return {
        "list, nothing new (204)": Question(f"{lists}?passesUpdatedSince={tag}", 204),
        "list, one change (200)": Question(lists, 200),
        "pass, not modified (304)": Question(f"/apple/v1/passes/{crowd.PASS_TYPE}/{card.serial}", 304, held),
    }


def measure(engine: Engine, cards: int, count: int, rounds: int) -> bool:
    """Alternate the requests with the limit; print ratios, and give whether all reach the target."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="serving-")))
        url = stack.enter_context(store(engine, home))
        settings = {
            "TILLPASS_DATABASE_URL": url,
            "TILLPASS_SANDBOX": "1",
            "TILLPASS_INSTANCE_DIR": str(home),
            "TILLPASS_CERTS_DIR": str(home / "certs"),
            "TILLPASS_SECRET_KEY": "s" * 40,
            "TILLPASS_EMBEDDED_WORKER": "0",
            "TILLPASS_LOG_FORMAT": "json",
        }
        asked = _fill(url, cards, home)
        limit = stack.enter_context(granian("benchmarks.support.served:bare", settings, home / "bare.log"))
        ours = stack.enter_context(granian("app:create_app", settings, home / "ours.log"))
        row = Question(f"/row/s{crowd.FIRST_ID}", 204)
        rates: dict[str, list[float]] = {name: [] for name in (LIMIT, *asked)}
        for _ in range(rounds + 1):  # the first warms up
            rates[LIMIT].append(ask(limit, row, count))
            for name, question in asked.items():
                rates[name].append(ask(ours, question, count))
        return _report(f"{engine}, {cards:,} cards", {name: each[1:] for name, each in rates.items()})


def _fill(url: str, cards: int, home: Path) -> dict[str, Question]:
    with opened(url) as database:
        crowd.fill(database.engine, open_programme(database), cards, datetime.now(UTC))
        settings = Settings(
            sandbox=True,
            instance_dir=home,
            database_url=url,
            certs_dir=home / "certs",
            secret_key="s" * 40,
        )
        wallet = compose(settings).deps.wallets["apple"]
        assert isinstance(wallet, AppleWallet)
        with database.read() as session:
            return questions(wallet, session.get_one(Card, crowd.FIRST_ID))


def _report(where: str, rates: dict[str, list[float]]) -> bool:
    limit = statistics.median(rates.pop(LIMIT))
    print(f"{where}: {LIMIT} {limit:,.0f} per CPU second; {load()}")
    ratios = {name: statistics.median(each) / limit for name, each in rates.items()}
    met = [verdict(f"{name}, ratio", ratio, TARGET) for name, ratio in ratios.items()]
    return all(met)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where the targets are met, 1 where not, 2 where a program is missing."""
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--short", action="store_true", help="fewer requests and cards")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--cards", default="1000,300000")
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args(arguments)
    if asked.short:
        asked.cards, asked.requests, asked.rounds = "1000,30000", 1500, 3
    try:
        tool("h2load")
        met = [
            measure(engine, int(cards), asked.requests, asked.rounds)
            for engine in asked.engine or ("sqlite", "postgresql")
            for cards in asked.cards.split(",")
        ]
    except (ToolMissing, PostgresMissing) as missing:
        print(missing, file=sys.stderr)
        return 2
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
