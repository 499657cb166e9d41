"""Cards that were on phones before they came to us go on updating, over the wire, in both wallets."""

from __future__ import annotations

import io
from typing import Any

import orjson
from sqlalchemy import select

from app.services.jobs import importing, running
from app.services.jobs.importing import Asked
from app.storage.tables import Card
from tests.support.google_server import ISSUER
from tests.support.google_shop import row
from tests.support.service import PASS_TYPE, Phone, Service, pass_json, points_on

TOKEN = "a-token-that-the-former-vendor-made"


def comes_in(service: Service, **about: Any) -> None:
    """The shop's card of Anna, as the former vendor's file tells it."""

    said = {"member": {"phone": "+37120000001"}, "card": {"serial": "OLD-1"}, "balances": {"points": 50}}
    means = service.parts.deps.means
    file = io.BytesIO(orjson.dumps({**said, **about}))
    announce = bool(about.pop("announce", False))
    asked = Asked("cafe", "ndjson", "test", announce=announce)
    importing.lay_down(means, file, asked)
    running.step(means, rest=lambda _s: None)
    with means.read() as session:
        assert session.scalar(select(Card.id).where(Card.serial == "OLD-1"))


def on(phone: Phone) -> dict[str, Any]:
    """What the file says of the pass on her phone."""
    device = {"device_library_identifier": phone.library_id, "push_token": phone.push_token}
    return {"pass_type_identifier": PASS_TYPE, "authentication_token": TOKEN, "devices": [device]}


def test_a_card_that_moved_in_goes_on_updating_on_its_iphone(sqlite_service: Service) -> None:
    service = sqlite_service
    assert service.shop
    phone = service.phone()
    comes_in(service, apple=on(phone))
    service.works()
    assert [] == service.apns.answers, "nothing was announced"

    service.shop.buys("OLD-1", 12340)
    service.works()

    assert [(phone.push_token, 200)] == service.apns.answers
    assert ["OLD-1"] == phone.asks()
    path = f"/apple/v1/passes/{PASS_TYPE}/OLD-1"
    fetched = phone.calls("GET", path, "OLD-1", token=TOKEN)
    assert (200, 1284) == (fetched.status_code, points_on(fetched.get_data()))
    told = pass_json(fetched.get_data())
    assert (TOKEN, f"{service.url}/apple") == (told["authenticationToken"], told["webServiceURL"])
    own = service.apple.tokens.token("OLD-1", service.card("OLD-1").salt)
    assert 401 == phone.calls("GET", path, "OLD-1", token=own).status_code
    assert 200 == phone.registers("OLD-1", token=TOKEN)


def test_an_object_that_moved_in_is_the_one_that_google_is_told_of(sqlite_service: Service) -> None:
    service = sqlite_service
    assert service.shop
    name = f"{ISSUER}.made_by_the_former_vendor"
    comes_in(service, google={"object_id": name, "saved": True})
    service.works()
    assert [] == [one for one in service.google.state.requests if "Object" in one["path"]]

    service.shop.buys("OLD-1", 1000)
    service.works()

    shown = service.google.state.view(name)["object"]
    assert 150 == shown["loyaltyPoints"]["balance"]["int"]
    assert (name, True) == (row(service, "OLD-1").object_id, row(service, "OLD-1").saved_at is not None)
    sent = [one for one in service.google.state.requests if "/loyaltyObject/" in one["path"]]
    assert all(name in one["path"] for one in sent) and "PATCH" == sent[0]["method"]
