"""Calls of Bitrix24's outgoing webhooks: forms with an id and a token, as its documentation shows them."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote, urlencode

from app.connectors.bitrix24 import Bitrix24
from app.services.ports import Ask, Inbound
from tests.connectors.samples import Sample, Samples

FORM = "application/x-www-form-urlencoded"


def told(event: str, number: str, ts: int = 1766047124) -> bytes:
    """What comes before the token."""
    fields = {
        "event": event,
        "event_handler_id": "975",
        "data[FIELDS][ID]": number,
        "ts": str(ts),
        "auth[domain]": "cafe.bitrix24.ru",
        "auth[client_endpoint]": "https://cafe.bitrix24.ru/rest/",
        "auth[server_endpoint]": "https://oauth.bitrix24.tech/rest/",
        "auth[member_id]": "d897a2f0d1b1c5e8f2b7a6c4e3d2f1a0",
    }
    return urlencode(fields).encode()


def sign(sample: Sample, secret: str, at: datetime) -> Inbound:
    """The token stands in the body, whatever the rest of it says."""
    token = f"&{quote('auth[application_token]')}={quote(secret, safe='')}".encode()
    return Inbound({"content-type": FORM, **sample.headers}, sample.body + token, sample.query)


SAMPLES = Samples(
    connector=Bitrix24(),
    secret="jvh9xk2mf0q8w7e6r5t4y3u2i1o0p9a8",
    sign=sign,
    signed=False,
    genuine=[
        Sample("a contact changed", told("ONCRMCONTACTUPDATE", "82"), [Ask("contact:82")]),
        Sample("it changed again", told("ONCRMCONTACTUPDATE", "82", 1766047125), [Ask("contact:82")]),
        Sample("another contact changed", told("ONCRMCONTACTUPDATE", "83"), [Ask("contact:83")]),
        Sample("a new contact", told("ONCRMCONTACTADD", "82"), [Ask("contact:82")]),
        Sample("a contact is gone", told("ONCRMCONTACTDELETE", "82"), [Ask("contact:82")]),
        Sample("a deal changed", told("ONCRMDEALUPDATE", "7"), [Ask("deal:7")]),
        Sample("a deal went to another funnel", told("ONCRMDEALMOVETOCATEGORY", "7"), [Ask("deal:7")]),
        Sample("a deal is gone", told("ONCRMDEALDELETE", "7"), [Ask("deal:7")]),
        Sample("a task changed: none of our business", told("ONTASKUPDATE", "7"), []),
    ],
)
