"""Looking back: what was sent to an endpoint and how it was answered; and sending it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Invalid, NotFound
from app.services.cards import wake
from app.services.webhooks.catalogue import PUBLIC, insides
from app.services.webhooks.endpoints import Mine, forget, reached
from app.services.webhooks.fanout import insert_new, message
from app.storage.batches import among
from app.storage.tables import Event, WebhookAttempt, WebhookEndpoint, WebhookMessage

KEPT = timedelta(days=30)
"""Messages and attempts older than that are forgotten; what is older cannot be sent again."""
MOST_REPLAYED = 100_000
CHUNK = 1000
_AGAIN: Mapping[str, Any] = {"state": "pending", "attempts": 0, "last_error": "", "delivered_at": None}


def messages(
    session: Session, endpoint_id: int, *, state: str = "", before_id: int = 0, limit: int = 50
) -> Sequence[WebhookMessage]:
    """The endpoint's messages, newest first."""
    statement = select(WebhookMessage).where(WebhookMessage.endpoint_id == endpoint_id)
    if state:
        statement = statement.where(WebhookMessage.state == state)
    if before_id:
        statement = statement.where(WebhookMessage.id < before_id)
    return session.scalars(statement.order_by(WebhookMessage.id.desc()).limit(limit)).all()


def attempts(session: Session, message_ids: Sequence[int]) -> Mapping[int, Sequence[WebhookAttempt]]:
    """All tries of these messages, the newest first, by message."""
    made: dict[int, list[WebhookAttempt]] = {each: [] for each in message_ids}
    mine = select(WebhookAttempt).where(among(session, WebhookAttempt.message_id, list(message_ids)))
    for row in session.scalars(mine.order_by(WebhookAttempt.id.desc())):
        made[row.message_id].append(row)
    return made


def replay_one(
    db: sessionmaker[Session], endpoint_id: int, public_id: str, mine: Mine, *, now: datetime
) -> int:
    """Send a message again, with the same `webhook-id`. Raises NotFound."""
    with db.begin() as session:
        reached(session, endpoint_id, mine)
        which = (WebhookMessage.public_id == public_id, WebhookMessage.endpoint_id == endpoint_id)
        done = _again(session, which, now)
        if not done:
            raise NotFound("There is no such message.", id=public_id)
        return done


def replay_failed(db: sessionmaker[Session], endpoint_id: int, mine: Mine, *, now: datetime) -> int:
    """Send all again that were given up; how many."""
    with db.begin() as session:
        reached(session, endpoint_id, mine)
        return _again(
            session, (WebhookMessage.endpoint_id == endpoint_id, WebhookMessage.state == "failed"), now
        )


def _again(session: Session, which: Sequence[Any], now: datetime) -> int:
    again = update(WebhookMessage).where(*which).values(due_at=now, **_AGAIN)
    done = session.execute(
        again.returning(WebhookMessage.id), execution_options={"synchronize_session": False}
    )
    wake(session)
    return len(done.all())


def replay_since(
    db: sessionmaker[Session], endpoint_id: int, since: datetime, mine: Mine, *, now: datetime
) -> int:
    """Send everything again that the endpoint follows and that happened since, also what it never got because
    it was disabled, or followed less then. How many; raises NotFound, Invalid, Conflict.
    """
    if since < now - KEPT:
        raise Invalid({"/since": f"lies more than {KEPT.days} days back"})
    with db.begin() as session:
        row = reached(session, endpoint_id, mine)
        which = _happened(row, since)
        first = select(Event.id).where(*which).limit(MOST_REPLAYED + 1).subquery()
        if (session.scalar(select(func.count()).select_from(first)) or 0) > MOST_REPLAYED:
            raise Conflict(f"Choose a later time: {MOST_REPLAYED} events at most.", most=MOST_REPLAYED)
    return _in_chunks(db, lambda session, after: _replay_chunk(session, endpoint_id, which, after, now))


def _happened(row: WebhookEndpoint, since: datetime) -> Sequence[Any]:
    """Events that were handed out before; what waits for that comes by itself."""
    return (
        Event.programme_id == row.programme_id,
        Event.at >= since,
        Event.due_at.is_(None),
        Event.kind.in_(insides(row.kinds)),
    )


def _in_chunks(db: sessionmaker[Session], work: Callable[[Session, int], tuple[int, int]]) -> int:
    done, after = 0, 0
    while True:
        with db.begin() as session:
            count, after = work(session, after)
            wake(session)
        done += count
        if count < CHUNK:
            return done


def _replay_chunk(
    session: Session, endpoint_id: int, which: Sequence[Any], after: int, now: datetime
) -> tuple[int, int]:
    """How many, and the number of the last event."""
    asked = select(Event.id, Event.card_id, Event.kind).where(*which, Event.id > after)
    found = session.execute(asked.order_by(Event.id).limit(CHUNK)).all()
    if not found:
        return 0, after
    mine = WebhookMessage.endpoint_id == endpoint_id
    _again(session, (mine, among(session, WebhookMessage.event_id, [row.id for row in found])), now)
    insert_new(session, [message(endpoint_id, r.id, r.card_id, PUBLIC[r.kind], now) for r in found])
    return len(found), found[-1].id


def forget_old(db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> int:
    """A batch of messages that are too old to be kept, with their attempts; how many."""
    with read() as session:
        first = select(WebhookMessage.id, WebhookMessage.created_at).order_by(WebhookMessage.id).limit(CHUNK)
        old = [row.id for row in session.execute(first) if row.created_at < now - KEPT]
    if old:
        with db.begin() as session:
            forget(session, old)
    return len(old)
