"""Calls of a WooCommerce shop (REST API version 3), shortened to what matters here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from app.connectors.woocommerce import WooCommerce
from app.services.ports import Action, Ask, Inbound
from tests.connectors.samples import Sample, Samples

SECRET = "0^z3 PJ&Vd{b@Gm*9k7#fLqW"
ORDER: dict[str, Any] = {
    "id": 727,
    "parent_id": 0,
    "number": "727",
    "status": "processing",
    "currency": "EUR",
    "prices_include_tax": True,
    "date_created": "2026-03-01T11:00:00",
    "date_created_gmt": "2026-03-01T09:00:00",
    "date_modified": "2026-03-01T11:00:05",
    "date_modified_gmt": "2026-03-01T09:00:05",
    "date_paid": "2026-03-01T11:00:04",
    "date_paid_gmt": "2026-03-01T09:00:04",
    "discount_total": "0.00",
    "shipping_total": "8.26",
    "shipping_tax": "1.74",
    "total": "39.35",
    "total_tax": "6.83",
    "customer_id": 26,
    "payment_method": "stripe",
    "billing": {
        "first_name": "Anna",
        "last_name": "Liepa",
        "city": "Riga",
        "country": "LV",
        "email": "Anna@Example.com",
        "phone": "20 000 001",
    },
    "meta_data": [
        {"id": 1, "key": "_wc_order_attribution_utm_source", "value": "newsletter"},
        {"id": 2, "key": "_wc_order_attribution_source_type", "value": "utm"},
    ],
    "line_items": [
        {"id": 315, "name": "Beans", "sku": "BEANS", "quantity": 2, "total": "16.53", "total_tax": "3.47"},
        {"id": 316, "name": "Mug", "sku": "", "quantity": 1, "total": "7.73", "total_tax": "1.62"},
    ],
    "shipping_lines": [{"id": 317, "total": "8.26", "total_tax": "1.74"}],
    "refunds": [],
}
BACK = ORDER | {
    "date_modified_gmt": "2026-03-01T10:00:00",
    "status": "completed",
    "refunds": [
        {"id": 726, "reason": "broken", "total": "-9.35"},
        {"id": 728, "reason": "", "total": "-1.00"},
    ],
}
CUSTOMER: dict[str, Any] = {
    "id": 26,
    "date_created_gmt": "2026-02-01T09:00:00",
    "date_modified_gmt": "2026-03-01T08:00:00",
    "email": "anna@example.com",
    "first_name": "Anna",
    "last_name": "Liepa",
    "role": "customer",
    "username": "anna",
    "billing": {"phone": "+37120000001", "city": "Riga", "country": "LV", "email": "anna@example.com"},
    "is_paying_customer": True,
}
WHO = {"external_id": "woocommerce:26"}
PERSON = {
    **WHO,
    "email": "anna@example.com",
    "phone": "+37120000001",
    "given_name": "Anna",
    "family_name": "Liepa",
    "city": "Riga",
}
SALE = {
    **WHO,
    "receipt": "woocommerce:727",
    "amount_minor": 2935,
    "currency": "EUR",
    "items": [{"sku": "BEANS", "quantity": 2, "amount_minor": 2000}, {"quantity": 1, "amount_minor": 935}],
    "occurred_at": "2026-03-01T09:00:04+00:00",
}
PAID_AT, BACK_AT = 1772355605000, 1772359200000


def bought(version: int) -> list[Action | Ask]:
    said = {**PERSON, "channel": {"utm_source": "newsletter"}}
    return [
        Action("member", said, "customer:26", version),
        Action("purchase", SALE, "order:727", version, "order:727:paid"),
    ]


def back(amount_minor: int, version: int) -> Action:
    said = {
        **WHO,
        "receipt": "woocommerce:727",
        "refunded_minor": amount_minor,
        "reason": "returned in the shop",
    }
    return Action("refund", said, "order:727", version, f"order:727:refunded:{amount_minor}")


def call(name: str, topic: str, body: dict[str, Any], wants: list[Action | Ask]) -> Sample:
    resource, _, event = topic.partition(".")
    headers = {
        "content-type": "application/json",
        "x-wc-webhook-source": "https://coffee.example/",
        "x-wc-webhook-topic": topic,
        "x-wc-webhook-resource": resource,
        "x-wc-webhook-event": event,
        "x-wc-webhook-id": "142",
        "x-wc-webhook-delivery-id": hashlib.sha256(name.encode()).hexdigest()[:32],
    }
    return Sample(name, json.dumps(body).encode(), wants, headers)


def sign(sample: Sample, secret: str, at: datetime) -> Inbound:
    signed = hmac.new(secret.encode(), sample.body, hashlib.sha256).digest()
    given = {"x-wc-webhook-signature": base64.b64encode(signed).decode()}
    return Inbound({**sample.headers, **given}, sample.body, sample.query)


PAID_CALL = call("an order that is paid", "order.updated", ORDER, bought(PAID_AT))
JOINED = call(
    "a customer", "customer.created", CUSTOMER, [Action("member", PERSON, "customer:26", 1772352000000)]
)
SAMPLES = Samples(
    connector=WooCommerce(),
    secret=SECRET,
    sign=sign,
    genuine=[
        PAID_CALL,
        call(
            "an order that waits for its money",
            "order.created",
            ORDER | {"status": "on-hold", "date_paid_gmt": None},
            [],
        ),
        call("an order with returns", "order.updated", BACK, [*bought(BACK_AT), back(1035, BACK_AT)]),
        call(
            "an order that was cancelled after it was paid",
            "order.updated",
            BACK | {"status": "cancelled", "refunds": []},
            [*bought(BACK_AT), back(2935, BACK_AT)],
        ),
        call("an order that is gone", "order.deleted", {"id": 727}, []),
        JOINED,
        call("one who works there", "customer.updated", CUSTOMER | {"id": 1, "role": "administrator"}, []),
    ],
    changes=[
        (PAID_CALL, call("later", "order.updated", BACK, [])),
        (
            JOINED,
            call(
                "later too",
                "customer.updated",
                CUSTOMER | {"date_modified_gmt": "2026-03-01T08:00:01"},
                [],
            ),
        ),
    ],
)
