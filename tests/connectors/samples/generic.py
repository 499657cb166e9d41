"""Calls of a till of one's own: signed by Standard Webhooks, and in our own words."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime

from app.connectors.generic import Generic
from app.services.ports import Action, Inbound
from tests.connectors.samples import Sample, Samples

SECRET = "whsec_" + base64.b64encode(b"till-secret-till-secret-till-sec").decode()

RECEIPT = {
    "phone": "+37120000001",
    "amount_minor": 12340,
    "currency": "EUR",
    "receipt": "r1",
    "items": [{"sku": "latte", "quantity": 2, "amount_minor": 700}],
}
PERSON = {"external_id": "c1", "given_name": "Аня", "phone": "+37120000001", "locale": "ru"}


def sign(sample: Sample, secret: str, at: datetime) -> Inbound:
    """Each sample has an id of its own, made from its name."""
    event, stamp = hashlib.sha256(sample.name.encode()).hexdigest()[:20], str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{event}.{stamp}.".encode() + sample.body, hashlib.sha256).digest()
    headers = {
        "webhook-id": event,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
    }
    return Inbound(
        {"content-type": "application/json", **headers, **sample.headers}, sample.body, sample.query
    )


def said(*events: tuple[str, dict[str, object]]) -> bytes:
    """One event, or a list of them."""
    told = [{"type": kind, "data": data} for kind, data in events]
    return json.dumps(told if len(told) > 1 else told[0], ensure_ascii=False).encode()


SAMPLES = Samples(
    connector=Generic(),
    secret=SECRET,
    sign=sign,
    timed=True,
    genuine=[
        Sample("a receipt", said(("purchase", RECEIPT)), [Action("purchase", RECEIPT)]),
        Sample("a person", said(("member.upsert", PERSON)), [Action("member", PERSON)]),
        Sample(
            "a person and two stamps for them",
            said(("member.upsert", PERSON), ("stamps", {"external_id": "c1", "stamps": 2})),
            [Action("member", PERSON), Action("stamps", {"external_id": "c1", "stamps": 2})],
        ),
    ],
)
