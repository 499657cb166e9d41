"""Which messages may leave now, and what became of those that did.

Of one endpoint and card there is one message on its way, the earliest: what failed holds the later ones back,
and nobody else. A message in somebody's hands is due again when their lease is over, so a crash loses none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session, aliased

from app.domain.retries import next_delay_s
from app.services.events import record
from app.services.webhooks.catalogue import DISABLED
from app.storage.queue import claim
from app.storage.tables import WebhookAttempt, WebhookEndpoint, WebhookMessage

LEASE = timedelta(minutes=2)
"""Longer than any call may take."""
PATIENCE = timedelta(days=3)
"""An endpoint that answered nothing well for so long is asked no more."""
OK_GRAIN = timedelta(seconds=30)
"""The time of the last success is written so often: not for each message."""
MOST_ANSWER, MOST_ERROR = 1000, 300


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a try: a status, or why there was none. `useless`: trying again is pointless; `gone`: the
    endpoint said that it wants nothing any more.
    """

    status: int | None = None
    error: str = ""
    answer: str = ""
    took_ms: int = 0
    retry_after_s: float | None = None
    useless: bool = False

    @property
    def ok(self) -> bool:
        """Whether the endpoint has it."""
        return not self.error and (self.status is None or 200 <= self.status < 300)

    @property
    def gone(self) -> bool:
        """Whether it asked to be left alone."""
        return self.status == 410


@dataclass(frozen=True, slots=True)
class Try:
    """A message that was in our hands, and what came of it."""

    message: WebhookMessage
    heard: Heard


def endpoints_due(session: Session, now: datetime) -> Sequence[WebhookEndpoint]:
    """Active endpoints with something to send."""
    mine = (WebhookMessage.endpoint_id == WebhookEndpoint.id, WebhookMessage.due_at <= now)
    waiting = exists().where(*mine, WebhookMessage.due_at.is_not(None))
    active = select(WebhookEndpoint).where(WebhookEndpoint.state == "active", waiting)
    return session.scalars(active.order_by(WebhookEndpoint.id)).all()


def take(session: Session, endpoint_id: int, now: datetime, limit: int) -> list[WebhookMessage]:
    """Claim messages of an endpoint, none of which waits behind another of its card."""
    earlier = aliased(WebhookMessage)
    held_back = exists().where(
        earlier.endpoint_id == WebhookMessage.endpoint_id,
        earlier.card_id == WebhookMessage.card_id,
        earlier.event_id < WebhookMessage.event_id,
        earlier.due_at.is_not(None),
    )
    mine = (WebhookMessage.endpoint_id == endpoint_id, ~held_back)
    return claim(session, WebhookMessage, now, limit=limit, lease=LEASE, where=mine)


def settle(session: Session, endpoint_id: int, tries: Sequence[Try], now: datetime, jitter: float) -> None:
    """Write down what came of these tries of one endpoint, and what it means for the endpoint."""
    mine = select(WebhookMessage.id).where(WebhookMessage.id.in_([each.message.id for each in tries]))
    there = set(session.scalars(mine.order_by(WebhookMessage.id).with_for_update()))
    for each in tries:
        if each.message.id in there:  # else its endpoint was deleted while it was on its way
            _note(session, each, now)
            _move(session, each, now, jitter)
    endpoint = session.get(WebhookEndpoint, endpoint_id)
    if endpoint is not None:
        _judge(session, endpoint, [each.heard for each in tries], now)


def _note(session: Session, each: Try, now: datetime) -> None:
    heard = each.heard
    session.add(
        WebhookAttempt(
            message_id=each.message.id,
            at=now,
            status=heard.status,
            took_ms=heard.took_ms,
            error=heard.error[:MOST_ERROR],
            answer=heard.answer[:MOST_ANSWER],
        )
    )


def _move(session: Session, each: Try, now: datetime, jitter: float) -> None:
    """Delivered, due again, or given up; whoever lost the lease meanwhile changes nothing."""
    message, heard = each.message, each.heard
    values: dict[str, Any] = {"last_status": heard.status, "last_error": heard.error[:500]}
    wait_s = None
    if heard.ok:
        values |= {"state": "delivered", "due_at": None, "delivered_at": now}
    else:
        wait_s = None if heard.useless else next_delay_s(message.attempts, jitter, heard.retry_after_s)
        due_at = now + timedelta(seconds=wait_s) if wait_s is not None else None
        values |= {"due_at": due_at} if due_at else {"due_at": None, "state": "failed"}
    mine = (WebhookMessage.id == message.id, WebhookMessage.due_at == message.due_at)
    moved = session.execute(_update(*mine).values(**values).returning(WebhookMessage.id)).one_or_none()
    if moved is not None and message.card_id is not None and (message.attempts > 1 or not heard.ok):
        _followers(session, message, values["due_at"] or now)


def _followers(session: Session, message: WebhookMessage, due_at: datetime) -> None:
    """The later messages of the card are due when the one that holds them back is: they are not looked at in
    vain until then.
    """
    later = (
        WebhookMessage.endpoint_id == message.endpoint_id,
        WebhookMessage.card_id == message.card_id,
        WebhookMessage.event_id > message.event_id,
        WebhookMessage.due_at.is_not(None),
        WebhookMessage.attempts == 0,
    )
    session.execute(_update(*later).values(due_at=due_at))


def _update(*which: Any) -> Any:
    return update(WebhookMessage).where(*which).execution_options(synchronize_session=False)


def _judge(session: Session, endpoint: WebhookEndpoint, heard: Sequence[Heard], now: datetime) -> None:
    """A success ends a row of failures; a row of days ends the endpoint."""
    if any(each.ok for each in heard):
        if endpoint.failing_since or not endpoint.last_ok_at or endpoint.last_ok_at < now - OK_GRAIN:
            endpoint.failing_since, endpoint.last_ok_at = None, now
    elif endpoint.failing_since is None:
        endpoint.failing_since = now
    if any(each.gone for each in heard):
        disable(session, endpoint, "It answered 410: it wants no more webhooks.", now)
    elif endpoint.failing_since is not None and now - endpoint.failing_since >= PATIENCE:
        disable(session, endpoint, f"Every delivery failed for {PATIENCE.days} days.", now)


def disable(session: Session, endpoint: WebhookEndpoint, reason: str, now: datetime) -> None:
    """It gets nothing until somebody enables it again; an event tells the others, a finding the operator."""
    if endpoint.state == "disabled":
        return
    endpoint.state, endpoint.disabled_reason, endpoint.changed_at = "disabled", reason[:300], now
    endpoint.revision += 1
    told = {"endpoint": endpoint.id, "reason": reason}
    record(session, endpoint.programme_id, DISABLED, told, now)
