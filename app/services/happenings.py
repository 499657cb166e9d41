"""Events that rules reward: told by a cashier, a program or a CRM, or happening by themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from pydantic import Field
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Invalid
from app.domain.mechanics import Decision, decide
from app.domain.mechanics.base import Happening
from app.domain.mechanics.event import FIRST, MOST_TIMES, PROFILE, WELCOME, Event
from app.domain.programme import Programme
from app.services import sales
from app.services.inputs import Input, Moment, Short
from app.services.journal import By, Once
from app.services.operating import Order, Reply, Work, begin, carry_out, operate
from app.storage.states import programme_at, state_of
from app.storage.tables import Card, ProgrammeRow
from app.storage.tables.delivery import NORMAL, URGENT

CLOCK = "clock"


class EventInput(Input):
    """Something that happened, `times` times, and that the programme has a rule for."""

    event: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", examples=["review"])]
    times: Annotated[int, Field(ge=1, le=MOST_TIMES)] = 1
    store: Short = ""
    occurred_at: Moment | None = None


def happen(
    db: sessionmaker[Session],
    serial: str,
    event: str,
    once: Once,
    by: By,
    *,
    now: datetime,
    times: int = 1,
    at: datetime | None = None,
) -> Reply:
    """Give what the event gives, once for its key; `notes` of the answer say what a limit kept back.

    Raises Invalid for an event that the programme does not know, and for a time that cannot be.
    """
    if not 1 <= times <= MOST_TIMES:
        raise Invalid({"/times": f"must be from 1 to {MOST_TIMES}"})

    def decided(work: Work) -> Decision:
        _check(event, work.programme, at, now)
        state = sales.on_its_day(work.session, work.card, work.programme, work.state, at)
        return decide(work.programme.rules, Happening(event, times, by.store, at=at), state)

    return operate(db, serial, _order(event, once, by, times, at), decided, now=now)


def _order(event: str, once: Once, by: By, times: int = 1, at: datetime | None = None) -> Order:
    lane = NORMAL if by.actor == CLOCK else URGENT
    return Order("event", once, by, at=at, priority=lane, detail={"event": event, "times": times})


def _check(event: str, programme: Programme, at: datetime | None, now: datetime) -> None:
    if event == FIRST or rule_of(programme, event) is None:
        raise Invalid({"/event": "this programme gives nothing for such an event"})
    if at and not now - timedelta(days=programme.late_days) <= at <= now + timedelta(minutes=10):
        raise Invalid({"/occurred_at": f"lies in the future, or more than {programme.late_days} days back"})


def rule_of(programme: Programme, event: str) -> Event | None:
    """The rule for this event, if the programme has one."""
    rules = (rule for rule in programme.rules if isinstance(rule, Event) and rule.key == event)
    return next(rules, None)


def begin_with(session: Session, card: Card, now: datetime, *, source: str) -> None:
    """What a new card begins with: its welcome, and a profile that is complete already. Part of issuing it,
    so that the first face shows it.
    """
    for event in _due_at_the_beginning(session, card, now):
        once = Once("enrolment", f"{event}:{card.id}", {"card": card.id})
        work = begin(session, card, now)
        carry_out(work, _order(event, once, By(source)), partial(_decision, event))


def _decision(event: str, work: Work) -> Decision:
    return decide(work.programme.rules, Happening(event), work.state)


def _due_at_the_beginning(session: Session, card: Card, now: datetime) -> list[str]:
    programme = programme_at(session.get_one(ProgrammeRow, card.programme_id), card, now)
    due = [WELCOME] if rule_of(programme, WELCOME) else []
    return [*due, PROFILE] if profile_is_complete(session, card, programme, now) else due


def profile_is_complete(session: Session, card: Card, programme: Programme, now: datetime) -> bool:
    """Whether a rule rewards a complete profile, and this one is."""
    rule = rule_of(programme, PROFILE)
    if rule is None:
        return False
    return state_of(session, card, programme, now).person.filled.issuperset(rule.fields)
