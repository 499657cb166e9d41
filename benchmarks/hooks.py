"""How fast a webhook is answered, and how fast what came is applied.

    python -m benchmarks.hooks [--calls 2000] [--events 10000] [--only receive|apply]

On PostgreSQL. `receive`: signed calls to the whole application, against a bare Flask application with one
route that inserts the same row by SQLAlchemy Core: at least half of its rate. `apply`: two workers, one a
core, apply what five sources sent about 2,000 people: values for their cards and news of members, 1,000 a
second at least; and purchases, told beside them without a target.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from flask import Flask, Response, request
from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table, insert, select

from app import flask_app
from app.compose import compose
from app.connectors import CONNECTORS
from app.services import crm
from app.services.crm import NewSource
from app.services.crm.inbox import keep, sealed_body
from app.services.ports import Polled
from app.settings import Settings
from app.storage.database import Database
from app.storage.tables import HookEvent, HookSource
from benchmarks.support import crowd
from benchmarks.support.figures import load, quantile, verdict
from benchmarks.support.stores import open_programme, opened, store
from tests.support.postgres import PostgresMissing

LEAST_SHARE = 0.5
LEAST_EVENTS = 1_000
PEOPLE = 2_000
SOURCES = 5
WORKERS = 2
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
_BARE = Table("bare_hooks", MetaData(), Column("id", Integer, primary_key=True), Column("key", String(255)))
_BARE.append_column(Column("body", LargeBinary))


def signed(body: bytes, event: str) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    stamp = str(int(time.time()))
    content = f"{event}.{stamp}.".encode() + body
    digest = base64.b64encode(hmac.new(b"k" * 32, content, hashlib.sha256).digest()).decode()
    return {"webhook-id": event, "webhook-timestamp": stamp, "webhook-signature": f"v1,{digest}"}


def receive(url: str, calls: int, home: Path) -> bool:
    """Seconds of a call to us, and to a route that only inserts a row."""
    settings = Settings(
        secret_key="benchmark" * 5,  # type: ignore[arg-type]
        database_url=url,
        base_url="https://cards.example.com",
        certs_dir=home,
        instance_dir=home,
    )
    parts = compose(settings)
    known = parts.deps
    new = NewSource("till", "cafe", secret=SECRET)
    crm.create_source(known.db, new, CONNECTORS, known.seal, now=known.now())
    _BARE.create(parts.database.engine)
    ours, bare = flask_app(parts), _bare(parts.database)
    body = json.dumps({"type": "stamps", "data": {"phone": "+37120000001", "stamps": 1}}).encode()
    ours_s = _seconds(ours, "/hooks/till", body, calls, 202)
    bare_s = _seconds(bare, "/bare", body, calls, 202)
    print(
        f"a call: p50 {quantile(ours_s, 0.5) * 1e3:.2f} ms, p99 {quantile(ours_s, 0.99) * 1e3:.2f} ms;"
        f" bare p50 {quantile(bare_s, 0.5) * 1e3:.2f} ms, p99 {quantile(bare_s, 0.99) * 1e3:.2f} ms; {load()}"
    )
    share = quantile(bare_s, 0.5) / quantile(ours_s, 0.5)
    parts.database.close()
    return verdict("   share of the bare route's rate", share, LEAST_SHARE)


def _bare(database: Database) -> Flask:
    app = Flask("bare")

    @app.post("/bare")
    def bare() -> Response:
        with database.engine.begin() as connection:
            connection.execute(
                insert(_BARE), {"key": request.headers["webhook-id"], "body": request.get_data()}
            )
        return Response(status=202)

    return app


def _seconds(app: Flask, path: str, body: bytes, calls: int, status: int) -> list[float]:
    client, took = app.test_client(), []
    for number in range(calls + 50):
        headers = signed(body, f"{path}-{number}")
        began = time.perf_counter()
        answer = client.post(path, data=body, headers=headers, content_type="application/json")
        took.append(time.perf_counter() - began)
        assert answer.status_code == status, answer.get_data(as_text=True)
    return took[50:]


def _values(number: int) -> dict[str, Any]:
    serial = f"s{crowd.FIRST_ID + number % PEOPLE}"
    return {"type": "values.set", "data": {"serial": serial, "values": {"bonus": number}}}


def _members(number: int) -> dict[str, Any]:
    return {"type": "member.upsert", "data": {"external_id": f"c{number % PEOPLE}", "city": f"Riga {number}"}}


def _purchases(number: int) -> dict[str, Any]:
    data = {"serial": f"s{crowd.FIRST_ID + number % PEOPLE}", "amount_minor": 1_000, "currency": "EUR"}
    return {"type": "purchase", "data": {**data, "receipt": f"r{number}"}}


KINDS: Sequence[tuple[str, Callable[[int], dict[str, Any]], float]] = (
    ("values", _values, LEAST_EVENTS),
    ("members", _members, LEAST_EVENTS),
    ("purchases", _purchases, 0),
)


def apply(url: str, events: int) -> bool:
    """Events a second of each kind, by two processes."""
    key = Fernet.generate_key()
    met = True
    with opened(url) as database:
        programme = open_programme(database, "crowd")
        crowd.fill(database.engine, programme, PEOPLE, datetime.now(UTC))
        _name_people(database, programme)
        for number in range(SOURCES):
            new = NewSource(f"crm-{number}", "crowd", secret=SECRET)
            crm.create_source(database.write, new, CONNECTORS, _seal(key), now=datetime.now(UTC))
        for name, make, target in KINDS:
            asked = events if target else events // 10
            _send(database, key, name, make, asked)
            rate = _drain(url, key, asked)
            print(f"{name}: {rate:,.0f} events a second; {load()}")
            if target:
                met = verdict(f"   {name} a second", rate, target) and met
            _require_applied(database)
    return met


def _name_people(database: Database, programme: int) -> None:
    from app.storage.tables import MemberPii

    rows = [
        {
            "member_id": crowd.FIRST_ID + n,
            "programme_id": programme,
            "external_id": f"c{n}",
            "given_name": "Anna",
        }
        | {"family_name": "", "city": "", "attributes": {}}
        for n in range(PEOPLE)
    ]
    with database.engine.begin() as connection:
        connection.execute(insert(MemberPii), rows)


def _seal(key: bytes) -> Callable[[str], str]:
    box = Fernet(key)
    return lambda plain: box.encrypt(plain.encode()).decode()


def _send(database: Database, key: bytes, name: str, make: Callable[[int], Any], events: int) -> None:
    """Keep the calls as the hook does, without the way over HTTP."""
    seal, now = _seal(key), datetime.now(UTC)
    with database.read() as session:
        sources = list(session.scalars(select(HookSource.id).where(HookSource.slug.like("crm-%"))))
    for start in range(0, events, 500):
        with database.write.begin() as session:
            for number in range(start, min(events, start + 500)):
                body = sealed_body(json.dumps(make(number)).encode(), seal)
                keep(session, sources[number % SOURCES], Polled(f"{name}-{number}", b""), body, now)


def _drain(url: str, key: bytes, events: int) -> float:
    """Let the workers apply everything; events a second, from the first to the last."""
    context = multiprocessing.get_context("spawn")
    ready, go = context.Barrier(WORKERS + 1), context.Barrier(WORKERS + 1)
    workers = [context.Process(target=_work, args=(url, key, ready, go)) for _ in range(WORKERS)]
    for each in workers:
        each.start()
    ready.wait()
    began = time.perf_counter()
    go.wait()
    for each in workers:
        each.join()
    return events / (time.perf_counter() - began)


def _work(url: str, key: bytes, ready: Any, go: Any) -> None:
    """What a worker's loop does, until nothing is left."""
    box = Fernet(key)
    with opened(url) as database:
        ready.wait()
        go.wait()
        for _ in _rounds(database, lambda sealed: box.decrypt(sealed.encode()).decode()):
            continue


def _rounds(database: Database, unseal: Callable[[str], str]) -> Iterator[int]:
    waiting = select(HookEvent.id).where(HookEvent.due_at.is_not(None)).limit(1)
    while True:
        now = datetime.now(UTC)
        yield crm.apply_due(database.write, CONNECTORS, unseal, now=now, jitter=0.0, limit=1_000)
        with database.read() as session:
            if session.scalar(waiting) is None:
                return


def _require_applied(database: Database) -> None:
    with database.read() as session:
        dead = session.scalars(select(HookEvent).where(HookEvent.state != "applied").limit(1)).first()
    assert dead is None, dead.last_error if dead else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where the targets are met, 1 where not, 2 where PostgreSQL is missing."""
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--calls", type=int, default=2_000)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--only", choices=("receive", "apply"))
    asked = parser.parse_args(arguments)
    met = True
    try:
        if asked.only != "apply":
            with tempfile.TemporaryDirectory() as home, store("postgresql", Path(home)) as url:
                with opened(url) as database:
                    open_programme(database)
                met = receive(url, asked.calls, Path(home))
        if asked.only != "receive":
            with tempfile.TemporaryDirectory() as home, store("postgresql", Path(home)) as url:
                met = apply(url, asked.events) and met
    except PostgresMissing as missing:
        print(f"left out: {missing}")
        return 2
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
