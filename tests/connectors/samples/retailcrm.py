"""Calls of RetailCRM's triggers, made from the templates of docs/connect/retailcrm.md."""

from __future__ import annotations

from datetime import datetime

from app.connectors.retailcrm import RetailCrm
from app.services.ports import Ask, Inbound
from tests.connectors.samples import Sample, Samples


def sign(sample: Sample, secret: str, at: datetime) -> Inbound:
    """The trigger's author put the secret into a header."""
    headers = {"content-type": "application/json", "x-tillpass-token": secret, **sample.headers}
    return Inbound(headers, sample.body, sample.query)


def told(event: str, number: str, at: str = "2026-03-02 12:00:00") -> bytes:
    return f'{{"event": "{event}", "id": {number}, "at": "{at}"}}'.encode()


SAMPLES = Samples(
    connector=RetailCrm(),
    secret="9f3b6d2c81e04a57b5c0d7e8",
    sign=sign,
    signed=False,
    genuine=[
        Sample("a customer changed", told("customer.changed", "978"), [Ask("customer:978")]),
        Sample(
            "it changed again", told("customer.changed", "978", "2026-03-02 12:00:01"), [Ask("customer:978")]
        ),
        Sample("a customer is gone", told("customer.deleted", "978"), [Ask("customer:978")]),
        Sample("an order changed", told("order.changed", "727"), [Ask("order:727")]),
        Sample("the number as a text", told("order.changed", '"728"'), [Ask("order:728")]),
        Sample("without a time", b'{"event": "order.changed", "id": 729}', [Ask("order:729")]),
        Sample("a task: none of our business", told("task.changed", "5"), []),
    ],
)
