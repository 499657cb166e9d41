"""What our own database shows of systems that call us: events that wait, were put aside, or never came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.services.causes import found
from app.services.crm.silence import quiet_sources
from app.services.ports import Finding
from app.storage.tables import HookEvent, HookSource

LATE_S, FORGOTTEN_S = 60, 600
"""Work is taken within a second: after a minute something is slow, after ten nobody takes any."""


def everything(session: Session, now: datetime) -> list[Finding]:
    """Events that nobody applies, dead ones, systems that are silent or cannot be asked."""
    return [*_events(session, now), *_quiet(session, now), *_unasked(session)]


def _events(session: Session, now: datetime) -> Iterator[Finding]:
    """Those of a paused source wait on purpose."""
    asked = (
        select(func.count(), func.min(HookEvent.due_at))
        .join(HookSource, HookSource.id == HookEvent.source_id)
        .where(HookEvent.due_at <= now, HookSource.paused_at.is_(None))
    )
    count, oldest = session.execute(asked).one()
    late_s = (now - oldest).total_seconds() if oldest else 0.0
    if late_s >= LATE_S:
        level = "broken" if late_s >= FORGOTTEN_S else "warning"
        yield found("events-late", level=level, count=count, late_s=late_s)  # type: ignore[arg-type]
    dead = session.scalar(select(func.count()).select_from(HookEvent).where(HookEvent.state == "dead"))
    if dead:
        yield found("events-dead", count=dead)


def _quiet(session: Session, now: datetime) -> Iterable[Finding]:
    for each in quiet_sources(session, now):
        quiet_s, usual_s = (now - each.since).total_seconds(), each.usual.total_seconds()
        yield found("source-quiet", source=each.slug, quiet_s=quiet_s, usual_s=usual_s)


def _unasked(session: Session) -> Iterable[Finding]:
    failing = (HookSource.poll_error != "", HookSource.paused_at.is_(None))
    asked = select(HookSource.slug, HookSource.poll_error).where(*failing).order_by(HookSource.slug)
    for slug, said in session.execute(asked):
        yield found("source-unasked", source=slug, said=said)
