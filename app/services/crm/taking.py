"""Taking a source with a batch of what it sent: a lease keeps other workers away, and lapses if we die."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.services.crm.actions import Source
from app.services.crm.inbox import open_body
from app.services.crm.lanes import EVERYTHING, Blocker
from app.services.crm.reading import CallBack, RemoteOf
from app.services.crm.targets import Names
from app.services.ports import Action, Ask, Connector, Stored
from app.storage import queries
from app.storage.tables import HookEvent, HookSource, ProgrammeRow

LEASE = timedelta(seconds=60)
RENEW_S = 15.0
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
    blockers: Sequence[Blocker]
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


def is_due(read_from: sessionmaker[Session], now: datetime) -> bool:
    """Whether `apply_due` would find work; asks no writer to wait."""
    with read_from() as session:
        return session.scalar(_free(now).limit(1)) is not None


def _free(now: datetime) -> Any:
    """Sources that have something due, and that nobody works on."""
    due = exists().where(HookEvent.source_id == HookSource.id, HookEvent.due_at <= now)
    free = or_(HookSource.lease_until.is_(None), HookSource.lease_until <= now)
    return select(HookSource.id).where(HookSource.paused_at.is_(None), free, due).order_by(HookSource.id)


def take(tools: Tools, limit: int, served: set[int]) -> Batch | None:
    """The first free source with a batch of its events; its lease keeps other workers away."""
    now, token = tools.now, secrets.token_hex(16)
    with tools.db.begin() as session:
        wanted = _free(now).where(HookSource.id.not_in(served)).limit(1)
        source_id = session.scalar(wanted.with_for_update(of=HookSource, skip_locked=True))
        if source_id is None:
            return None
        row = session.get_one(HookSource, source_id)
        row.lease_until, row.lease_token = now + LEASE, token
        programme = session.get_one(ProgrammeRow, row.programme_id)
        due, blockers = _events(session, source_id, now, min(limit, BATCH))
        names = Names.of(queries.programme_of(programme))
        strangers = str(row.settings.get("strangers", "refuse"))
        source = Source(
            row.slug, row.programme_id, programme.slug, row.mapping, tools.default_pass_type, strangers
        )
        remote = RemoteOf(row.id, row.kind, row.settings, row.token)
        connector = tools.connectors.get(row.kind)
    return Batch(
        source_id, token, source, names, connector, remote, [_event(tools, e) for e in due], blockers
    )


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


def _event(tools: Tools, row: HookEvent) -> Event:
    assert row.due_at is not None, "only due events are taken"
    try:
        body = open_body(row.body, tools.unseal)
    except Exception:  # the secret key is another one than when it came
        body = None
    stored = Stored(body or b"", row.topic, row.content_type, row.received_at)
    return Event(row.id, row.due_at, row.attempts, row.dedup_key, stored, opened=body is not None)


@dataclass(slots=True)
class Held:
    """The lease of a source, renewed while its work goes on."""

    tools: Tools
    batch: Batch
    began: float = field(default_factory=time.monotonic)
    renewed_s: float = 0.0
    lost: bool = False

    def renew(self) -> bool:
        """Whether the source is still ours."""
        passed_s = time.monotonic() - self.began
        if self.lost or passed_s - self.renewed_s < RENEW_S:
            return not self.lost
        self.renewed_s = passed_s
        mine = (HookSource.id == self.batch.source_id, HookSource.lease_token == self.batch.lease)
        until = self.tools.now + timedelta(seconds=passed_s) + LEASE
        with self.tools.db.begin() as session:
            kept = update(HookSource).where(*mine).values(lease_until=until).returning(HookSource.id)
            self.lost = session.execute(kept).one_or_none() is None
        return not self.lost
