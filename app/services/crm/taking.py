"""Taking a source with a batch of what it sent: a lease keeps other workers away, and lapses if we die."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event, exists, func, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.services.crm.actions import Source
from app.services.crm.inbox import open_body
from app.services.crm.lanes import EVERYTHING, Blocker
from app.services.crm.reading import CallBack, RemoteOf
from app.services.crm.settling import MOST_PARKED
from app.services.crm.targets import Names
from app.services.ports import Action, Answer, Ask, Connector, DeliveryError, Remote, Stored
from app.storage import queries
from app.storage.tables import HookEvent, HookSource, ProgrammeRow

LEASE = timedelta(seconds=60)
RENEW_S = 15.0
SAFE_S = 50.0
"""So long after its lease was written a worker may be sure of it; others may have it at the end of LEASE."""
BATCH = 100


@dataclass(slots=True)
class Event:
    """A kept call on its way."""

    id: int
    due_at: datetime
    attempts: int
    dedup_key: str
    stored: Stored
    opened: bool = True
    wanted: Sequence[Action | Ask] = ()
    actions: Sequence[Action] = ()
    keys: set[str] = field(default_factory=set)
    strange: bool = False
    """It names somebody or a card that we do not know."""


@dataclass(frozen=True, slots=True)
class Parking:
    """An event that holds up nobody, and the names of what it waits for."""

    event_id: int
    awaited: frozenset[str]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one worker holds of one source."""

    source_id: int
    lease: str
    source: Source
    names: Names
    connector: Connector | None
    remote: RemoteOf
    events: Sequence[Event]
    blockers: list[Blocker]
    parked: Sequence[Parking] = ()
    woken: set[str] = field(default_factory=set)
    """Names that parked events wait for no longer."""
    versions: dict[str, int] = field(default_factory=dict)
    """How new what was applied last is, by thing."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What applying works with; `jitter` is from 0 to 1."""

    db: sessionmaker[Session]
    connectors: Mapping[str, Connector]
    unseal: Callable[[str], str]
    now: datetime
    jitter: float
    call_back: CallBack | None
    default_pass_type: str
    began: float = field(default_factory=time.monotonic)

    def lease(self) -> datetime:
        """Until when a lease of this moment is good: the sources before this one took their time."""
        return self.now + timedelta(seconds=time.monotonic() - self.began) + LEASE


def is_due(read_from: sessionmaker[Session], now: datetime) -> bool:
    """Whether `apply_due` would find work; asks no writer to wait."""
    with read_from() as session:
        return session.scalar(_free(now).limit(1)) is not None


def _free(now: datetime) -> Any:
    """Sources that have something due and that nobody works on; by chance, so that no busy one is always
    first.
    """
    due = exists().where(HookEvent.source_id == HookSource.id, HookEvent.due_at <= now)
    free = or_(HookSource.lease_until.is_(None), HookSource.lease_until <= now)
    return select(HookSource.id).where(HookSource.paused_at.is_(None), free, due).order_by(func.random())


def take(tools: Tools, limit: int, served: set[int]) -> Batch | None:
    """The first free source with a batch of its events; its lease keeps other workers away."""
    now, token = tools.now, secrets.token_hex(16)
    with tools.db.begin() as session:
        wanted = _free(now).where(HookSource.id.not_in(served)).limit(1)
        source_id = session.scalar(wanted.with_for_update(of=HookSource, skip_locked=True))
        if source_id is None:
            return None
        row = session.get_one(HookSource, source_id)
        row.lease_until, row.lease_token = tools.lease(), token
        programme = session.get_one(ProgrammeRow, row.programme_id)
        due, blockers = _events(session, source_id, now, min(limit, BATCH))
        parked = _parked(session, source_id, now)
        names = Names.of(queries.programme_of(programme))
        strangers = str(row.settings.get("strangers", "refuse"))
        source = Source(
            row.slug, row.programme_id, programme.slug, row.mapping, tools.default_pass_type, strangers
        )
        remote = RemoteOf(row.id, row.kind, row.settings, row.token)
        connector = tools.connectors.get(row.kind)
    events = [_event(tools, each) for each in due]
    return Batch(source_id, token, source, names, connector, remote, events, blockers, parked)


def _events(
    session: Session, source_id: int, now: datetime, limit: int
) -> tuple[Sequence[HookEvent], list[Blocker]]:
    """The first due events, and the earlier ones that wait for a later time."""
    mine = (HookEvent.source_id == source_id, HookEvent.due_at.is_not(None))
    due = session.scalars(
        select(HookEvent).where(*mine, HookEvent.due_at <= now).order_by(HookEvent.id).limit(limit)
    ).all()
    waiting = select(HookEvent.id, HookEvent.keys, HookEvent.due_at).where(
        *mine, HookEvent.due_at > now, HookEvent.parked.is_(False)
    )
    if due:
        waiting = waiting.where(HookEvent.id < due[-1].id)
    blockers = [Blocker(row.id, row.keys or [EVERYTHING], row.due_at) for row in session.execute(waiting)]
    return due, blockers


def _parked(session: Session, source_id: int, now: datetime) -> list[Parking]:
    mine = (HookEvent.source_id == source_id, HookEvent.due_at > now, HookEvent.parked.is_(True))
    rows = session.execute(select(HookEvent.id, HookEvent.keys).where(*mine).limit(MOST_PARKED))
    return [Parking(row.id, frozenset(row.keys)) for row in rows if row.keys]


def _event(tools: Tools, row: HookEvent) -> Event:
    assert row.due_at is not None, "only due events are taken"
    try:
        body = open_body(row.body, tools.unseal) if row.body else None
    except Exception:  # the secret key is another one than when it came
        body = None
    stored = Stored(body or b"", row.topic, row.content_type, row.received_at)
    return Event(row.id, row.due_at, row.attempts, row.dedup_key, stored, opened=body is not None)


class LeaseLost(Exception):
    """Somebody else may have the source by now: what is not committed must not be."""


@dataclass(slots=True)
class Held:
    """The lease of a source, renewed while its work goes on; `since` is when it was written last."""

    tools: Tools
    batch: Batch
    since: float
    lost: bool = False

    def renew(self) -> bool:
        """Whether the source is still ours."""
        began = time.monotonic()
        if self.lost or began - self.since < RENEW_S:
            return not self.lost
        mine = (HookSource.id == self.batch.source_id, HookSource.lease_token == self.batch.lease)
        with self.tools.db.begin() as session:
            kept = update(HookSource).where(*mine).values(lease_until=self.tools.lease())
            self.lost = session.execute(kept.returning(HookSource.id)).one_or_none() is None
        self.since = began
        return not self.lost

    def require(self, _session: object = None) -> None:
        """Raises LeaseLost where we cannot be sure of it: this thread may have stood still for minutes."""
        if self.lost or time.monotonic() - self.since >= SAFE_S:
            raise LeaseLost

    def call_back(self) -> CallBack | None:
        """The system is called only while its source is ours; a slow one does not cost us the lease."""
        inner = self.tools.call_back
        return None if inner is None else lambda of: _WhileHeld(inner(of), self)


class Fenced(sessionmaker[Session]):
    """A database in which nothing is committed once the source is not ours any more.

    Asked before the commit, with the card's lock in hand: whoever has the source by then waits for that lock,
    so what is older is never written over what is newer.
    """

    def __init__(self, inner: sessionmaker[Session], held: Held) -> None:
        self.kw, self.class_ = inner.kw, inner.class_
        self._held = held

    def __call__(self, **local_kw: Any) -> Session:
        """A session of the database."""
        session = super().__call__(**local_kw)
        event.listen(session, "before_commit", self._held.require)
        return session


@dataclass(frozen=True, slots=True)
class _WhileHeld:
    """Implements `ports.Remote`."""

    inner: Remote
    held: Held

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.inner.settings

    @property
    def token(self) -> str:
        return self.inner.token

    def call(self, method: str, path: str, **about: Any) -> Answer:
        if not self.held.renew():
            raise DeliveryError("another worker asks the system by now")
        return self.inner.call(method, path, **about)
