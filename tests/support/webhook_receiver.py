"""A system that hears of events: a real server that keeps what came, and answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

from app.deps import Deps
from app.services.card_facts import Surroundings
from app.services.events import record
from app.services.outside import Outside
from app.services.remote import caller_back
from app.services.webhooks import fanout
from app.services.webhooks.deliver import Deliverer, Tools
from app.storage import queries
from tests.support.api_shop import Shop

LOOPBACK = Outside([ip_network("127.0.0.0/8")])


@dataclass(frozen=True)
class Came:
    """A call as it came."""

    path: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def said(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.raw)
        return told

    @property
    def sequence(self) -> int:
        number: int = self.said["data"]["sequence"]
        return number

    @property
    def serial(self) -> str:
        serial: str = self.said["data"]["card"]["serial"]
        return serial


Answer = tuple[int, dict[str, str], bytes]
GOOD: Answer = (204, {}, b"")
BROKEN: Answer = (500, {}, b"out of order")


class Receiver:
    """`decide` may answer by the call; else `answers` are given one after the other, and 204 in the end."""

    def __init__(self) -> None:
        self.url = ""
        self.came: list[Came] = []
        self.answers: list[Answer] = []
        self.decide: Callable[[Came], Answer | None] = lambda came: None
        self.lock = threading.Lock()

    def answer(self, came: Came) -> Answer:
        with self.lock:
            self.came.append(came)
            decided = self.decide(came)
            if decided is not None:
                return decided
            return self.answers.pop(0) if self.answers else GOOD

    def types(self) -> list[str]:
        return [each.said["type"] for each in self.came]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """The receiver behind a real socket."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            named = {name.lower(): value for name, value in self.headers.items()}
            status, headers, body = receiver.answer(Came(self.path, named, raw))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if status != 204:
                self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


class TellingShop(Shop):
    """A shop that may call receivers on this machine, and has a worker for webhooks."""

    def _deps(self) -> Deps:
        return replace(super()._deps(), outside=LOOPBACK)

    def deliverer(self, **parts: Any) -> Deliverer:
        """A worker's deliveries; `parts` replace what it works with."""
        known = self.deps
        tools = Tools(
            db=known.db,
            read=known.read,
            now=known.now,
            jitter=lambda: 0.0,
            outside=known.outside,
            unseal=known.unseal,
            around=Surroundings(known.base_url, known.wallets),
            connectors=known.connectors,
            call_back=caller_back(known.db, known.connectors, known.outside, known.unseal),
        )
        return Deliverer(replace(tools, **parts))

    def hands_out(self) -> int:
        """What the worker does with events."""
        return fanout.run(self.deps.db, self.clock.now())

    def sends(self, deliverer: Deliverer | None = None) -> None:
        """All that is due now."""
        while self.hands_out():
            pass
        worker = deliverer or self.deliverer()
        while worker.step():
            pass

    def endpoint(self, receiver: Receiver, programme: str = "cafe", **about: Any) -> dict[str, Any]:
        """An endpoint at the receiver, as the API made it."""
        body = {"programme": programme, "url": f"{receiver.url}/hooks", **about}
        made = self.owner.post("/webhook-endpoints", body)
        assert 201 == made.status_code, made.get_data(as_text=True)
        told: dict[str, Any] = made.get_json()
        return told

    def told(self, endpoint: Mapping[str, Any]) -> dict[str, Any]:
        """The endpoint as it is now."""
        now: dict[str, Any] = self.owner.get(f"/webhook-endpoints/{endpoint['id']}").get_json()
        return now

    def attempts(self, endpoint: Mapping[str, Any], state: str = "") -> list[dict[str, Any]]:
        path = f"/webhook-endpoints/{endpoint['id']}/attempts?limit=200&state={state}"
        items: list[dict[str, Any]] = self.owner.get(path).get_json()["items"]
        return items

    def happens(self, serial: str, times: int = 1, kind: str = "goal.near") -> None:
        """So many events of a card, each in a transaction of its own."""
        for _ in range(times):
            with self.deps.db.begin() as session:
                card = queries.card_by_serial(session, serial, lock=True)
                record(session, card.programme_id, kind, {"done": 8, "goal": 10}, self.clock.now(), card=card)
