"""Webhooks of Mindbox by our template: a secret in a header, the transaction in the address."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

from app.connectors.mindbox import Mindbox
from app.services.ports import Action, Inbound
from tests.connectors.samples import Sample, Samples

SECRET = "whsec_" + base64.b64encode(b"mindbox-secret-mindbox-secret-32").decode()
EMPTY = {"mobilePhone": "", "email": "", "firstName": "", "lastName": "", "birthDate": "", "balance": ""}


def sign(sample: Sample, secret: str, at: datetime) -> Inbound:
    """The header that the integration point adds to each webhook."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {secret}"}
    return Inbound({**headers, **sample.headers}, sample.body, sample.query)


def said(action: str, at: str = "2026-03-02T09:00:00Z", **fields: str) -> bytes:
    """The template, with parameters that have no value as empty texts."""
    told: dict[str, Any] = {"action": action, "customerId": "48213", "updatedAt": at}
    return json.dumps({**told, "fields": {**EMPTY, **fields}}, ensure_ascii=False).encode()


def by(transaction: str) -> dict[str, str]:
    return {"transactionId": f"0f8fad5b-d9cb-469f-a165-7086772{transaction}"}


AT = 1_772_442_000_000
OLDER = Sample(
    "a customer",
    said(
        "customerUpdated",
        mobilePhone="79161234567",
        email="Anna@example.com",
        firstName="Анна",
        lastName="Ким",
        birthDate="1990-05-17T00:00:00",
        favourite="латте",
        unheard="of",
    ),
    [
        Action(
            "member",
            {
                "external_id": "48213",
                "phone": "79161234567",
                "email": "anna@example.com",
                "birthday": "1990-05-17",
                "given_name": "Анна",
                "family_name": "Ким",
            },
            "customer:48213",
            AT,
        ),
        Action("values", {"external_id": "48213", "values": {"coffee": "латте"}}, "values:48213", AT),
    ],
    query=by("8950e"),
)
NEWER = Sample(
    "the customer later",
    said("customerUpdated", "2026-03-02T09:00:01Z", firstName="Аня", favourite="раф"),
    [],
    query=by("8950f"),
)

SAMPLES = Samples(
    connector=Mindbox(),
    secret=SECRET,
    sign=sign,
    signed=False,
    mapping={"labels": {"favourite": "values.coffee"}, "tiers": {"Золотой": "gold"}},
    genuine=[
        OLDER,
        Sample(
            "a balance",
            said("balanceChanged", balance="1 250,40"),
            [
                Action(
                    "balance",
                    {"external_id": "48213", "points": 1250, "reason": "Mindbox: balance"},
                    "balance:48213",
                    AT,
                )
            ],
            query=by("89510"),
        ),
        Sample(
            "a tier",
            said("tierChanged", tier="Золотой"),
            [Action("status", {"external_id": "48213", "tier": "gold"}, "tier:48213", AT)],
            query=by("89511"),
        ),
        Sample(
            "a customer is deleted",
            said("customerDeleted"),
            [Action("erase", {"external_id": "48213"}, key="erase:48213")],
            query=by("89512"),
        ),
        Sample("an action of somebody else", said("orderCreated"), [], query=by("89513")),
    ],
    changes=[(OLDER, NEWER)],
)
