"""Systems are set up, changed, paused, given new secrets and tried, by those whose programme it is."""

import json
from typing import Any

import pytest

from app.storage.database import Database
from tests.support.api_shop import PHONE, Sender, Shop, buys, gets

ORDERS = {
    "type": "$.event",
    "rules": {"paid": {"action": "purchase", "data": {"phone": "$.phone", "amount_minor": "$.total"}}},
}


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """The engine makes no difference here."""
    return sqlite_database


def test_a_paused_source_loses_nothing(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    paused = shop.owner.patch(f"/sources/{till.id}", {"paused": True})
    assert 202 == till.send(gets(5), "e1").status_code
    assert (0, 0) == (shop.apply(), shop.balances(serial)["points"])
    assert paused.get_json()["paused_at"]

    shop.owner.patch(f"/sources/{till.id}", {"paused": False})
    assert (1, 5) == (shop.apply(), shop.balances(serial)["points"])


def test_the_secret_before_is_good_until_the_overlap_is_over(shop: Shop, till: Sender) -> None:
    made = shop.owner.post(f"/sources/{till.id}/secret", {"overlap_hours": 2}).get_json()
    fresh = Sender(shop, till.slug, made["secret"], till.id)

    assert (202, 202) == (till.send(gets(1), "e1").status_code, fresh.send(gets(1), "e2").status_code)
    shop.clock.forward(hours=2)
    assert (401, 202) == (till.send(gets(1), "e3").status_code, fresh.send(gets(1), "e4").status_code)


def test_two_editors_do_not_overwrite_one_another(shop: Shop, till: Sender) -> None:
    etag = shop.owner.get(f"/sources/{till.id}").headers["ETag"]
    change = {"settings": {"strangers": "ignore"}}
    first = shop.owner.call("PATCH", f"/sources/{till.id}", change, headers={"If-Match": etag})
    second = shop.owner.call("PATCH", f"/sources/{till.id}", {"mapping": {}}, headers={"If-Match": etag})

    assert (200, 412) == (first.status_code, second.status_code)
    assert {"strangers": "ignore"} == shop.owner.get(f"/sources/{till.id}").get_json()["settings"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"settings": {"strangers": "eat"}}, "/settings/strangers"),
        ({"settings": {"colour": "red"}}, "/settings/colour"),
        ({"mapping": {"type": "event"}}, "/mapping/type"),
        ({"quiet_after_s": -1}, "/quiet_after_s"),
    ],
)
def test_what_makes_no_sense_is_told_by_its_place(
    shop: Shop, till: Sender, change: dict[str, Any], where: str
) -> None:
    answer = shop.owner.patch(f"/sources/{till.id}", change)

    assert 422 == answer.status_code
    assert where in [each["pointer"] for each in answer.get_json()["errors"]]


def test_another_programmes_key_does_not_see_a_source(shop: Shop, till: Sender) -> None:
    stranger = shop.program("crm", "bakery")

    answers = [
        stranger.get(f"/sources/{till.id}"),
        stranger.patch(f"/sources/{till.id}", {"paused": True}),
        stranger.post(f"/sources/{till.id}/secret"),
        stranger.post(f"/sources/{till.id}/replay"),
        stranger.post(f"/sources/{till.id}/try", {"body": "{}"}),
    ]
    assert [404] * 5 == [each.status_code for each in answers]


def tried(shop: Shop, till: Sender, body: Any, **more: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    answer = shop.owner.post(f"/sources/{till.id}/try", {"body": text, **more})
    assert 200 == answer.status_code
    found: dict[str, Any] = answer.get_json()
    return found


def test_a_sample_shows_what_it_would_do_and_does_nothing(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    sample = {"event": "paid", "phone": PHONE, "total": 1000}

    (faulty,) = tried(shop, till, sample, mapping=ORDERS)["actions"]
    assert ["/currency"] == [each["pointer"] for each in faulty["faults"]]
    (fine,) = tried(shop, till, buys())["actions"]
    assert (serial, "would earn 100 points", []) == (fine["card"], fine["says"], fine["faults"])
    (stranger,) = tried(shop, till, buys(phone="+37120000099"))["actions"]
    assert "would be put aside: nobody is known by that" == stranger["says"]
    assert ["/type"] == [each["pointer"] for each in tried(shop, till, {"type": "?", "data": {}})["faults"]]
    assert tried(shop, till, "{")["faults"]
    assert (0, []) == (shop.balances(serial)["points"], till.events())


def test_dead_letters_are_applied_again_together(shop: Shop, till: Sender) -> None:
    for number in range(3):
        till.send(gets(1), f"e{number}")
    shop.apply()
    serial = shop.card()

    assert {"replayed": 3} == shop.owner.post(f"/sources/{till.id}/replay", {"state": "dead"}).get_json()
    assert (3, 3) == (shop.apply(), shop.balances(serial)["points"])


def test_a_crm_is_written_back_to_as_soon_as_its_fields_are_named(shop: Shop) -> None:
    portal = {"url": "https://cafe.bitrix24.ru/rest/1"}
    source = shop.source("bitrix", kind="bitrix24", settings=portal, token="c0de", secret="t" * 16)
    assert [] == shop.owner.get("/webhook-endpoints").get_json()["items"]

    named = {"settings": {**portal, "back": {"link": "UF_CRM_CARD"}}}
    assert 200 == shop.owner.patch(f"/sources/{source.id}", named).status_code
    (told,) = shop.owner.get("/webhook-endpoints").get_json()["items"]
    assert ("bitrix", "active", True) == (told["source"], told["state"], "card.issued" in told["kinds"])

    shop.owner.patch(f"/sources/{source.id}", {"settings": portal})
    assert ["paused"] == [each["state"] for each in shop.owner.get("/webhook-endpoints").get_json()["items"]]


@pytest.mark.parametrize("strangers", ["refuse", "wait", "enrol"])
def test_to_forget_somebody_unknown_is_nothing_to_do(shop: Shop, strangers: str) -> None:
    till = shop.source("eraser", settings={"strangers": strangers})
    till.send({"type": "member.erase", "data": {"phone": PHONE}}, "e1")
    till.send({"type": "member.erase", "data": {"external_id": "7", "why": "?"}}, "e2")
    shop.apply()

    assert ["dead", "applied"] == [event["state"] for event in till.events()]
    assert {"kind": "erase", "unchanged": True} == till.events()[1]["result"]["actions"][0]
    assert [] == shop.owner.get("/cards").get_json()["items"]
