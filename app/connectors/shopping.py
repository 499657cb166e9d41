"""What the systems of shops have in common: how their JSON is read and what a source may say of it.

Bodies are taken as they come: a part of a wrong type counts as absent, for what a vendor adds or leaves out
next year is no reason to lose an order. What an order cannot do without (its id, its money) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from app.connectors.values import short, without_nothing
from app.domain.errors import Invalid
from app.services.contacts import phone_e164
from app.services.inputs import faults_of
from app.services.ports import Action, Answer, DeliveryError

OVERLAP = timedelta(minutes=10)
"""How far a look goes back behind the last one: what was written while we looked is not missed."""
MOST_LINES = 500
MOST_QUANTITY = 10_000
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
Doc = Mapping[str, Any]


class Terms(BaseModel):
    """What the mapping of a source of this sort may say; each connector adds its own."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    members: bool = True
    """Customers of the shop become members with a card; else only what members buy counts."""
    consent: Annotated[str, Field(pattern=r"^[a-z0-9_-]{0,40}$")] = "marketing"
    """The purpose that the shop's newsletter stands for; empty: its consents are not taken over."""


class ShopTerms(Terms):
    """The same where another system may be the one that gives people their ids."""

    ids: bool = True
    """Their id at the shop becomes our external id; else people are known by what they gave themselves."""

    def known(self, person: Mapping[str, Any]) -> dict[str, Any]:
        """The person by the names that the shop may give them; nothing, where none is left."""
        left = {name: value for name, value in person.items() if self.ids or name != "external_id"}
        return left if any(left.get(name) for name in ("external_id", "email", "phone")) else {}


Gone = Literal["keep", "block", "erase"]
"""What becomes of the card when the customer is deleted in the other system."""
Settled = TypeVar("Settled", bound=BaseModel)


def terms_of(model: type[Settled], mapping: Mapping[str, Any], below: str = "/mapping") -> Settled:
    """The mapping (or settings) as a value; raises Invalid with pointers below `below`."""
    try:
        return model.model_validate(dict(mapping))
    except ValidationError as error:
        faults = faults_of(error, mapping)
        raise Invalid({f"{below}{where}": words for where, words in faults.items()}) from None


def document(body: bytes) -> Any:
    """The body's JSON; raises Invalid."""
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Invalid({"": f"is not JSON: {error}"}) from None


def part(doc: Any, *names: str) -> Doc:
    """The object at this place; empty where there is none."""
    for name in names:
        doc = doc.get(name) if isinstance(doc, Mapping) else None
    return doc if isinstance(doc, Mapping) else {}


def rows(doc: Any, *names: str) -> list[Doc]:
    """The objects of the list at this place; none where there is none."""
    found = part(doc, *names[:-1]).get(names[-1]) if names else doc
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def text(doc: Any, *names: str) -> str:
    """The text or number at this place, 120 letters at most; empty where there is none."""
    return short(part(doc, *names[:-1]).get(names[-1])) or ""


def ident(doc: Any, *names: str) -> str:
    """The id at this place; raises Invalid where there is none."""
    found = optional_ident(doc, *names)
    if not found:
        raise Invalid({"".join(f"/{name}" for name in names): "should be an id"})
    return found


def optional_ident(doc: Any, *names: str) -> str:
    """The id at this place; empty where there is none."""
    value = part(doc, *names[:-1]).get(names[-1])
    if isinstance(value, bool) or not isinstance(value, int | str) or not _ID.fullmatch(str(value)):
        return ""
    return str(value)


def currency_of(doc: Any, *names: str) -> str:
    """The ISO code at this place, in capitals; raises Invalid."""
    code = text(doc, *names).upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise Invalid({"".join(f"/{name}" for name in names): "should be a currency such as EUR"})
    return code


def phone_of(typed: str, country: str = "") -> str | None:
    """A number that is one in this country, or with its `+`; None else: nobody is refused for a typo."""
    try:
        return phone_e164(typed, country.upper() or None) if typed and "\x00" not in typed else None
    except Invalid:
        return None


def names_of(doc: Doc, given: str, family: str, city: str | None = None) -> dict[str, Any]:
    """What somebody is called, without what is empty: that stays as it is on our side."""
    found = {"given_name": short(doc.get(given)), "family_name": short(doc.get(family)), "city": city or None}
    return without_nothing(found)


def target_of(person: Mapping[str, Any], *, members: bool) -> dict[str, str]:
    """The one name by which an action finds the card. Where customers become members their id at the shop is
    known by then; else people are known by what they gave themselves.
    """
    order = ("external_id", "email", "phone") if members else ("email", "phone", "external_id")
    return next(({name: person[name]} for name in order if person.get(name)), {})


def ours(kind: str, found: str) -> str:
    """Their id as it stands with us, where several systems may name one person."""
    return f"{kind}:{found}" if found else ""


def left(target: Mapping[str, str], customer: str, gone: Gone, version: int) -> list[Action]:
    """The customer was deleted there."""
    ref = f"customer:{customer}"
    if not target:
        return []
    if gone == "erase":
        return [Action("erase", target, ref, version)]
    return [Action("status", {**target, "status": "blocked"}, ref, version)] if gone == "block" else []


def heard(answer: Answer) -> Any:
    """The JSON of an answer that is none of a fault; raises DeliveryError."""
    if not 200 <= answer.status < 300 or answer.json is None:
        raise DeliveryError(f"the system answered {answer.status}", permanent=answer.status in (401, 403))
    return answer.json


def readable(make: Callable[[], list[Action]], ref: str) -> list[Action]:
    """The actions; for what makes no sense one that the service will refuse: it is put aside with its name,
    and what was read together with it goes on.
    """
    try:
        return make()
    except Invalid as error:
        return [Action("purchase", {"receipt": f"{ref} is unreadable: {error}"[:120]}, ref)]


def since(cursor: str, now: datetime) -> datetime:
    """Where the last look ended; the first one begins a little before now."""
    try:
        at = datetime.fromisoformat(cursor)
    except ValueError:
        return now - OVERLAP
    return at if at.tzinfo else now - OVERLAP


def lines_of(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Lines of a receipt as our actions want them, without empty names; the longest orders are cut."""
    filled = ({name: value for name, value in line.items() if value not in (None, "")} for line in found)
    return list(islice(filled, MOST_LINES))


def quantity(value: Any) -> int:
    """A whole number of pieces; weights and nonsense are one."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return min(value, MOST_QUANTITY) if whole and value >= 0 else 1
