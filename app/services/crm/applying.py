"""What becomes of the calls that were kept: each is applied once, those of one card in their order.

Who works on a source holds its lease. A batch is read first (the system is asked where it only says what
changed), then put into lanes (`lanes`), then applied lane by lane: an event that cannot be applied now holds
back the later ones of its own card, and no others. What was done is kept in one transaction at the end; a
crash before it repeats, and repeats change nothing.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Refused
from app.services.crm.actions import Ignored, Parked, Source, apply_action
from app.services.crm.inbox import open_body
from app.services.crm.lanes import EVERYTHING, Blocker, lanes, put_off
from app.services.crm.reading import MOST_REFS, CallBack, Found, RemoteOf, filled_in, read, refs_of
from app.services.crm.settling import Outcome, settle, versions_of
from app.services.crm.targets import Names, cards_named
from app.services.ports import Action, Ask, Connector, DeliveryError, Stored
from app.storage import queries
from app.storage.queue import backoff_s
from app.storage.tables import HookEvent, HookSource, ProgrammeRow

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=60)
RENEW_S = 15.0
BATCH = 100
MOST_ATTEMPTS = 8
"""After so many failures of our own an event is put aside: a poisonous one must not stop its source."""
MOST_READS = 60
"""So often a system that does not answer is asked, half an hour apart at most."""
PARKED_S = (60, 300, 900, 3600, 6 * 3600, 12 * 3600, 24 * 3600, 24 * 3600)
"""How long a parked event waits each time; after the last it is put aside."""


@dataclass(slots=True)
class Event:
    """A kept call on its way."""

    id: int
    due_at: datetime
    attempts: int
    dedup_key: str
    stored: Stored
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


def apply_due(
    db: sessionmaker[Session],
    connectors: Mapping[str, Connector],
    unseal: Callable[[str], str],
    *,
    now: datetime,
    jitter: float,
    limit: int = BATCH,
    default_pass_type: str = "",
    call_back: CallBack | None = None,
) -> int:
    """Apply up to `limit` due events of every source in turn; returns how many were tried."""
    tools = Tools(db, connectors, unseal, now, jitter, call_back, default_pass_type)
    tried, served = 0, set[int]()
    while tried < limit:
        batch = _take(tools, limit - tried, served)
        if batch is None:
            break
        served.add(batch.source_id)
        tried += _work(tools, batch)
    return tried


def _take(tools: Tools, limit: int, served: set[int]) -> Batch | None:
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
    stored = Stored(open_body(row.body, tools.unseal), row.topic, row.content_type, row.received_at)
    return Event(row.id, row.due_at, row.attempts, row.dedup_key, stored)


def _work(tools: Tools, batch: Batch) -> int:
    """Apply a batch and let the source go; returns how many events were tried."""
    outcomes: dict[int, Outcome] = {}
    done: set[str] = set()
    held = _Held(tools, batch)
    try:
        readable = _parsed(tools, batch, outcomes)
        found = _read(tools, batch, readable, outcomes)
        ready = _named(tools, batch, [each for each in readable if each.id not in outcomes], found)
        for lane in lanes({event.id: event.keys for event in ready.values()}):
            if not held.renew():
                break  # our lease ran out: somebody else goes on
            _lane(tools, batch, [ready[each] for each in lane], outcomes)
            done |= _done(lane, ready, outcomes)
    finally:
        settle(tools.db, batch.source_id, batch.lease, outcomes, done, tools.now)
    return sum(1 for each in outcomes.values() if each.tried)


def _done(lane: Sequence[int], ready: Mapping[int, Event], outcomes: Mapping[int, Outcome]) -> set[str]:
    """The names of what was applied, for which others may be waiting."""
    applied = [ready[each] for each in lane if outcomes[each].state == "applied"]
    return {key for event in applied for key in event.keys if event.actions}


@dataclass(slots=True)
class _Held:
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


def _parsed(tools: Tools, batch: Batch, outcomes: dict[int, Outcome]) -> list[Event]:
    """Those that can be read; so many that the system is not asked for more than a batch of things."""
    made: list[Event] = []
    refs: set[str] = set()
    for event in batch.events:
        try:
            if batch.connector is None:
                raise LookupError(f"there is no connector '{batch.remote.kind}' here")
            event.wanted = batch.connector.actions(event.stored, batch.source.mapping)
        except Refused as error:
            outcomes[event.id] = Outcome.dead(event, f"{error.code}: {error.message}")
            continue
        except Exception as error:
            log.warning("crm.event_failed", event_id=event.id, error=type(error).__name__, exc_info=True)
            outcomes[event.id] = _again(tools, event, error, {EVERYTHING})
            if outcomes[event.id].due_at is not None:
                return made  # all later ones of the source wait for it
            continue
        refs |= set(refs_of(event.wanted))
        if len(refs) > MOST_REFS and made:
            break
        made.append(event)
    return made


def _read(tools: Tools, batch: Batch, events: Sequence[Event], outcomes: dict[int, Outcome]) -> Found:
    """What the system says of the things that changed; where it cannot, their events wait."""
    refs = [ref for event in events for ref in refs_of(event.wanted)]
    if not refs or batch.connector is None:
        return Found({})
    call_back, source = tools.call_back, batch.remote

    def remote() -> Any:
        if call_back is None:
            raise DeliveryError("this process calls nobody back")
        return call_back(source)

    found = read(batch.connector, remote, refs, batch.source.mapping)
    if found.error is not None:
        for event in events:
            if names := set(refs_of(event.wanted)):
                outcomes[event.id] = _unread(tools, event, found.error, {f"ref:{each}" for each in names})
    return found


def _named(tools: Tools, batch: Batch, events: Sequence[Event], found: Found) -> dict[int, Event]:
    """Events with what they ask for and all names of what they concern, cards that have them included."""
    told: set[str] = set()
    for event in events:
        event.keys = {f"ref:{ref}" for ref in refs_of(event.wanted)}
        event.actions = filled_in(event.wanted, found, told)
        event.keys = event.keys.union(*(batch.names.keys(action) for action in event.actions))
    with tools.db() as session:
        every = set[str]().union(*(event.keys for event in events))
        known = cards_named(session, batch.source.programme_id, every)
        refs = {action.ref for event in events for action in event.actions if action.ref}
        batch.versions.update(versions_of(session, batch.source_id, refs))
    for event in events:
        event.keys |= {known[key] for key in event.keys if key in known}
    return {event.id: event for event in events}


def _lane(tools: Tools, batch: Batch, lane: Sequence[Event], outcomes: dict[int, Outcome]) -> None:
    """Apply events of one card until one must wait; then the later ones wait with it."""
    held = put_off([event.id for event in lane], {e.id: e.keys for e in lane}, batch.blockers)
    for event in lane:
        if held is not None and held[0] < event.id:
            outcomes[event.id] = Outcome.behind(event, event.keys, held[1])
            continue
        done = outcomes[event.id] = _apply(tools, batch, event)
        if done.due_at is not None and not done.parked:
            held = (event.id, done.due_at)
    _once_more(tools, batch, lane, outcomes)


def _once_more(tools: Tools, batch: Batch, lane: Sequence[Event], outcomes: dict[int, Outcome]) -> None:
    """What was parked may have waited for a later event of its lane: a return whose sale came after it."""
    done = [event.id for event in lane if outcomes[event.id].state == "applied"]
    for event in lane:
        if outcomes[event.id].parked and any(later > event.id for later in done):
            outcomes[event.id] = _apply(tools, batch, event)


def _apply(tools: Tools, batch: Batch, event: Event) -> Outcome:
    results: list[dict[str, Any]] = []
    fresh: dict[str, int] = {}
    try:
        for index, action in enumerate(event.actions):
            results.append(_act(tools, batch, event, index, action))
            if action.ref and action.version:
                fresh[action.ref] = batch.versions[action.ref] = action.version
    except Parked as error:
        return _park(tools, event, error, results)
    except Refused as error:
        return Outcome.dead(event, f"{error.code}: {error.message}", results)
    except Exception as error:
        log.warning("crm.event_failed", event_id=event.id, error=type(error).__name__, exc_info=True)
        return _again(tools, event, error, event.keys, results)
    return Outcome.applied(event, results, fresh, tools.now)


def _act(tools: Tools, batch: Batch, event: Event, index: int, action: Action) -> dict[str, Any]:
    if action.ref and action.version and action.version < batch.versions.get(action.ref, 0):
        return {"kind": action.kind, "skipped": "something newer was applied before"}
    try:
        return apply_action(tools.db, batch.source, action, f"{event.dedup_key}:{index}", now=tools.now)
    except Ignored as error:
        return {"kind": action.kind, "skipped": str(error)}


def _again(
    tools: Tools,
    event: Event,
    error: Exception,
    keys: set[str],
    results: Sequence[Mapping[str, Any]] = (),
) -> Outcome:
    """Our own failure: try it again, and put it aside when that was too often."""
    reason = f"{type(error).__name__}: {error}"
    if event.attempts + 1 >= MOST_ATTEMPTS:
        return Outcome.dead(event, reason, results)
    wait = timedelta(seconds=backoff_s(event.attempts + 1, tools.jitter, cap_s=60))
    return Outcome.later(event, reason, tools.now + wait, keys, results)


def _unread(tools: Tools, event: Event, error: DeliveryError, keys: set[str]) -> Outcome:
    """The system did not say: try for a day, as it may be down that long."""
    reason = f"the system could not be asked: {error.message}"
    if error.permanent or event.attempts + 1 >= MOST_READS:
        return Outcome.dead(event, reason)
    wait = max(error.retry_after_s or 0.0, backoff_s(event.attempts + 1, tools.jitter, cap_s=1800))
    return Outcome.later(event, reason, tools.now + timedelta(seconds=wait), keys)


def _park(tools: Tools, event: Event, error: Parked, results: Sequence[Mapping[str, Any]]) -> Outcome:
    if event.attempts >= len(PARKED_S):
        return Outcome.dead(event, str(error), results)
    later = tools.now + timedelta(seconds=PARKED_S[event.attempts])
    return Outcome.parked_until(event, str(error), later, event.keys, results)
