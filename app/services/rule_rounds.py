"""What the clock does with rules: a version begins on its date, and what follows from it by itself is done.

A stamp card that is full under the new goal becomes a reward, a card that has spent enough gets its tier.
Cards are looked at in stretches without a lock; only those for which something follows are locked, one at a
time. A round that is killed goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from app.domain import ledger
from app.domain.mechanics import Decision, changed_standing
from app.domain.mechanics import follows as by_itself
from app.domain.mechanics.base import Mechanic, State
from app.domain.programme import Programme
from app.services import journal, rule_plan
from app.services.cards import programmes_of
from app.services.events import record
from app.services.journal import By, Once
from app.services.operating import Order, begin, carry_out
from app.services.rollouts import start_rollout
from app.services.rulebook import NOT_BEGUN
from app.storage import queries
from app.storage.states import states_of
from app.storage.tables import Card, ProgrammeRow, RuleVersion
from app.storage.tables.delivery import NORMAL

STRETCH = 200


@dataclass(frozen=True, slots=True)
class _Due:
    """A version that began and is not settled, as it was read."""

    id: int
    number: int
    programme_id: int
    after: int


def run(db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> bool:
    """One bounded step for the oldest version that has begun; returns whether there was any."""
    waiting = (
        select(RuleVersion)
        .where(
            RuleVersion.starts_at <= now,
            RuleVersion.settled_at.is_(None),
            RuleVersion.withdrawn_at.is_(None),
        )
        .order_by(RuleVersion.starts_at, RuleVersion.id)
        .limit(1)
    )
    with read() as session:
        found = session.scalars(waiting).one_or_none()
        if found is None:
            return False
        due = _Due(found.id, found.number, found.programme_id, found.settled_card_id)
    if due.after == NOT_BEGUN:
        _begin(db, due, now)
    else:
        _settle(db, read, due, now)
    return True


def _begin(db: sessionmaker[Session], due: _Due, now: datetime) -> None:
    with db.begin() as session:
        row = session.get_one(ProgrammeRow, due.programme_id, with_for_update=True)
        version = session.get_one(RuleVersion, due.id)
        if version.settled_card_id != NOT_BEGUN or version.withdrawn_at is not None:
            return
        version.settled_card_id = 0
        rule_plan.replan(session, row, now)
        row.revision, row.updated_at = row.revision + 1, now
        record(session, row.id, "rules.began", {"number": due.number}, now)
        session.flush()
        start_rollout(session, row, now=now, why="rules")


def _settle(db: sessionmaker[Session], read: sessionmaker[Session], due: _Due, now: datetime) -> None:
    with read() as session:
        row = session.get_one(ProgrammeRow, due.programme_id)
        found = _stretch(session, row, due) if _may_follow(row) else []
        serials = [card.serial for card in _concerned(session, found, now)]
    for serial in serials:
        _carry_on(db, serial, due, now)
    done = {"settled_at": now} if len(found) < STRETCH else {"settled_card_id": found[-1].id}
    with db.begin() as session:
        session.execute(
            update(RuleVersion)
            .where(RuleVersion.id == due.id, RuleVersion.settled_card_id == due.after)
            .values(**done)
        )


def _may_follow(row: ProgrammeRow) -> bool:
    """Whether any rule gives or moves anything without an occasion."""
    asked = (Mechanic.complete, Mechanic.standing)
    every = queries.programme_of(row).rules
    return any((type(rule).complete, type(rule).standing) != asked for rule in every)


def _stretch(session: Session, row: ProgrammeRow, due: _Due) -> Sequence[Card]:
    mine = select(Card).where(Card.programme_id == row.id, Card.id > due.after)
    return session.scalars(mine.order_by(Card.id).limit(STRETCH)).all()


def _concerned(session: Session, found: Sequence[Card], now: datetime) -> list[Card]:
    alive = [card for card in found if card.status in ("active", "blocked")]
    if not alive:
        return []
    programmes = programmes_of(session, alive, now)
    states = states_of(session, alive, programmes, now)
    return [card for card in alive if _differs(follows(programmes[card.id], states[card.id]))]


def follows(programme: Programme, state: State) -> Decision:
    """What these rules do with a card by themselves."""
    made = by_itself(programme.rules, (), state)
    after = replace(state, holdings=ledger.apply(state.holdings, made.moves, now=state.now)[0])
    return replace(made, standing=changed_standing(programme.rules, after))


def _differs(decision: Decision) -> bool:
    return bool(decision.moves) or decision.standing is not None


def _carry_on(db: sessionmaker[Session], serial: str, due: _Due, now: datetime) -> None:
    with db.begin() as session:
        card = queries.card_by_serial(session, serial, lock=True)
        once = Once("clock", f"rules:{due.id}:{card.id}", {"version": due.number})
        if journal.recall(session, card.programme_id, once):
            return
        work = begin(session, card, now)
        decision = follows(work.programme, work.state)
        if not _differs(decision):
            return
        order = Order("rules", once, By(actor="clock"), priority=NORMAL, needs_active=False)
        carry_out(work, order, lambda _: decision)
