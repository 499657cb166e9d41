"""Programs read, try and change the rules of a programme."""

from datetime import timedelta
from typing import Any

import pytest

from app.storage.database import Database
from tests.support.api_shop import CAFE, STAMPS, Shop
from tests.support.clock import Clock

RULES = "/programmes/cafe/rules"
FIVE = {"kind": "points", "percent": 5}


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    opened = Shop(sqlite_database, clock)
    for programme in (CAFE, STAMPS):
        assert 201 == opened.owner.post("/programmes", programme).status_code
    return opened


def book(shop: Shop) -> dict[str, Any]:
    found: dict[str, Any] = shop.owner.get(RULES).get_json()
    return found


def test_the_rules_of_a_new_programme_are_its_first_version(shop: Shop) -> None:
    found = book(shop)

    assert (1, 1, []) == (found["newest"], found["current"], found["waiting"])
    first = found["versions"][0]
    assert ("current", 10) == (first["state"], first["rules"][0]["percent"])
    assert "10\u00a0% от каждой покупки баллами" == first["words"][0][0]["ru"]
    assert "/rules/0/expires_after_days" == found["advice"][0]["pointer"]


def test_rules_are_changed_at_once(shop: Shop) -> None:
    changed = shop.owner.post(RULES, {"rules": [FIVE], "note": "Less", "seen": 1})

    assert (201, 2) == (changed.status_code, changed.get_json()["current"])
    newest = changed.get_json()["versions"][0]
    assert ("Less", "owner", 5) == (newest["note"], newest["author"], newest["rules"][0]["percent"])
    assert 5 == shop.owner.get("/programmes/cafe").get_json()["rules"][0]["percent"]


def test_rules_of_a_date_wait_and_can_be_withdrawn(shop: Shop) -> None:
    later = (shop.clock.now() + timedelta(days=2)).isoformat()
    shop.owner.post(RULES, {"rules": [FIVE], "starts_at": later})
    assert (1, [2]) == (book(shop)["current"], book(shop)["waiting"])

    for _ in range(2):
        assert [] == shop.owner.post(f"{RULES}/2/withdraw").get_json()["waiting"]
    assert 409 == shop.owner.post(f"{RULES}/1/withdraw").status_code
    assert 404 == shop.owner.post(f"{RULES}/77/withdraw").status_code


def test_whoever_looked_at_older_rules_is_told_and_nothing_is_lost(shop: Shop) -> None:
    shop.owner.post(RULES, {"rules": [FIVE], "seen": 1})
    refused = shop.owner.post(RULES, {"rules": [{"kind": "points", "percent": 7}], "seen": 1})

    assert (409, 2) == (refused.status_code, book(shop)["newest"])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"rules": [{"kind": "points", "percent": 101}]}, "/rules/0/percent"),
        ({"rules": [{"kind": "lottery"}]}, "/rules/0"),
        ({"rules": [FIVE, FIVE]}, "/rules/1/kind"),
        ({"rules": [FIVE], "starts_at": "2001-01-01T00:00:00Z"}, "/starts_at"),
        ({"rules": [FIVE], "typo": 1}, "/typo"),
        ({}, "/rules"),
    ],
)
def test_rules_that_make_no_sense_are_refused_at_their_place(
    shop: Shop, body: dict[str, Any], pointer: str
) -> None:
    refused = shop.owner.post(RULES, body)

    assert 422 == refused.status_code
    assert any(each["pointer"].startswith(pointer) for each in refused.get_json()["errors"])
    assert 1 == book(shop)["newest"]


def test_a_new_programme_with_senseless_rules_is_refused_too(shop: Shop) -> None:
    refused = shop.owner.post("/programmes", {**CAFE, "slug": "tea", "rules": [FIVE, FIVE]})
    patched = shop.owner.patch("/programmes/cafe", {"rules": [FIVE, FIVE]})

    assert (422, 422) == (refused.status_code, patched.status_code)


def test_a_preview_says_who_gains_and_what_it_costs(shop: Shop) -> None:
    serial = shop.card()
    shop.owner.post(f"/cards/{serial}/purchases", {"amount_minor": 10000, "currency": "EUR"}, "k1")
    found = shop.owner.post(f"{RULES}/preview", {"rules": [FIVE]}).get_json()

    assert (1, 0, 1) == (found["cards"]["total"], found["cards"]["gains"], found["cards"]["loses"])
    assert (-500, True) == (found["costs"][0]["monthly_minor"], found["costs"][0]["exact"])
    assert 1 == book(shop)["newest"], "nothing was changed"


def test_keys_of_another_programme_see_and_change_nothing(shop: Shop) -> None:
    stranger = shop.program("owner", STAMPS["slug"])

    assert 404 == stranger.get(RULES).status_code
    assert 404 == stranger.post(RULES, {"rules": [FIVE]}).status_code
    assert 404 == stranger.post(f"{RULES}/preview", {"rules": [FIVE]}).status_code
    assert 404 == stranger.post(f"{RULES}/1/withdraw").status_code
    assert 401 == shop.stranger("wrong").get(RULES).status_code
    assert 403 == shop.program("till").post(RULES, {"rules": [FIVE]}).status_code
