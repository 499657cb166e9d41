"""What an inbound event may do: each action is one use case, on one card, once for its key."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import AlreadyReversed, Conflict, Invalid, NotFound
from app.domain.programme import Programme
from app.services import cards, enrolment, erasure, happenings, loyalty, memberships, refunds
from app.services.crm.bodies import (
    BalanceAction,
    MemberAction,
    NothingMore,
    RefundAction,
    StatusAction,
    ValuesAction,
    parsed,
    purchase_of,
)
from app.services.crm.targets import TARGET_KEYS, Names, Target, find, named
from app.services.enrolment import Enrol
from app.services.happenings import EventInput
from app.services.inputs import AdjustmentInput, MembershipInput, StampsInput, named_values
from app.services.journal import By, Once
from app.services.operating import Reply
from app.services.ports import Action
from app.storage import queries
from app.storage.tables import Card, ProgrammeRow, Receipt


class Parked(Exception):
    """It cannot be done yet, and will be: the sale of a return, the member of a receipt; `awaited` are the
    names of what it waits for (`receipt:727`).
    """

    def __init__(self, message: str, awaited: Collection[str] = ()) -> None:
        super().__init__(message)
        self.awaited = awaited


class Ignored(Exception):
    """It is none of our business, by the source's own settings."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where an event came from, and what it may touch. `strangers`: see `sources.STRANGERS`."""

    slug: str
    programme_id: int
    programme: str
    mapping: Mapping[str, Any]
    default_pass_type: str
    strangers: str = "refuse"


@dataclass(frozen=True, slots=True)
class Work:
    """One action on its way."""

    db: sessionmaker[Session]
    source: Source
    key: str
    now: datetime

    def once(self, action: Action) -> Once:
        """The event's own key, so that a crash between applying and settling changes nothing; where the
        action has a key of its own, what is said later under it is the same.
        """
        said: dict[str, Any] = {} if action.key else dict(action.body)
        return Once(f"hook:{self.source.slug}", action.key or self.key, {"call": action.kind, **said})

    def by(self, store: str = "", reason: str = "") -> By:
        """Who did it."""
        return By(f"hook:{self.source.slug}", store, reason)


def apply_action(
    db: sessionmaker[Session], source: Source, action: Action, key: str, *, now: datetime
) -> dict[str, Any]:
    """Carry out one action; answers what was done. Raises Refused for what can never be done."""
    done = _ACTIONS[action.kind](Work(db, source, key, now), action)
    return {"kind": action.kind, **done}


def _member(work: Work, action: Action) -> dict[str, Any]:
    body = parsed(MemberAction, action.body)
    given = body.given()
    if not any(given.get(key) for key in ("phone", "email", "external_id")):
        raise Invalid({"": "a member needs a phone, an e-mail address or an external id"})
    consents = [each.as_said() for each in body.consents]
    cmd = Enrol(
        work.source.programme, given, body.channel.model_dump(), consents, f"hook:{work.source.slug}"[:40]
    )
    done = enrolment.enrol(work.db, cmd, now=work.now, default_pass_type=work.source.default_pass_type)
    if not done.created:
        cards.change(work.db, done.serial, now=work.now, actor=work.by().actor, member=given)
    return {"serial": done.serial, "created": done.created}


def _purchase(work: Work, action: Action) -> dict[str, Any]:
    serial, rest = _targeted(work, action)
    cmd = purchase_of(serial, rest)
    return _done(serial, loyalty.purchase(work.db, cmd, work.once(action), work.by(cmd.store), now=work.now))


def _stamps(work: Work, action: Action) -> dict[str, Any]:
    serial, rest = _targeted(work, action)
    body = parsed(StampsInput, rest)
    once, by = work.once(action), work.by(body.store)
    return _done(serial, loyalty.stamp(work.db, serial, body.stamps, once, by, now=work.now))


def _adjust(work: Work, action: Action) -> dict[str, Any]:
    serial, rest = _targeted(work, action)
    body = parsed(AdjustmentInput, {"reason": work.source.slug, **rest})
    once, by = work.once(action), work.by(body.store, body.reason)
    return _done(serial, loyalty.adjust(work.db, serial, body.amounts(), once, by, now=work.now))


def _membership(work: Work, action: Action) -> dict[str, Any]:
    serial, rest = _targeted(work, action)
    body = parsed(MembershipInput, rest)
    cmd = memberships.Payment(serial, body.membership, body.payment, body.periods, body.starts_at)
    return _done(serial, memberships.pay(work.db, cmd, work.once(action), work.by(body.store), now=work.now))


def _event(work: Work, action: Action) -> dict[str, Any]:
    serial, rest = _targeted(work, action)
    body = parsed(EventInput, rest)
    once, by = work.once(action), work.by(body.store)
    done = happenings.happen(
        work.db, serial, body.event, once, by, now=work.now, times=body.times, at=body.occurred_at
    )
    return _done(serial, done)


def _refund(work: Work, action: Action) -> dict[str, Any]:
    """A return may come before its sale: then it waits for it."""
    body = parsed(RefundAction, {k: v for k, v in action.body.items() if k not in TARGET_KEYS})
    try:
        receipt = _receipt(work, body.receipt)
    except Parked:
        if body.if_known:
            return {"receipt": body.receipt, "unchanged": True}
        raise
    once, by = work.once(action), work.by(body.store, body.reason)
    items, up_to = [(item.which, item.quantity) for item in body.items], body.refunded_minor
    part: dict[str, Any] = {"items": items, "amount_minor": body.amount_minor}
    if up_to is not None:
        part = {"items": items, "up_to_minor": up_to}
    try:
        done = refunds.refund(work.db, receipt.public_id, once, by, now=work.now, **part)
    except AlreadyReversed:
        return {"receipt": body.receipt, "unchanged": True}
    return {"receipt": body.receipt, "operation": done.body["id"], "replayed": done.replayed}


def _receipt(work: Work, external_id: str) -> Receipt:
    mine = (Receipt.programme_id == work.source.programme_id, Receipt.external_id == external_id)
    with work.db() as session:
        found = session.scalars(select(Receipt).where(*mine)).one_or_none()
    if found is None:
        raise Parked(f"There is no receipt '{external_id}' yet.", {f"receipt:{external_id}"})
    return found


def _balance(work: Work, action: Action) -> dict[str, Any]:
    serial, rest = _targeted(work, action)
    body = parsed(BalanceAction, {"reason": work.source.slug, **rest})
    once, by = work.once(action), work.by(body.store, body.reason)
    done = loyalty.reconcile(work.db, serial, body.wanted(), once, by, now=work.now)
    return _done(serial, done) if done else {"serial": serial, "unchanged": True}


def _erase(work: Work, action: Action) -> dict[str, Any]:
    """Somebody whom we do not know is forgotten already, whatever becomes of strangers else."""
    card, _target, rest = _meant(work, action)
    parsed(NothingMore, rest)
    if card is None:
        return {"unchanged": True}
    serial = card.serial
    erasure.erase(work.db, serial, now=work.now, actor=work.by().actor)
    return {"serial": serial}


def _status(work: Work, action: Action) -> dict[str, Any]:
    serial, rest = _targeted(work, action)
    body = parsed(StatusAction, rest)
    cards.change(
        work.db,
        serial,
        now=work.now,
        actor=work.by().actor,
        status=body.status,
        tier=body.tier,
        expires_at=body.expires_at,
        clear_expiry="expires_at" in body.model_fields_set,
    )
    return {"serial": serial}


def _values(work: Work, action: Action) -> dict[str, Any]:
    serial, rest = _targeted(work, action)
    values = named_values(parsed(ValuesAction, rest).values)
    cards.change(work.db, serial, now=work.now, actor=work.by().actor, values=values)
    return {"serial": serial}


_ACTIONS: Mapping[str, Callable[[Work, Action], dict[str, Any]]] = {
    "member": _member,
    "purchase": _purchase,
    "stamps": _stamps,
    "refund": _refund,
    "adjust": _adjust,
    "balance": _balance,
    "erase": _erase,
    "event": _event,
    "membership": _membership,
    "status": _status,
    "values": _values,
}


def _done(serial: str, reply: Reply) -> dict[str, Any]:
    return {"serial": serial, "operation": reply.body["id"], "replayed": reply.replayed}


def _targeted(work: Work, action: Action) -> tuple[str, dict[str, Any]]:
    """The serial of the card that is meant, and the rest of the body; of a stranger, what their source's
    settings say. Raises NotFound, Conflict, Parked, Ignored.
    """
    card, target, rest = _meant(work, action)
    return (card.serial if card else _stranger(work, target)), rest


def _meant(work: Work, action: Action) -> tuple[Card | None, Target, dict[str, Any]]:
    """The card that is meant (if we have it), by what, and the rest of the body. Raises Invalid, Conflict."""
    target = parsed(Target, named(action.body))
    rest = {key: value for key, value in action.body.items() if key not in TARGET_KEYS}
    if not any(getattr(target, key) for key in TARGET_KEYS):
        raise Invalid({"": f"name the card by one of {', '.join(TARGET_KEYS)}"})
    with work.db() as session:
        programme = queries.programme_of(session.get_one(ProgrammeRow, work.source.programme_id))
        found = _cards(session, work, programme, target)
    if len(found) > 1:
        raise Conflict("These name different cards.")
    return (found[0] if found else None), target, rest


def _cards(session: Session, work: Work, programme: Programme, target: Target) -> list[Card]:
    try:
        return find(session, work.source.programme_id, programme, target)
    except NotFound:
        return []


def _stranger(work: Work, target: Target) -> str:
    """Somebody we do not know, as the source's settings say."""
    person = {name: value for name in _PERSON if (value := getattr(target, name))}
    if work.source.strangers == "enrol" and person:
        return str(_member(work, Action("member", person))["serial"])
    if work.source.strangers == "wait":
        raise Parked("There is no such card in this programme yet.", _names(work, target))
    if work.source.strangers == "ignore":
        raise Ignored("There is no such card in this programme.")
    raise NotFound("There is no such card in this programme.")


def _names(work: Work, target: Target) -> set[str]:
    """What a card is called that is still to come."""
    with work.db() as session:
        programme = queries.programme_of(session.get_one(ProgrammeRow, work.source.programme_id))
    said = target.model_dump(exclude_defaults=True)
    return Names.of(programme).keys(Action("values", said))


_PERSON = ("phone", "email", "external_id")
