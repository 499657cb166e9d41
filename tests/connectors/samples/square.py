"""Calls of Square (webhooks of its payments, refunds and customers), shortened to what matters here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from app.connectors.square import Square
from app.services.ports import Action, Ask, Inbound
from tests.connectors.samples import Sample, Samples

SECRET = "Ibxx_5AKakO-3qeNVR61Dw"
URL = "https://cards.test/hooks/square"
PAYMENT: dict[str, Any] = {
    "id": "hYy9pRFVxpDsO1FB05SunFWUe9JZY",
    "created_at": "2026-03-01T09:16:51.086Z",
    "updated_at": "2026-03-01T09:19:00.831Z",
    "amount_money": {"amount": 1250, "currency": "USD"},
    "tip_money": {"amount": 250, "currency": "USD"},
    "total_money": {"amount": 1500, "currency": "USD"},
    "approved_money": {"amount": 1500, "currency": "USD"},
    "status": "COMPLETED",
    "source_type": "CARD",
    "card_details": {"status": "CAPTURED", "card": {"card_brand": "MASTERCARD", "last_4": "9029"}},
    "location_id": "S8GWD5R9QB376",
    "order_id": "03O3USaPaAaFnI6kkwB1JxGgBsUZY",
    "customer_id": "RDX9Z4XTIZR7MRZJUXNY9HUK6I",
    "buyer_email_address": "somebody@example.com",
    "receipt_number": "hYy9",
    "version_token": "TPtNEOBOa6Qq6E3C3IjckSVOM6b3hMbfhjvTxHBQUsB6o",
}
REFUND: dict[str, Any] = {
    "id": "hYy9pRFVxpDsO1FB05SunFWUe9JZY_xXMO8Z",
    "created_at": "2026-03-01T10:00:00.000Z",
    "updated_at": "2026-03-01T10:00:08.811Z",
    "amount_money": {"amount": 300, "currency": "USD"},
    "status": "COMPLETED",
    "location_id": "S8GWD5R9QB376",
    "order_id": "03O3USaPaAaFnI6kkwB1JxGgBsUZY",
    "payment_id": "hYy9pRFVxpDsO1FB05SunFWUe9JZY",
}
CUSTOMER: dict[str, Any] = {
    "id": "RDX9Z4XTIZR7MRZJUXNY9HUK6I",
    "created_at": "2026-02-01T09:00:00.000Z",
    "updated_at": "2026-03-01T08:00:00.000Z",
    "given_name": "Anna",
    "family_name": "Liepa",
    "email_address": "Anna@Example.com",
    "phone_number": "+1 206-222-3456",
    "birthday": "1990-05-01",
    "address": {"locality": "Seattle", "country": "US"},
    "preferences": {"email_unsubscribed": True},
    "creation_source": "THIRD_PARTY",
    "version": 3,
}
WHO = {"external_id": "square:RDX9Z4XTIZR7MRZJUXNY9HUK6I"}
REF = "payment:hYy9pRFVxpDsO1FB05SunFWUe9JZY"
SALE = {
    **WHO,
    "receipt": "square:hYy9pRFVxpDsO1FB05SunFWUe9JZY",
    "amount_minor": 1250,
    "currency": "USD",
    "store": "S8GWD5R9QB376",
    "occurred_at": "2026-03-01T09:16:51.086000+00:00",
}
PERSON = {
    **WHO,
    "email": "anna@example.com",
    "phone": "+12062223456",
    "birthday": "1990-05-01",
    "given_name": "Anna",
    "family_name": "Liepa",
    "city": "Seattle",
    "consents": [{"purpose": "marketing", "granted": False}],
}
PAID, BACK = 1772356740831, 1772359209000


def event(sort: str, what: str, found: dict[str, Any], number: str) -> bytes:
    told = {
        "merchant_id": "6SSW7HV8K2ST5",
        "type": sort,
        "event_id": number,
        "created_at": "2026-03-01T10:00:09.000Z",
        "data": {"type": what, "id": found["id"], "object": {what: found}},
    }
    return json.dumps(told).encode()


def sign(sample: Sample, secret: str, at: datetime) -> Inbound:
    """Over the address and the body; the address is what the source is configured with."""
    signed = hmac.new(secret.encode(), URL.encode() + sample.body, hashlib.sha256).digest()
    given = {
        "content-type": "application/json",
        "x-square-hmacsha256-signature": base64.b64encode(signed).decode(),
        "square-environment": "Production",
        "x-tillpass-source-url": URL,
    }
    return Inbound({**given, **sample.headers}, sample.body, sample.query)


def bought(version: int) -> list[Action | Ask]:
    return [Action("member", WHO), Action("purchase", SALE, REF, version, f"{REF}:paid")]


def back(amount_minor: int, version: int) -> Action:
    said = {
        **WHO,
        "receipt": SALE["receipt"],
        "refunded_minor": amount_minor,
        "reason": "returned at the till",
    }
    return Action("refund", said, REF, version, f"{REF}:refunded:{amount_minor}")


JOINED = Sample(
    "a customer",
    event("customer.updated", "customer", CUSTOMER, "5d2fcd61-0a53-4a02-ad45-6bd8f8ba2b3a"),
    [Action("member", PERSON, "customer:RDX9Z4XTIZR7MRZJUXNY9HUK6I", 1772352000000)],
)
PAID_CALL = Sample(
    "a payment",
    event("payment.updated", "payment", PAYMENT, "6a8f5f28-54a1-4eb0-a98a-3111513fd4fc"),
    bought(PAID),
)
SAMPLES = Samples(
    connector=Square(),
    secret=SECRET,
    sign=sign,
    genuine=[
        PAID_CALL,
        Sample(
            "a payment that is not through",
            event("payment.created", "payment", PAYMENT | {"status": "APPROVED"}, "1"),
            [],
        ),
        Sample(
            "a payment of which a part is back",
            event(
                "payment.updated",
                "payment",
                PAYMENT
                | {
                    "updated_at": "2026-03-01T10:00:09Z",
                    "refunded_money": {"amount": 300, "currency": "USD"},
                },
                "2",
            ),
            [*bought(BACK), back(300, BACK)],
        ),
        Sample("a return", event("refund.updated", "refund", REFUND, "3"), [Ask(REF)]),
        Sample(
            "a return that waits", event("refund.created", "refund", REFUND | {"status": "PENDING"}, "4"), []
        ),
        JOINED,
        Sample(
            "a customer who was deleted",
            event("customer.deleted", "customer", CUSTOMER, "5"),
            [Action("status", {**WHO, "status": "blocked"}, "customer:RDX9Z4XTIZR7MRZJUXNY9HUK6I", BACK)],
        ),
        Sample(
            "points of Square's own",
            event(
                "loyalty.event.created", "loyalty_event", {"id": "b2f5b3e6", "type": "ACCUMULATE_POINTS"}, "6"
            ),
            [],
        ),
    ],
    changes=[
        (
            JOINED,
            Sample(
                "the customer later",
                event("customer.updated", "customer", CUSTOMER | {"updated_at": "2026-03-01T08:00:01Z"}, "7"),
                [],
            ),
        )
    ],
)
