"""What an order, a customer and a request to forget somebody mean, as Shopify writes them.

Follows https://shopify.dev/docs/api/admin-rest/2026-04/resources/order (last checked 2026-08).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import Field

from app.connectors.shopping import (
    Doc,
    ShopTerms,
    currency_of,
    ident,
    lines_of,
    names_of,
    optional_ident,
    ours,
    part,
    phone_of,
    quantity,
    rows,
    target_of,
    text,
)
from app.connectors.values import (
    channel_of,
    first_email,
    minor_units,
    moment_text,
    short,
    version_ms,
    without_nothing,
)
from app.services.ports import Action, Stored

PAID = ("paid", "partially_refunded", "refunded")


class ShopifyTerms(ShopTerms):
    """The mapping of a source."""

    amount: Literal["without_shipping", "total", "subtotal"] = "without_shipping"
    """What of an order counts; `subtotal` is the goods after discounts, before shipping, duties and tips."""
    test_orders: bool = False
    store: Annotated[str, Field(max_length=120)] = ""


def order_actions(order: Doc, terms: ShopifyTerms) -> list[Action]:
    """What an order means by now; nothing before it is paid."""
    number = ident(order, "id")
    if text(order, "financial_status") not in PAID or (order.get("test") is True and not terms.test_orders):
        return []
    person = terms.known(_buyer(order))
    target = target_of(person, members=terms.members)
    if not target:
        return []
    ref, version = f"order:{number}", version_ms(order.get("updated_at"))
    sale = _sale(order, number, terms)
    made = [_member(person, order, terms, version)] if terms.members else []
    made.append(Action("purchase", {**target, **sale}, ref, version, f"{ref}:paid"))
    back = _back(order, sale["amount_minor"], sale["currency"], terms)
    if back:
        said = {
            **target,
            "receipt": sale["receipt"],
            "refunded_minor": back,
            "reason": "returned in the shop",
        }
        made.append(Action("refund", said, ref, version, f"{ref}:refunded:{back}"))
    return made


def _sale(order: Doc, number: str, terms: ShopifyTerms) -> dict[str, Any]:
    currency = currency_of(order, "currency")
    sale = {
        "receipt": ours("shopify", number),
        "amount_minor": _amount(order, currency, terms),
        "currency": currency,
        "items": lines_of([_line(line, currency) for line in rows(order, "line_items")]),
        "occurred_at": moment_text(order.get("processed_at") or order.get("created_at")),
        "store": terms.store or None,
    }
    return without_nothing(sale)


def _amount(order: Doc, currency: str, terms: ShopifyTerms) -> int:
    if terms.amount == "subtotal":
        return max(0, minor_units(order.get("subtotal_price"), currency, "/subtotal_price"))
    total = minor_units(order.get("total_price"), currency, "/total_price")
    return max(0, total - (0 if terms.amount == "total" else _shipping(order, currency)))


def _shipping(order: Doc, currency: str) -> int:
    whole = part(order, "total_shipping_price_set", "shop_money").get("amount")
    if whole is not None:
        return minor_units(whole, currency, "/total_shipping_price_set")
    return sum(
        minor_units(_either(each, "discounted_price", "price"), currency)
        for each in rows(order, "shipping_lines")
    )


def _either(doc: Doc, *names: str) -> Any:
    return next((doc[name] for name in names if doc.get(name) is not None), "0")


def _line(line: Doc, currency: str) -> dict[str, Any]:
    pieces = quantity(line.get("quantity"))
    off = sum(minor_units(_either(each, "amount"), currency) for each in rows(line, "discount_allocations"))
    amount = minor_units(_either(line, "price"), currency) * pieces - off
    return {"sku": text(line, "sku"), "quantity": pieces, "amount_minor": amount}


def _back(order: Doc, amount: int, currency: str, terms: ShopifyTerms) -> int:
    """How much of what counted is back by now: all of a cancelled order, else what was paid out without the
    shipping that never counted.
    """
    if text(order, "financial_status") == "refunded" or order.get("cancelled_at"):
        return amount
    back = sum(_paid_out(refund, currency, terms) for refund in rows(order, "refunds"))
    return max(0, min(back, amount))


def _paid_out(refund: Doc, currency: str, terms: ShopifyTerms) -> int:
    paid = sum(
        minor_units(_either(each, "amount"), currency)
        for each in rows(refund, "transactions")
        if each.get("kind") == "refund" and each.get("status") == "success"
    )
    if terms.amount == "total":
        return paid
    shipping = (each for each in rows(refund, "order_adjustments") if each.get("kind") == "shipping_refund")
    return max(0, paid - sum(abs(minor_units(_either(each, "amount"), currency)) for each in shipping))


def _buyer(order: Doc) -> dict[str, Any]:
    customer = part(order, "customer")
    phones = (order.get("phone"), customer.get("phone"), part(order, "billing_address").get("phone"))
    found = {
        "external_id": ours("shopify", optional_ident(customer, "id")) or None,
        "email": first_email([order.get("email"), order.get("contact_email"), customer.get("email")]),
        "phone": next((phone for each in phones if (phone := _phone(each, order))), None),
    }
    return without_nothing(found) | names_of(customer, "first_name", "last_name")


def _phone(typed: Any, order: Doc) -> str | None:
    return phone_of(short(typed) or "", text(order, "billing_address", "country_code"))


def _member(person: Doc, order: Doc, terms: ShopifyTerms, version: int) -> Action:
    """The buyer, with what the order knows: where they came from, and that they asked for news. A box that
    was not ticked this time takes no permission back.
    """
    customer = part(order, "customer")
    channel = channel_of({name: values[0] for name, values in _landing(order).items()})
    said: dict[str, Any] = {**person, "channel": channel}
    if terms.consent and order.get("buyer_accepts_marketing") is True:
        said["consents"] = [{"purpose": terms.consent, "granted": True}]
    number = optional_ident(customer, "id")
    ref = f"customer:{number}" if number else ""
    newest = version_ms(customer.get("updated_at")) or version
    return Action("member", without_nothing(said), ref, newest if ref else 0)


def _landing(order: Doc) -> dict[str, list[str]]:
    try:
        return parse_qs(urlsplit(str(order.get("landing_site") or "")).query, max_num_fields=100)
    except ValueError:
        return {}


def customer_actions(customer: Doc, terms: ShopifyTerms) -> list[Action]:
    """A customer of the shop, with what they said about news."""
    number = ident(customer, "id")
    version = version_ms(customer.get("updated_at"))
    if not terms.members or not version:
        return []
    country = text(customer, "default_address", "country_code")
    said: dict[str, Any] = {
        "external_id": ours("shopify", number),
        "email": first_email([customer.get("email")]),
        "phone": phone_of(text(customer, "phone"), country),
        **names_of(customer, "first_name", "last_name", text(customer, "default_address", "city")),
    }
    said = terms.known(without_nothing(said))
    granted = _agrees(customer)
    if not said:
        return []
    if terms.consent and granted is not None:
        said["consents"] = [{"purpose": terms.consent, "granted": granted}]
    return [Action("member", said, f"customer:{number}", version)]


def _agrees(customer: Doc) -> bool | None:
    """Whether they want news; None where they never said."""
    state = text(customer, "email_marketing_consent", "state")
    if state:
        return {"subscribed": True, "unsubscribed": False}.get(state)
    return True if customer.get("accepts_marketing") is True else None


def erasing(body: Doc, terms: ShopifyTerms, stored: Stored) -> list[Action]:
    """The shop must erase a person, and so must we. The body says no time: it is as new as the call."""
    person = {
        "external_id": ours("shopify", optional_ident(body, "customer", "id")),
        "email": first_email([part(body, "customer").get("email")]),
    }
    target = target_of(terms.known(person), members=terms.members)
    number = optional_ident(body, "customer", "id")
    version = int(stored.received_at.timestamp() * 1000) if stored.received_at else 0
    ref = f"customer:{number}" if number else ""
    return [Action("erase", target, ref, version if ref else 0)] if target else []
