"""Bodies that fill cards of OSMI Cards, sent to a source's own address."""

from __future__ import annotations

import base64
import json
from datetime import datetime

from app.connectors.osmi import Osmi
from app.services.ports import Action, Inbound
from tests.connectors.samples import Sample, Samples

SECRET = "whsec_" + base64.b64encode(b"osmi-secret-osmi-secret-osmi-32.").decode()
TARGET = {"number": "79001234567"}


def sign(sample: Sample, secret: str, at: datetime) -> Inbound:
    """The token that a manager gave."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {secret}"}
    return Inbound({**headers, **sample.headers}, sample.body, sample.query)


def said(**labels: object) -> bytes:
    """As the public PHP clients write it."""
    values = [{"label": label.replace("_", " "), "value": value} for label, value in labels.items()]
    told = {"serial": "79001234567", "noSharing": False, "values": values}
    return json.dumps(told, ensure_ascii=False).encode()


SAMPLES = Samples(
    connector=Osmi(),
    secret=SECRET,
    sign=sign,
    signed=False,
    mapping={
        "templates": ["CreaConcept"],
        "labels": {"Баланс": "balance.points", "КЛИЕНТ": "member.full_name", "Статус": "status.tier"},
        "tiers": {"Золотой": "gold"},
    },
    genuine=[
        Sample(
            "a balance with its word",
            said(КЛИЕНТ="Анна Ким", БАЛАНС="1 250 баллов"),
            [Action("balance", {**TARGET, "points": 1250, "reason": "OSMI: values"})],
        ),
        Sample(
            "a tier, and a label that nobody named",
            said(Статус="золотой", Любимый_кофе="латте"),
            [
                Action("status", {**TARGET, "tier": "gold"}),
                Action("values", {**TARGET, "values": {"liubimyi_kofe": "латте"}}),
            ],
        ),
        Sample(
            "a number", said(Баланс=5), [Action("balance", {**TARGET, "points": 5, "reason": "OSMI: values"})]
        ),
        Sample(
            "a transaction",
            said(Скидка="7%"),
            [Action("values", {**TARGET, "values": {"skidka": "7%"}})],
            query={"transactionId": "7b0f2a"},
        ),
    ],
)
