"""From due cards to push tokens and back: who is told, what each answer means, and what the database then
knows.
"""

from __future__ import annotations

import copy
import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast

from sqlalchemy import Table
from sqlalchemy.orm import Session, sessionmaker

from app.services.ports import DeliveryError, Job, Outcome
from app.storage.batches import Change, update_many
from app.storage.tables import AppleRegistration
from app.wallets.apple.apns import ApnsClient
from app.wallets.apple.apns_breaker import CircuitBreaker
from app.wallets.apple.apns_replies import Push, PushResult, Reply, Verdict, said, wait_s
from app.wallets.apple.app_push import AppPushers
from app.wallets.apple.apps import APPLE
from app.wallets.apple.certificates import CertificateStore, PassIdentity
from app.wallets.apple.push_keys import KeyLogin, ProviderTokens
from app.wallets.apple.registrations import forget_dead, push_targets
from app.wallets.apple.signing import CertificateError

BATCH = 500
FORGOTTEN_AFTER = timedelta(days=30)
_TABLE = cast(Table, AppleRegistration.__table__)


class Clients:
    """One kept connection a thread and pass type; breakers are shared, because a wrong topic is wrong for
    all.
    """

    def __init__(
        self, url: str, ca: Path | None, store: CertificateStore, now: Callable[[], datetime]
    ) -> None:
        self.url, self.ca = url, ca
        self._store = store
        self._tokens = ProviderTokens(lambda: now().timestamp())
        self._local = threading.local()
        self._breakers: dict[str, CircuitBreaker] = {}
        self._refusals: dict[str, Reply] = {}
        self._lock = threading.Lock()

    def client(self, pass_type_identifier: str) -> ApnsClient:
        """The client for this thread; a renewed certificate or another key opens a new connection. Raises
        CertificateError.
        """
        identity = self._store.identity(pass_type_identifier)
        mine: dict[str, tuple[object, ApnsClient]] = self._local.__dict__.setdefault("clients", {})
        papers, client = mine.get(pass_type_identifier, (None, None))
        if client is None or papers != identity.papers:
            if client is not None:
                client.close()
            client = self._dial(identity)
            mine[pass_type_identifier] = (identity.papers, client)
        return client

    def _dial(self, identity: PassIdentity) -> ApnsClient:
        folder, key = identity.folder, identity.push_key
        return ApnsClient(
            self.url,
            folder / "certificate.pem",
            folder / "key.pem",
            self.ca,
            topic=identity.pass_type_identifier,
            login=KeyLogin(self._tokens, key) if key else None,
            breaker=self.breaker(identity.pass_type_identifier),
        )

    def note(self, pass_type_identifier: str, result: PushResult) -> None:
        """Remember what Apple refused because of us, until it takes a push of this pass type again."""
        if result.verdict is Verdict.OURS and result.reply.reason != "MassRejection":
            self._refusals[pass_type_identifier] = result.reply
        elif self._refusals and result.verdict is Verdict.SENT:
            self._refusals.pop(pass_type_identifier, None)

    def can_push(self, pass_type_identifier: str, now: datetime) -> bool:
        """Whether there is a certificate for it that has not ended."""
        try:
            return now <= self._store.identity(pass_type_identifier).not_after
        except CertificateError:
            return False

    def breaker(self, pass_type_identifier: str) -> CircuitBreaker:
        """The fuse of a pass type."""
        with self._lock:
            return self._breakers.setdefault(pass_type_identifier, CircuitBreaker())

    def breakers(self) -> dict[str, CircuitBreaker]:
        """The fuses of this process by pass type."""
        with self._lock:
            return dict(self._breakers)

    def apart(self) -> Clients:
        """The same with connections and fuses of its own: a trial says nothing of real tokens."""
        other = copy.copy(self)
        other._local, other._lock = threading.local(), threading.Lock()
        other._breakers, other._refusals = {}, {}
        return other

    def faults(self) -> list[str]:
        """What the open fuses say."""
        with self._lock:
            return [str(finding) for breaker in self._breakers.values() if (finding := breaker.finding)]

    def refusals(self) -> dict[str, Reply]:
        """By pass type, what Apple refused last because of our certificate, key or request."""
        return dict(self._refusals)


@dataclass(slots=True)
class _Waiting:
    """A job whose devices have not all answered yet."""

    job: Job
    left: int
    error: DeliveryError | None = None


@dataclass(slots=True)
class _Round:
    """One call of `push_jobs`: jobs under way and answers that are not written yet."""

    db: sessionmaker[Session]
    now: Callable[[], datetime]
    waiting: dict[int, _Waiting]
    answers: list[PushResult] = field(default_factory=list)

    def note(self, result: PushResult) -> Iterator[Outcome]:
        self.answers.append(_given_up(result, self.now()))
        if len(self.answers) >= BATCH:
            yield from self.write()

    def write(self) -> Iterator[Outcome]:
        """Keep what the answers mean, then report the jobs that are complete."""
        answers, self.answers = self.answers, []
        _keep(self.db, answers, self.waiting, self.now())
        for result in answers:
            yield from self._count(result)

    def _count(self, result: PushResult) -> Iterator[Outcome]:
        waiting = self.waiting[_tag(result).card_id]
        waiting.left -= 1
        if result.verdict not in (Verdict.SENT, Verdict.DROP):
            waiting.error = _error(result)
        if waiting.left == 0:
            yield Outcome(waiting.job, waiting.job.version, waiting.error)


def push_jobs(
    db: sessionmaker[Session],
    clients: Clients,
    apps: AppPushers,
    jobs: Sequence[Job],
    now: Callable[[], datetime],
) -> Iterator[Outcome]:
    """Push to every device of these cards; an outcome as soon as all devices of a card have answered.

    Apple's phones come first, and their answers are kept before any other server is asked: one of those that
    hangs delays none of them.
    """
    by_card = {job.card_id: job for job in jobs}
    by_way, counts = _targets(db, clients, apps, by_card, now())
    for card_id, job in by_card.items():
        if card_id not in counts:
            yield Outcome(job, job.version)
    round_ = _Round(db, now, {card_id: _Waiting(by_card[card_id], left) for card_id, left in counts.items()})
    for way, pushes in sorted(by_way.items(), key=lambda each: each[0].app != APPLE):
        if way.app != APPLE:
            yield from round_.write()
        for result in _push(clients, apps, way, pushes):
            yield from round_.note(result)
    yield from round_.write()


class _Way(NamedTuple):
    """Where pushes go together: one app, its server where the phone named it, one pass type."""

    app: str
    push_url: str
    pass_type: str


class _Target(NamedTuple):
    """Whose phone a push is for, and since when it owes us a sign of life."""

    registration: int
    card_id: int
    app: str
    waits_since: datetime


def _targets(
    db: sessionmaker[Session],
    clients: Clients,
    apps: AppPushers,
    jobs: Mapping[int, Job],
    now: datetime,
) -> tuple[dict[_Way, list[Push]], dict[int, int]]:
    by_way: dict[_Way, list[Push]] = {}
    counts: dict[int, int] = {}
    with db() as session:
        rows = [row for row in push_targets(session, list(jobs)) if _is_told(apps, row.scheme)]
    # A former pass whose certificate ended stays as it is: nothing can be done, so nothing waits for it.
    found = [row for row in rows if not row.former or clients.can_push(row.pass_type_identifier, now)]
    # Where only the former pass changed, a push of the present one would find nothing new.
    found = [row for row in found if not row.moving or row.fetched_version < row.version]
    failed = {row.card_id for row in found if row.push_error}
    for row in found:
        if row.card_id in failed and _was_taken(row, jobs[row.card_id]):
            continue
        since = max(row.token_seen_at, row.pushed_at or row.token_seen_at, row.queued_at or row.token_seen_at)
        target = _Target(row.registration, row.card_id, row.scheme, since)
        way = _Way(row.scheme, row.push_url, row.pass_type_identifier)
        by_way.setdefault(way, []).append(Push(row.push_token, row.token_seen_at, target))
        counts[row.card_id] = counts.get(row.card_id, 0) + 1
    return by_way, counts


def _is_told(apps: AppPushers, app: str) -> bool:
    """Apps that we have no key for ask by themselves: nothing is owed to them."""
    return app == APPLE or apps.can_push(app)


def _was_taken(row: Any, job: Job) -> bool:
    """This phone was reached before another one of the card failed: it is not woken again for that one."""
    return not row.push_error and bool(row.pushed_version >= job.version)


def _push(clients: Clients, apps: AppPushers, way: _Way, pushes: Sequence[Push]) -> Iterator[PushResult]:
    if way.app != APPLE:
        yield from apps.push(way.app, way.push_url, way.pass_type, pushes)
        return
    try:
        client = clients.client(way.pass_type)
    except CertificateError as error:
        fault = Reply(0, "CertificateUnusable", detail=str(error))
        for push in pushes:
            clients.note(way.pass_type, refused := PushResult(push, Verdict.OURS, fault))
            yield refused
        return
    for result in client.push(pushes):
        clients.note(way.pass_type, result)
        yield result


def _tag(result: PushResult) -> _Target:
    assert isinstance(result.push.tag, _Target)
    return result.push.tag


def _given_up(result: PushResult, now: datetime) -> PushResult:
    """Not every app says goodbye when it is removed: one that failed for so long is forgotten."""
    target = _tag(result)
    over = target.app != APPLE and now - target.waits_since > FORGOTTEN_AFTER
    return result._replace(verdict=Verdict.DROP) if over and result.verdict is Verdict.RETRY else result


def _error(result: PushResult) -> DeliveryError:
    reply = result.reply
    wait = wait_s(result.verdict, 0, chance=random.random(), retry_after_s=reply.retry_after_s)
    known_wait = wait if result.verdict is not Verdict.RETRY or reply.retry_after_s else None
    return DeliveryError(f"Apple's push service: {said(reply)}", retry_after_s=known_wait)


def _keep(
    db: sessionmaker[Session], answers: Sequence[PushResult], waiting: Mapping[int, _Waiting], at: datetime
) -> None:
    """Two transactions: the rows of phones are updated in one order, devices locked in another."""
    sent: list[Change] = []
    failed: list[Change] = []
    dead = {}
    for result in answers:
        registration, card_id, *_ = _tag(result)
        if result.verdict is Verdict.DROP:
            dead[registration] = (result.push.token, result.push.registered_at)
        elif result.verdict is Verdict.SENT:
            version = waiting[card_id].job.version
            sent.append(
                ({"id": registration}, {"pushed_version": version, "pushed_at": at, "push_error": ""})
            )
        else:
            failed.append(({"id": registration}, {"push_error": said(result.reply)[:200]}))
    if sent or failed:
        with db.begin() as session:
            update_many(session, _TABLE, sent)
            update_many(session, _TABLE, failed)
    if dead:
        with db.begin() as session:
            forget_dead(session, dead)
