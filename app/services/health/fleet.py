"""What our own database shows of cards on their way: queues, roll-outs, webhooks, phones and complaints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.services.causes import CAUSES, fine, found
from app.services.health import hooks_out, systems
from app.services.health.landmarks import PREFIX
from app.services.health.systems import FORGOTTEN_S, LATE_S
from app.services.ports import Finding
from app.storage.tables import (
    AppleRegistration,
    Card,
    Chore,
    Delivery,
    DeviceLog,
    ProgrammeRow,
    Rollout,
)

FETCH_WITHIN = timedelta(hours=1)
COMPLAINTS_OF = timedelta(days=1)
ROUND_LATE = timedelta(hours=1)
MANY_TRIES = 5
FEW_CARDS = 3
"""So many cards must have been downloaded before their silence says something."""


def everything(session: Session, now: datetime, base_url: str) -> list[Finding]:
    """What waits for longer than it should, what was given up, and which phones do not answer."""
    work = [
        *_deliveries_late(session, now),
        *_rollouts(session, now),
        *systems.everything(session, now),
        *_failing(session),
        *hooks_out.findings(session, now),
        *_given_up(session),
        *_rounds(session, now),
    ]
    phones = [*_not_fetching(session, now), *_nobody_registers(session, now, base_url)]
    return [*(work or [fine("queues")]), *phones, *_complaints(session, now)]


def _deliveries_late(session: Session, now: datetime) -> Iterator[Finding]:
    """A row's due time moves when a worker takes it, so one that lies in the past was taken by nobody."""
    asked = select(Delivery.wallet, func.count(), func.min(Delivery.due_at)).where(Delivery.due_at <= now)
    for wallet, count, oldest in session.execute(asked.group_by(Delivery.wallet).order_by(Delivery.wallet)):
        late_s = (now - oldest).total_seconds() if oldest else 0.0
        if late_s < LATE_S:
            continue
        code = "worker-absent" if late_s >= FORGOTTEN_S and not _works(session, now) else "queue-late"
        yield found(code, count=count, wallet=wallet, late_s=late_s)


def _works(session: Session, now: datetime) -> bool:
    """Whether any delivery was settled lately, or is in somebody's hands."""
    since = now - timedelta(seconds=FORGOTTEN_S)
    settled = select(Delivery.id).where(Delivery.delivered_at >= since).limit(1)
    held = select(Delivery.id).where(Delivery.due_at > now, Delivery.attempts > 0).limit(1)
    return session.scalar(settled) is not None or session.scalar(held) is not None


def _rollouts(session: Session, now: datetime) -> Iterator[Finding]:
    rows = session.execute(
        select(Rollout, ProgrammeRow.slug)
        .join(ProgrammeRow, ProgrammeRow.id == Rollout.programme_id)
        .where(Rollout.due_at.is_not(None))
        .order_by(Rollout.due_at)
        .limit(20)
    ).all()
    for row, slug in rows:
        late_s = (now - row.due_at).total_seconds() if row.due_at else 0.0
        if row.last_error and row.attempts >= MANY_TRIES:
            yield found("rollout-failing", programme=slug, attempts=row.attempts, said=row.last_error)
        elif late_s >= LATE_S:
            level = "broken" if late_s >= FORGOTTEN_S else "warning"
            yield found("rollout-stuck", level=level, programme=slug, late_s=late_s)  # type: ignore[arg-type]


def _failing(session: Session) -> Iterable[Finding]:
    tried = (Delivery.due_at.is_not(None), Delivery.last_error != "", Delivery.attempts >= MANY_TRIES)
    return [
        found("deliveries-failing", count=count, wallet=wallet, said=said)
        for wallet, count, said in _by_wallet(session, *tried)
    ]


def _given_up(session: Session) -> Iterable[Finding]:
    stopped = (Delivery.due_at.is_(None), Delivery.last_error != "")
    return [
        found("deliveries-given-up", count=count, wallet=wallet, said=said)
        for wallet, count, said in _by_wallet(session, *stopped)
    ]


def _by_wallet(session: Session, *which: Any) -> Iterable[Any]:
    asked = select(Delivery.wallet, func.count(), func.max(Delivery.last_error)).where(*which)
    return session.execute(asked.group_by(Delivery.wallet).order_by(Delivery.wallet)).all()


def _rounds(session: Session, now: datetime) -> Iterable[Finding]:
    late = select(Chore).where(Chore.next_at < now - ROUND_LATE, Chore.name.not_like(f"{PREFIX}%"))
    return [
        found("round-late", name=row.name, late_s=(now - row.next_at).total_seconds())
        for row in session.scalars(late.order_by(Chore.name).limit(20))
        if row.next_at
    ]


def not_fetching(session: Session, now: datetime) -> tuple[int, int]:
    """(phones that were pushed an hour ago or earlier and did not fetch, all phones)."""
    waits = func.count().filter(
        AppleRegistration.pushed_at <= now - FETCH_WITHIN,
        AppleRegistration.fetched_version < AppleRegistration.pushed_version,
    )
    behind, total = session.execute(select(waits, func.count()).select_from(AppleRegistration)).one()
    return behind, total


def _not_fetching(session: Session, now: datetime) -> Iterator[Finding]:
    behind, total = not_fetching(session, now)
    if behind:
        yield found("phones-not-fetching", count=behind, total=total)


def _nobody_registers(session: Session, now: datetime, base_url: str) -> Iterator[Finding]:
    """A phone that adds a pass registers within seconds: where none ever did, none can reach us."""
    if session.scalar(select(AppleRegistration.id).limit(1)) is not None:
        return
    downloaded = select(func.count()).where(Card.served_version > 0, Card.changed_at <= now - FETCH_WITHIN)
    count = session.scalar(downloaded.select_from(Card)) or 0
    if count >= FEW_CARDS:
        yield found("no-registrations", count=count, url=base_url)


def _complaints(session: Session, now: datetime) -> Iterable[Finding]:
    asked = select(DeviceLog.kind, func.count(), func.max(DeviceLog.message))
    recent = asked.where(DeviceLog.at >= now - COMPLAINTS_OF).group_by(DeviceLog.kind)
    for kind, count, said in session.execute(recent.order_by(DeviceLog.kind)):
        code = f"complaints-{kind}"
        yield found(code if code in CAUSES else "complaints-other", count=count, said=said[:200])
