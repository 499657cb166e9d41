"""How the sources are: what waits, what was put aside, when the last call came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.storage.tables import HookEvent


@dataclass(frozen=True, slots=True)
class Counts:
    """Events of one source that wait, and that were put aside; `last_at` is None before the first call."""

    waiting: int
    dead: int
    last_at: datetime | None


def counts(session: Session, source_ids: Iterable[int]) -> dict[int, Counts]:
    """By row number of the source; each count reads an index of the few, not all that was ever sent."""
    return {each: _counts(session, each) for each in source_ids}


def _counts(session: Session, source_id: int) -> Counts:
    mine = HookEvent.source_id == source_id
    count = select(func.count()).select_from(HookEvent)
    waiting = session.scalar(count.where(mine, HookEvent.due_at.is_not(None)))
    dead = session.scalar(count.where(mine, HookEvent.state == "dead"))
    newest = select(HookEvent.received_at).where(mine).order_by(HookEvent.id.desc()).limit(1)
    return Counts(waiting or 0, dead or 0, session.scalar(newest))
