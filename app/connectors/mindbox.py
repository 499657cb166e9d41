"""Mindbox: what its webhooks (user-made templates) tell, and the card's links written back to its fields.

A template is JSON that the shop fills with Mindbox's parameters (docs/connect/mindbox.md has ours, ready to
be pasted); a parameter without a value becomes an empty text, which changes nothing here. The secret stands
in a header, `transactionId` in the address or the body is the key of repeats.

Follows https://help.mindbox.ru/docs/webhooks and https://developers.mindbox.ru (operations), last checked
2026-08.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from app.connectors.signatures import key_of_body, refusing, require_token
from app.connectors.values import day, first_email, first_phone, short, version_ms, without_nothing
from app.domain.errors import Invalid
from app.services.inputs import faults_of
from app.services.labels import Labels, Told, told
from app.services.ports import (
    Action,
    DeliveryError,
    Inbound,
    Remote,
    Stored,
    Verified,
)

HOME = "https://api.mindbox.ru"
Text = Annotated[str, Field(max_length=500)] | None
FIELDS: Mapping[str, str] = {
    "mobilePhone": "member.phone",
    "email": "member.email",
    "fullName": "member.full_name",
    "firstName": "member.given_name",
    "lastName": "member.family_name",
    "birthDate": "member.birthday",
    "city": "member.city",
    "balance": "balance.points",
    "tier": "status.tier",
}
"""What the fields of our template mean; the source's mapping may name more, or say it otherwise."""
ISSUED, INSTALLED, REMOVED = "card.issued", "card.installed", "card.removed"


class Call(BaseModel):
    """Our template as Mindbox fills it."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, coerce_numbers_to_str=True, str_strip_whitespace=True
    )

    action: Annotated[str, Field(min_length=1, max_length=60)]
    customerId: Annotated[str, Field(min_length=1, max_length=120)]
    transactionId: Annotated[str, Field(max_length=150)] = ""
    updatedAt: Text = None
    fields: Annotated[dict[str, Text], Field(max_length=100)] = {}


class Settings(BaseModel):
    """How Mindbox is called back. `customer_id` names the id that the webhook's `customerId` has there."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    url: Annotated[str, Field(max_length=200)] = HOME
    endpoint: Annotated[str, Field(max_length=120)] = ""
    operation: Annotated[str, Field(max_length=120)] = ""
    customer_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,60}$")] = "mindboxId"


class Mindbox:
    """See the module."""

    kind = "mindbox"
    tells = (ISSUED, INSTALLED, REMOVED)

    def verify(self, call: Inbound, secrets: Sequence[str], *, now: datetime) -> Verified:
        """`Authorization: Bearer <secret>`, or `X-Tillpass-Token: <secret>`."""
        with refusing():
            kind, _, given = call.headers.get("authorization", "").partition(" ")
            token = given.strip() if kind.lower() == "bearer" else call.headers.get("x-tillpass-token", "")
            require_token(token, secrets)
            return Verified(_key(call), call.headers.get("content-type", "")[:100])

    def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Action]:
        """The member, their tier, balance and named values; raises Invalid."""
        known = _labels(mapping)
        call = _call(stored.body)
        if call.action == "customerDeleted":
            return [Action("erase", {"external_id": call.customerId}, key=f"erase:{call.customerId}")]
        if call.action not in _TELLING:
            return []
        lines = [(name, value, f"/fields/{name}") for name, value in _filled(call, known)]
        return _made(call, told(lines, known, keep_unknown=False))

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        """Raises Invalid with pointers below `/settings`."""
        _settings(settings)

    def writes_back(self, settings: Mapping[str, Any]) -> bool:
        """Where the operation is named that takes the fields."""
        return bool(settings.get("operation") and settings.get("endpoint"))

    def tell(self, remote: Remote, payload: Mapping[str, Any]) -> None:
        """Write the card's links and whether it is on a phone to the customer. Raises DeliveryError."""
        settings = _settings(remote.settings)
        fields, customer = _fields(payload), _customer(payload)
        if not (settings.operation and settings.endpoint and remote.token and fields and customer):
            return
        answer = remote.call(
            "POST",
            "v3/operations/async",
            query={"endpointId": settings.endpoint, "operation": settings.operation, **_transaction(payload)},
            json={"customer": {"ids": {settings.customer_id: customer}, "customFields": fields}},
            headers={"Authorization": f'Mindbox secretKey="{remote.token}"'},
        )
        if answer.status >= 300:
            raise DeliveryError(f"Mindbox answered {answer.status}", permanent=answer.status != 401)


_TELLING = (
    "customerCreated",
    "customerUpdated",
    "cardCreated",
    "cardUpdated",
    "balanceChanged",
    "tierChanged",
)


def _key(call: Inbound) -> str:
    try:
        name = call.query.get("transactionId") or Call.model_validate(from_json(call.body)).transactionId
    except ValueError:
        name = ""
    fits = 0 < len(name) <= 150 and name.isascii() and name.isprintable()
    return f"transaction:{name}" if fits else key_of_body(call.body)


def _labels(mapping: Mapping[str, Any]) -> Labels:
    named = Labels.parse(mapping)
    return named.model_copy(update={"labels": {**FIELDS, **named.labels}})


def _call(body: bytes) -> Call:
    try:
        raw = from_json(body, allow_inf_nan=False)
        return Call.model_validate(raw)
    except ValidationError as error:
        raise Invalid(faults_of(error, raw)) from None
    except ValueError as error:
        raise Invalid({"": f"is not JSON: {error}"}) from None


def _filled(call: Call, known: Labels) -> Iterator[tuple[str, str]]:
    """Fields with a value. A parameter that Mindbox does not know stays as it was typed, `${…}`; and a
    birthday that cannot be read keeps no customer out.
    """
    for name, value in call.fields.items():
        if not value or value.startswith("${"):
            continue
        if known.labels.get(name) != "member.birthday" or day(value):
            yield name, value


def _made(call: Call, said: Told) -> list[Action]:
    target = {"external_id": call.customerId}
    version = version_ms(call.updatedAt)
    made = []
    if said.member:
        made.append(Action("member", {**target, **_person(said.member)}, _ref("customer", call), version))
    if said.tier is not None:
        made.append(Action("status", {**target, "tier": said.tier}, _ref("tier", call), version))
    if said.balance:
        body = {**target, **said.balance, "reason": "Mindbox: balance"}
        made.append(Action("balance", body, _ref("balance", call), version))
    if said.values:
        made.append(Action("values", {**target, "values": said.values}, _ref("values", call), version))
    return made


def _ref(name: str, call: Call) -> str:
    return f"{name}:{call.customerId}"


def _person(said: Mapping[str, str]) -> dict[str, Any]:
    """What cannot be read is left out: one bad phone number keeps no customer out."""
    readable = {
        "phone": first_phone([said.get("phone")]),
        "email": first_email([said.get("email")]),
        "birthday": day(said.get("birthday")),
    }
    others = {name: short(value) for name, value in said.items() if name not in readable}
    return without_nothing({**readable, **others})


def _settings(settings: Mapping[str, Any]) -> Settings:
    given = {name: value for name, value in settings.items() if name in Settings.model_fields}
    stray = sorted(set(settings) - set(given) - {"strangers"})
    if stray:
        raise Invalid({f"/settings/{name}": "is not known here" for name in stray})
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        faults = faults_of(error, given)
        raise Invalid({f"/settings{where}": words for where, words in faults.items()}) from None


def _fields(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What goes into the customer's own fields; nothing for events that change none of them."""
    kind, page = payload.get("type"), _at(payload, "card", "links", "page")
    if kind in (INSTALLED, REMOVED):
        held = _at(payload, "card", "wallets", "apple", "devices") or _at(
            payload, "card", "wallets", "google", "saved"
        )
        return {"WalletCardSubscription": kind == INSTALLED or bool(held)}
    if kind != ISSUED or not isinstance(page, str):
        return {}
    return {
        "WalletCardLink": page,
        "WalletCardQrCodeLink": f"{page}/qr.png",
        "WalletCardSubscription": False,
    }


def _customer(payload: Mapping[str, Any]) -> str:
    """The customer's id at Mindbox; empty for a card that did not come from there."""
    found = _at(payload, "member", "external_id") or _at(payload, "card", "external_id")
    return found if isinstance(found, str) else ""


def _transaction(payload: Mapping[str, Any]) -> dict[str, str]:
    """So that an operation that is sent twice counts once there too."""
    event = _at(payload, "id")
    return {"transactionId": f"tillpass-{event}"} if event else {}


def _at(payload: Mapping[str, Any], *path: str) -> Any:
    found: Any = payload.get("data")
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found
