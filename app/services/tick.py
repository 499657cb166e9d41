"""Everything that is due by the clock, in one list: the worker walks it, and `tillpass tick` does.

Each round takes a bounded batch, goes on where it stopped, does nothing twice, and may run on several
machines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from app.services import (
    banners,
    birthdays,
    due_tasks,
    expiry,
    holds,
    memberships,
    messages,
    reviews,
    rule_rounds,
    seals,
)
from app.services.activation import ACTIVATION
from app.services.crm.inbox import forget_old
from app.services.jobs import shelf
from app.services.warnings import AT_RISK, BURNING
from app.services.webhooks import replaying

log = structlog.get_logger(__name__)
Run = Callable[[sessionmaker[Session], sessionmaker[Session], datetime], int]
"""Does a bounded batch; gives how many it did, or whether it did any."""


@dataclass(frozen=True, slots=True)
class Round:
    """Something that the clock asks for. `says` names it for people; `waiting` counts what is due, where that
    is cheap.
    """

    name: str
    says: str
    run: Run
    waiting: Callable[[Session, datetime], int] | None = None


ROUNDS = (
    Round("rules", "versions of rules that begin", rule_rounds.run),
    Round("cards", "cards that reached their end", expiry.expire_cards, expiry.cards_over),
    Round("lots", "points that ended", expiry.expire_lots, expiry.lots_over),
    Round("activation", "points that may be spent from now on", ACTIVATION.run, ACTIVATION.waiting),
    Round("holds", "points that a till set aside too long", holds.expire, holds.over),
    Round("memberships", "memberships that begin or are over", memberships.run, memberships.waiting),
    Round("reviews", "tiers that are reviewed", reviews.run, reviews.waiting),
    Round("birthdays", "birthdays of today", birthdays.run),
    Round("tasks", "thanks for friends, profiles, cards to draw anew", due_tasks.run_due, due_tasks.waiting),
    *(Round(each.name, "warnings that points burn soon", each.run, each.waiting) for each in BURNING),
    Round("risk", "warnings that a tier is at risk", AT_RISK.run, AT_RISK.waiting),
    Round("messages", "messages that start or end", messages.follow_clock),
    Round("banners", "banners that start or end", banners.follow_clock),
    Round("inbox", "webhooks that were settled long ago", forget_old),
    Round("webhooks", "messages of webhooks that nobody needs any more", replaying.forget_old),
    Round("files", "files of imports and exports that are forgotten", shelf.forget_old),
    Round("seals", "days that are sealed", seals.run, seals.days_waiting),
)
"""In this order: what ended is taken out before anything is counted on it."""
NAMES = tuple(each.name for each in ROUNDS)


def step(
    db: sessionmaker[Session],
    read: sessionmaker[Session],
    now: datetime,
    rounds: Sequence[Round] = ROUNDS,
) -> bool:
    """One batch of the first round that has any; whether there was one. A round that breaks is told of, and
    holds up no other.
    """
    return any(_safely(each, db, read, now) for each in rounds)


def _safely(each: Round, db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> bool:
    try:
        return bool(each.run(db, read, now))
    except OperationalError:
        raise  # the database is away or busy: that is no round's fault
    except Exception:
        log.exception("what the clock asks for failed; all else goes on", round=each.name)
        return False


@dataclass(frozen=True, slots=True)
class Done:
    """A batch of a round: how many it did so far, and how many there were (0 where nobody counted)."""

    round: Round
    done: int
    total: int
    more: bool


def run(
    db: sessionmaker[Session],
    read: sessionmaker[Session],
    now: Callable[[], datetime],
    *,
    only: str = "",
    until_done: bool = False,
) -> Iterator[Done]:
    """Run what is due, and tell after each batch. Without `until_done` each round takes one batch."""
    for each in ROUNDS:
        if only in ("", each.name):
            yield from _run_one(each, db, read, now, until_done)


def _run_one(
    each: Round,
    db: sessionmaker[Session],
    read: sessionmaker[Session],
    now: Callable[[], datetime],
    until_done: bool,
) -> Iterator[Done]:
    with read() as session:
        total = each.waiting(session, now()) if each.waiting else 0
    done, more = 0, True
    while more:
        step_ = int(each.run(db, read, now()))
        done += step_
        more = bool(step_) and until_done
        yield Done(each, done, max(total, done), more)
