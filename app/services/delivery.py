"""Bringing cards to phones: claim what is due, deliver the current card, settle by compare-and-swap on the
lease.

Level-triggered: a row says that a card must reach its current version, never what to send. A lost push, a
crash or ten scans in a second all end the same way. No transaction is open while a vendor is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.services.events import record
from app.services.ports import DeliveryError, Job, Outcome, Wallet
from app.storage.batches import among
from app.storage.queue import backoff_s, claim_columns, postpone, settle_many
from app.storage.tables import Card, Delivery
from app.storage.tables.delivery import BULK, NORMAL, URGENT

log = structlog.get_logger(__name__)
URGENT_LANES = (URGENT, NORMAL)
BULK_LANES = (BULK,)
LANE_NAMES: Mapping[int, str] = {URGENT: "till", NORMAL: "status", BULK: "bulk"}
"""As numbers and findings call the priorities."""
SETTLE_BATCH = 500
SETTLE_EVERY = timedelta(seconds=5)
"""A slow vendor's answers are written while we still hold the rows: else two workers would take each other's
batches for ever, and neither would ever settle one.
"""
LEASE = timedelta(seconds=60)
_HELD = (Delivery.card_id, Delivery.priority, Delivery.queued_at)
Held = Any
"""A claimed row of the deliveries, as plain columns: entities would cost more than the pushes."""


Note = Callable[[str, Held, bool, datetime], None]
"""Hears of each settled row: the wallet, the row as it was claimed, whether it was delivered, and when."""


def nobody(wallet: str, held: Held, delivered: bool, at: datetime) -> None:
    """For those who do not measure."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Which due rows one worker takes: those of a wallet, in these priorities, so many at a time."""

    wallet: Wallet
    priorities: tuple[int, ...] = (*URGENT_LANES, *BULK_LANES)
    limit: int = 500


def is_due(read: sessionmaker[Session], lane: Lane, now: datetime) -> bool:
    """Whether claiming would find something; spares the write lock where nothing is due."""
    with read() as session:
        return (
            session.scalar(select(Delivery.id).where(*_mine(lane), Delivery.due_at <= now).limit(1))
            is not None
        )


def _mine(lane: Lane) -> Sequence[Any]:
    return (Delivery.wallet == lane.wallet.name, Delivery.priority.in_(lane.priorities))


def run_once(
    db: sessionmaker[Session],
    lane: Lane,
    *,
    now: Callable[[], datetime],
    jitter: Callable[[], float],
    lease: timedelta = LEASE,
    note: Note = nobody,
) -> int:
    """Deliver one batch of due cards; returns how many were tried."""
    started = now()
    with db.begin() as session:
        held = claim_columns(
            session, Delivery, started, *_HELD, limit=lane.limit, lease=lease, where=_mine(lane)
        )
        jobs = _jobs(session, held)
    if not held:
        return 0
    rows = {row.id: row for row in held}
    batch: list[Outcome] = []
    settled = started
    for outcome in _outcomes(lane.wallet, jobs):
        batch.append(outcome)
        if len(batch) >= SETTLE_BATCH or now() - settled >= SETTLE_EVERY:
            settled = now()
            _settle(db, rows, batch, settled, jitter)
            _tell(note, lane, rows, batch, settled)
            batch = []
    ended = now()
    _settle(db, rows, batch, ended, jitter)
    _tell(note, lane, rows, batch, ended)
    return len(held)


def _tell(note: Note, lane: Lane, rows: Mapping[int, Held], batch: Sequence[Outcome], at: datetime) -> None:
    for each in batch:
        note(lane.wallet.name, rows[each.job.delivery_id], each.error is None, at)


def _jobs(session: Session, held: Sequence[Held]) -> list[Job]:
    """The versions are read after the claim: what is settled later is what was current then, never what
    was wanted.
    """
    mine = among(session, Card.id, [row.card_id for row in held])
    versions: dict[int, int] = dict(session.execute(select(Card.id, Card.version).where(mine)).all())
    return [Job(row.id, row.card_id, versions[row.card_id], row.priority in URGENT_LANES) for row in held]


def _outcomes(wallet: Wallet, jobs: Sequence[Job]) -> Sequence[Outcome] | Any:
    """An outcome for each job, whatever the wallet does: one that breaks half-way leaves the rest to be
    tried again.
    """
    left = {job.delivery_id: job for job in jobs}
    try:
        for outcome in wallet.deliver(jobs):
            if left.pop(outcome.job.delivery_id, None) is not None:
                yield outcome
    except DeliveryError as error:
        yield from (Outcome(job, 0, error) for job in left.values())
        return
    except Exception as fault:  # one card that cannot be delivered must not hold up all others for ever
        log.exception("delivery failed", wallet=wallet.name)
        ours = DeliveryError(f"We could not deliver this card ({type(fault).__name__}).")
        yield from (Outcome(job, 0, ours) for job in left.values())
        return
    yield from (
        Outcome(job, 0, DeliveryError("The wallet gave no answer for this card.")) for job in left.values()
    )


def _settle(
    db: sessionmaker[Session],
    rows: Mapping[int, Held],
    batch: Sequence[Outcome],
    now: datetime,
    jitter: Callable[[], float],
) -> None:
    if not batch:
        return
    done = [
        (
            rows[each.job.delivery_id],
            {"delivered_version": each.version, "delivered_at": now, "queued_at": None},
        )
        for each in batch
        if each.error is None
    ]
    with db.begin() as session:
        settle_many(session, Delivery, done)
        for each in batch:
            if each.error is not None:
                row = rows[each.job.delivery_id]
                postpone(
                    session,
                    Delivery,
                    row,
                    due_at=_next_try(each.error, row, now, jitter()),
                    error=each.error.message,
                )
        _tell_given_up(session, [each for each in batch if each.error and each.error.permanent], now)


def _tell_given_up(session: Session, refused: Sequence[Outcome], now: datetime) -> None:
    """An event for each card whose delivery rests now; a row that was made due again meanwhile does not."""
    if not refused:
        return
    said = {each.job.delivery_id: str(each.error) for each in refused}
    resting = select(Delivery.id, Delivery.wallet, Card).join(Card, Card.id == Delivery.card_id)
    mine = (among(session, Delivery.id, list(said)), Delivery.due_at.is_(None), Delivery.last_error != "")
    for delivery_id, wallet, card in session.execute(resting.where(*mine).order_by(Delivery.id)).all():
        body = {"wallet": wallet, "error": said[delivery_id][:200]}
        record(session, card.programme_id, "delivery.failed", body, now, card=card)


def _next_try(error: DeliveryError, row: Held, now: datetime, jitter: float) -> datetime | None:
    """When to try again; None where that is useless until the card changes or an operator asks."""
    if error.permanent:
        return None
    return now + timedelta(seconds=error.retry_after_s or backoff_s(row.attempts, jitter))
