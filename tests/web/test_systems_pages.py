"""Olga connects a till, sees why a call was put aside, mends the mapping and applies it again."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.services import crm
from app.storage.database import Database
from app.storage.tables import HookSource
from tests.support.clock import Clock
from tests.support.counter import Person, balance, composed_shop, open_plainly, person
from tests.support.web_app import WebShop

PAGE = "/staff/systems/tills"
MAPPING = {
    "type": "$.event",
    "rules": {"visit": {"action": "stamps", "data": {"phone": "$.phone", "stamps": {"value": 1}}}},
}
VISIT = {"event": "visit", "phone": "+37120000001"}


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "stamp-cafe")
        yield opened


@pytest.fixture
def olga(shop: WebShop) -> Person:
    return person(shop, "olga")


def connect(olga: Person, kind: str = "generic", **typed: str) -> str:
    """The secret of a new system."""
    said = {"slug": "tills", "programme": "beans", "settings": "", "mapping": "{}", "strangers": "refuse"}
    olga.opens(f"/staff/connect/{kind}").sends(f"/staff/connect/{kind}", **{**said, **typed})
    found = re.search(r"whsec_[A-Za-z0-9+/=]{40,}", olga.page)
    return found[0] if found else ""


def call(shop: WebShop, secret: str, body: Any) -> int:
    raw = json.dumps(body).encode()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = hmac.new(key, raw, hashlib.sha256).hexdigest()
    answer = shop.app.test_client().post("/hooks/tills", data=raw, headers={"X-Signature": signature})
    return answer.status_code


def apply(shop: WebShop) -> None:
    known = shop.parts
    crm.apply_due(known.db, known.connectors, known.unseal, now=shop.clock.now(), jitter=0.0)


def row(shop: WebShop) -> HookSource:
    with shop.parts.read() as session:
        found = crm.source_called(session, "tills")
    assert found is not None
    return found


def test_from_connecting_to_a_mended_mapping_and_all_applied_again(shop: WebShop, olga: Person) -> None:
    anna = shop.customer("beans")
    assert "generic" in olga.opens("/staff/systems").opens("/staff/connect").page
    secret = connect(olga)
    assert ("http://127.0.0.1:8000/hooks/tills" in olga.page, True) == (True, bool(secret))
    assert secret not in olga.opens(PAGE).page
    assert "No call yet" in olga.opens("/staff/systems").page

    assert 202 == call(shop, secret, VISIT)
    apply(shop)
    olga.opens("/staff/systems")
    assert "1 put aside" in olga.page
    olga.opens(f"{PAGE}?state=dead")
    assert "/type" in olga.page and '"event": "visit"' in olga.page
    event = re.findall(rf"{PAGE}/try\?event=(\d+)", olga.page)[0]

    olga.opens(f"{PAGE}/try?event={event}")
    assert '"event": "visit"' in olga.page
    tried = {"sample": json.dumps(VISIT), "mapping": json.dumps(MAPPING)}
    olga.sends(f"{PAGE}/try", **tried)
    assert "Would be done on this card." in olga.page and f"/staff/cards/{anna.serial}" in olga.page
    assert ({}, 0) == (row(shop).mapping, balance(shop, anna.serial, "stamps"))
    _, hidden = olga.form(f"{PAGE}/try")
    olga.visitor.client.post(f"{PAGE}/mapping", data={**hidden, **tried}, headers=olga.visitor.headers)
    assert MAPPING == row(shop).mapping

    olga.opens(PAGE).sends(f"{PAGE}/replay", what="dead")
    assert "1 call is in the queue again." in olga.page
    apply(shop)
    assert 1 == balance(shop, anna.serial, "stamps")
    assert f'/staff/cards/{anna.serial}"' in olga.opens(f"{PAGE}?state=applied").page


def test_a_sample_says_what_a_purchase_would_earn_and_where_a_mapping_is_wrong(shop: WebShop) -> None:
    open_plainly(shop, "points-shop")
    shop.customer("aster")
    olga = person(shop, "olga")
    connect(olga, programme="aster")
    bill = {"phone": "+37120000001", "amount_minor": 10000, "currency": "EUR"}
    sample = json.dumps({"type": "purchase", "data": bill})

    olga.opens(f"{PAGE}/try").sends(f"{PAGE}/try", sample=sample, mapping="{}")
    assert re.search(r"Would earn \d+ points?\.", olga.page)
    olga.sends(f"{PAGE}/try", sample='{"type": "purchase", "data": {"phone": "+37120000099"}}', mapping="{}")
    assert "/amount_minor" in olga.page
    olga.sends(f"{PAGE}/try", sample=sample, mapping='{"type": "event"}')
    assert "/mapping/type" in olga.page
    olga.sends(f"{PAGE}/try", sample=sample, mapping='{\n"a" 1}')
    assert "look at line 2" in olga.page
    assert "Nothing has come from it yet" in olga.opens(PAGE).page


def test_faults_stand_beside_their_fields_and_what_was_typed_stays(olga: Person) -> None:
    settings = '{"url": "https://10.0.0.1", "colour": "red"}'
    connect(olga, "woocommerce", slug="My Shop", settings=settings, secret="short", quiet="soon")

    assert 422 == olga.status
    for words in ("Small Latin letters", "16 to 200", "Whole hours", 'value="My Shop"', "short"):
        assert words in olga.page
    connect(olga, "woocommerce", settings=settings)
    assert (422, True) == (olga.status, "/settings/colour" in olga.page and "10.0.0.1" in olga.page)
    connect(olga, "woocommerce", settings='{"hook_url": "{address}"}', secret="it has spaces & signs")
    assert "it has spaces & signs" in olga.page
    assert "http://127.0.0.1:8000/hooks/tills" in olga.opens(f"{PAGE}/settings").page
    connect(olga)
    assert "There is a system of that name already." in olga.page


def test_two_owners_do_not_overwrite_one_another(shop: WebShop, olga: Person) -> None:
    connect(olga)
    other = person(shop, "olga").opens(f"{PAGE}/settings")
    said = {"settings": "", "mapping": "{}"}
    olga.opens(f"{PAGE}/settings").sends(f"{PAGE}/settings", **said, strangers="wait", quiet="48")
    assert ({"strangers": "wait"}, 48 * 3600) == (row(shop).settings, row(shop).quiet_after_s)

    other.sends(f"{PAGE}/settings", **said, strangers="enrol")
    assert (422, True) == (other.status, "Somebody else changed this" in other.page)
    assert {"strangers": "wait"} == row(shop).settings
    other.sends(f"{PAGE}/settings", **said, strangers="enrol")
    assert {"strangers": "enrol"} == row(shop).settings


def test_a_pause_a_new_secret_and_all_since_a_time(shop: WebShop, olga: Person) -> None:
    secret = connect(olga)
    olga.opens(PAGE).sends(f"{PAGE}/pause")
    assert "Paused since" in olga.page and row(shop).paused_at
    assert 202 == call(shop, secret, VISIT)
    olga.opens(PAGE).sends(f"{PAGE}/resume")
    assert row(shop).paused_at is None
    olga.sends(f"{PAGE}/secret", secret="", hours="24")
    assert re.search(r"whsec_[A-Za-z0-9+/=]{40,}", olga.page) and secret not in olga.page
    assert 2 == len(row(shop).secrets)

    olga.opens(PAGE).sends(f"{PAGE}/replay", what="since", since="2026-01-01T10:00")
    assert "1 call is in the queue again." in olga.page
    olga.sends(f"{PAGE}/replay", what="since", since="yesterday")
    assert (422, True) == (olga.status, "Choose a day and a time." in olga.page)


def test_what_an_erased_person_sent_is_neither_shown_nor_applied_again(shop: WebShop, olga: Person) -> None:
    shop.customer("beans")
    secret = connect(olga)
    call(shop, secret, {"type": "stamps", "data": {"phone": "+37120000001", "stamps": 1}})
    apply(shop)
    assert "+37120000001" in olga.opens(PAGE).page
    call(shop, secret, {"type": "member.erase", "data": {"phone": "+37120000001"}})
    apply(shop)

    olga.opens(PAGE)
    assert ("Its person was erased" in olga.page, "+37120000001" in olga.page) == (True, False)
    olga.sends(f"{PAGE}/replay", what="since", since="2026-01-01T10:00")
    assert "0 calls are in the queue again." in olga.page


def test_another_programmes_owner_finds_nothing_and_a_form_without_its_token_does_nothing(
    shop: WebShop, olga: Person
) -> None:
    open_plainly(shop, "points-shop")
    connect(olga)
    shop.staff("olaf", "owner", programme="aster")
    olaf = person(shop, "olaf")
    assert "hooks/tills" not in olaf.opens("/staff/systems").page
    assert {404} == {olaf.opens(f"{PAGE}{each}").status for each in ("", "/settings", "/try", "%00")}
    _, hidden = olaf.opens("/staff/keys").form("/staff/keys")
    acts = ("pause", "resume", "replay", "settings", "secret", "try", "mapping")
    posted = [olaf.visitor.client.post(f"{PAGE}/{act}", data=hidden).status_code for act in acts]
    assert {404} == set(posted)
    assert (
        422
        == olaf.visitor.client.post(
            "/staff/connect/generic", data=hidden | {"programme": "beans"}
        ).status_code
    )

    bare = [olga.visitor.client.post(f"{PAGE}/{act}").status_code for act in (*acts, "x/..")]
    assert {400} == set(bare[:-1])
    assert (None, 1) == (row(shop).paused_at, row(shop).revision)


def test_every_kind_has_words_a_form_and_a_guide_in_both_languages(shop: WebShop, olga: Person) -> None:
    ivan = person(shop, "olga", language="ru")
    for kind in shop.parts.connectors:
        assert 200 == olga.opens(f"/staff/connect/{kind}").status
        assert olga.visitor.sees(f"/staff/connect/{kind}/guide").get_data(as_text=True).startswith("# ")
        assert "Соответствие полей" in ivan.opens(f"/staff/connect/{kind}").page
    assert 404 == olga.opens("/staff/connect/nothing").status
