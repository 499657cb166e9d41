"""Stripe: paid invoices and checkouts pay memberships; its customers become members.

A membership runs for what was paid, so the end of a subscription needs no call: the next invoice just does
not come. Money that is paid back (`charge.refunded`) is left to a person: whether a month that was begun goes
back with it, the shop decides.

Follows https://docs.stripe.com/webhooks/signature and https://docs.stripe.com/api/invoices/line_item, before
and since version 2025-03-31 (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.connectors.shopping import (
    Doc,
    ShopTerms,
    document,
    ident,
    optional_ident,
    ours,
    part,
    phone_of,
    rows,
    target_of,
    terms_of,
    text,
)
from app.connectors.signatures import as_keys, from_hex, refusing, require_recent, require_signed
from app.connectors.values import channel_of, first_email, short, version_ms, without_nothing
from app.domain.errors import Invalid
from app.services.ports import Action, Ask, HookRejected, Inbound, Stored, Verified

MOST_SIGNATURES = 10
MembershipKey = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class Paid(BaseModel):
    """What one price pays."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    membership: MembershipKey
    periods: Annotated[int, Field(ge=1, le=24)] = 1


class StripeTerms(ShopTerms):
    """The mapping of a source."""

    prices: Annotated[
        dict[Annotated[str, Field(max_length=100)], MembershipKey | Paid], Field(max_length=200)
    ] = Field(default={})
    """By the id of a price, a product or a payment link: the membership that it pays, and for how long."""
    reference: Literal["", "number", "serial", "external_id"] = ""
    """What the shop puts into `client_reference_id` of a checkout, if anything."""
    test_events: bool = False


class Stripe:
    """See the module."""

    kind = "stripe"

    def verify(self, call: Inbound, secrets: Sequence[str], *, now: datetime) -> Verified:
        """Over time and body; while a secret is changed there are several signatures."""
        with refusing():
            stamp, given = _signatures(call.headers["stripe-signature"])
            require_recent(stamp, now)
            require_signed(stamp.encode("ascii") + b"." + call.body, given, as_keys(secrets))
            event = ident(document(call.body), "id")
            return Verified(f"id:{event}", call.headers.get("content-type", "")[:100])
        raise HookRejected

    def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Action | Ask]:
        """Payments for memberships, and customers. Raises Invalid for events of Stripe's test mode, unless
        the mapping allows them.
        """
        terms = terms_of(StripeTerms, mapping)
        event = part(document(stored.body))
        found = part(event, "data", "object")
        version = version_ms(event.get("created"))
        sort = text(event, "type")
        if sort not in _SORTS:
            return []
        if event.get("livemode") is not True and not terms.test_events:
            raise Invalid(
                {"/livemode": "is an event of the test mode, which the source's mapping does not allow"}
            )
        return _SORTS[sort](found, terms, version)


def _signatures(header: str) -> tuple[str, list[bytes]]:
    """`t=1492774577,v1=5257a8…,v1=…,v0=…`: one time, and all signatures of the kind that counts."""
    pairs = [each.strip().partition("=") for each in header.split(",")[: 2 * MOST_SIGNATURES]]
    stamps = [value for name, _, value in pairs if name == "t"]
    given = [from_hex(value) for name, _, value in pairs if name == "v1"]
    if len(stamps) != 1:
        raise HookRejected
    return stamps[0], given


def _invoice(invoice: Doc, terms: StripeTerms, version: int) -> list[Action]:
    """A paid invoice pays what its lines are for, under the invoice's own id."""
    number = ident(invoice, "id")
    person = _payer(terms, invoice, "customer_name", "customer_email", "customer_phone", "customer_address")
    if text(invoice, "status") not in ("", "paid"):
        return []
    paid = [each for line in rows(invoice, "lines", "data") if (each := _paid_by(line, terms))]
    return _memberships(number, person, target_of(person, members=terms.members), paid, terms, version)


def _paid_by(line: Doc, terms: StripeTerms) -> Paid | None:
    """The price of a line stands in another place since 2025-03-31. What costs nothing (a trial) and what
    settles a change of plan pays no period.
    """
    amount = line.get("amount")
    settles = line.get("proration") is True or any(
        part(line, "parent", name).get("proration") is True
        for name in ("subscription_item_details", "invoice_item_details")
    )
    if settles or not isinstance(amount, int) or amount <= 0:
        return None
    details = part(line, "pricing", "price_details")
    names = (
        optional_ident(details, "price"),
        optional_ident(line, "price", "id"),
        optional_ident(line, "plan", "id"),
        optional_ident(details, "product"),
        optional_ident(line, "price", "product"),
        optional_ident(line, "plan", "product"),
    )
    return _named(names, terms)


def _named(names: Sequence[str], terms: StripeTerms) -> Paid | None:
    found = next((terms.prices[name] for name in names if name in terms.prices), None)
    return Paid(membership=found) if isinstance(found, str) else found


def _checkout(session: Doc, terms: StripeTerms, version: int) -> list[Action]:
    """A checkout that was paid once, by its payment link or what its metadata name; a subscription's is paid
    by its invoices.
    """
    number = ident(session, "id")
    if session.get("mode") != "payment" or session.get("payment_status") != "paid":
        return []
    said = part(session, "customer_details")
    person = _payer(terms, {**said, "customer": session.get("customer")}, "name", "email", "phone", "address")
    paid = _named((optional_ident(session, "payment_link"), text(session, "metadata", "price")), terms)
    reference = short(session.get("client_reference_id")) if terms.reference else None
    if reference:
        return _memberships(number, {}, {terms.reference: reference}, [paid] if paid else [], terms, version)
    person = without_nothing({**person, "channel": channel_of(part(session, "metadata"))})
    target = target_of(person, members=terms.members)
    return _memberships(number, person, target, [paid] if paid else [], terms, version)


def _memberships(
    number: str, person: Doc, target: Doc, paid: Sequence[Paid], terms: StripeTerms, version: int
) -> list[Action]:
    """Each membership once a payment; the second one of the same payment is called after itself."""
    if not target or not paid:
        return []
    made = [Action("member", person)] if terms.members and person else []
    seen: dict[str, int] = {}
    for each in paid:
        seen[each.membership] = seen.get(each.membership, 0) + each.periods
    for index, (key, periods) in enumerate(seen.items()):
        payment = number if index == 0 else f"{number}:{key}"
        body = {**target, "membership": key, "payment": payment, "periods": min(periods, 24)}
        made.append(Action("membership", body, f"payment:{number}", version, f"payment:{payment}"))
    return made


def _payer(terms: StripeTerms, doc: Doc, name: str, email: str, phone: str, address: str) -> dict[str, Any]:
    given, _, family = text(doc, name).partition(" ")
    found = {
        "external_id": ours(
            "stripe", optional_ident(doc, "customer") or optional_ident(doc, "customer", "id")
        )
        or None,
        "email": first_email([doc.get(email)]),
        "phone": phone_of(text(doc, phone), text(doc, address, "country")),
        "given_name": given or None,
        "family_name": family or None,
        "city": text(doc, address, "city") or None,
    }
    return terms.known(without_nothing(found))


def _customer(customer: Doc, terms: StripeTerms, version: int) -> list[Action]:
    """Stripe's customers say no time of their last change; the event's own is as good."""
    number = ident(customer, "id")
    if not terms.members:
        return []
    person = _payer(terms, {**customer, "customer": number}, "name", "email", "phone", "address")
    locales = customer.get("preferred_locales")
    if isinstance(locales, list) and locales and isinstance(locales[0], str):
        person["locale"] = locales[0] if _is_tag(locales[0]) else None
    known = terms.known(without_nothing(person))
    return [Action("member", known, f"customer:{number}", version)] if known else []


def _is_tag(locale: str) -> bool:
    language, _, region = locale.partition("-")
    return (
        locale.isascii()
        and len(language) in (2, 3)
        and language.islower()
        and (not region or region.isalnum())
    )


_SORTS = {
    "invoice.paid": _invoice,
    "checkout.session.completed": _checkout,
    "checkout.session.async_payment_succeeded": _checkout,
    "customer.created": _customer,
    "customer.updated": _customer,
}
