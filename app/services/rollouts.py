"""A change that all cards show: carried out in chunks, so that no till ever waits for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.services import cards, touching
from app.services.looks import publish_looks
from app.services.ports import Wallet
from app.storage.queue import claim
from app.storage.tables import Card, ProgrammeRow, Rollout
from app.storage.tables.delivery import BULK

CHUNK = 250
"""Cards in a transaction: a till waits at most for one chunk's row locks (ledger-and-delivery, 4.4)."""


def start_rollout(
    session: Session, programme: ProgrammeRow, *, now: datetime, why: str, priority: int = BULK
) -> Rollout:
    """Queue a walk over all cards of the programme; a newer one replaces those that are still under way."""
    session.execute(
        update(Rollout)
        .where(Rollout.programme_id == programme.id, Rollout.due_at.is_not(None))
        .values(due_at=None, finished_at=now, last_error="replaced by a newer change")
    )
    total = (
        session.scalar(select(func.count()).select_from(Card).where(Card.programme_id == programme.id)) or 0
    )
    walk = _row(programme, "cards", why, now, priority)
    walk.total = total
    session.add_all([walk, _row(programme, "looks", why, now, priority)])
    session.flush()
    cards.wake(session)
    return walk


def _row(programme: ProgrammeRow, task: str, why: str, now: datetime, priority: int) -> Rollout:
    return Rollout(
        programme_id=programme.id,
        design_id=programme.design_id,
        task=task,
        why=why,
        due_at=now,
        priority=priority,
        created_at=now,
    )


def run_rollout(
    db: sessionmaker[Session],
    wallets: Mapping[str, Wallet],
    *,
    now: datetime,
    jitter: float,
    lease: timedelta = timedelta(seconds=60),
    read: sessionmaker[Session] | None = None,
) -> bool:
    """One step of one due task: bring the shared look to the vendors, or touch a chunk of cards.

    Returns whether there was work. Sessions of `read` take no lock (those of `db` by default).
    """
    with db.begin() as session:
        held = claim(session, Rollout, now, limit=1, lease=lease)
    if not held:
        return False
    if held[0].task == "looks":
        publish_looks(db, wallets, held[0], now=now, jitter=jitter)
    else:
        _chunk(db, read or db, held[0], now)
    return True


def _chunk(db: sessionmaker[Session], read: sessionmaker[Session], rollout: Rollout, now: datetime) -> None:
    """Draw the faces without a lock; then lock, compare and write: a till waits for the short part alone."""
    with read() as session:
        found = _next_cards(session, rollout)
        drawn = touching.faces(session, found, now)
    with db.begin() as session:
        held = (
            select(Rollout)
            .where(Rollout.id == rollout.id, Rollout.due_at == rollout.due_at)
            .with_for_update()
        )
        row = session.scalars(held).one_or_none()
        if row is None:  # replaced by a newer change, or our lease ran out and another worker has it
            return
        row.changed += len(touching.advance_all(session, found, drawn, now, priority=BULK))
        row.seen += len(found)
        row.attempts = 0
        row.cursor = found[-1].id if found else row.cursor
        if len(found) < CHUNK:
            row.due_at, row.finished_at = None, now
        else:
            row.due_at = now


def _next_cards(session: Session, rollout: Rollout) -> Sequence[Card]:
    statement = (
        select(Card)
        .where(Card.programme_id == rollout.programme_id, Card.id > rollout.cursor)
        .order_by(Card.id)
        .limit(CHUNK)
    )
    return session.scalars(statement).all()


def latest(session: Session, programme_id: int) -> Rollout | None:
    """The newest roll-out of a programme, for the page that watches it."""
    return session.scalars(
        select(Rollout)
        .where(Rollout.programme_id == programme_id, Rollout.task == "cards")
        .order_by(Rollout.id.desc())
        .limit(1)
    ).one_or_none()
