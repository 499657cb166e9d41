"""Messages on their way: claimed in one transaction, sent in none, settled in another.

A handful of threads sends; each endpoint may have a few of them, and one that fails a single one, so nobody
waits for somebody else's server. What leaves is claimed only when a thread is free for it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import structlog
from sqlalchemy.orm import Session, sessionmaker

from app.services.card_facts import Surroundings
from app.services.crm.reading import CallBack, RemoteOf
from app.services.outside import Outside, Unreachable
from app.services.ports import Connector, DeliveryError, Telling
from app.services.webhooks import claims, payload, signing
from app.services.webhooks.claims import Heard, Try
from app.storage.tables import Event, HookSource, WebhookEndpoint, WebhookMessage

log = structlog.get_logger(__name__)
THREADS, PER_ENDPOINT = 32, 4
WAIT_S = 0.25
"""So long one step waits for answers before it looks for new work."""
ROW_OF_FAILURES = 3
"""After so many failures one upon the other an endpoint rests, a second first and a minute at last."""
LONGEST_REST_S = 60


def nobody(outcome: str) -> None:
    """For those who do not count."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What delivering works with. `note` hears `delivered` or `failed` for each try."""

    db: sessionmaker[Session]
    read: sessionmaker[Session]
    now: Callable[[], datetime]
    jitter: Callable[[], float]
    outside: Outside
    unseal: Callable[[str], str]
    around: Surroundings
    connectors: Mapping[str, Connector]
    call_back: CallBack
    note: Callable[[str], None] = nobody


@dataclass(slots=True)
class _Rests:
    """Endpoints that fail again and again rest for a moment, as this process sees them."""

    rows: Counter[int] = field(default_factory=Counter)
    until: dict[int, datetime] = field(default_factory=dict)

    def heard(self, endpoint_id: int, ok: bool, now: datetime) -> None:
        if ok:
            self.rows.pop(endpoint_id, None)
            self.until.pop(endpoint_id, None)
            return
        self.rows[endpoint_id] += 1
        beyond = self.rows[endpoint_id] - ROW_OF_FAILURES
        if beyond >= 0:
            seconds = min(LONGEST_REST_S, 2 ** min(beyond, 10))
            self.until[endpoint_id] = now + timedelta(seconds=seconds)

    def resting(self, endpoint_id: int, now: datetime) -> bool:
        until = self.until.get(endpoint_id)
        return until is not None and now < until


class Deliverer:
    """One process's deliveries; any number of processes may run."""

    def __init__(self, tools: Tools, *, threads: int = THREADS) -> None:
        self._tools, self._threads = tools, threads
        self._flying: dict[Future[Heard], WebhookMessage] = {}
        self._rests = _Rests()
        self._last = 0

    def step(self) -> bool:
        """Settle what was answered, send what is due; returns whether anything is on its way."""
        self._settle()
        self._begin(self._tools.now())
        if not self._flying:
            return False
        wait(self._flying, WAIT_S, FIRST_COMPLETED)
        self._settle()
        return True

    def _begin(self, now: datetime) -> None:
        """Each endpoint in turn gets what room it has; next time another one is first."""
        with self._tools.read() as session:
            due = list(claims.endpoints_due(session, now))
        flying = Counter(message.endpoint_id for message in self._flying.values())
        for endpoint in [e for e in due if e.id > self._last] + [e for e in due if e.id <= self._last]:
            room = min(_room(endpoint) - flying[endpoint.id], self._threads - len(self._flying))
            if room > 0 and not self._rests.resting(endpoint.id, now):
                self._last = endpoint.id
                self._send_some(endpoint.id, now, room)

    def _send_some(self, endpoint_id: int, now: datetime, room: int) -> None:
        with self._tools.db.begin() as session:
            found = claims.take(session, endpoint_id, now, room)
            session.expunge_all()
        for message in found:
            self._flying[_sent(self._tools, message)] = message

    def _settle(self) -> None:
        """All that was answered since, in one transaction."""
        done = {future: message for future, message in self._flying.items() if future.done()}
        if not done:
            return
        now, jitter = self._tools.now(), self._tools.jitter()
        by_endpoint: dict[int, list[Try]] = {}
        for future, message in done.items():
            by_endpoint.setdefault(message.endpoint_id, []).append(Try(message, future.result()))
        with self._tools.db.begin() as session:
            for endpoint_id in sorted(by_endpoint):
                claims.settle(session, endpoint_id, by_endpoint[endpoint_id], now, jitter)
        for future in done:
            del self._flying[future]
        for endpoint_id, tries in by_endpoint.items():
            for each in tries:
                self._rests.heard(endpoint_id, each.heard.ok, now)
                self._tools.note("delivered" if each.heard.ok else "failed")


def _room(endpoint: WebhookEndpoint) -> int:
    return 1 if endpoint.failing_since else PER_ENDPOINT


def _sent(tools: Tools, message: WebhookMessage) -> Future[Heard]:
    """On its way in a thread of its own, for which nobody waits at the end: the lease runs out by itself."""
    future: Future[Heard] = Future()
    name = f"webhook-{message.public_id}"
    threading.Thread(
        target=lambda: future.set_result(_heard_of(tools, message)), name=name, daemon=True
    ).start()
    return future


def _heard_of(tools: Tools, message: WebhookMessage) -> Heard:
    """Send it; whatever happens is an answer."""
    try:
        return _send(tools, message)
    except Unreachable as error:
        return Heard(error=str(error))
    except DeliveryError as error:
        return Heard(error=error.message, retry_after_s=error.retry_after_s, useless=error.permanent)
    except Exception as error:  # a fault of ours must not stop all others
        log.exception("a webhook could not be made", message=message.public_id)
        return Heard(error=f"We could not send it ({type(error).__name__}).")


def _send(tools: Tools, message: WebhookMessage) -> Heard:
    now = tools.now()
    with tools.read() as session:
        endpoint = session.get_one(WebhookEndpoint, message.endpoint_id)
        source = session.get(HookSource, endpoint.source_id) if endpoint.source_id else None
        event = session.get_one(Event, message.event_id)
        said = payload.build(session, event, tools.around, now, member_data=endpoint.member_data)
        session.expunge_all()
    if source is not None:
        return _tell(tools, source, said)
    known = [tools.unseal(each) for each in valid_secrets(endpoint, now)]
    body = payload.written(said)
    headers = {"Content-Type": "application/json", **signing.headers(known, message.public_id, now, body)}
    answer = tools.outside.send("POST", endpoint.url, headers=headers, body=body, most=claims.MOST_ANSWER)
    text = answer.body.decode("utf-8", "replace").replace("\x00", "")
    error = "" if 200 <= answer.status < 300 else f"it answered {answer.status}"
    wait_s = _retry_after_s(answer.status, answer.headers.get("retry-after", ""), now)
    return Heard(answer.status, error, text, answer.took_ms, wait_s)


def valid_secrets(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """The sealed secrets that sign now, the newest first."""
    former = endpoint.former_until is not None and now < endpoint.former_until
    return list(endpoint.secrets if former else endpoint.secrets[:1])


def _tell(tools: Tools, source: HookSource, said: Mapping[str, object]) -> Heard:
    """To the system behind a source; `took_ms` is not known of it, for it may take several calls."""
    connector: object = tools.connectors.get(source.kind)
    if not isinstance(connector, Telling):
        raise DeliveryError("this connector tells its system nothing", permanent=True)
    remote = tools.call_back(RemoteOf(source.id, source.kind, source.settings, source.token))
    connector.tell(remote, payload.plain(said))
    return Heard()


def _retry_after_s(status: int, said: str, now: datetime) -> float | None:
    """Seconds or a date (RFC 9110, 10.2.3), where the status means "later"."""
    if status not in (429, 503) or not said:
        return None
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        return max(0.0, (parsedate_to_datetime(said) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
