"""RetailCRM: triggers say which customer or order changed; its API says what they are now.

A trigger sends whatever its author wrote, so we say what (docs/connect/retailcrm.md): an event, an id, and
our secret in a header or in the address. Nothing is signed; what a call says is not believed, only looked up.
What triggers did not tell of is found in the history of changes.

The loyalty calls of RetailCRM are not used: crediting bonuses there knows no key of repeats, so that a call
whose answer was lost could be neither repeated nor left.

Follows https://docs.retailcrm.ru/Developers/API (version 5; last checked 2026-08). The source's `url` is
`https://<account>.retailcrm.ru`, its token an API key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field
from pydantic_core import from_json, to_json

from app.connectors.crm_fields import (
    NUMBER,
    TELLS,
    CrmSettings,
    FieldMap,
    checked_settings,
    kept_settings,
    member_actions,
)
from app.connectors.signatures import key_of_body, refusing, require_token
from app.connectors.values import (
    day,
    first_email,
    first_phone,
    minor_or_none,
    minor_units,
    moment_text,
    short,
    version_ms,
)
from app.domain.errors import Invalid
from app.services.ports import (
    Action,
    Ask,
    Changed,
    DeliveryError,
    Inbound,
    Polled,
    Remote,
    Stored,
    Verified,
)

CALLS_PER_S = 8.0
POLL_EVERY_S = 300.0
PAGE = 100
OVERLAP = timedelta(minutes=10)
HEADER = "x-tillpass-token"
_JSON = "application/json"
_EVENT = re.compile(r"(customer|order)\.(changed|deleted)")
_SOURCE = {
    "source": "utm_source",
    "medium": "utm_medium",
    "campaign": "utm_campaign",
    "content": "utm_content",
    "keyword": "utm_term",
}
Code = Annotated[str, Field(min_length=1, max_length=60)]
Codes = Annotated[tuple[Code, ...], Field(max_length=100)]
CANCELLED = (
    "no-call",
    "no-product",
    "already-buyed",
    "delyvery-did-not-suit",
    "prices-did-not-suit",
    "cancel-other",
)
"""Statuses of cancelled orders in a new account; a shop's own are set with the source."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise ValueError("should be a time zone such as Europe/Moscow") from None
    return name


class Settings(CrmSettings):
    """What a source keeps of its account. `sold` and `cancelled`: codes of order statuses; `amount`: with
    the delivery (`totalSumm`) or without (`summ`); `time_zone`: the account's, whose times do not say theirs.
    """

    sold: Codes = ("complete",)
    cancelled: Codes = CANCELLED
    amount: Literal["totalSumm", "summ"] = "totalSumm"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "RUB"
    time_zone: Annotated[str, Field(max_length=60), AfterValidator(_zone)] = "Europe/Moscow"

    @property
    def zone(self) -> ZoneInfo:
        """See `time_zone`."""
        return ZoneInfo(self.time_zone)


class RetailCrm:
    """See the module."""

    kind = "retailcrm"
    calls_per_s = CALLS_PER_S
    poll_every_s = POLL_EVERY_S
    tells = TELLS

    def verify(self, call: Inbound, secrets: Sequence[str], *, now: datetime) -> Verified:
        """The token stands in a header or in the address. Two changes of one thing may look the same to us:
        where the body says no time, ours tells them apart, because reading twice harms nobody.
        """
        with refusing():
            require_token(call.headers.get(HEADER) or call.query.get("token"), secrets)
        key = key_of_body(call.body)
        return Verified(key if _says_when(call.body) else f"{key}:{int(now.timestamp())}", _JSON)

    def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Action | Ask]:
        """Which customer or order to read; nothing for other events. Raises Invalid."""
        FieldMap.parse(mapping)
        body = _read(stored.body)
        event = _EVENT.fullmatch(str(body.get("event")))
        if event is None:
            return []
        number = body.get("id")
        if isinstance(number, bool) or not isinstance(number, int | str) or not NUMBER.fullmatch(str(number)):
            raise Invalid({"/id": "should be the number of the customer or order in RetailCRM"})
        return [Ask(f"{event[1]}:{number}")]

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        """Raises Invalid with pointers below `/settings`."""
        checked_settings(Settings, settings)

    def read(
        self, remote: Remote, refs: Sequence[str], mapping: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Action]]:
        """A hundred things a call; the customers of sold orders are read with them. Raises DeliveryError."""
        settings, fields = kept_settings(Settings, remote.settings), FieldMap.parse(mapping)
        orders = _things(remote, "orders", _numbers(refs, "order"))
        buyers = [_buyer(order) for order in orders.values() if order.get("status") in settings.sold]
        wanted = dict.fromkeys([*_numbers(refs, "customer"), *filter(None, buyers)])
        customers = _things(remote, "customers", list(wanted))
        made: dict[str, Sequence[Action]] = {}
        for ref in refs:
            kind, _, number = ref.partition(":")
            if kind == "customer":
                found = customers.get(number)
                made[ref] = _customer(found, fields, settings) if found else settings.gone(ref, number)
            else:
                made[ref] = _order(ref, orders.get(number), customers, fields, settings)
        return made

    def changed(self, remote: Remote, cursor: str, *, now: datetime) -> Changed:
        """A page of each history after the last change that we saw; raises DeliveryError."""
        settings = kept_settings(Settings, remote.settings)
        begin = (now - OVERLAP).astimezone(settings.zone).strftime("%Y-%m-%d %H:%M:%S")
        kept = _cursor(cursor)
        then: dict[str, int | str] = {}
        calls: list[Polled] = []
        more = False
        for kind in ("customer", "order"):
            rows = _history(remote, kind, kept.get(kind) or begin)
            calls += _as_calls(kind, rows)
            then[kind] = max((row["id"] for row in rows), default=kept.get(kind) or begin)
            more = more or len(rows) >= PAGE
        return Changed(calls, to_json(then).decode(), more)

    def writes_back(self, settings: Mapping[str, Any]) -> bool:
        """Where `back` names fields."""
        return bool(settings.get("back"))

    def tell(self, remote: Remote, payload: Mapping[str, Any]) -> None:
        """Write what differs into the customer's own fields: no difference, no write, and so no echo."""
        who, wanted = kept_settings(Settings, remote.settings).written(payload)
        if not wanted:
            return
        customer = _things(remote, "customers", [who]).get(who)
        if customer is None:
            return
        known = _object(customer.get("customFields"))
        differing = {name: text for name, text in wanted.items() if str(known.get(name, "")) != text}
        if differing:
            form = {"by": "id", "customer": to_json({"customFields": differing}).decode()}
            if site := short(customer.get("site")):
                form["site"] = site
            _call(remote, "POST", f"/api/v5/customers/{who}/edit", form=form)


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        found = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Invalid({"": f"is not JSON: {error}"}) from None
    if not isinstance(found, Mapping):
        raise Invalid({"": "should be an object with `event` and `id`"})
    return found


def _says_when(body: bytes) -> bool:
    try:
        return bool(_read(body).get("at"))
    except Invalid:
        return True


def _numbers(refs: Sequence[str], kind: str) -> list[str]:
    """Those of one kind; raises DeliveryError for what is no thing of RetailCRM's."""
    made = []
    for ref in refs:
        what, _, number = ref.partition(":")
        if what not in ("customer", "order") or not NUMBER.fullmatch(number):
            raise DeliveryError(f"there is no '{ref}'", permanent=True)
        if what == kind:
            made.append(number)
    return made


def _call(
    remote: Remote, method: str, path: str, *, query: Any = None, form: Any = None
) -> Mapping[str, Any]:
    answer = remote.call(method, path, query=query, form=form, headers={"X-API-KEY": remote.token})
    said = _object(answer.json)
    if answer.status not in (200, 201) or said.get("success") is not True:
        code = f"RetailCRM answered {answer.status}: {short(said.get('errorMsg'), 100) or 'no JSON'}"
        raise DeliveryError(code, permanent=400 <= answer.status < 500)
    return said


def _object(value: Any) -> Mapping[str, Any]:
    """PHP writes an empty object as an empty list."""
    return value if isinstance(value, Mapping) else {}


def _rows(said: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = said.get(name)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _require_rows(said: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """What is no list must not look like one without rows: that would mean "deleted"."""
    if not isinstance(said.get(name), list):
        raise DeliveryError("RetailCRM answered something else than a list")
    return _rows(said, name)


def _things(remote: Remote, entity: str, numbers: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """By number; what is deleted is not among them."""
    found: dict[str, Mapping[str, Any]] = {}
    for first in range(0, len(numbers), PAGE):
        query = {"filter[ids][]": list(numbers[first : first + PAGE]), "limit": PAGE}
        rows = _require_rows(_call(remote, "GET", f"/api/v5/{entity}", query=query), entity)
        found |= {str(row.get("id")): row for row in rows}
    return found


def _cursor(text: str) -> Mapping[str, Any]:
    """By kind, the last change that we saw, or since when to look."""
    try:
        kept = from_json(text) if text else {}
    except ValueError:
        kept = {}
    return {
        name: value
        for name, value in _object(kept).items()
        if isinstance(value, int | str) and not isinstance(value, bool)
    }


def _history(remote: Remote, kind: str, since: int | str) -> list[Mapping[str, Any]]:
    name = "filter[sinceId]" if isinstance(since, int) else "filter[startDate]"
    said = _call(remote, "GET", f"/api/v5/{kind}s/history", query={name: since, "limit": PAGE})
    return [row for row in _require_rows(said, "history") if isinstance(row.get("id"), int)]


def _as_calls(kind: str, rows: Sequence[Mapping[str, Any]]) -> list[Polled]:
    """The calls that were perhaps lost, one a thing; what we changed ourselves with this key is none."""
    last: dict[str, int] = {}
    for row in rows:
        number = str(_object(row.get(kind)).get("id") or "")
        if NUMBER.fullmatch(number) and _object(row.get("apiKey")).get("current") is not True:
            last[number] = row["id"]
    return [
        Polled(
            f"poll:{kind}:{number}:{change}",
            to_json({"event": f"{kind}.changed", "id": int(number), "at": change}),
            content_type=_JSON,
        )
        for number, change in last.items()
    ]


def _customer(
    customer: Mapping[str, Any],
    fields: FieldMap,
    settings: Settings,
    order: Mapping[str, Any] | None = None,
) -> list[Action]:
    """RetailCRM tells no time of change of a customer: the newest reading counts."""
    came = _object(customer.get("source")) or _object((order or {}).get("source"))
    channel = {ours: text for theirs, ours in _SOURCE.items() if (text := short(came.get(theirs), 200))}
    number = str(customer.get("id"))
    member = {
        "external_id": f"{settings.prefix}{number}",
        "given_name": short(customer.get("firstName")),
        "family_name": short(customer.get("lastName")),
        "birthday": day(customer.get("birthday")),
        "phone": first_phone([phone.get("number") for phone in _rows(customer, "phones")]),
        "email": first_email([customer.get("email")]),
        "city": short(_object(customer.get("address")).get("city")),
        "channel": channel,
    }
    own = dict.fromkeys(fields.fields) | dict(_object(customer.get("customFields")))
    return member_actions(f"customer:{number}", 0, member, fields.known(own))


def _buyer(order: Mapping[str, Any]) -> str:
    """The person: of a company's order, its contact."""
    person = _object(order.get("customer"))
    if person.get("type") == "customer_corporate":
        person = _object(order.get("contact"))
    number = str(person.get("id") or "")
    return number if NUMBER.fullmatch(number) else ""


def _order(
    ref: str,
    order: Mapping[str, Any] | None,
    customers: Mapping[str, Mapping[str, Any]],
    fields: FieldMap,
    settings: Settings,
) -> list[Action]:
    if order is None:
        return [settings.sold_no_more(ref, 0, "the order was deleted")]
    version = version_ms(order.get("statusUpdatedAt"), settings.zone)
    if order.get("status") in settings.cancelled:
        return [settings.sold_no_more(ref, version, "the order was cancelled")]
    buyer = customers.get(_buyer(order))
    if order.get("status") not in settings.sold or buyer is None:
        return []  # on its way, or sold to nobody that is still there
    purchase = Action("purchase", _receipt(ref, order, settings), ref, version, f"{ref}:sold")
    return [*_customer(buyer, fields, settings, order), purchase]


def _receipt(ref: str, order: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    currency = short(order.get("currency"), 3) or settings.currency
    body: dict[str, Any] = {
        "external_id": f"{settings.prefix}{_buyer(order)}",
        "receipt": f"{settings.prefix}{ref}",
        "amount_minor": minor_or_none(order.get(settings.amount), currency),
        "currency": currency,
    }
    if at := moment_text(order.get("statusUpdatedAt"), settings.zone):
        body["occurred_at"] = at
    if items := _items(_rows(order, "items"), currency):
        body["items"] = items
    return body


def _items(rows: Sequence[Mapping[str, Any]], currency: str) -> list[dict[str, Any]]:
    """The lines of an order; none where there are too many or where they cannot be read."""
    try:
        return [_item(row, currency) for row in rows] if len(rows) <= 500 else []
    except (ArithmeticError, ValueError, Invalid):
        return []


def _item(row: Mapping[str, Any], currency: str) -> dict[str, Any]:
    quantity = Decimal(str(row.get("quantity") or 1))
    price = Decimal(str(row.get("initialPrice") or 0)) - Decimal(str(row.get("discountTotal") or 0))
    offer = _object(row.get("offer"))
    named = (short(offer.get(name)) for name in ("externalId", "xmlId", "article", "name", "id"))
    return {
        "sku": next(filter(None, named), ""),
        "quantity": min(max(1, int(quantity)), 10_000),
        "amount_minor": minor_units(price * quantity, currency),
    }
