"""Calls of Stripe, as before and since its version 2025-03-31, shortened to what matters here."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from app.connectors.stripe import Stripe
from app.services.ports import Action, Inbound
from tests.connectors.samples import Sample, Samples

SECRET = "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH"
AT = 1772355600
LINE: dict[str, Any] = {
    "id": "il_1RTgBLGgamFOCd3q",
    "object": "line_item",
    "amount": 900,
    "currency": "eur",
    "description": "1 x Club (at 9.00 / month)",
    "livemode": True,
    "parent": {"subscription_item_details": {"proration": False, "subscription": "sub_1"}},
    "period": {"start": AT, "end": AT + 2_678_400},
    "pricing": {
        "price_details": {"price": "price_1RTclub", "product": "prod_Club"},
        "type": "price_details",
        "unit_amount_decimal": "900",
    },
    "quantity": 1,
}
INVOICE: dict[str, Any] = {
    "id": "in_1RTgBLGgamFOCd3qumdfJio8",
    "object": "invoice",
    "amount_paid": 900,
    "billing_reason": "subscription_cycle",
    "currency": "eur",
    "customer": "cus_SOT7B7VJU9939G",
    "customer_address": {"city": "Riga", "country": "LV"},
    "customer_email": "Anna@Example.com",
    "customer_name": "Anna Liepa",
    "customer_phone": "20000001",
    "status": "paid",
    "lines": {"object": "list", "data": [LINE], "has_more": False},
}
OLDER_LINE = {
    "id": "sli_1",
    "object": "line_item",
    "amount": 9000,
    "proration": False,
    "price": {"id": "price_1Old", "product": "prod_Year"},
    "plan": {"id": "price_1Old", "product": "prod_Year"},
}
SESSION: dict[str, Any] = {
    "id": "cs_live_a1b2c3",
    "object": "checkout.session",
    "mode": "payment",
    "payment_status": "paid",
    "payment_link": "plink_1Year",
    "client_reference_id": None,
    "customer": None,
    "customer_details": {"email": "boris@example.com", "name": "Boris", "phone": None, "address": None},
    "metadata": {"utm_source": "newsletter"},
}
WHO = {"external_id": "stripe:cus_SOT7B7VJU9939G"}
PERSON = {
    **WHO,
    "email": "anna@example.com",
    "phone": "+37120000001",
    "given_name": "Anna",
    "family_name": "Liepa",
    "city": "Riga",
}


def event(number: str, sort: str, found: dict[str, Any], at: int = AT, **said: Any) -> bytes:
    told = {
        "id": f"evt_1NG8Du2eZvKYlo2C{number}",
        "object": "event",
        "api_version": "2025-04-30.basil",
        "created": at,
        "data": {"object": found},
        "livemode": True,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": sort,
        **said,
    }
    return json.dumps(told, indent=2).encode()


def sign(sample: Sample, secret: str, at: datetime) -> Inbound:
    stamp = str(int(at.timestamp()))
    signed = hmac.new(secret.encode(), stamp.encode() + b"." + sample.body, hashlib.sha256).hexdigest()
    given = {
        "content-type": "application/json; charset=utf-8",
        "stripe-signature": f"t={stamp},v1={signed},v0={'0' * 64}",
    }
    return Inbound({**given, **sample.headers}, sample.body, sample.query)


def paid(target: dict[str, str], membership: str, payment: str, periods: int = 1) -> Action:
    body = {**target, "membership": membership, "payment": payment, "periods": periods}
    return Action("membership", body, f"payment:{payment}", AT * 1000, f"payment:{payment}")


CUSTOMER = {
    "id": "cus_SOT7B7VJU9939G",
    "object": "customer",
    "email": "anna@example.com",
    "name": "Anna Liepa",
    "phone": "+37120000001",
    "address": {"city": "Riga", "country": "LV"},
    "preferred_locales": ["lv"],
}
JOINED = Sample(
    "a customer",
    event("c1", "customer.created", CUSTOMER),
    [Action("member", {**PERSON, "locale": "lv"}, "customer:cus_SOT7B7VJU9939G", AT * 1000)],
)
SAMPLES = Samples(
    connector=Stripe(),
    secret=SECRET,
    sign=sign,
    timed=True,
    mapping={
        "prices": {
            "price_1RTclub": "club",
            "prod_Year": {"membership": "club", "periods": 12},
            "plink_1Year": {"membership": "club", "periods": 12},
        }
    },
    genuine=[
        Sample(
            "a month of a membership",
            event("i1", "invoice.paid", INVOICE),
            [Action("member", PERSON), paid(WHO, "club", INVOICE["id"])],
        ),
        Sample(
            "a year of it, as older versions write it",
            event(
                "i2",
                "invoice.paid",
                INVOICE | {"id": "in_2", "lines": {"data": [OLDER_LINE]}},
                api_version="2020-08-27",
            ),
            [Action("member", PERSON), paid(WHO, "club", "in_2", 12)],
        ),
        Sample(
            "an invoice for something else",
            event("i3", "invoice.paid", INVOICE | {"lines": {"data": []}}),
            [],
        ),
        Sample(
            "a year bought through a link",
            event("s1", "checkout.session.completed", SESSION),
            [
                Action(
                    "member",
                    {
                        "email": "boris@example.com",
                        "given_name": "Boris",
                        "channel": {"utm_source": "newsletter"},
                    },
                ),
                paid({"email": "boris@example.com"}, "club", "cs_live_a1b2c3", 12),
            ],
        ),
        JOINED,
        Sample(
            "the end of a subscription",
            event("d1", "customer.subscription.deleted", {"id": "sub_1", "status": "canceled"}),
            [],
        ),
        Sample("money paid back", event("r1", "charge.refunded", {"id": "ch_1", "refunded": True}), []),
    ],
    changes=[(JOINED, Sample("later", event("c2", "customer.updated", CUSTOMER, AT + 1), []))],
)
