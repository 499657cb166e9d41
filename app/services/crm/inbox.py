"""What the systems sent: kept as it came, listed, and applied again on a person's word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, NotFound
from app.services.cards import wake
from app.services.crm.sources import locked
from app.services.ports import Polled, Verified
from app.storage.tables import HookEvent, HookSource
from app.storage.tables.delivery import NORMAL, URGENT

KEPT = timedelta(days=30)
"""How long a call is kept after it was applied or put aside: it names people."""
BATCH = 500


def sealed_body(body: bytes, seal: Callable[[str], str]) -> bytes:
    """The body as it is kept: it names people, so it is sealed."""
    return seal(body.decode("latin-1")).encode()


def open_body(sealed: bytes, unseal: Callable[[str], str]) -> bytes:
    """The exact bytes that came."""
    return unseal(sealed.decode()).encode("latin-1")


def shown_body(row: HookEvent, unseal: Callable[[str], str]) -> str:
    """What came, as text for people; empty where its person was erased, or the secret key is another one."""
    try:
        return open_body(row.body, unseal).decode("utf-8", "replace") if row.body else ""
    except Exception:  # whatever a key that does not fit brings about
        return ""


def store(
    db: sessionmaker[Session],
    source_id: int,
    verified: Verified,
    body: bytes,
    seal: Callable[[str], str],
    *,
    now: datetime,
    loud: bool = True,
) -> bool:
    """Keep a verified call; returns False when it came before, and then nothing changes."""
    call = Polled(verified.dedup_key, body, verified.topic, verified.content_type)
    sealed = sealed_body(body, seal)
    with db.begin() as session:
        return keep(session, source_id, call, sealed, now, loud=loud)


def keep(
    session: Session, source_id: int, call: Polled, sealed: bytes, now: datetime, *, loud: bool = True
) -> bool:
    """The same in the caller's transaction; where it is not `loud`, workers of other machines find it when
    they look next.
    """
    named = {"source": source_id, "named": call.dedup_key[:255], "kept": sealed, "now": now}
    about = {"sort": call.content_type[:100], "about": call.topic[:100]}
    statement = _keeping(session.get_bind().dialect.name)
    new = session.connection().execute(statement, named | about).scalar_one_or_none() is not None
    if new:
        wake(session, URGENT if loud else NORMAL)
    return new


@cache
def _keeping(dialect: str) -> Any:
    """The statement that keeps a call, made once: it is what the hooks do all day."""
    times = HookEvent.received_at.type
    fixed = {"keys": [], "parked": False, "state": "received", "result": {}, "last_error": ""}
    given = {
        "source_id": bindparam("source"),
        "dedup_key": bindparam("named"),
        "body": bindparam("kept"),
        "content_type": bindparam("sort"),
        "topic": bindparam("about"),
        "received_at": bindparam("now", type_=times),
        "due_at": bindparam("now", type_=times),
    }
    engine = postgresql if dialect == "postgresql" else sqlite
    insert = engine.insert(HookEvent.__table__).values(**given, **fixed, priority=0, attempts=0)
    return insert.on_conflict_do_nothing().returning(HookEvent.id)


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


def replay(
    db: sessionmaker[Session], event_id: int, *, now: datetime, programme_ids: Sequence[int] | None = None
) -> None:
    """Apply an event again: what it did before is recalled and not done twice. Raises NotFound, Conflict."""
    with db.begin() as session:
        row = session.get(HookEvent, event_id, with_for_update=True)
        source = session.get(HookSource, row.source_id) if row else None
        if (
            row is None
            or source is None
            or (programme_ids is not None and source.programme_id not in programme_ids)
        ):
            raise NotFound("There is no such event.", event=event_id)
        if not row.body:
            raise Conflict("Its person was erased: nothing of it is kept.", event=event_id)
        _again(session, [row.id], now)


def replay_many(
    db: sessionmaker[Session],
    source_id: int,
    *,
    now: datetime,
    since: datetime | None = None,
    state: str = "",
    event_ids: Sequence[int] = (),
    programme_ids: Sequence[int] | None = None,
) -> int:
    """Apply again what came since a time, what is in a state (`dead`), or these events; returns how many.

    In batches, so that no caller waits behind a million rows. Raises NotFound.
    """
    with db.begin() as session:
        locked(session, source_id, programme_ids)
    done, last = 0, 0
    while True:
        with db.begin() as session:
            found = _wanted(session, source_id, last, since, state, event_ids)
            _again(session, found, now)
        done += len(found)
        if len(found) < BATCH:
            return done
        last = found[-1]


def _wanted(
    session: Session, source_id: int, last: int, since: datetime | None, state: str, event_ids: Sequence[int]
) -> list[int]:
    wanted = [HookEvent.source_id == source_id, HookEvent.id > last, HookEvent.body != b""]
    if since is not None:
        wanted.append(HookEvent.received_at >= since)
    if state:
        wanted.append(HookEvent.state == state)
    if event_ids:
        wanted.append(HookEvent.id.in_(event_ids))
    return list(session.scalars(select(HookEvent.id).where(*wanted).order_by(HookEvent.id).limit(BATCH)))


def _again(session: Session, event_ids: Sequence[int], now: datetime) -> None:
    fresh = {"state": "received", "due_at": now, "attempts": 0, "last_error": "", "applied_at": None}
    session.execute(
        update(HookEvent)
        .where(HookEvent.id.in_(event_ids))
        .values(**fresh, parked=False, keys=[])
        .execution_options(synchronize_session=False)
    )
    wake(session)


def forget_old(db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> int:
    """Delete calls that were settled long ago, a batch at a time; returns how many. A round of the clock."""
    wanted = (HookEvent.due_at.is_(None), HookEvent.received_at < now - KEPT)
    with read() as session:
        found = session.scalars(select(HookEvent.id).where(*wanted).order_by(HookEvent.id).limit(BATCH)).all()
    if found:
        with db.begin() as session:
            session.execute(delete(HookEvent).where(HookEvent.id.in_(found), *wanted))
    return len(found)
