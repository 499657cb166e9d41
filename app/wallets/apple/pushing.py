"""From due cards to push tokens and back: who is told, what each answer means, and what the database then
knows.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import cast

from sqlalchemy import Table
from sqlalchemy.orm import Session, sessionmaker

from app.services.ports import DeliveryError, Job, Outcome
from app.storage.batches import Change, update_many
from app.storage.tables import AppleRegistration
from app.wallets.apple.apns import ApnsClient
from app.wallets.apple.apns_breaker import CircuitBreaker
from app.wallets.apple.apns_replies import Push, PushResult, Reply, Verdict, said, wait_s
from app.wallets.apple.certificates import CertificateStore, PassIdentity
from app.wallets.apple.push_keys import KeyLogin, ProviderTokens
from app.wallets.apple.registrations import forget_dead, push_targets
from app.wallets.apple.signing import CertificateError

BATCH = 500
_TABLE = cast(Table, AppleRegistration.__table__)


class Clients:
    """One kept connection a thread and pass type; breakers are shared, because a wrong topic is wrong for
    all.
    """

    def __init__(
        self, url: str, ca: Path | None, store: CertificateStore, now: Callable[[], datetime]
    ) -> None:
        self._url, self._ca, self._store = url, ca, store
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
            self._url,
            folder / "certificate.pem",
            folder / "key.pem",
            self._ca,
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

    def breaker(self, pass_type_identifier: str) -> CircuitBreaker:
        """The fuse of a pass type."""
        with self._lock:
            return self._breakers.setdefault(pass_type_identifier, CircuitBreaker())

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
        self.answers.append(result)
        if len(self.answers) >= BATCH:
            yield from self.write()

    def write(self) -> Iterator[Outcome]:
        """Keep what the answers mean, then report the jobs that are complete."""
        answers, self.answers = self.answers, []
        _keep(self.db, answers, self.waiting, self.now())
        for result in answers:
            yield from self._count(result)

    def _count(self, result: PushResult) -> Iterator[Outcome]:
        _, card_id = _tag(result)
        waiting = self.waiting[card_id]
        waiting.left -= 1
        if result.verdict not in (Verdict.SENT, Verdict.DROP):
            waiting.error = _error(result)
        if waiting.left == 0:
            yield Outcome(waiting.job, waiting.job.version, waiting.error)


def push_jobs(
    db: sessionmaker[Session], clients: Clients, jobs: Sequence[Job], now: Callable[[], datetime]
) -> Iterator[Outcome]:
    """Push to every device of these cards; an outcome as soon as all devices of a card have answered."""
    by_card = {job.card_id: job for job in jobs}
    by_type, counts = _targets(db, list(by_card))
    for card_id, job in by_card.items():
        if card_id not in counts:
            yield Outcome(job, job.version)
    round_ = _Round(db, now, {card_id: _Waiting(by_card[card_id], left) for card_id, left in counts.items()})
    for pass_type, pushes in by_type.items():
        for result in _push(clients, pass_type, pushes):
            yield from round_.note(result)
    yield from round_.write()


def _targets(
    db: sessionmaker[Session], card_ids: Sequence[int]
) -> tuple[dict[str, list[Push]], dict[int, int]]:
    by_type: dict[str, list[Push]] = {}
    counts: dict[int, int] = {}
    with db() as session:
        for card_id, registration, token, seen_at, pass_type in push_targets(session, card_ids):
            by_type.setdefault(pass_type, []).append(Push(token, seen_at, (registration, card_id)))
            counts[card_id] = counts.get(card_id, 0) + 1
    return by_type, counts


def _push(clients: Clients, pass_type: str, pushes: Iterable[Push]) -> Iterator[PushResult]:
    try:
        client = clients.client(pass_type)
    except CertificateError as error:
        fault = Reply(0, "CertificateUnusable", detail=str(error))
        for push in pushes:
            clients.note(pass_type, refused := PushResult(push, Verdict.OURS, fault))
            yield refused
        return
    for result in client.push(pushes):
        clients.note(pass_type, result)
        yield result


def _tag(result: PushResult) -> tuple[int, int]:
    assert isinstance(result.push.tag, tuple)
    return result.push.tag


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
        registration, card_id = _tag(result)
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
