"""Calls of a Shopify shop (API version 2026-04), shortened to what matters here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from app.connectors.shopify import Shopify
from app.services.ports import Action, Ask, Inbound
from tests.connectors.samples import Sample, Samples

SECRET = "shpss_0123456789abcdef0123456789abcdef"
CREATED, PAID, BACK = 1772352000000, 1772355600000, 1772359200000
CUSTOMER: dict[str, Any] = {
    "id": 115310627314723954,
    "email": "Anna@Example.com",
    "created_at": "2026-02-01T09:00:00+02:00",
    "updated_at": "2026-03-01T10:00:00+02:00",
    "first_name": "Anna",
    "last_name": "Liepa",
    "state": "enabled",
    "note": None,
    "verified_email": True,
    "tax_exempt": False,
    "phone": "+37120000001",
    "currency": "EUR",
    "addresses": [],
    "admin_graphql_api_id": "gid://shopify/Customer/115310627314723954",
    "default_address": {"city": "Riga", "country_code": "LV"},
    "email_marketing_consent": {"state": "subscribed", "opt_in_level": "single_opt_in"},
}
LINES: list[dict[str, Any]] = [
    {
        "id": 866550311766439020,
        "sku": "BEANS-1KG",
        "name": "Beans",
        "price": "60.00",
        "quantity": 2,
        "total_discount": "0.00",
        "discount_allocations": [{"amount": "10.00", "discount_application_index": 0}],
    },
    {"id": 141249953214522974, "sku": "MUG", "price": "90.00", "quantity": 1, "discount_allocations": []},
]
ORDER: dict[str, Any] = {
    "id": 820982911946154508,
    "name": "#9999",
    "email": "anna@example.com",
    "phone": None,
    "currency": "EUR",
    "presentment_currency": "USD",
    "buyer_accepts_marketing": True,
    "cancelled_at": None,
    "created_at": "2026-03-01T10:00:00+02:00",
    "processed_at": "2026-03-01T10:00:00+02:00",
    "updated_at": "2026-03-01T10:00:00+02:00",
    "financial_status": "pending",
    "landing_site": "/products/beans?utm_source=newsletter&utm_medium=email&utm_campaign=march",
    "test": False,
    "taxes_included": True,
    "subtotal_price": "200.00",
    "total_discounts": "10.00",
    "total_price": "204.90",
    "current_total_price": "204.90",
    "total_shipping_price_set": {"shop_money": {"amount": "4.90", "currency_code": "EUR"}},
    "shipping_lines": [{"price": "4.90"}],
    "line_items": LINES,
    "customer": {k: v for k, v in CUSTOMER.items() if k != "email_marketing_consent"},
    "billing_address": {"phone": "555-625-1199", "country_code": "US"},
    "refunds": [],
}
REFUND: dict[str, Any] = {
    "id": 890088186047892319,
    "order_id": 820982911946154508,
    "created_at": "2026-03-01T12:00:00+02:00",
    "note": "did not fit",
    "refund_line_items": [{"line_item_id": 141249953214522974, "quantity": 1, "subtotal": 90.0}],
    "transactions": [{"id": 245135271310201194, "kind": "refund", "status": "success", "amount": "94.90"}],
    "order_adjustments": [{"kind": "shipping_refund", "amount": "-4.90", "tax_amount": "0.00"}],
}
ORDER_PAID = ORDER | {"financial_status": "paid", "updated_at": "2026-03-01T11:00:00+02:00"}
ORDER_BACK = ORDER | {
    "financial_status": "partially_refunded",
    "updated_at": "2026-03-01T12:00:00+02:00",
    "refunds": [REFUND],
}
WHO = {"external_id": "shopify:115310627314723954"}
BUYER = Action(
    "member",
    {
        **WHO,
        "email": "anna@example.com",
        "phone": "+37120000001",
        "given_name": "Anna",
        "family_name": "Liepa",
        "channel": {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "march"},
        "consents": [{"purpose": "marketing", "granted": True}],
    },
    "customer:115310627314723954",
    CREATED,
)
SALE = {
    **WHO,
    "receipt": "shopify:820982911946154508",
    "amount_minor": 20000,
    "currency": "EUR",
    "items": [
        {"sku": "BEANS-1KG", "quantity": 2, "amount_minor": 11000},
        {"sku": "MUG", "quantity": 1, "amount_minor": 9000},
    ],
    "occurred_at": "2026-03-01T08:00:00+00:00",
}
REF = "order:820982911946154508"
PERSON = {
    **WHO,
    "email": "anna@example.com",
    "phone": "+37120000001",
    "given_name": "Anna",
    "family_name": "Liepa",
    "city": "Riga",
    "consents": [{"purpose": "marketing", "granted": True}],
}


def bought(version: int) -> Action:
    return Action("purchase", SALE, REF, version, f"{REF}:paid")


def back(amount_minor: int, version: int) -> Action:
    said = {
        **WHO,
        "receipt": SALE["receipt"],
        "refunded_minor": amount_minor,
        "reason": "returned in the shop",
    }
    return Action("refund", said, REF, version, f"{REF}:refunded:{amount_minor}")


def call(name: str, topic: str, body: dict[str, Any], wants: list[Action | Ask]) -> Sample:
    headers = {
        "content-type": "application/json",
        "x-shopify-topic": topic,
        "x-shopify-shop-domain": "coffee.myshopify.com",
        "x-shopify-api-version": "2026-04",
        "x-shopify-webhook-id": hashlib.sha256(name.encode()).hexdigest()[:32],
        "x-shopify-triggered-at": "2026-03-01T09:00:01.123456789Z",
    }
    return Sample(name, json.dumps(body).encode(), wants, headers)


def sign(sample: Sample, secret: str, at: datetime) -> Inbound:
    signed = hmac.new(secret.encode(), sample.body, hashlib.sha256).digest()
    given = {"x-shopify-hmac-sha256": base64.b64encode(signed).decode()}
    return Inbound({**sample.headers, **given}, sample.body, sample.query)


UNPAID = call("an order that is not paid", "orders/create", ORDER, [])
PAID_CALL = call("an order that is paid", "orders/paid", ORDER_PAID, [BUYER, bought(PAID)])
BACK_CALL = call(
    "an order of which a mug came back", "orders/updated", ORDER_BACK, [BUYER, bought(BACK), back(9000, BACK)]
)
JOINED = call(
    "a new customer",
    "customers/create",
    CUSTOMER,
    [Action("member", PERSON, "customer:115310627314723954", CREATED)],
)
SAMPLES = Samples(
    connector=Shopify(),
    secret=SECRET,
    sign=sign,
    genuine=[
        PAID_CALL,
        UNPAID,
        BACK_CALL,
        JOINED,
        call("a return", "refunds/create", REFUND, [Ask(REF)]),
        call(
            "a person to be forgotten",
            "customers/redact",
            {
                "shop_id": 954889,
                "shop_domain": "coffee.myshopify.com",
                "customer": {"id": 115310627314723954, "email": "anna@example.com", "phone": "+37120000001"},
                "orders_to_redact": [820982911946154508],
            },
            [Action("erase", WHO, "customer:115310627314723954", 1772442000000)],
        ),
        call(
            "a customer who was deleted", "customers/delete", {"id": 115310627314723954, "addresses": []}, []
        ),
        call("another sort", "products/update", {"id": 788032119674292922, "title": "Beans"}, []),
    ],
    changes=[
        (
            JOINED,
            call(
                "a customer who moved",
                "customers/update",
                CUSTOMER | {"updated_at": "2026-03-02T10:00:00+02:00"},
                [],
            ),
        )
    ],
)
