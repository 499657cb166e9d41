"""Paid memberships: paid once a payment, renewed from their end on, cancelled, and over when their day
comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.mechanics import Decision, changed_standing
from app.domain.mechanics.membership import Membership as MembershipRule
from app.domain.text import in_locale
from app.services import journal, standings, tasks
from app.services.cards import require_active, touch
from app.services.events import record
from app.services.expiry import in_chunks, locked
from app.services.journal import By, Once
from app.services.operating import Order, Reply, Work, begin, settle
from app.storage import queries
from app.storage.states import programme_at, state_of
from app.storage.tables import Card, CardTask, Membership, Operation, ProgrammeRow
from app.storage.tables.delivery import NORMAL

TASK = "membership"
PAGE = 1_000
FAR = timedelta(days=366)
"""A membership may begin so long ago (it is entered late) or so far ahead."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment for `periods` of the membership `key`; `payment` is its id at whoever took the money.

    Without `starts_at` it follows on what is paid already, or begins now.
    """

    serial: str
    key: str
    payment: str
    periods: int = 1
    starts_at: datetime | None = None


def pay(db: sessionmaker[Session], cmd: Payment, once: Once, by: By, *, now: datetime) -> Reply:
    """Note a payment, once: the same key, or the same payment, returns the first answer.

    Raises NotFound, CardNotActive, Invalid, and Conflict where the payment was for something else.
    """
    try:
        return _pay(db, cmd, once, by, now)
    except IntegrityError:  # the same payment at the same moment: the other one was first
        return _pay(db, cmd, once, by, now)


def _pay(db: sessionmaker[Session], cmd: Payment, once: Once, by: By, now: datetime) -> Reply:
    with db.begin() as session:
        card = queries.card_by_serial(session, cmd.serial, lock=True)
        found = journal.recall(session, card.programme_id, once) or _by_payment(session, card, cmd)
        if found:
            return Reply(found.reply, replayed=True)
        require_active(card, now)
        work = begin(session, card, now)
        rule = _rule(work, cmd)
        row = _new_row(work, rule, cmd, by)
        _plan(session, row, rule.over_at(row.ends_at, work.state), now)
        told = {"key": row.key, "payment": row.payment, **_times(row)}
        record(session, card.programme_id, "membership.paid", told, now, card=card)
        order = Order("membership", once, by, detail={"membership": _told(row, rule, work)})
        return _settle(work, order)


def _settle(work: Work, order: Order) -> Reply:
    """Nothing moves but the tier, which a membership may lend."""
    work = replace(work, state=state_of(work.session, work.card, work.programme, work.now))
    decision = Decision(standing=changed_standing(work.programme.rules, work.state))
    return settle(work, order, decision, work.state.holdings, ())


def _by_payment(session: Session, card: Card, cmd: Payment) -> Operation | None:
    mine = (Membership.programme_id == card.programme_id, Membership.payment == cmd.payment)
    row = session.scalars(select(Membership).where(*mine)).one_or_none()
    if row is None:
        return None
    if row.card_id != card.id or row.key != cmd.key:
        raise Conflict("This payment was entered before, for another card or membership.", id=cmd.payment)
    done = select(Operation).where(
        Operation.card_id == (card.account_id or card.id), Operation.kind == "membership"
    )
    return next((o for o in session.scalars(done) if o.detail["membership"]["id"] == row.id), None)


def _rule(work: Work, cmd: Payment) -> MembershipRule:
    rules = [rule for rule in work.programme.rules if isinstance(rule, MembershipRule)]
    faults = {}
    if not any(rule.key == cmd.key for rule in rules):
        faults["/membership"] = "is no membership of this programme"
    if not 1 <= cmd.periods <= 24:
        faults["/periods"] = "must be from 1 to 24"
    if cmd.starts_at and abs(cmd.starts_at - work.now) > FAR:
        faults["/starts_at"] = "lies more than a year away"
    if faults:
        raise Invalid(faults)
    return next(rule for rule in rules if rule.key == cmd.key)


def _new_row(work: Work, rule: MembershipRule, cmd: Payment, by: By) -> Membership:
    """A renewal begins where the present period ends; in its days of grace too, for they were used."""
    present = work.state.memberships.get(rule.key) if rule.runs(work.state) else None
    starts_at = cmd.starts_at or present or work.now
    row = Membership(
        programme_id=work.card.programme_id,
        card_id=work.card.id,
        key=rule.key,
        payment=cmd.payment,
        starts_at=starts_at,
        ends_at=rule.ends_at(starts_at, cmd.periods, work.state),
        actor=by.actor[:120],
        created_at=work.now,
    )
    work.session.add(row)
    work.session.flush()
    return row


def _plan(session: Session, row: Membership, over_at: datetime, now: datetime) -> None:
    """When it begins and when it is over, the card is looked at by itself."""
    if row.starts_at > now:
        tasks.plan(session, row.card_id, TASK, f"{row.id}:begins", row.starts_at, {"key": row.key})
    tasks.plan(session, row.card_id, TASK, f"{row.id}:over", over_at, {"key": row.key})


def cancel(
    db: sessionmaker[Session],
    serial: str,
    membership_id: int,
    once: Once,
    by: By,
    *,
    now: datetime,
    at: Literal["now", "period_end"] = "now",
    refund: bool = False,
) -> Reply:
    """End it now, or note that it is not renewed; `refund` says that the shop gives the money back.

    Raises NotFound, and Conflict for one that is over or was cancelled before.
    """
    with db.begin() as session:
        card = queries.card_by_serial(session, serial, lock=True)
        if found := journal.recall(session, card.programme_id, once):
            return Reply(found.reply, replayed=True)
        row = session.get(Membership, membership_id, with_for_update=True)
        if row is None or row.card_id != card.id:
            raise NotFound("There is no such membership.", id=str(membership_id))
        until = row.ends_at if at == "period_end" else now
        if row.ends_at <= now or (row.cancelled_at is not None and row.cancelled_at <= until):
            raise Conflict("This membership is over, or was cancelled before.", id=str(membership_id))
        row.cancelled_at = until
        session.flush()
        work = begin(session, card, now)
        told = {"key": row.key, "payment": row.payment, "at": at, "refund": refund, **_times(row)}
        record(session, card.programme_id, "membership.cancelled", told, now, card=card)
        rules = [r for r in work.programme.rules if isinstance(r, MembershipRule) and r.key == row.key]
        said = {"membership": _told(row, rules[0] if rules else None, work), "refund": refund}
        return _settle(work, Order("cancellation", once, by, needs_active=False, detail=said))


def listed(session: Session, card: Card, now: datetime) -> list[dict[str, Any]]:
    """The card's memberships, the newest first."""
    programme = programme_at(session.get_one(ProgrammeRow, card.programme_id), card, now)
    rules = {rule.key: rule for rule in programme.rules if isinstance(rule, MembershipRule)}
    work = Work(session, card, card, programme, state_of(session, card, programme, now), now, now)
    rows = select(Membership).where(Membership.card_id == card.id).order_by(Membership.id.desc())
    return [_told(row, rules.get(row.key), work) for row in session.scalars(rows)]


def _told(row: Membership, rule: MembershipRule | None, work: Work) -> dict[str, Any]:
    name = in_locale(rule.name, work.programme.default_locale) if rule else row.key
    over_at = rule.over_at(row.ends_at, work.state) if rule else row.ends_at
    return {
        "id": row.id,
        "key": row.key,
        "name": name,
        "payment": row.payment,
        **_times(row),
        "cancelled_at": _z(row.cancelled_at) if row.cancelled_at else None,
        "status": _status(row, over_at, work.now),
    }


def _status(row: Membership, over_at: datetime, now: datetime) -> str:
    if row.cancelled_at is not None and row.cancelled_at <= now:
        return "cancelled"
    if now < row.starts_at:
        return "upcoming"
    return "paid" if now < row.ends_at else "grace" if now < over_at else "over"


def _times(row: Membership) -> dict[str, str]:
    return {"starts_at": _z(row.starts_at), "ends_at": _z(row.ends_at)}


def _z(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def run(db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> int:
    """A page of memberships that begin or are over: the card's tier and face follow, each once."""
    due = select(CardTask.card_id).where(*_due(now)).order_by(CardTask.due_at, CardTask.id).limit(PAGE)
    with read() as session:
        found = list(dict.fromkeys(session.scalars(due)))
    return in_chunks(db, found, lambda part: _follow(db, part, now))


def waiting(session: Session, now: datetime) -> int:
    """How many are due."""
    return session.scalar(select(func.count()).select_from(CardTask).where(*_due(now))) or 0


def _due(now: datetime) -> tuple[Any, ...]:
    return CardTask.due_at <= now, CardTask.done_at.is_(None), CardTask.kind == TASK


def _follow(db: sessionmaker[Session], card_ids: Sequence[int], now: datetime) -> int:
    done = 0
    with db.begin() as session:
        for card in locked(session, card_ids):
            mine = select(CardTask).where(CardTask.card_id == card.id, *_due(now)).order_by(CardTask.id)
            waiting_ = session.scalars(mine.with_for_update()).all()
            if not waiting_:
                continue
            programme = programme_at(session.get_one(ProgrammeRow, card.programme_id), card, now)
            state = state_of(session, card, programme, now)
            running = {
                rule.key for rule in programme.rules if isinstance(rule, MembershipRule) and rule.runs(state)
            }
            for task in waiting_:
                task.done_at, task.outcome = now, _outcome(task, running)
                if task.outcome == "ended":
                    told = {"key": task.body["key"]}
                    record(session, card.programme_id, "membership.ended", told, now, card=card)
                done += 1
            standings.refresh(session, card, now, "membership")
            session.flush()
            touch(session, card, now, priority=NORMAL)
    return done


def _outcome(task: CardTask, running: set[str]) -> str:
    if task.key.endswith(":begins"):
        return "begun"
    return "renewed" if task.body["key"] in running else "ended"
