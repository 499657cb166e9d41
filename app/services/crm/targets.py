"""Which card an action means."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.domain.errors import Invalid
from app.domain.programme import Programme
from app.services import contacts, ids
from app.services.inputs import Input, Short
from app.services.ports import Action
from app.storage import queries
from app.storage.batches import among
from app.storage.tables import Card, MemberPii, Receipt


class Target(Input):
    """The card that is meant, by any one of these; several must all fit."""

    serial: Short = ""
    number: Short = ""
    phone: Short = ""
    email: Annotated[str, Field(max_length=254)] = ""
    external_id: Short = ""


TARGET_KEYS = tuple(Target.model_fields)


@dataclass(frozen=True, slots=True)
class Names:
    """What people and cards are called in one programme, in the form in which they are kept."""

    region: str | None

    @classmethod
    def of(cls, programme: Programme) -> Names:
        """Those of a programme: its country reads phone numbers."""
        return cls(contacts.region_for(programme.time_zone, programme.locales))

    def kept(self, name: str, value: Any) -> str:
        """The value as it is kept, or as it came where it can be none."""
        text = str(value).strip()
        try:
            if name == "phone":
                return contacts.phone_e164(text, self.region)
            if name == "email":
                return contacts.email_address(text)
        except Invalid:
            return text
        return text

    def keys(self, action: Action) -> set[str]:
        """All names of what an action concerns: people, cards, receipts, and their thing at the system."""
        body = action.body
        given = {
            name: body[name] for name in TARGET_KEYS if isinstance(body.get(name), str | int) and body[name]
        }
        found = {f"{name}:{self.kept(name, value)}" for name, value in given.items()}
        found |= {f"number:{each}" for each in ids.numbers(str(given.get("number", "")))}
        if isinstance(body.get("receipt"), str) and body["receipt"]:
            found.add(f"receipt:{body['receipt']}")
        return found | ({f"ref:{action.ref}"} if action.ref else set())


def is_target(key: str) -> bool:
    """Whether this name is one by which an action means a card."""
    return key.partition(":")[0] in TARGET_KEYS


def cards_named(session: Session, programme_id: int, keys: Collection[str]) -> dict[str, str]:
    """Of these names (receipts among them), those that a card of the programme has: name to
    `card:<row number>`.
    """
    wanted: dict[str, list[str]] = {}
    for key in keys:
        name, _, value = key.partition(":")
        if name in (*TARGET_KEYS, "receipt") and "\x00" not in value:
            wanted.setdefault(name, []).append(value)
    found: dict[str, str] = {}
    for model, names in ((MemberPii, ("phone", "email", "external_id")), (Card, ("number", "serial"))):
        asked = [among(session, getattr(model, name), wanted[name]) for name in names if name in wanted]
        if asked:
            found |= _found(session, programme_id, model, names, asked)
    if "receipt" in wanted:
        mine = (Receipt.programme_id == programme_id, among(session, Receipt.external_id, wanted["receipt"]))
        rows = session.execute(select(Receipt.external_id, Receipt.card_id).where(*mine))
        found |= {f"receipt:{row.external_id}": f"card:{row.card_id}" for row in rows}
    return {key: found[key] for key in keys if key in found}


def _found(
    session: Session, programme_id: int, model: Any, names: Sequence[str], asked: Sequence[Any]
) -> dict[str, str]:
    columns = [getattr(model, name) for name in names]
    statement = select(Card.id, *columns).where(Card.programme_id == programme_id, or_(*asked))
    if model is MemberPii:
        statement = statement.join(MemberPii, MemberPii.member_id == Card.member_id)
    return {
        f"{name}:{value}": f"card:{card_id}"
        for card_id, *values in session.execute(statement)
        for name, value in zip(names, values, strict=True)
        if value
    }


def find(session: Session, programme_id: int, programme: Programme, target: Target) -> list[Card]:
    """The cards that a target means, three at most; raises Invalid and NotFound."""
    region = contacts.region_for(programme.time_zone, programme.locales)
    wanted: dict[str, Any] = {
        "numbers": ids.numbers(target.number),
        "phone": contacts.phone_e164(target.phone, region) if target.phone else "",
        "email": contacts.email_address(target.email) if target.email else "",
        "external_id": target.external_id,
    }
    if any(wanted.values()):
        found = queries.find_cards(session, [programme_id], **wanted, limit=3)
        found = [card for card in found if card.number == target.number.strip()] or found
    else:
        found = [queries.card_by_serial(session, target.serial)]
    return [
        card for card in found if card.programme_id == programme_id and target.serial in ("", card.serial)
    ]


def named(body: Mapping[str, Any]) -> dict[str, Any]:
    """What of a body names the card; a number is a text too."""
    given = {key: value for key, value in body.items() if key in TARGET_KEYS and value is not None}
    return {key: str(v) if isinstance(v, int) and not isinstance(v, bool) else v for key, v in given.items()}
