"""Calls of HubSpot: lists of events that say what changed, signed over address, body and time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from app.connectors.hubspot import HubSpot
from app.services.ports import Action, Ask, Inbound
from tests.connectors.samples import Sample, Samples

SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
URL = "https://cards.test/hooks/hubspot"


def event(number: int, sort: str, **said: Any) -> dict[str, Any]:
    return {
        "eventId": number,
        "subscriptionId": 12345,
        "portalId": 62515,
        "appId": 54321,
        "occurredAt": 1772355600000,
        "subscriptionType": sort,
        "attemptNumber": 0,
        "changeSource": "CRM",
        **said,
    }


def sign(sample: Sample, secret: str, at: datetime) -> Inbound:
    stamp = str(int(at.timestamp() * 1000))
    content = b"POST" + URL.encode() + sample.body + stamp.encode()
    signed = hmac.new(secret.encode(), content, hashlib.sha256).digest()
    older = hashlib.sha256(secret.encode() + sample.body).hexdigest()
    given = {
        "content-type": "application/json",
        "x-hubspot-signature-v3": base64.b64encode(signed).decode(),
        "x-hubspot-request-timestamp": stamp,
        "x-tillpass-source-url": URL,
    }
    if sample.headers.get("user-agent") == "older":
        given |= {"x-hubspot-signature": older, "x-hubspot-signature-version": "v1"}
    return Inbound({**given, **sample.headers}, sample.body, sample.query)


def call(name: str, wants: list[Action | Ask], *events: dict[str, Any]) -> Sample:
    return Sample(name, json.dumps(list(events)).encode(), wants)


CHANGED = event(1, "contact.propertyChange", objectId=5, propertyName="phone", propertyValue="+37120000001")
SAMPLES = Samples(
    connector=HubSpot(),
    secret=SECRET,
    sign=sign,
    timed=True,
    genuine=[
        call(
            "a contact that changed twice, and a deal",
            [Ask("contact:5"), Ask("deal:9")],
            CHANGED,
            event(
                2,
                "contact.propertyChange",
                objectId=5,
                propertyName="email",
                propertyValue="anna@example.com",
            ),
            event(3, "deal.propertyChange", objectId=9, propertyName="dealstage", propertyValue="closedwon"),
        ),
        call("the same contact later", [Ask("contact:5")], CHANGED | {"eventId": 4}),
        call(
            "events as newer apps get them",
            [Ask("contact:6"), Ask("deal:10")],
            event(5, "object.creation", objectTypeId="0-1", objectId=6, changeFlag="NEW"),
            event(6, "object.propertyChange", objectTypeId="0-3", objectId=10, propertyName="amount"),
            event(7, "object.creation", objectTypeId="0-2", objectId=11, changeFlag="NEW"),
        ),
        call(
            "contacts that became one, and a deal's new contact",
            [Ask("contact:77"), Ask("deal:9")],
            event(8, "contact.merge", primaryObjectId=5, mergedObjectIds=[6], newObjectId=77),
            event(
                9,
                "deal.associationChange",
                associationType="DEAL_TO_CONTACT",
                fromObjectId=9,
                toObjectId=77,
                associationRemoved=False,
            ),
        ),
        call(
            "a person to be forgotten",
            [Action("erase", {"external_id": "hubspot:5"}, "contact:5", 1772355600000)],
            event(10, "contact.privacyDeletion", objectId=5),
            event(11, "contact.deletion", objectId=5, changeFlag="DELETED"),
        ),
    ],
)
