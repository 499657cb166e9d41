"""Kinds, several issuers, pictures and changing codes, through the whole service, with Google on the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest

from app.domain.fields import BarcodeSpec, Rotating
from app.domain.google_look import GoogleLook
from app.services import cards, designs
from app.services.ports import DeliveryError
from app.services.rotating import card_secret
from app.storage import queries
from app.storage.tables import GoogleClass, GoogleObject
from app.wallets import Kit
from app.wallets.google import wiring
from app.wallets.google.credentials import InvalidCredentials, ServiceAccount
from app.wallets.google.preflight import Preflight, Reply
from app.wallets.google.wallet import GoogleWallet
from tests.google.test_wallet import add_url, bodies, calls, row, wait_until
from tests.support.google_server import ANOTHER_ISSUER, ISSUER, SECOND_ISSUER, service_account_text
from tests.support.service import PLAIN, Service

SECOND_EMAIL = "second@sandbox.iam.gserviceaccount.example"


def look(**google: Any) -> Any:
    return PLAIN.model_copy(update={"google": GoogleLook.model_validate(google)})


def publish(service: Service, design: Any) -> None:
    db, now = service.parts.deps.db, service.clock.now()
    designs.publish(db, "cafe", designs.draft(db, "cafe", design, now=now), now=now)
    service.works()


def saves(service: Service, serial: str) -> None:
    service.google.state.save_link(add_url(service, serial).rpartition("/")[2], "anna")
    wait_until(lambda: row(service, serial).saved_at is not None)
    service.works()


# --- kinds ---


def test_a_programme_of_gift_cards_makes_gift_cards(service: Service) -> None:
    money = {"balance": {"value": "{points}", "currency": "EUR"}, "pin": "1234"}
    service.design = look(kind="gift_card", gift_card=money)
    serial = service.customer()
    saves(service, serial)
    service.shop.buys(serial, 12340)
    service.works()

    shown = service.google.state.view(f"{ISSUER}.{serial}")
    assert {"micros": "12340000", "currencyCode": "EUR"} == shown["object"]["balance"]
    assert "gift_card" == row(service, serial).kind
    assert f"{ISSUER}.cafe._gift_card" == row(service, serial).class_id


def test_a_card_keeps_the_kind_it_was_made_with_and_new_ones_get_the_new_kind(service: Service) -> None:
    service.design = PLAIN
    first = service.customer("Anna")
    saves(service, first)
    publish(service, look(kind="offer", offer={"title": "Half price"}))
    second = service.customer("Vera", phone="+37120000002")
    add_url(service, second)
    service.shop.buys(first, 1000)
    service.works()

    assert ("loyalty", "offer") == (row(service, first).kind, row(service, second).kind)
    assert {"PATCH"} == {how for how, kind in calls(service) if kind == "loyaltyObject"} - {"POST"}
    assert 100 == service.google.state.view(f"{ISSUER}.{first}")["object"]["loyaltyPoints"]["balance"]["int"]
    assert "Half price" == service.google.state.view(f"{ISSUER}.{second}")["class"]["title"]


def test_a_new_look_reaches_the_classes_of_every_kind_in_use(service: Service) -> None:
    service.design = PLAIN
    first = service.customer("Anna")
    saves(service, first)
    publish(service, look(kind="generic"))
    second = service.customer("Vera", phone="+37120000002")
    saves(service, second)
    publish(service, look(kind="generic", unlock_to_see=True))
    views = [service.google.state.view(f"{ISSUER}.{one}")["class"] for one in (first, second)]
    assert ["UNLOCK_REQUIRED_TO_VIEW"] * 2 == [view["viewUnlockRequirement"] for view in views]


def test_a_card_of_the_same_person_comes_along_once_it_exists(service: Service) -> None:
    service.design = look(linked=["{values.voucher}"])
    voucher, serial = service.customer("Vera", phone="+37120000002"), service.customer("Anna")
    saves(service, serial)
    change = {"voucher": voucher}
    cards.change(service.parts.deps.db, serial, now=service.clock.now(), values=change)
    service.works()
    assert "linkedObjectIds" not in service.google.state.view(f"{ISSUER}.{serial}")["object"]

    add_url(service, voucher)
    service.shop.buys(serial, 1000)
    service.works()
    assert [f"{ISSUER}.{voucher}"] == service.google.state.view(f"{ISSUER}.{serial}")["object"][
        "linkedObjectIds"
    ]


# --- changing codes ---


def test_the_secret_of_a_changing_code_goes_to_google_and_nowhere_else(service: Service) -> None:
    service.design = PLAIN.model_copy(update={"barcode": BarcodeSpec(rotating=Rotating())})
    serial = service.customer()
    link = add_url(service, serial)
    card = service.card(serial)
    secret = card_secret(service.parts.deps.rotating_key, serial, card.salt).hex()

    kept = service.google.state.view(f"{ISSUER}.{serial}")["object"]["rotatingBarcode"]
    assert (secret, f"{card.number}-{{totp_value_0}}") == (
        kept["totpDetails"]["parameters"][0]["key"],
        kept["valuePattern"],
    )
    claims = jwt.decode(link.rpartition("/")[2], options={"verify_signature": False})
    assert [{"id": f"{ISSUER}.{serial}", "classId": f"{ISSUER}.cafe"}] == claims["payload"]["loyaltyObjects"]
    with service.parts.deps.read() as session:
        face = cards.current_pass(session, service.card(serial), service.clock.now())
        programme = queries.programme_of(queries.programme_row(session, "cafe"))
    preview = json.dumps(service.google_wallet.preview(face, programme, service.design))
    seen = json.dumps([preview, list(service.google.state.requests)])
    assert ("rotatingBarcode" in preview, False) == (True, secret in seen)
    assert secret not in json.dumps(bodies(service, "POST", "loyaltyObject"))


# --- several issuers ---


@pytest.fixture
def service(sqlite_service: Service) -> Service:
    """Which database keeps the cards makes no difference to which issuer they belong to."""
    return sqlite_service


@pytest.fixture
def second(service: Service, tmp_path: Path) -> Iterator[Service]:
    """The service with two issuers, each with a key that opens nothing at the other one."""
    text = json.loads(service_account_text(SECOND_EMAIL)) | {"token_uri": f"{service.google.url}/token"}
    folder = tmp_path / "issuers"
    folder.mkdir()
    (folder / f"{SECOND_ISSUER}.json").write_text(json.dumps(text))
    (folder / "readme.json").write_text("{}")
    state = service.google.state
    account = ServiceAccount.parse(json.dumps(text))
    state.accounts.trust(type("Known", (), {"email": SECOND_EMAIL, "public_key": account.key.public_key()})())
    for issuer, email in ((ISSUER, service.google.account.email), (SECOND_ISSUER, SECOND_EMAIL)):
        state.offices.set_permissions(issuer, [{"emailAddress": email, "role": "OWNER"}])
    settings = service.parts.settings.model_copy(update={"google_issuers_dir": folder})
    wallets, before = service._wallets(), service.google_wallet
    wallets["google"] = replace(before, desks=wiring.desks_of(kit_of(service, settings)))
    verifier = service.app.extensions["tillpass-google-callbacks"]
    service.app.extensions["tillpass-google-callbacks"] = wiring.callbacks(settings)
    service.__dict__.pop("worker_parts", None)
    yield service
    wallets["google"] = before
    service.app.extensions["tillpass-google-callbacks"] = verifier
    service.__dict__.pop("worker_parts", None)
    everybody = [{"emailAddress": one, "role": "OWNER"} for one in state.accounts.emails()]
    for issuer in (ISSUER, SECOND_ISSUER):
        state.offices.set_permissions(issuer, everybody)


def kit_of(service: Service, settings: Any) -> Kit:
    deps = service.parts.deps
    return Kit(
        settings, service.url, deps.db, deps.read, service.clock.now, deps.pictures, lambda label: b"k" * 32
    )


def choose(service: Service, issuer: str) -> None:
    """The programme is issued by this issuer from now on."""
    with service.parts.deps.db.begin() as session:
        programme = queries.programme_row(session, "cafe", lock=True)
        programme.body = {**programme.body, "google": {"issuer_id": issuer}}


def test_a_programme_chooses_its_issuer_and_its_key_signs(second: Service) -> None:
    serial = second.customer()
    choose(second, SECOND_ISSUER)
    link = add_url(second, serial)
    claims = jwt.decode(link.rpartition("/")[2], options={"verify_signature": False})
    assert (SECOND_EMAIL, f"{SECOND_ISSUER}.{serial}") == (claims["iss"], row(second, serial).object_id)

    second.google.state.save_link(link.rpartition("/")[2], "anna")
    wait_until(lambda: row(second, serial).saved_at is not None)  # its callback is signed for that issuer
    second.shop.buys(serial, 1000)
    second.works()
    balance = second.google.state.view(f"{SECOND_ISSUER}.{serial}")["object"]["loyaltyPoints"]["balance"]
    assert {"int": 100} == balance


def test_cards_stay_with_the_issuer_they_were_made_at(second: Service) -> None:
    first = second.customer("Anna")
    saves(second, first)
    choose(second, SECOND_ISSUER)
    other = second.customer("Vera", phone="+37120000002")
    saves(second, other)
    publish(second, look(unlock_to_see=True))
    owners = {row(second, one).object_id.partition(".")[0] for one in (first, other)}
    assert {ISSUER, SECOND_ISSUER} == owners
    for issuer, serial in ((ISSUER, first), (SECOND_ISSUER, other)):
        shown = second.google.state.view(f"{issuer}.{serial}")["class"]
        assert (f"{issuer}.cafe", "UNLOCK_REQUIRED_TO_VIEW") == (shown["id"], shown["viewUnlockRequirement"])


def test_an_issuer_without_a_key_is_said_with_the_mend(second: Service) -> None:
    serial = second.customer()
    choose(second, ANOTHER_ISSUER)
    with pytest.raises(DeliveryError, match=f"put {ANOTHER_ISSUER}.json into the folder") as refused:
        add_url(second, serial)
    assert not refused.value.permanent
    said = [
        one for one in second.google_wallet.check(second.clock.now()) if one.code == "google-issuer-unknown"
    ]
    assert [("broken", {"issuer": ANOTHER_ISSUER, "programme": "cafe"})] == [
        (one.level, one.facts) for one in said
    ]


def test_a_key_file_that_is_none_is_said_by_its_name(service: Service, tmp_path: Path) -> None:
    (tmp_path / f"{SECOND_ISSUER}.json").write_text("{}")
    settings = service.parts.settings.model_copy(update={"google_issuers_dir": tmp_path})
    with pytest.raises(InvalidCredentials, match=f"{SECOND_ISSUER}.json: "):
        wiring.accounts_of(settings)


def test_a_folder_alone_is_enough(service: Service, tmp_path: Path) -> None:
    (tmp_path / f"{SECOND_ISSUER}.json").write_text(service_account_text())
    alone = {"google_issuers_dir": tmp_path, "google_credentials": None, "google_issuer_id": None}
    settings = service.parts.settings.model_copy(update=alone)
    desks = wiring.desks_of(kit_of(service, settings))
    assert desks is not None
    assert (SECOND_ISSUER, wiring.callbacks(settings) is not None) == (desks.chosen().issuer_id, True)


# --- looks and pictures ---


def test_a_rejected_look_is_a_finding_until_google_approves_it(service: Service) -> None:
    service.google.state.modes.change({"reject_classes": True})
    serial = service.customer()
    add_url(service, serial)
    codes = [one.code for one in service.google_wallet.check(service.clock.now())]
    assert "google-class-rejected" in codes

    service.google.state.modes.change({"reject_classes": False})
    publish(service, look(unlock_to_see=True))
    assert "google-class-rejected" not in [
        one.code for one in service.google_wallet.check(service.clock.now())
    ]
    with service.parts.deps.read() as session:
        assert "approved" == session.get_one(GoogleClass, f"{ISSUER}.cafe").review


def without_pictures(service: Service, reply: Reply) -> GoogleWallet:
    """The wallet where our pictures answer like this."""

    def fetch(url: str) -> Reply:
        return Reply(404, "", 0, b"") if url.endswith("robots.txt") else reply

    return replace(service.google_wallet, preflight=Preflight(service.url, fetch))


def test_google_never_hears_of_a_picture_that_it_could_not_fetch(service: Service) -> None:
    wallet = without_pictures(service, Reply(302, "text/html", 0, b""))
    serial = service.customer()
    with service.parts.deps.read() as session:
        card = cards.current_pass(session, service.card(serial), service.clock.now())
    with pytest.raises(
        DeliveryError, match=r"Google cannot fetch the picture .* redirects .* Make .*/media/"
    ) as no:
        wallet.add_url(card)
    assert ([], False) == (calls(service), no.value.permanent)
    assert "google-image-unreachable" in [one.code for one in wallet.check(service.clock.now())]
    with service.parts.deps.read() as session:
        assert None is session.get(GoogleObject, service.card(serial).id)


def test_our_pictures_are_seen_as_google_sees_them_and_only_once(service: Service) -> None:
    colours = PLAIN.palette.model_copy(update={"background": "#123456"})  # drawn for this test alone
    service.design = PLAIN.model_copy(update={"palette": colours})
    preflight = Preflight(service.url)
    wallet = replace(service.google_wallet, preflight=preflight)
    serial = service.customer()
    with service.parts.deps.read() as session:
        card = cards.current_pass(session, service.card(serial), service.clock.now())
    assert "/gp/v/save/" in wallet.add_url(card)
    assert (4, []) == (len(preflight._good), preflight.faults(service.clock.now()))
