"""Calls of the module for 1C-Bitrix sites: signed with their time, once for each row of its queue."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from app.connectors.bitrix_site import BitrixSite
from app.services.ports import Action, Inbound
from tests.connectors.samples import Sample, Samples

SECRET = "whsec_" + base64.b64encode(b"site-secret-site-secret-site-sec").decode()
ANNA = {
    "id": "15",
    "phone": "+7 916 123-45-67",
    "email": "anna@example.com",
    "name": "Анна",
    "last_name": "Ким",
}


def sign(sample: Sample, secret: str, at: datetime) -> Inbound:
    """`hash_hmac('sha256', $time . '.' . $body, $secret)`."""
    stamp = str(int(at.timestamp()))
    made = hmac.new(secret.encode(), f"{stamp}.".encode() + sample.body, hashlib.sha256).hexdigest()
    headers = {"x-tillpass-timestamp": stamp, "x-tillpass-signature": f"sha256={made}"}
    return Inbound({"content-type": "application/json", **headers, **sample.headers}, sample.body, {})


def said(row: int, event: str, data: dict[str, Any], at: str = "2026-03-02T12:30:00+03:00") -> bytes:
    """One event, as the module writes it down."""
    return json.dumps(
        {"id": f"s1-{row}", "event": event, "at": at, "data": data}, ensure_ascii=False
    ).encode()


ORDER: dict[str, Any] = {
    "id": 727,
    "user": ANNA,
    "amount": "1990.00",
    "currency": "RUB",
    "points": 100,
    "hold": "h_Qk3",
    "items": [{"sku": "SKU-1", "quantity": 2, "amount": "1990.00"}],
}
OLDER = Sample(
    "a new customer",
    said(1, "user.register", {**ANNA, "utm": {"utm_source": "vk", "utm_campaign": "spring"}}),
    [
        Action(
            "member",
            {
                "external_id": "site-15",
                "phone": "+79161234567",
                "email": "anna@example.com",
                "given_name": "Анна",
                "family_name": "Ким",
                "channel": {"utm_source": "vk", "utm_campaign": "spring"},
            },
            "user:15",
            1_772_443_800_000,
        )
    ],
)
NEWER = Sample("the customer later", said(2, "user.update", ANNA, "2026-03-02T12:31:00+03:00"), [])

SAMPLES = Samples(
    connector=BitrixSite(),
    secret=SECRET,
    sign=sign,
    timed=True,
    genuine=[
        OLDER,
        Sample(
            "an order is paid",
            said(3, "order.paid", ORDER),
            [
                Action(
                    "purchase",
                    {
                        "external_id": "site-15",
                        "receipt": "order-727",
                        "amount_minor": 199000,
                        "currency": "RUB",
                        "items": [{"sku": "SKU-1", "quantity": 2, "amount_minor": 199000}],
                        "store": "site",
                        "redeem_points": 100,
                        "hold": "h_Qk3",
                        "occurred_at": "2026-03-02T09:30:00+00:00",
                    },
                    key="order:727:paid",
                )
            ],
        ),
        Sample(
            "a guest pays",
            said(4, "order.paid", {"id": 728, "user": {"id": 0, "phone": "89161234567"}, "amount": "10"}),
            [
                Action(
                    "purchase",
                    {
                        "phone": "89161234567",
                        "receipt": "order-728",
                        "amount_minor": 1000,
                        "currency": "RUB",
                        "store": "site",
                        "occurred_at": "2026-03-02T09:30:00+00:00",
                    },
                    key="order:728:paid",
                )
            ],
        ),
        Sample(
            "a paid order is canceled",
            said(5, "order.canceled", {**ORDER, "paid": True}),
            [
                Action(
                    "refund",
                    {"receipt": "order-727", "reason": "canceled", "store": "site"},
                    key="order:727:canceled",
                )
            ],
        ),
        Sample("an unpaid order is canceled", said(6, "order.canceled", {**ORDER, "paid": False}), []),
        Sample(
            "a part comes back",
            said(7, "order.returned", {"id": "r1", "order": 727, "amount": "990.00"}),
            [
                Action(
                    "refund",
                    {
                        "receipt": "order-727",
                        "refund": "r1",
                        "amount_minor": 99000,
                        "reason": "returned",
                        "store": "site",
                    },
                    key="order:727:return:r1",
                )
            ],
        ),
        Sample(
            "a customer is deleted",
            said(8, "user.delete", {"id": 15}),
            [Action("erase", {"external_id": "site-15"}, key="user:15:erase")],
        ),
        Sample("something else", said(9, "basket.changed", {}), []),
    ],
    changes=[(OLDER, NEWER)],
)
