"""A till that sells while a roll-out runs, and a log that says when each push came in."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from app.services import loyalty
from app.services.journal import By, Once
from app.services.loyalty import Purchase
from app.storage.database import Database
from benchmarks.support import crowd
from benchmarks.support.workers import now

Sell = Callable[[int, str], None]
"""Sells something on the card with this id, under this key."""


def seller(database: Database) -> Sell:
    """A till in this process: the use case itself."""

    def sell(card_id: int, key: str) -> None:
        cmd = Purchase(f"s{card_id}", 1000, "EUR")
        loyalty.purchase(database.write, cmd, Once("till", key, {}), By("boris"), now=now())

    return sell


def web_seller(url: str, api_key: str) -> Sell:
    """A till at the other end of HTTP, on one kept connection."""
    line = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    body = json.dumps({"amount_minor": 1000, "currency": "EUR"})

    def sell(card_id: int, key: str) -> None:
        headers = {"Authorization": f"Bearer {api_key}", "Idempotency-Key": key}
        headers["Content-Type"] = "application/json"
        line.request("POST", f"/api/v1/cards/s{card_id}/purchases", body, headers)
        answer = line.getresponse()
        said = answer.read()
        if answer.status != 201:
            raise SystemExit(f"the till was answered {answer.status}: {said[:300]!r}")

    return sell


def sell_meanwhile(
    sell: Sell, cards: int, *, goes_on: Callable[[], bool], every_s: float
) -> dict[int, float]:
    """Sell to another customer every `every_s` seconds while `goes_on`; card id → when the sale began."""
    begun: dict[int, float] = {}
    step = 7919  # a prime: customers from all over the crowd
    while goes_on():
        card_id = crowd.FIRST_ID + (len(begun) + 1) * step % cards
        if card_id in begun:
            break
        begun[card_id] = time.time()
        sell(card_id, f"sale-{card_id}-{begun[card_id]}")
        time.sleep(max(0.0, begun[card_id] + every_s - time.time()))
    return begun


def waits_ms(log: Path, begun: dict[int, float]) -> list[float]:
    """Milliseconds from the beginning of each sale to the first push to its phone after that."""
    first: dict[int, float] = {}
    for line in log.read_text().splitlines():
        at, _, uri = line.partition(" ")
        token = uri.rpartition("/")[2]
        card_id = int(token) if token.isdigit() else 0
        if card_id in begun and float(at) >= begun[card_id] - 0.001 and card_id not in first:
            first[card_id] = float(at)
    return [(first[card_id] - begun[card_id]) * 1000 for card_id in begun if card_id in first]


@contextmanager
def worker_process(url: str, apns_url: str, ca: Path, papers: Path) -> Iterator[int]:
    """A worker of its own, as `tillpass worker` would be; its process id."""
    command = [sys.executable, "-m", "benchmarks.support.alone", url, apns_url, str(ca), str(papers)]
    running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert running.stdout
        running.stdout.readline()
        yield running.pid
    finally:
        running.terminate()
        running.wait(20)
