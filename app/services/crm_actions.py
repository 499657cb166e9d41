"""What an inbound event may do: each action is one use case, on one card, once for its key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Invalid, NotFound
from app.services import cards, contacts, enrolment, happenings, ids, loyalty, memberships
from app.services.enrolment import Enrol
from app.services.happenings import EventInput
from app.services.inputs import (
    AdjustmentInput,
    BrokenJson,
    ChannelInput,
    ConsentInput,
    Input,
    MemberInput,
    MembershipInput,
    Moment,
    Named,
    PurchaseInput,
    Short,
    StampsInput,
    Status,
    Tier,
    named_values,
    parse_json,
)
from app.services.journal import By, Once
from app.services.operating import Reply
from app.services.ports import Action
from app.storage import queries
from app.storage.tables import Card, ProgrammeRow

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Source:
    """Where an event came from, and what it may touch."""

    slug: str
    programme_id: int
    programme: str
    mapping: Mapping[str, Any]
    default_pass_type: str


class Target(Input):
    """The card that is meant, by any one of these; several must all fit."""

    serial: Short = ""
    number: Short = ""
    phone: Short = ""
    email: Annotated[str, Field(max_length=254)] = ""
    external_id: Short = ""


TARGET_KEYS = tuple(Target.model_fields)


class MemberAction(MemberInput):
    """A member with what brought them."""

    channel: ChannelInput = ChannelInput()
    consents: Annotated[tuple[ConsentInput, ...], Field(max_length=20)] = ()


class StatusAction(Input):
    """A card's status, tier or end."""

    status: Status | None = None
    tier: Tier | None = None
    expires_at: Moment | None = None


class ValuesAction(Input):
    """Named values that a design may show; null takes one away."""

    values: Named


@dataclass(frozen=True, slots=True)
class Work:
    """One action on its way."""

    db: sessionmaker[Session]
    source: Source
    key: str
    now: datetime

    def once(self, action: Action) -> Once:
        """The event's own key, so that a crash between applying and settling changes nothing."""
        return Once(f"hook:{self.source.slug}", self.key, {"call": action.kind, **action.body})

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
    body = _parsed(MemberAction, action.body)
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
    body = _parsed(PurchaseInput, rest)
    said = body.model_dump(exclude={"items"})
    cmd = loyalty.Purchase(serial, items=[item.model_dump() for item in body.items], **said)
    return _done(serial, loyalty.purchase(work.db, cmd, work.once(action), work.by(body.store), now=work.now))


def _stamps(work: Work, action: Action) -> dict[str, Any]:
    serial, rest = _targeted(work, action)
    body = _parsed(StampsInput, rest)
    once, by = work.once(action), work.by(body.store)
    return _done(serial, loyalty.stamp(work.db, serial, body.stamps, once, by, now=work.now))


def _adjust(work: Work, action: Action) -> dict[str, Any]:
    serial, rest = _targeted(work, action)
    body = _parsed(AdjustmentInput, {"reason": work.source.slug, **rest})
    once, by = work.once(action), work.by(body.store, body.reason)
    return _done(serial, loyalty.adjust(work.db, serial, body.amounts(), once, by, now=work.now))


def _membership(work: Work, action: Action) -> dict[str, Any]:
    serial, rest = _targeted(work, action)
    body = _parsed(MembershipInput, rest)
    cmd = memberships.Payment(serial, body.membership, body.payment, body.periods, body.starts_at)
    return _done(serial, memberships.pay(work.db, cmd, work.once(action), work.by(body.store), now=work.now))


def _event(work: Work, action: Action) -> dict[str, Any]:
    serial, rest = _targeted(work, action)
    body = _parsed(EventInput, rest)
    once, by = work.once(action), work.by(body.store)
    done = happenings.happen(
        work.db, serial, body.event, once, by, now=work.now, times=body.times, at=body.occurred_at
    )
    return _done(serial, done)


def _status(work: Work, action: Action) -> dict[str, Any]:
    serial, rest = _targeted(work, action)
    body = _parsed(StatusAction, rest)
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
    values = named_values(_parsed(ValuesAction, rest).values)
    cards.change(work.db, serial, now=work.now, actor=work.by().actor, values=values)
    return {"serial": serial}


_ACTIONS: Mapping[str, Callable[[Work, Action], dict[str, Any]]] = {
    "member": _member,
    "purchase": _purchase,
    "stamps": _stamps,
    "adjust": _adjust,
    "event": _event,
    "membership": _membership,
    "status": _status,
    "values": _values,
}


def _done(serial: str, reply: Reply) -> dict[str, Any]:
    return {"serial": serial, "operation": reply.body["id"], "replayed": reply.replayed}


def _parsed(model: type[Model], body: Mapping[str, Any]) -> Model:
    """`body` as a value; a connector hands on whatever JSON said, so it is parsed as strictly as the API."""
    try:
        return parse_json(model, orjson.dumps(dict(body)))
    except (orjson.JSONEncodeError, BrokenJson) as error:
        raise Invalid({"": f"cannot be kept: {error}"}) from None


def _targeted(work: Work, action: Action) -> tuple[str, dict[str, Any]]:
    """The serial of the card that is meant, and the rest of the body; raises NotFound and Conflict."""
    named = {key: value for key, value in action.body.items() if key in TARGET_KEYS and value is not None}
    target = _parsed(Target, {key: str(v) if isinstance(v, int) else v for key, v in named.items()})
    if not any(getattr(target, key) for key in TARGET_KEYS):
        raise Invalid({"": f"name the card by one of {', '.join(TARGET_KEYS)}"})
    with work.db() as session:
        found = _find(session, work.source, target)
    if not found:
        raise NotFound("There is no such card in this programme.")
    if len(found) > 1:
        raise Conflict("These name different cards.")
    return found[0].serial, {key: value for key, value in action.body.items() if key not in TARGET_KEYS}


def _find(session: Session, source: Source, target: Target) -> list[Card]:
    programme = queries.programme_of(session.get_one(ProgrammeRow, source.programme_id))
    region = contacts.region_for(programme.time_zone, programme.locales)
    wanted: dict[str, Any] = {
        "number": ids.read_number(target.number),
        "phone": contacts.phone_e164(target.phone, region) if target.phone else "",
        "email": contacts.email_address(target.email) if target.email else "",
        "external_id": target.external_id,
    }
    if any(wanted.values()):
        found = queries.find_cards(session, [source.programme_id], **wanted, limit=3)
    else:
        found = [queries.card_by_serial(session, target.serial)]
    return [
        card
        for card in found
        if card.programme_id == source.programme_id and target.serial in ("", card.serial)
    ]
