"""The numbers beside the findings: queues, vendors, papers and rounds, for a page to draw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.services.health.fleet import not_fetching
from app.services.health.landmarks import PREFIX
from app.services.ports import Finding
from app.storage.tables import Chore, Delivery

FUSES = "apns:"


@dataclass(frozen=True, slots=True)
class Queue:
    """One wallet's deliveries; `late_s` is how long the oldest due one is overdue."""

    wallet: str
    waiting: int
    late_s: float
    failing: int
    given_up: int
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate and the days that it has left."""

    name: str
    until: datetime
    days: int


@dataclass(frozen=True, slots=True)
class Figures:
    """`behind` of `phones` iPhones were pushed an hour ago and did not fetch."""

    queues: list[Queue]
    rounds: list[Chore]
    behind: int
    phones: int


def figures(session: Session, wallets: Iterable[str], now: datetime) -> Figures:
    """All numbers, from one look at the database."""
    behind, phones = not_fetching(session, now)
    rounds = select(Chore).where(Chore.name.not_like(f"{PREFIX}%"), Chore.name.not_like(f"{FUSES}%"))
    made = list(session.scalars(rounds.order_by(Chore.name).limit(50)))
    return Figures([_queue(session, name, now) for name in wallets], made, behind, phones)


def _queue(session: Session, wallet: str, now: datetime) -> Queue:
    due = Delivery.due_at.is_not(None)
    failed = Delivery.last_error != ""
    asked = select(
        func.count().filter(due),
        func.min(Delivery.due_at),
        func.count().filter(due, failed),
        func.count().filter(~due, failed),
        func.max(Delivery.delivered_at),
    ).where(Delivery.wallet == wallet)
    waiting, oldest, failing, given_up, delivered_at = session.execute(asked).one()
    late_s = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    return Queue(wallet, waiting, late_s, failing, given_up, delivered_at)


def papers(findings: Iterable[Finding], now: datetime) -> list[Paper]:
    """The certificates that findings speak of, those that end soonest first."""
    ends: dict[str, datetime] = {}
    for finding in findings:
        name, until = finding.facts.get("pass_type"), finding.facts.get("until_on")
        if isinstance(name, str) and isinstance(until, datetime):
            ends[name] = min(until, ends.get(name, until))
    made = [Paper(name, until, (until - now).days) for name, until in ends.items()]
    return sorted(made, key=lambda paper: paper.until)
