"""What a simulated phone is given: the network, time, chance and APNs.

A phone that reached for these itself could not be tested without waiting, and a thousand of them would each
own a thread. The server builds one `World` for all its phones; tests build one with stepped time.
"""

import heapq
import itertools
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog
import urllib3

log = structlog.get_logger(__name__)

TIMEOUT_S = 15.0
LARGEST_REPLY_BYTES = 25 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of a server; `status` 0 means that none came, and `body` then says why."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "").split(";")[0].strip().lower()


class Send(Protocol):
    """One HTTP exchange; never raises for the network's faults."""

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Reply: ...


class Schedule(Protocol):
    """Runs work later; `delay_s` counts from now."""

    def later(self, delay_s: float, work: Callable[[], None]) -> None: ...


class Apns(Protocol):
    """The part of the APNs stand-in that a phone talks to."""

    def register(self, token: str, topic: str) -> None: ...

    def unregister(self, token: str) -> None: ...


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class World:
    """Everything outside a phone.

    `reach` turns a public address into one that this machine can open (a laptop behind a tunnel cannot always
    open its own public name). `plain_http` is the developer switch of an iPhone that allows http services.
    """

    send: Send
    schedule: Schedule
    apns: Apns
    emit: Callable[[str, dict[str, Any]], None] = lambda kind, data: None
    now: Callable[[], datetime] = utc_now
    secret: Callable[[int], str] = secrets.token_hex
    reach: Callable[[str], str] = lambda address: address
    plain_http: bool = True
    check_signature: bool = True
    head_every: int = 6
    retry_waits_s: tuple[float, ...] = (2, 10, 60, 300, 900)


class PooledSend:
    """HTTP over one shared pool of connections, so that a phone costs no socket of its own."""

    def __init__(self, *, connections: int = 16) -> None:
        self._pool = urllib3.PoolManager(
            num_pools=8, maxsize=connections, block=True, retries=False, timeout=urllib3.Timeout(TIMEOUT_S)
        )

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Reply:
        try:
            answer = self._pool.request(
                method, url, headers=dict(headers or {}), body=body, preload_content=False, redirect=False
            )
            content = answer.read(LARGEST_REPLY_BYTES)
            answer.release_conn()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as fault:
            return Reply(0, {}, str(fault).encode())
        return Reply(answer.status, answer.headers, content)

    def close(self) -> None:
        self._pool.clear()


@dataclass(order=True)
class _Due:
    at: float
    order: int
    work: Callable[[], None] = field(compare=False)


class PooledSchedule:
    """A timer thread and a few workers, for any number of phones."""

    def __init__(self, *, workers: int = 8) -> None:
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="phones")
        self._due: list[_Due] = []
        self._order = itertools.count()
        self._wake = threading.Condition()
        self._stopped = False
        self._timer = threading.Thread(target=self._run, name="phones-timer", daemon=True)
        self._timer.start()

    def later(self, delay_s: float, work: Callable[[], None]) -> None:
        with self._wake:
            if self._stopped:
                return
            heapq.heappush(self._due, _Due(time.monotonic() + delay_s, next(self._order), work))
            self._wake.notify()

    def stop(self) -> None:
        with self._wake:
            self._stopped = True
            self._wake.notify()
        self._timer.join(timeout=2)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while (work := self._next()) is not None:
            self._pool.submit(_guarded, work)

    def _next(self) -> Callable[[], None] | None:
        with self._wake:
            while not self._stopped:
                wait_s = self._due[0].at - time.monotonic() if self._due else None
                if wait_s is not None and wait_s <= 0:
                    return heapq.heappop(self._due).work
                self._wake.wait(wait_s)
        return None


def _guarded(work: Callable[[], None]) -> None:
    """A fault of one phone's work is logged; it must not silence the pool."""
    try:
        work()
    except Exception:
        log.exception("phone_work_failed")
