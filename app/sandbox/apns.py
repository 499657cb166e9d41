"""A stand-in for Apple's push service: HTTP/2 over TLS with client certificates, as strict as the real one.

It plays Apple from outside, on a real socket, so that the client that pushes here is the one that pushes in
production. It runs in a thread with an event loop of its own; phones are told of pushes from a second
thread, so a slow phone never holds up an answer. As with Apple, pushes to one token that nobody has looked
at yet become one.
"""

import asyncio
import logging
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.sandbox.apns_connection import Connection
from app.sandbox.apns_devices import Devices
from app.sandbox.apns_faults import Faults
from app.sandbox.apns_rules import Answer, Client, Request, refuse
from app.sandbox.apns_tokens import TeamKeys

logger = logging.getLogger(__name__)
LOG_LENGTH = 10_000
_START_S = 10.0


@dataclass(frozen=True, slots=True)
class Push:
    """A push that was accepted, on its way to a phone."""

    token: str
    topic: str
    apns_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LogLine:
    """One request and its answer."""

    at: datetime
    token: str
    topic: str
    status: int
    reason: str
    apns_id: str


class ApnsServer:
    """Start it, register tokens, push to it. All methods may be called from any thread.

    `certificate`, `key`: PEM files of the server; `client_ca`: PEM file of the authorities that issue pass
    certificates (intermediate and root). `on_push` gets every accepted push. `faults` holds the switches for
    trouble, `keys` the push keys (.p8) that were given out.
    """

    def __init__(
        self,
        certificate: Path,
        key: Path,
        client_ca: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        on_push: Callable[[Push], None] = lambda push: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.faults = Faults()
        self.keys = TeamKeys()
        self.log: deque[LogLine] = deque(maxlen=LOG_LENGTH)
        self.accepted = self.refused = self.opened = 0
        self._tls = _tls_context(certificate, key, client_ca)
        self._host, self._port, self._clock = host, port, clock
        self._devices = Devices(clock)
        self._post = _Post(on_push)
        self._connections: set[Connection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        """Where to push to, once started."""
        return f"https://{f'[{self._host}]' if ':' in self._host else self._host}:{self._port}"

    @property
    def connections(self) -> int:
        """How many are open at present."""
        return len(self._connections)

    def start(self) -> int:
        """Listen; gives the port. Raises OSError where that cannot be opened."""
        started: list[OSError | None] = []
        ready = threading.Event()
        server = threading.Thread(target=self._run, args=(started, ready), name="apns", daemon=True)
        server.start()
        if not ready.wait(_START_S):
            raise OSError("the APNs stand-in did not start in time")
        if started and started[0]:
            raise started[0]
        postman = threading.Thread(target=self._post.run, name="apns-post", daemon=True)
        postman.start()
        self._threads = [server, postman]
        return self._port

    def stop(self) -> None:
        """Say GOAWAY to everyone and stop listening; safe to call twice."""
        loop, self._loop = self._loop, None
        self._post.stop()
        if loop:
            loop.call_soon_threadsafe(self._stopping.set)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(_START_S)

    def register(self, token: str, topic: str) -> None:
        """A phone asked for pushes: see `Devices.register`."""
        self._devices.register(token, topic)

    def unregister(self, token: str, *, reason: str = "Unregistered", at_ms: int | None = None) -> None:
        """A phone is gone: its token gets 410 from now on."""
        self._devices.unregister(token, reason=reason, at_ms=at_ms)

    def limit(self, pushes: int, within_s: float) -> None:
        """At most so many pushes a token within so many seconds, then 429; 0 lifts the limit."""
        self._devices.limit(pushes, within_s)

    def drop_connections(self) -> None:
        """Cut every open connection without a word."""
        loop = self._loop
        if loop:
            loop.call_soon_threadsafe(self._cut_all)

    def answer(self, request: Request, client: Client, apns_id: str) -> Answer:
        """Judge one request, log it, and send an accepted push on its way. Called by connections."""
        topic, token = request.topic, request.token
        now = self._clock()
        refused = self.faults.answer(token) or refuse(request, client, self.keys, now)
        answer = refused or self._devices.answer(token, topic)
        at = datetime.fromtimestamp(now, UTC)
        self.log.append(LogLine(at, token, topic, answer.status, answer.reason, apns_id))
        if answer.status == 200:
            self.accepted += 1
            self._post.add(Push(token, topic, apns_id, at))
        else:
            self.refused += 1
        return answer

    # -- the thread ------------------------------------------------------------------------------------------

    def _run(self, started: list[OSError | None], ready: threading.Event) -> None:
        try:
            asyncio.run(self._serve(ready))
        except OSError as fault:
            started.append(fault)
        finally:
            ready.set()

    async def _serve(self, ready: threading.Event) -> None:
        self._stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            self._connection, self._host, self._port, ssl=self._tls, backlog=256
        )
        self._port, self._loop = server.sockets[0].getsockname()[1], loop
        ready.set()
        await self._stopping.wait()
        server.close()
        for connection in list(self._connections):
            connection.shut_down()
        await asyncio.sleep(0.05)
        self._cut_all()
        await asyncio.sleep(0)

    def _cut_all(self) -> None:
        for connection in list(self._connections):
            connection.abort()

    def _connection(self) -> Connection:
        return Connection(self, self._open, self._connections.discard)

    def _open(self, connection: Connection) -> None:
        self.opened += 1
        self._connections.add(connection)


class _Post:
    """Hands pushes to the phones, one at a time; what waits is one push a token, as at Apple's."""

    def __init__(self, on_push: Callable[[Push], None]) -> None:
        self._on_push = on_push
        self._waiting: dict[str, Push] = {}
        self._arrived = threading.Condition()
        self._stopped = False

    def add(self, push: Push) -> None:
        with self._arrived:
            self._waiting[push.token] = push
            self._arrived.notify()

    def stop(self) -> None:
        with self._arrived:
            self._stopped = True
            self._arrived.notify()

    def run(self) -> None:
        while push := self._next():
            try:
                self._on_push(push)
            except Exception:
                logger.exception("a phone failed on a push")

    def _next(self) -> Push | None:
        with self._arrived:
            self._arrived.wait_for(lambda: self._waiting or self._stopped)
            if self._stopped:
                return None
            return self._waiting.pop(next(iter(self._waiting)))


def _tls_context(certificate: Path, key: Path, client_ca: Path) -> ssl.SSLContext:
    """A client without certificate gets in, for Apple answers 403 there; one that is not trusted does
    not.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(client_ca))
    context.load_cert_chain(certificate, key)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_OPTIONAL
    context.set_alpn_protocols(["h2"])
    return context
