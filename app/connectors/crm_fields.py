"""What a CRM's own fields mean here, as a source's mapping says it, and what is written back into them.

    {"fields": {"UF_CRM_SIZE": "attributes.size", "UF_CRM_CAR": "values.car", "UF_CRM_LEVEL": "tier"},
     "words": {"UF_CRM_LEVEL": {"45": "gold"}}}

`words` says ours for theirs, such as the numbers of a list's items; what is not in it stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

import orjson
from pydantic import Field, ValidationError

from app.connectors.values import day, short, without_nothing
from app.domain.errors import Invalid
from app.services.inputs import Input, faults_of, parse_json
from app.services.ports import Action, DeliveryError

Settings = TypeVar("Settings", bound=Input)

TARGET = (
    r"^(attributes\.[A-Za-z0-9_-]{1,40}|values\.[a-z0-9_]{1,40}"
    r"|tier|city|locale|birthday|given_name|family_name)$"
)
NUMBER = re.compile(r"[1-9][0-9]{0,17}")
"""Of a person, a deal or an order."""
Theirs = Annotated[str, Field(min_length=1, max_length=120)]
Ours = Annotated[str, Field(pattern=TARGET)]
Word = Annotated[str, Field(max_length=200)]


TELLS = ("card.issued", "card.updated", "card.status", "tier.up", "tier.down")
"""What changes the fields that are written back (docs/events.md)."""


class FieldMap(Input):
    """See the module."""

    fields: Annotated[dict[Theirs, Ours], Field(max_length=100, default_factory=dict)]
    words: Annotated[dict[Theirs, dict[str, Word]], Field(max_length=100, default_factory=dict)]

    @staticmethod
    def parse(raw: Mapping[str, Any]) -> FieldMap:
        """A checked mapping; raises Invalid with pointers below `/mapping`."""
        try:
            return FieldMap.model_validate(dict(raw))
        except ValidationError as error:
            faults = faults_of(error, raw)
            raise Invalid({f"/mapping{where}": words for where, words in faults.items()}) from None

    def known(self, theirs: Mapping[str, Any]) -> Known:
        """What these fields of a person say; a field that was emptied takes our value away."""
        found = Known()
        for name, target in self.fields.items():
            if name in theirs:
                found.put(target, self._word(name, theirs[name]))
        return found

    def _word(self, name: str, value: Any) -> str | bool | None:
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(value, bool):
            return value
        text = short(value, 500)
        return self.words.get(name, {}).get(text, text) if text else None


@dataclass(slots=True)
class Known:
    """What a person's own fields said."""

    member: dict[str, Any] = field(default_factory=dict)
    values: dict[str, str | None] = field(default_factory=dict)
    tier: str | None = None

    def put(self, target: str, value: str | bool | None) -> None:
        """`target` as in the mapping."""
        room, _, name = target.partition(".")
        text = str(value) if isinstance(value, bool) else value
        if room == "attributes":
            self.member.setdefault("attributes", {})[name] = value
        elif room == "values":
            self.values[name] = text
        elif room == "tier":
            self.tier = text
        elif room == "birthday":
            self.member[room] = day(text)
        elif text is not None:
            self.member[room] = text[:120]


def member_actions(ref: str, version: int, member: Mapping[str, Any], known: Known) -> list[Action]:
    """What a person of the CRM means here: their data, and where it is mapped, named values and the tier."""
    body = without_nothing({**member, **without_nothing(known.member)})
    actions = [Action("member", body, ref, version)]
    target = {"external_id": body["external_id"]}
    if known.values:
        actions.append(Action("values", {**target, "values": known.values}, ref, version))
    if known.tier is not None:
        actions.append(Action("status", {**target, "tier": known.tier}, ref, version))
    return actions


class Back(Input):
    """Into which field of the person's record each thing goes; what is not named is not written."""

    link: Theirs | None = None
    number: Theirs | None = None
    serial: Theirs | None = None
    status: Theirs | None = None
    tier: Theirs | None = None
    points: Theirs | None = None
    stamps: Theirs | None = None
    spend_minor: Theirs | None = None

    def of(self, payload: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
        """Whose record it is (our `external_id`), and its fields; empty where the event does not say."""
        data = _part(payload, "data")
        card = _part(data, "card") or data
        person = _part(card, "member") or _part(data, "member")
        who = short(person.get("external_id") or card.get("external_id")) or ""
        said = {name: card.get(name) for name in ("number", "serial", "status", "tier")}
        said |= {"link": _part(card, "links").get("page")}
        said |= {name: _part(card, "balances").get(name) for name in ("points", "stamps", "spend_minor")}
        named = self.model_dump(exclude_none=True)
        written = {
            theirs: str(said[ours])
            for ours, theirs in named.items()
            if isinstance(said[ours], str | int) and not isinstance(said[ours], bool)
        }
        return who, written


class CrmSettings(Input):
    """What the sources of all CRMs keep. `prefix` stands before the numbers of people and receipts, so that
    two CRMs of one programme never mean the same; `deleted`: what becomes of a card whose person is deleted
    there; `back`: see `Back`.
    """

    url: Annotated[str, Field(max_length=300)] = ""
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{0,40}$")] = ""
    deleted: Literal["nothing", "block"] = "nothing"
    back: Back = Back()

    def gone(self, ref: str, number: str) -> list[Action]:
        """Somebody whom the CRM no longer has."""
        if self.deleted != "block":
            return []
        return [Action("status", {"external_id": f"{self.prefix}{number}", "status": "blocked"}, ref)]

    def sold_no_more(self, ref: str, version: int, reason: str) -> Action:
        """A deal or order that is not sold (any more): its receipt comes back, if there ever was one."""
        body = {"receipt": f"{self.prefix}{ref}", "reason": reason, "if_known": True}
        return Action("refund", body, ref, version, f"{ref}:back")

    def written(self, payload: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
        """The person's number there and what to write; nothing to write where it is nobody of theirs."""
        who, wanted = self.back.of(payload)
        number = who[len(self.prefix) :] if who.startswith(self.prefix) else ""
        return number, wanted if NUMBER.fullmatch(number) else {}


def _part(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = values.get(name)
    return found if isinstance(found, Mapping) else {}


def checked_settings(model: type[Settings], settings: Mapping[str, Any]) -> Settings:
    """What somebody typed, as the connector will read it; raises Invalid with pointers below `/settings`."""
    try:
        return parse_json(model, orjson.dumps(dict(settings)))
    except Invalid as error:
        raise Invalid({f"/settings{where}": words for where, words in error.faults.items()}) from None


def kept_settings(model: type[Settings], settings: Mapping[str, Any]) -> Settings:
    """The same of what a source keeps; what is not the connector's is left out. Raises DeliveryError."""
    known = {name: value for name, value in settings.items() if name in model.model_fields}
    try:
        return checked_settings(model, known)
    except Invalid as error:
        raise DeliveryError(f"the source's settings are wrong: {error}", permanent=True) from None
