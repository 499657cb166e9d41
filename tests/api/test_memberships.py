"""Memberships over the API and by webhook, and tiers that are given by hand."""

from typing import Any

import pytest

from app.storage.database import Database
from tests.support.api_shop import ANNA, CAFE, PHONE, Shop
from tests.support.clock import Clock

GYM: dict[str, Any] = {
    "slug": "gym",
    "name": "Gym",
    "currency": "EUR",
    "time_zone": "Europe/Riga",
    "rules": [
        {"kind": "membership", "key": "month", "name": "Month", "months": 1, "tier": "plus"},
        {"kind": "tiers", "window": "lifetime", "levels": [{"key": "plus", "name": "Plus", "from": 100_000}]},
    ],
}
PAID = {"membership": "month", "payment": "pay-1"}


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    """The calls are the same on both engines; two at once are tested below the API."""
    opened = Shop(sqlite_database, clock)
    assert 201 == opened.owner.post("/programmes", CAFE).status_code
    return opened


@pytest.fixture
def serial(shop: Shop) -> str:
    assert 201 == shop.owner.post("/programmes", GYM).status_code
    answer = shop.owner.post("/cards", {"programme": "gym", "member": ANNA})
    return str(answer.get_json()["serial"])


def test_a_payment_counts_once_with_or_without_a_key(shop: Shop, serial: str) -> None:
    first = shop.owner.post(f"/cards/{serial}/memberships", PAID)
    again = shop.owner.post(f"/cards/{serial}/memberships", PAID)
    keyed = shop.owner.post(f"/cards/{serial}/memberships", PAID, key="k1")

    assert [201, 201, 201] == [each.status_code for each in (first, again, keyed)]
    assert first.get_json() == again.get_json() == keyed.get_json()
    assert "true" == again.headers["Idempotency-Replayed"]
    assert ("plus", "paid") == (first.get_json()["tier"], first.get_json()["membership"]["status"])
    items = shop.owner.get(f"/cards/{serial}/memberships").get_json()["items"]
    assert ["pay-1"] == [each["payment"] for each in items]
    assert "plus" == shop.owner.get(f"/cards/{serial}").get_json()["tier"]


def test_it_is_cancelled_once(shop: Shop, serial: str) -> None:
    made = shop.owner.post(f"/cards/{serial}/memberships", PAID).get_json()["membership"]["id"]
    path = f"/cards/{serial}/memberships/{made}/cancel"

    answers = [shop.owner.post(path, {"refund": True, "reason": "wish"}) for _ in range(2)]

    assert [201, 201] == [each.status_code for each in answers]
    assert answers[0].get_json() == answers[1].get_json()
    assert ("", True) == (answers[0].get_json()["tier"], answers[0].get_json()["refund"])
    assert 409 == shop.owner.post(path, {}, key="other").status_code


def test_bad_input_is_told_at_once_and_nothing_is_kept(shop: Shop, serial: str) -> None:
    bad = {"membership": "Month!", "payment": "", "periods": 0, "colour": "red"}
    answer = shop.owner.post(f"/cards/{serial}/memberships", bad)
    pointers = {fault["pointer"] for fault in answer.get_json()["errors"]}
    assert (422, {"/membership", "/payment", "/periods", "/colour"}) == (answer.status_code, pointers)
    unknown = shop.owner.post(f"/cards/{serial}/memberships", {"membership": "spa", "payment": "p"})
    assert 422 == unknown.status_code
    assert [] == shop.owner.get(f"/cards/{serial}/memberships").get_json()["items"]
    assert 404 == shop.owner.post(f"/cards/{serial}/memberships/77/cancel", {}).status_code


def test_a_tier_by_hand_must_be_a_level(shop: Shop, serial: str) -> None:
    assert 422 == shop.owner.patch(f"/cards/{serial}", {"tier": "emperor"}).status_code
    assert "plus" == shop.owner.patch(f"/cards/{serial}", {"tier": "plus"}).get_json()["tier"]
    assert "" == shop.owner.patch(f"/cards/{serial}", {"tier": ""}).get_json()["tier"]


def test_a_webhook_tells_of_a_payment(shop: Shop) -> None:
    till = shop.source("till")
    patch = {"rules": GYM["rules"]}
    assert 200 == shop.owner.patch("/programmes/cafe", patch).status_code
    serial = shop.card()

    till.send({"type": "membership.paid", "data": {"phone": PHONE, **PAID}}, "e1")
    till.send({"type": "membership.paid", "data": {"phone": PHONE, **PAID}}, "e2")

    assert 2 == shop.apply()
    assert [False, True] == sorted(e["result"]["actions"][0]["replayed"] for e in till.events())
    assert "plus" == shop.owner.get(f"/cards/{serial}").get_json()["tier"]
