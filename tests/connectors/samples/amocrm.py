"""Calls of amoCRM's webhooks: forms about one or several things; the secret stands in the address."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from app.connectors.amocrm import AmoCrm
from app.services.ports import Ask, Inbound
from tests.connectors.samples import Sample, Samples

ACCOUNT = {"account[id]": "7039099", "account[subdomain]": "cafe"}


def told(**fields: str) -> bytes:
    """`contacts_update_0_id` is the key `contacts[update][0][id]`."""
    named = {}
    for name, value in fields.items():
        first, *rest = name.split("__")
        named[first + "".join(f"[{step}]" for step in rest)] = value
    return urlencode({**named, **ACCOUNT}).encode()


def sign(sample: Sample, secret: str, at: datetime) -> Inbound:
    """Nothing but the address tells who calls."""
    headers = {"content-type": "application/x-www-form-urlencoded", **sample.headers}
    return Inbound(headers, sample.body, {**sample.query, "token": secret})


CHANGED = told(
    contacts__update__0__id="123",
    contacts__update__0__name="Анна Берзиня",
    contacts__update__0__updated_at="1766047124",
    contacts__update__0__custom_fields__0__id="55",
    contacts__update__0__custom_fields__0__values__0__value="+37120000001",
    contacts__update__0__type="contact",
)
WON = told(
    leads__status__0__id="4821",
    leads__status__0__status_id="142",
    leads__status__0__old_status_id="21",
    leads__status__0__pipeline_id="11",
    leads__status__0__last_modified="1766047124",
)
SEVERAL = told(
    leads__add__0__id="1",
    leads__status__0__id="2",
    leads__status__1__id="1",
    contacts__add__0__id="3",
    contacts__delete__0__id="4",
)

SAMPLES = Samples(
    connector=AmoCrm(),
    secret="a7f3c1d9e5b2480f96aa31c7",
    sign=sign,
    signed=False,
    genuine=[
        Sample("a contact changed", CHANGED, [Ask("contact:123")]),
        Sample("a lead is won", WON, [Ask("lead:4821")]),
        Sample(
            "several things in one call",
            SEVERAL,
            [Ask("contact:3"), Ask("contact:4"), Ask("lead:1"), Ask("lead:2")],
        ),
        Sample("a task is done: none of our business", told(task__update__0__id="9"), []),
        Sample("a note: none of our business", told(contacts__note__0__note__id="9"), []),
    ],
)
