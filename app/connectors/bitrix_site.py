"""A shop on 1C-Bitrix: Site Management (1С-Битрикс: Управление сайтом).

Its module (integrations/bitrix-site) queues what happened on the site and resends it until it hears 2xx, so
a call is signed anew each time: `X-Tillpass-Signature: sha256=<hex HMAC-SHA256 of "timestamp.body">` with
`X-Tillpass-Timestamp` in seconds. Balance, quote and hold while the customer waits go over our REST API,
not through here.

Follows the events of the modules main and sale (https://dev.1c-bitrix.ru/api_help/sale/events, last checked
2026-08).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from app.connectors.signatures import (
    as_keys,
    from_hex,
    key_of_body,
    refusing,
    require_recent,
    require_signed,
)
from app.connectors.values import (
    channel_of,
    day,
    first_email,
    first_phone,
    minor_units,
    moment_text,
    short,
    version_ms,
    without_nothing,
)
from app.domain.errors import Invalid
from app.services.inputs import faults_of
from app.services.ports import Action, Inbound, Stored, Verified

Id = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9_.-]+$")]
Text = Annotated[str, Field(max_length=254)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Model = TypeVar("Model", bound=BaseModel)


class _Said(BaseModel):
    """The module of a newer version may say more than we read; PHP writes numbers as texts and back."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, str_strip_whitespace=True, coerce_numbers_to_str=True
    )


class Shape(BaseModel):
    """The source's mapping. `prefix` stands before the ids of the site's users in `external_id`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    prefix: Annotated[str, Field(max_length=20, pattern=r"^[A-Za-z0-9_.-]*$")] = "site-"

    @classmethod
    def parse(cls, mapping: Mapping[str, Any]) -> Self:
        """Raises Invalid with pointers below `/mapping`."""
        try:
            return cls.model_validate(dict(mapping))
        except ValidationError as error:
            faults = faults_of(error, mapping)
            raise Invalid({f"/mapping{where}": words for where, words in faults.items()}) from None


class Envelope(_Said):
    """Every event: `id` is that of its row in the module's queue, `at` when it happened."""

    id: Id
    event: Annotated[str, Field(max_length=40)]
    at: Text = ""
    data: dict[str, Any]


class User(_Said):
    """A user of the site; `id` 0 or nothing is a guest."""

    id: Annotated[str, Field(max_length=60, pattern=r"^[A-Za-z0-9_.-]*$")] = ""
    phone: Text = ""
    email: Text = ""
    name: Text = ""
    last_name: Text = ""
    birthday: Text = ""
    city: Text = ""
    utm: dict[str, Any] = {}


class Item(_Said):
    """A line of the basket; `amount` is the line's total."""

    sku: Text = ""
    category: Text = ""
    quantity: Annotated[float, Field(ge=0, le=10_000)] = 1
    amount: str = "0"


class Order(_Said):
    """An order as it was paid. `points` were spent on it under `hold`."""

    id: Id
    user: User = User()
    amount: str = ""
    currency: Currency = "RUB"
    points: Annotated[int, Field(ge=0, le=10**12)] = 0
    hold: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,40}$")] = ""
    items: Annotated[tuple[Item, ...], Field(max_length=500)] = ()


class Return(_Said):
    """What of an order comes back: an amount, or everything."""

    id: Id
    order: Id
    amount: str | None = None
    currency: Currency = "RUB"


class BitrixSite:
    """See the module."""

    kind = "bitrix-site"

    def verify(self, call: Inbound, secrets: Sequence[str], *, now: datetime) -> Verified:
        """Time and body are signed; the key of repeats is the id in the module's queue."""
        with refusing():
            stamp = call.headers["x-tillpass-timestamp"]
            require_recent(stamp, now)
            given = from_hex(call.headers["x-tillpass-signature"].strip().removeprefix("sha256="))
            require_signed(stamp.encode("ascii") + b"." + call.body, [given], as_keys(secrets))
            return Verified(_key(call.body), call.headers.get("content-type", "")[:100])

    def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Action]:
        """Customers and orders; nothing for other events. Raises Invalid."""
        shape = Shape.parse(mapping)
        try:
            raw = from_json(stored.body, allow_inf_nan=False)
        except ValueError as error:
            raise Invalid({"": f"is not JSON: {error}"}) from None
        said = _parsed(Envelope, raw, "")
        make = _EVENTS.get(said.event)
        return make(said, shape) if make else []


def _key(body: bytes) -> str:
    try:
        return f"id:{Envelope.model_validate(from_json(body)).id}"
    except (ValueError, ValidationError):
        return key_of_body(body)


def _parsed(model: type[Model], said: Any, where: str) -> Model:
    try:
        return model.model_validate(said)
    except ValidationError as error:
        faults = faults_of(error, said)
        raise Invalid({f"{where}{pointer}": words for pointer, words in faults.items()}) from None


def _external(shape: Shape, user: User) -> str | None:
    return f"{shape.prefix}{user.id}" if user.id not in ("", "0") else None


def _user(said: Envelope, shape: Shape) -> list[Action]:
    """The member; nothing for a user without a telephone or e-mail address, whom no till would find."""
    user = _parsed(User, said.data, "/data")
    external = _external(shape, user)
    contacts = {"phone": first_phone([user.phone]), "email": first_email([user.email])}
    if external is None or not any(contacts.values()):
        return []
    body = {
        "external_id": external,
        **contacts,
        "given_name": short(user.name),
        "family_name": short(user.last_name),
        "birthday": day(user.birthday),
        "city": short(user.city),
        "channel": channel_of(user.utm),
    }
    return [Action("member", without_nothing(body), f"user:{user.id}", version_ms(said.at))]


def _forgotten(said: Envelope, shape: Shape) -> list[Action]:
    user = _parsed(User, said.data, "/data")
    external = _external(shape, user)
    return [Action("erase", {"external_id": external}, key=f"user:{user.id}:erase")] if external else []


def _target(user: User, shape: Shape) -> dict[str, str]:
    """A signed-in user by their id; a guest by what they typed."""
    named = {
        "external_id": _external(shape, user),
        "phone": first_phone([user.phone]),
        "email": first_email([user.email]),
    }
    return next(({name: value} for name, value in named.items() if value), {})


def _paid(said: Envelope, shape: Shape) -> list[Action]:
    order = _parsed(Order, said.data, "/data")
    target = _target(order.user, shape)
    if not target:
        return []
    body = {
        **target,
        "receipt": _receipt(order.id),
        "amount_minor": minor_units(order.amount, order.currency, "/data/amount"),
        "currency": order.currency,
        "items": [_item(index, each, order.currency) for index, each in enumerate(order.items)] or None,
        "store": "site",
        "redeem_points": order.points or None,
        "hold": order.hold or None,
        "occurred_at": moment_text(said.at),
    }
    return [Action("purchase", without_nothing(body), key=f"order:{order.id}:paid")]


def _item(index: int, item: Item, currency: str) -> dict[str, Any]:
    made = {
        "sku": short(item.sku),
        "category": short(item.category),
        "quantity": -int(-item.quantity // 1),
        "amount_minor": minor_units(item.amount, currency, f"/data/items/{index}/amount"),
    }
    return without_nothing(made)


def _canceled(said: Envelope, shape: Shape) -> list[Action]:
    """A paid order that is given up comes back whole; one that was never paid is no sale."""
    order = _parsed(Order, said.data, "/data")
    if said.data.get("paid") is not True:
        return []
    body = {"receipt": _receipt(order.id), "reason": "canceled", "store": "site"}
    return [Action("refund", body, key=f"order:{order.id}:canceled")]


def _returned(said: Envelope, shape: Shape) -> list[Action]:
    back = _parsed(Return, said.data, "/data")
    amount = None if back.amount is None else minor_units(back.amount, back.currency, "/data/amount")
    body = {
        "receipt": _receipt(back.order),
        "refund": back.id,
        "amount_minor": amount,
        "reason": "returned",
        "store": "site",
    }
    return [Action("refund", without_nothing(body), key=f"order:{back.order}:return:{back.id}")]


def _receipt(order: str) -> str:
    return f"order-{order}"


_EVENTS: Mapping[str, Callable[[Envelope, Shape], list[Action]]] = {
    "user.register": _user,
    "user.update": _user,
    "user.delete": _forgotten,
    "order.paid": _paid,
    "order.canceled": _canceled,
    "order.returned": _returned,
}
