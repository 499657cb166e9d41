"""Square: customers become members, completed payments purchases, and what is paid back is taken back.

The signature covers the address at which Square knows us, so it is checked with the one that the source is
configured with, never with what the call says of its host. A payment says how much of it is back by now; a
refund alone does not, so the payment is read again. Square's own loyalty events are none of our business.

Follows https://developer.squareup.com/docs/webhooks/step3validate and
https://developer.squareup.com/reference/square/payments-api (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from app.connectors.shopping import (
    OVERLAP,
    Doc,
    Gone,
    ShopTerms,
    currency_of,
    document,
    heard,
    ident,
    left,
    names_of,
    optional_ident,
    ours,
    part,
    phone_of,
    readable,
    rows,
    since,
    target_of,
    terms_of,
    text,
)
from app.connectors.signatures import as_keys, from_base64, key_of_body, refusing, require_signed
from app.connectors.values import day, first_email, moment_text, version_ms, without_nothing
from app.domain.errors import Invalid
from app.services.inputs import MOST_MINOR
from app.services.ports import (
    Action,
    Ask,
    Changed,
    DeliveryError,
    HookRejected,
    Inbound,
    Polled,
    Remote,
    Stored,
    Verified,
)

PAGE, MOST_PAGES = 100, 50


class SquareTerms(ShopTerms):
    """The mapping of a source."""

    tips: bool = False
    """Whether a tip counts as bought."""
    deleted: Gone = "block"
    store: Annotated[str, Field(max_length=120)] = ""
    """Empty: Square's id of the place."""


class SquareSettings(BaseModel):
    """`url` is https://connect.squareup.com, or that of its sandbox."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    url: Annotated[str, Field(max_length=200)] = ""


class Square:
    """See the module."""

    kind = "square"
    calls_per_s = 5.0
    poll_every_s = 900.0

    def verify(self, call: Inbound, secrets: Sequence[str], *, now: datetime) -> Verified:
        """Over address and body; no time is covered, so repeats are known by the event's id."""
        with refusing():
            given = [from_base64(call.headers["x-square-hmacsha256-signature"])]
            address = call.headers["x-tillpass-source-url"].encode()
            require_signed(address + call.body, given, as_keys(secrets))
            return Verified(_key(call.body), call.headers.get("content-type", "")[:100])
        raise HookRejected

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        """Raises Invalid."""
        terms_of(SquareSettings, settings, "/settings")

    def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Action | Ask]:
        """Payments, returns and customers; nothing for all else."""
        terms = terms_of(SquareTerms, mapping)
        event = part(document(stored.body))
        sort = text(event, "type")
        if sort in ("payment.created", "payment.updated"):
            return _payment(part(event, "data", "object", "payment"), terms)
        if sort in ("refund.created", "refund.updated"):
            return _refund(part(event, "data", "object", "refund"))
        if sort in ("customer.created", "customer.updated"):
            return _customer(part(event, "data", "object", "customer"), terms)
        return _gone(event, terms) if sort == "customer.deleted" else []

    def read(
        self, remote: Remote, refs: Sequence[str], mapping: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Action]]:
        """Payments, one by one: Square has no call for many of them."""
        terms = terms_of(SquareTerms, mapping)
        found: dict[str, Sequence[Action]] = {}
        for ref in refs:
            answer = remote.call(
                "GET", f"v2/payments/{ref.removeprefix('payment:')}", headers=_headers(remote)
            )
            payment = {} if answer.status == 404 else part(heard(answer), "payment")
            found[ref] = readable(partial(_payment, payment, terms), ref) if payment else []
        return found

    def changed(self, remote: Remote, cursor: str, *, now: datetime) -> Changed:
        """Payments, returns and customers that changed since; Square pages by its own marks."""
        begin = since(cursor, now).isoformat()
        query = {
            "updated_at_begin_time": begin,
            "sort_field": "UPDATED_AT",
            "sort_order": "ASC",
            "limit": PAGE,
        }
        search = {"query": {"filter": {"updated_at": {"start_at": begin}}}, "limit": PAGE}
        calls = [
            *(_polled("payment", each) for each in _listed(remote, "payments", query)),
            *(_polled("refund", each) for each in _listed(remote, "refunds", query)),
            *(_polled("customer", each) for each in _searched(remote, search)),
        ]
        return Changed(calls, (now - OVERLAP).isoformat())


def _headers(remote: Remote) -> dict[str, str]:
    return {"Authorization": f"Bearer {remote.token}"}


def _listed(remote: Remote, what: str, query: Mapping[str, Any]) -> list[Doc]:
    """All pages of a list; raises DeliveryError for one that never ends."""
    found: list[Doc] = []
    page = dict(query)
    for _ in range(MOST_PAGES):
        answer = heard(remote.call("GET", f"v2/{what}", query=page, headers=_headers(remote)))
        found += rows(answer, what)
        page["cursor"] = text_of_cursor(answer)
        if not page["cursor"]:
            return found
    raise DeliveryError(f"more than {PAGE * MOST_PAGES} {what} changed at once")


def _searched(remote: Remote, search: Mapping[str, Any]) -> list[Doc]:
    found: list[Doc] = []
    page = dict(search)
    for _ in range(MOST_PAGES):
        answer = heard(remote.call("POST", "v2/customers/search", json=page, headers=_headers(remote)))
        found += rows(answer, "customers")
        page["cursor"] = text_of_cursor(answer)
        if not page["cursor"]:
            return found
    raise DeliveryError(f"more than {PAGE * MOST_PAGES} customers changed at once")


def text_of_cursor(answer: Any) -> str:
    """Square's mark of the next page; empty on the last one."""
    cursor = part(answer).get("cursor")
    return cursor if isinstance(cursor, str) else ""


def _polled(sort: str, found: Doc) -> Polled:
    body = {"type": f"{sort}.updated", "data": {"object": {sort: found}}}
    key = f"poll:{sort}:{optional_ident(found, 'id')}:{version_ms(found.get('updated_at'))}"
    return Polled(key, orjson.dumps(body), content_type="application/json")


def _key(body: bytes) -> str:
    try:
        event = optional_ident(document(body), "event_id")
    except Invalid:
        event = ""
    return f"id:{event}" if event else key_of_body(body)


def _payment(payment: Doc, terms: SquareTerms) -> list[Action]:
    """What a payment means by now; nothing before it is completed."""
    number = ident(payment, "id")
    person = _payer(payment, terms)
    target = target_of(person, members=terms.members)
    if text(payment, "status") != "COMPLETED" or not target:
        return []
    ref, version = f"payment:{number}", version_ms(payment.get("updated_at"))
    sale = _sale(payment, number, terms)
    made = [Action("member", person)] if terms.members else []
    made.append(Action("purchase", {**target, **sale}, ref, version, f"{ref}:paid"))
    back = _back(payment, sale["amount_minor"])
    if back:
        said = {
            **target,
            "receipt": sale["receipt"],
            "refunded_minor": back,
            "reason": "returned at the till",
        }
        made.append(Action("refund", said, ref, version, f"{ref}:refunded:{back}"))
    return made


def _payer(payment: Doc, terms: SquareTerms) -> dict[str, Any]:
    """A known customer; the address that a receipt was sent to names only who is none."""
    number = optional_ident(payment, "customer_id")
    email = first_email([payment.get("buyer_email_address")])
    return (
        {"external_id": ours("square", number)} if number and terms.ids else without_nothing({"email": email})
    )


def _sale(payment: Doc, number: str, terms: SquareTerms) -> dict[str, Any]:
    money = "total_money" if terms.tips else "amount_money"
    sale = {
        "receipt": ours("square", number),
        "amount_minor": _minor(payment, money),
        "currency": currency_of(payment, money, "currency"),
        "store": terms.store or text(payment, "location_id") or None,
        "occurred_at": moment_text(payment.get("created_at")),
    }
    return without_nothing(sale)


def _minor(doc: Doc, name: str) -> int:
    """Square's amounts are whole minor units already, also those of currencies without any."""
    amount = part(doc, name).get("amount")
    if isinstance(amount, bool) or not isinstance(amount, int) or not 0 <= amount <= MOST_MINOR:
        raise Invalid({f"/{name}/amount": "should be a whole amount"})
    return amount


def _back(payment: Doc, amount: int) -> int:
    """How much of what counted is back by now; of a payment that is back whole, its tip is no part."""
    if not part(payment, "refunded_money"):
        return 0
    back = _minor(payment, "refunded_money")
    return amount if back >= _minor(payment, "total_money") else min(back, amount)


def _refund(refund: Doc) -> list[Action | Ask]:
    """A return that is through; one without a payment belongs to no receipt."""
    payment = optional_ident(refund, "payment_id")
    return [Ask(f"payment:{payment}")] if payment and text(refund, "status") == "COMPLETED" else []


def _customer(customer: Doc, terms: SquareTerms) -> list[Action]:
    number = ident(customer, "id")
    if not terms.members:
        return []
    country = text(customer, "address", "country")
    said: dict[str, Any] = {
        "external_id": ours("square", number),
        "email": first_email([customer.get("email_address")]),
        "phone": phone_of(text(customer, "phone_number"), country),
        "birthday": day(customer.get("birthday")),
        **names_of(customer, "given_name", "family_name", text(customer, "address", "locality")),
    }
    said = terms.known(without_nothing(said))
    if not said:
        return []
    if terms.consent and part(customer, "preferences").get("email_unsubscribed") is True:
        said["consents"] = [{"purpose": terms.consent, "granted": False}]
    return [Action("member", said, f"customer:{number}", version_ms(customer.get("updated_at")))]


def _gone(event: Doc, terms: SquareTerms) -> list[Action]:
    """A deleted customer; one that was merged into another is not gone."""
    if part(event, "data", "object", "event_context", "merge"):
        return []
    customer = part(event, "data", "object", "customer")
    number = optional_ident(event, "data", "id") or ident(customer, "id")
    person = {"external_id": ours("square", number), "email": first_email([customer.get("email_address")])}
    target = target_of(terms.known(person), members=True)
    return left(target, number, terms.deleted, version_ms(event.get("created_at")))
