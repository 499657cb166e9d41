"""Asking for what was never told: systems that do not resend, or that gave up on us.

What a system tells when it is asked is kept as if it had called, under a key of its own, so that what is
told twice counts once; the cursor moves in the same transaction. A source that is paused is asked later,
from where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from app.services.crm.inbox import keep, sealed_body
from app.services.crm.reading import CallBack, RemoteOf
from app.services.ports import Changed, Connector, DeliveryError, Polling
from app.storage.tables import HookSource

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=5)
AGAIN = timedelta(minutes=5)
"""When a system that did not answer is asked again."""


@dataclass(frozen=True, slots=True)
class _Turn:
    remote: RemoteOf
    cursor: str
    until: datetime


def poll_due(
    db: sessionmaker[Session],
    read: sessionmaker[Session],
    connectors: Mapping[str, Connector],
    call_back: CallBack,
    seal: Callable[[str], str],
    *,
    now: datetime,
) -> bool:
    """Ask one system whose turn it is; returns whether there was one."""
    due = select(HookSource.id).where(HookSource.poll_at <= now, HookSource.paused_at.is_(None)).limit(1)
    with read() as session:
        if session.scalar(due) is None:
            return False
    turn = _take(db, now)
    if turn is None:
        return False
    connector: object = connectors.get(turn.remote.kind)
    if isinstance(connector, Polling):
        _ask(db, connector, turn, call_back, seal, now)
    else:
        _done(db, turn, None, "")
    return True


def _take(db: sessionmaker[Session], now: datetime) -> _Turn | None:
    due = (HookSource.poll_at <= now, HookSource.paused_at.is_(None))
    with db.begin() as session:
        first = select(HookSource).where(*due).order_by(HookSource.poll_at).limit(1)
        row = session.scalars(first.with_for_update(skip_locked=True)).one_or_none()
        if row is None:
            return None
        row.poll_at = now + LEASE
        return _Turn(RemoteOf(row.id, row.kind, row.settings, row.token), row.poll_cursor, now + LEASE)


def _ask(
    db: sessionmaker[Session],
    connector: Polling,
    turn: _Turn,
    call_back: CallBack,
    seal: Callable[[str], str],
    now: datetime,
) -> None:
    try:
        changed = connector.changed(call_back(turn.remote), turn.cursor, now=now)
    except DeliveryError as error:
        wait = timedelta(seconds=max(error.retry_after_s or 0.0, AGAIN.total_seconds()))
        _done(db, turn, now + wait, error.message)
    except Exception as error:  # what a system answers may break a connector in ways that nobody lists
        log.warning("crm.poll_failed", source_id=turn.remote.source_id, exc_info=True)
        _done(db, turn, now + AGAIN, f"its answer cannot be read ({type(error).__name__})")
    else:
        onward = changed.more and changed.cursor[:500] != turn.cursor  # one that stands still would spin
        later = now if onward else now + timedelta(seconds=connector.poll_every_s)
        _keep(db, turn, changed, later, seal, now)


def _keep(
    db: sessionmaker[Session],
    turn: _Turn,
    changed: Changed,
    later: datetime,
    seal: Callable[[str], str],
    now: datetime,
) -> None:
    """The calls and the cursor, both or neither."""
    sealed = [sealed_body(call.body, seal) for call in changed.calls]
    with db.begin() as session:
        values = {"poll_cursor": changed.cursor[:500], "polled_at": now}
        if not _release(session, turn, later, "", values):
            return  # somebody else has the turn by now, and will be told the same
        for call, body in zip(changed.calls, sealed, strict=True):
            keep(session, turn.remote.source_id, call, body, now)


def _done(db: sessionmaker[Session], turn: _Turn, later: datetime | None, error: str) -> None:
    with db.begin() as session:
        _release(session, turn, later, error, {})


def _release(
    session: Session, turn: _Turn, later: datetime | None, error: str, values: Mapping[str, object]
) -> bool:
    mine = (HookSource.id == turn.remote.source_id, HookSource.poll_at == turn.until)
    said = {"poll_at": later, "poll_error": error.replace("\x00", "")[:500], **values}
    done = session.execute(update(HookSource).where(*mine).values(**said).returning(HookSource.id))
    return done.one_or_none() is not None
