"""Inbound webhooks: kept first, answered at once, applied in the background, each one once and in order.

An event waits behind the earlier ones of its source, so two of them never overtake one another; a source that
cannot be applied now (the database is away) holds back only itself.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased, sessionmaker

from app.domain.errors import Conflict, Invalid, NotFound, Refused
from app.services.cards import wake
from app.services.crm_actions import Source, apply_action
from app.services.ports import Action, Connector, Stored, Verified
from app.storage import queries
from app.storage.queue import backoff_s, claim, postpone, settle_many
from app.storage.tables import HookEvent, HookSource, ProgrammeRow

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 8
"""After so many failures of our own an event is put aside: a poisonous one must not stop its source."""


@dataclass(frozen=True, slots=True)
class NewSource:
    """A source as it is asked for; without `secret` one is made."""

    slug: str
    programme: str
    kind: str = "generic"
    secret: str | None = None
    mapping: Mapping[str, Any] | None = None


def create_source(
    db: sessionmaker[Session],
    new: NewSource,
    connectors: Mapping[str, Connector],
    seal: Callable[[str], str],
    *,
    now: datetime,
) -> str:
    """A system may call from now on; returns its secret. Raises NotFound, Invalid, Conflict."""
    connector = connectors.get(new.kind)
    if connector is None:
        raise Invalid({"/kind": f"should be one of {', '.join(sorted(connectors))}"})
    _check_mapping(connector, new.mapping or {})
    secret = new.secret or "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    try:
        with db.begin() as session:
            programme = queries.programme_row(session, new.programme)
            row = HookSource(
                slug=new.slug,
                programme_id=programme.id,
                kind=new.kind,
                secrets=[seal(secret)],
                mapping=dict(new.mapping or {}),
                created_at=now,
            )
            session.add(row)
    except IntegrityError:
        raise Conflict(f"There is a source '{new.slug}' already.", slug=new.slug) from None
    return secret


def _check_mapping(connector: Connector, mapping: Mapping[str, Any]) -> None:
    """Faults of the mapping itself; that an empty body asks for nothing sensible is no fault."""
    try:
        connector.actions(Stored(b"{}"), mapping)
    except Invalid as error:
        faults = {where: words for where, words in error.faults.items() if where.startswith("/mapping")}
        if faults:
            raise Invalid(faults) from None


def source_called(session: Session, slug: str) -> HookSource | None:
    """The source of `/hooks/<slug>`, if there is one."""
    return session.scalars(select(HookSource).where(HookSource.slug == slug)).one_or_none()


def sources(session: Session, programme_ids: Sequence[int] | None) -> Sequence[tuple[HookSource, str]]:
    """Sources with the slug of their programme, by slug; None means those of all programmes."""
    statement = select(HookSource, ProgrammeRow.slug).join(
        ProgrammeRow, ProgrammeRow.id == HookSource.programme_id
    )
    if programme_ids is not None:
        statement = statement.where(HookSource.programme_id.in_(programme_ids))
    return list(session.execute(statement.order_by(HookSource.slug)).all())


def events(
    session: Session, source_id: int, *, state: str = "", before_id: int = 0, limit: int = 50
) -> Sequence[HookEvent]:
    """A source's events, newest first."""
    statement = (
        select(HookEvent).where(HookEvent.source_id == source_id).order_by(HookEvent.id.desc()).limit(limit)
    )
    if state:
        statement = statement.where(HookEvent.state == state)
    if before_id:
        statement = statement.where(HookEvent.id < before_id)
    return session.scalars(statement).all()


def sealed_body(body: bytes, seal: Callable[[str], str]) -> bytes:
    """The body as it is kept: it names people, so it is sealed."""
    return seal(body.decode("latin-1")).encode()


def open_body(sealed: bytes, unseal: Callable[[str], str]) -> bytes:
    """The exact bytes that came."""
    return unseal(sealed.decode()).encode("latin-1")


def store(
    db: sessionmaker[Session],
    source_id: int,
    verified: Verified,
    body: bytes,
    seal: Callable[[str], str],
    *,
    now: datetime,
) -> bool:
    """Keep a verified call; returns False when it came before, and then nothing changes."""
    kept = {
        "source_id": source_id,
        "dedup_key": verified.dedup_key,
        "body": sealed_body(body, seal),
        "content_type": verified.content_type,
        "topic": verified.topic[:100],
        "keys": [],
        "parked": False,
        "state": "received",
        "result": {},
        "received_at": now,
        "due_at": now,
        "priority": 0,
        "attempts": 0,
        "last_error": "",
    }
    with db.begin() as session:
        engine = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        insert = engine.insert(HookEvent).values(kept).on_conflict_do_nothing().returning(HookEvent.id)
        new = session.execute(insert).scalar_one_or_none() is not None
        if new:
            wake(session)
        return new


def replay(
    db: sessionmaker[Session], event_id: int, *, now: datetime, programme_ids: Sequence[int] | None = None
) -> None:
    """Apply an event again: what it did before is recalled and not done twice. Raises NotFound."""
    with db.begin() as session:
        row = session.get(HookEvent, event_id, with_for_update=True)
        source = session.get(HookSource, row.source_id) if row else None
        if (
            row is None
            or source is None
            or (programme_ids is not None and source.programme_id not in programme_ids)
        ):
            raise NotFound("There is no such event.", event=event_id)
        row.state, row.due_at, row.attempts, row.last_error, row.applied_at = "received", now, 0, "", None
        wake(session)


def is_due(read: sessionmaker[Session], now: datetime) -> bool:
    """Whether `apply_due` would find work; asks no writer to wait."""
    with read() as session:
        return session.scalar(select(HookEvent.id).where(HookEvent.due_at <= now).limit(1)) is not None


def apply_due(
    db: sessionmaker[Session],
    connectors: Mapping[str, Connector],
    unseal: Callable[[str], str],
    *,
    now: datetime,
    jitter: float,
    limit: int = 100,
    default_pass_type: str = "",
) -> int:
    """Apply up to `limit` due events, one after the other; returns how many were tried."""
    for done in range(limit):
        held = _claim_one(db, now)
        if held is None:
            return done
        _apply(db, connectors, unseal, held, now, jitter, default_pass_type)
    return limit


def _claim_one(db: sessionmaker[Session], now: datetime) -> HookEvent | None:
    """The first waiting event of a source; the source's row keeps two workers from taking its first two."""
    earlier = aliased(HookEvent)
    blocked = exists().where(
        earlier.source_id == HookEvent.source_id, earlier.id < HookEvent.id, earlier.due_at.is_not(None)
    )
    with db.begin() as session:
        free = (
            select(HookSource.id)
            .join(HookEvent, HookEvent.source_id == HookSource.id)
            .where(HookSource.paused_at.is_(None), HookEvent.due_at <= now, ~blocked)
            .order_by(HookEvent.due_at)
            .limit(1)
            .with_for_update(of=HookSource, skip_locked=True)
        )
        source_id = session.scalar(free)
        if source_id is None:
            return None
        where = (HookEvent.source_id == source_id, ~blocked)
        held = claim(session, HookEvent, now, limit=1, lease=LEASE, where=where)
        return held[0] if held else None


def _apply(
    db: sessionmaker[Session],
    connectors: Mapping[str, Connector],
    unseal: Callable[[str], str],
    held: HookEvent,
    now: datetime,
    jitter: float,
    default_pass_type: str,
) -> None:
    results: list[dict[str, Any]] = []
    try:
        source, connector = _source_of(db, connectors, held, default_pass_type)
        stored = Stored(open_body(held.body, unseal), held.topic, held.content_type, held.received_at)
        for index, action in enumerate(connector.actions(stored, source.mapping)):
            assert isinstance(action, Action)
            results.append(apply_action(db, source, action, f"{held.dedup_key}:{index}", now=now))
    except Refused as error:
        _bury(db, held, f"{error.code}: {error.message}", results)
    except Exception as error:
        log.warning("crm.event_failed", event_id=held.id, error=type(error).__name__, exc_info=True)
        _again(db, held, f"{type(error).__name__}: {error}", results, now, jitter)
    else:
        values = {"state": "applied", "result": {"actions": results}, "applied_at": now}
        with db.begin() as session:
            settle_many(session, HookEvent, [(held, values)])


def _source_of(
    db: sessionmaker[Session], connectors: Mapping[str, Connector], held: HookEvent, default_pass_type: str
) -> tuple[Source, Connector]:
    with db() as session:
        row = session.get_one(HookSource, held.source_id)
        programme = session.get_one(ProgrammeRow, row.programme_id)
        source = Source(row.slug, row.programme_id, programme.slug, row.mapping, default_pass_type)
    connector = connectors.get(row.kind)
    if connector is None:
        raise Invalid({"/kind": f"there is no connector '{row.kind}' here"})
    return source, connector


def _bury(
    db: sessionmaker[Session], held: HookEvent, reason: str, results: Sequence[Mapping[str, Any]]
) -> None:
    """Trying the same again is useless; a person may mend the cause and replay it."""
    with db.begin() as session:
        session.execute(
            update(HookEvent)
            .where(HookEvent.id == held.id, HookEvent.due_at == held.due_at)
            .values(state="dead", due_at=None, last_error=reason[:500], result={"actions": list(results)})
        )


def _again(
    db: sessionmaker[Session],
    held: HookEvent,
    reason: str,
    results: Sequence[Mapping[str, Any]],
    now: datetime,
    jitter: float,
) -> None:
    if held.attempts >= MOST_ATTEMPTS:
        _bury(db, held, reason, results)
        return
    with db.begin() as session:
        wait = backoff_s(held.attempts, jitter, cap_s=60)
        postpone(session, HookEvent, held, due_at=now + timedelta(seconds=wait), error=reason)
