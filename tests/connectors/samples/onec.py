"""Calls of a shop's 1C: documents by day, and the file of the night; by Basic authentication over https."""

from __future__ import annotations

import base64
import json
from datetime import datetime

from app.connectors.onec import OneC
from app.services.ports import Action, Inbound
from tests.connectors.samples import Sample, Samples

SECRET = "whsec_" + base64.b64encode(b"1c-secret-1c-secret-1c-secret-32").decode()
SALE = "5e1c9a52-0b7e-11ef-8a3c-0050569f1d11"
BACK = "77ab1f3e-0b8a-11ef-8a3c-0050569f1d11"
ANNA = "c0a8f4d1-21aa-11ee-9d0b-0050569f1d11"
MARCH_2_MS = 1_772_398_800_000
"""Midnight in Moscow at the begin of 2 March 2026."""

RECEIPT = {
    "guid": SALE,
    "number": "КМ00-000417",
    "date": "2026-03-02T12:30:00",
    "store": "Тверская, 7",
    "card": "2200000000017",
    "amount": 1234.50,
    "points": 100,
    "lines": [
        {"sku": "00-00000812", "category": "Кофе", "qty": 2, "amount": 700},
        {"sku": "00-00000031", "qty": "0,350", "amount": "534,50"},
    ],
}
PURCHASE = Action(
    "purchase",
    {
        "number": "2200000000017",
        "receipt": SALE,
        "amount_minor": 123450,
        "currency": "RUB",
        "items": [
            {"sku": "00-00000812", "category": "Кофе", "quantity": 2, "amount_minor": 70000},
            {"sku": "00-00000031", "quantity": 1, "amount_minor": 53450},
        ],
        "store": "Тверская, 7",
        "redeem_points": 100,
        "occurred_at": "2026-03-02T09:30:00+00:00",
    },
    key=f"receipt:{SALE}",
)


def sign(sample: Sample, secret: str, at: datetime) -> Inbound:
    """`HTTPСоединение` with a user and a password."""
    word = base64.b64encode(f"tillpass:{secret}".encode()).decode()
    headers = {"content-type": "application/json; charset=utf-8", "authorization": f"Basic {word}"}
    return Inbound({**headers, **sample.headers}, sample.body, sample.query)


def said(*messages: dict[str, object]) -> bytes:
    """As 1C writes it: with a byte order mark."""
    told = {"messages": [{"messageId": f"0b7e-11ef-{i:04}-{m}", **m} for i, m in enumerate(messages)]}
    for message in told["messages"]:
        message["messageId"] = str(message["messageId"])[:60].replace(" ", "")
    return b"\xef\xbb\xbf" + json.dumps(told, ensure_ascii=False).encode()


def customer(**more: object) -> dict[str, object]:
    """Anna as the shop's base has her."""
    return {
        "type": "Контрагент",
        "customer": {
            "guid": ANNA,
            "phone": "8 (916) 123-45-67",
            "email": "Anna@Example.com",
            "givenName": "Анна",
            "familyName": "Ким",
            "birthday": "17.05.1990",
            "tier": "Золотой",
            **more,
        },
    }


PERSON = {
    "external_id": ANNA,
    "phone": "8 (916) 123-45-67",
    "email": "anna@example.com",
    "given_name": "Анна",
    "family_name": "Ким",
    "birthday": "1990-05-17",
}
OLDER = Sample(
    "a customer",
    said(customer(updatedAt="2026-03-02T00:00:00")),
    [
        Action("member", PERSON, f"customer:{ANNA}", MARCH_2_MS),
        Action("status", {"external_id": ANNA, "tier": "gold"}, f"tier:{ANNA}", MARCH_2_MS),
    ],
)
NEWER = Sample("the customer later", said(customer(updatedAt="2026-03-02T00:00:01")), [])
NIGHT = {
    "reconciliation": {
        "date": "2026-03-02",
        "receipts": [RECEIPT],
        "returns": [{"guid": BACK, "sale": SALE, "amount": 700}],
        "balances": [{"card": "2200000000017", "points": "120.75"}],
    }
}
SETTLED = [
    PURCHASE,
    Action("refund", {"receipt": SALE, "refund": BACK, "amount_minor": 70000}, key=f"return:{BACK}"),
    Action(
        "balance",
        {"number": "2200000000017", "points": 120, "reason": "1C: reconciliation 2026-03-02"},
        "balance:2200000000017",
        MARCH_2_MS + 86_400_000 - 1,
    ),
]
LINES = [
    {"reconciliation": {"date": "2026-03-02"}},
    {"receipt": RECEIPT},
    {"return": NIGHT["reconciliation"]["returns"][0]},  # type: ignore[index]
    {"balance": NIGHT["reconciliation"]["balances"][0]},  # type: ignore[index]
]

SAMPLES = Samples(
    connector=OneC(),
    secret=SECRET,
    sign=sign,
    signed=False,
    mapping={"currency": "RUB", "time_zone": "Europe/Moscow", "tiers": {"Золотой": "gold"}},
    genuine=[
        Sample("a sale", said({"type": "receipt", "receipt": RECEIPT}), [PURCHASE]),
        Sample(
            "a sale in Russian words, one without a card, and one that is none of our business",
            said(
                {"type": "ЧекККМ", "receipt": RECEIPT},
                {"type": "receipt", "receipt": {"guid": "x-1", "amount": 10}},
                {"type": "ПоступлениеТоваров", "data": {}},
            ),
            [PURCHASE],
        ),
        Sample(
            "some goods come back",
            said(
                {
                    "type": "ВозвратОтПокупателя",
                    "return": {"guid": BACK, "sale": SALE, "lines": [{"sku": "00-00000812", "qty": 1}]},
                }
            ),
            [
                Action(
                    "refund",
                    {"receipt": SALE, "refund": BACK, "items": [{"sku": "00-00000812", "quantity": 1}]},
                    key=f"return:{BACK}",
                )
            ],
        ),
        OLDER,
        Sample(
            "a lost card",
            said({"type": "card", "card": {"card": "2200000000017", "status": "blocked"}}),
            [Action("status", {"number": "2200000000017", "status": "blocked"}, "card:2200000000017")],
        ),
        Sample("the night", json.dumps(NIGHT, ensure_ascii=False).encode(), SETTLED),
        Sample(
            "the night, a document a line",
            "\n".join(json.dumps(line, ensure_ascii=False) for line in LINES).encode(),
            SETTLED,
            headers={"content-type": "application/x-ndjson"},
        ),
    ],
    changes=[(OLDER, NEWER)],
)
