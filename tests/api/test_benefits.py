"""Codes, gift cards, holders and settlement as programs see them."""

from typing import Any

import pytest

from app.storage.database import Database
from tests.support.api_shop import CAFE, Program, Shop
from tests.support.clock import Clock

CLUB: dict[str, Any] = {
    **CAFE,
    "slug": "club",
    "rules": [
        {"kind": "points", "percent": 10},
        {"kind": "coupon", "key": "spring", "name": "10 % off", "percent": 10},
        {"kind": "gift_card", "most_minor": 20_000},
        {"kind": "company", "most_holders": 3},
        {"kind": "partner", "key": "air", "name": "Air", "stores": ["airport"], "pays_per_point_minor": 1},
    ],
}
SALE = {"amount_minor": 10_000, "currency": "EUR"}


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    opened = Shop(sqlite_database, clock)
    for programme in (CLUB, {**CAFE, "slug": "cafe"}):
        assert 201 == opened.owner.post("/programmes", programme).status_code
    return opened


@pytest.fixture
def anna(shop: Shop) -> str:
    return shop.card("club")


@pytest.fixture
def owner(shop: Shop) -> Program:
    return shop.owner


def test_codes_are_made_listed_used_and_told(owner: Program, anna: str) -> None:
    made = owner.post("/programmes/club/codes", {"rule": "spring", "serial": anna}).get_json()["items"]
    listed = owner.get("/programmes/club/codes?rule=spring&limit=1").get_json()
    assert (made, None) == (listed["items"], listed["next_cursor"])
    sold = owner.post(f"/cards/{anna}/purchases", {**SALE, "codes": [made[0]["code"]]}, "k1").get_json()
    assert (1000, 9000) == (sold["discount_minor"], sold["due_minor"])
    assert "used" == owner.get(f"/programmes/club/codes?serial={anna}").get_json()["items"][0]["state"]


def test_the_same_key_makes_the_same_codes(owner: Program) -> None:
    body = {"rule": "spring", "count": 3}
    first, again = (owner.post("/programmes/club/codes", body, "k1").get_json() for _ in range(2))
    assert first == again
    assert 3 == len(owner.get("/programmes/club/codes").get_json()["items"])
    other = owner.post("/programmes/club/codes", {**body, "count": 4}, "k1")
    assert 422 == other.status_code and other.get_json()["type"].endswith("idempotency-key-reused")


def test_a_quote_knows_the_code_and_refuses_it_with_the_reason(owner: Program, anna: str) -> None:
    (code,) = owner.post("/programmes/club/codes", {"rule": "spring"}).get_json()["items"]
    quoted = owner.post(f"/cards/{anna}/quotes", {**SALE, "codes": [code["code"].lower()]}).get_json()
    assert 9000 == quoted["due_minor"]
    refused = owner.post(f"/cards/{anna}/quotes", {**SALE, "codes": ["NOPE"]})
    assert [{"pointer": "/codes/0", "detail": "is not known here"}] == refused.get_json()["errors"]


def test_codes_come_as_a_file_for_a_mailing(shop: Shop, owner: Program) -> None:
    owner.post("/programmes/club/codes", {"rule": "spring", "codes": ["MAIL-1", "MAIL-2"]})
    headers = {"Authorization": f"Bearer {owner.secret}"}
    answer = shop.app.test_client().get("/api/v1/programmes/club/codes?format=csv", headers=headers)
    assert "text/csv; charset=utf-8" == answer.content_type
    lines = answer.get_data(as_text=True).lstrip("\ufeff").splitlines()
    assert ["code,coupon,card,uses_left,starts_at,ends_at,state", "MAIL-1,spring,,1,,,open"] == lines[:2]


def test_a_gift_card_is_loaded_once_and_spent(owner: Program, anna: str) -> None:
    body = {"amount_minor": 5000, "reason": "paid in cash"}
    first = owner.post(f"/cards/{anna}/gifts", body, "k1")
    assert "true" == owner.post(f"/cards/{anna}/gifts", body, "k1").headers["Idempotency-Replayed"]
    assert 5000 == first.get_json()["balances"]["gift_minor"]
    sold = owner.post(f"/cards/{anna}/purchases", {**SALE, "gift_minor": 4000}, "k2").get_json()
    assert (6000, 1000) == (sold["due_minor"], sold["balances"]["gift_minor"])
    assert 409 == owner.post(f"/cards/{anna}/purchases", {**SALE, "gift_minor": 1001}, "k3").status_code
    assert 400 == owner.post(f"/cards/{anna}/gifts", body).status_code


def test_holders_come_join_and_go(shop: Shop, owner: Program, anna: str) -> None:
    boris = {"member": {"phone": "+37120000002", "given_name": "Boris"}}
    came = owner.post(f"/cards/{anna}/holders", boris, "k1")
    again = owner.post(f"/cards/{anna}/holders", boris, "k1")
    assert (201, 200) == (came.status_code, again.status_code)
    clara = shop.card("club", phone="+37120000003", given_name="Clara")
    owner.post(f"/cards/{clara}/purchases", SALE, "k2")
    assert 201 == owner.post(f"/cards/{anna}/holders", {"serial": clara}, "k3").status_code
    assert 1000 == shop.balances(anna)["points"] == shop.balances(came.get_json()["serial"])["points"]
    left = owner.call("DELETE", f"/cards/{anna}/holders/{clara}").get_json()["items"]
    assert [(anna, True), (came.get_json()["serial"], False)] == [(h["serial"], h["first"]) for h in left]
    assert left == owner.get(f"/cards/{anna}/holders").get_json()["items"]
    assert 422 == owner.post(f"/cards/{anna}/holders", {}, "k4").status_code


def test_entries_say_which_card_was_shown(owner: Program, anna: str) -> None:
    boris = {"member": {"phone": "+37120000002", "given_name": "Boris"}}
    serial = owner.post(f"/cards/{anna}/holders", boris, "k1").get_json()["serial"]
    owner.post(f"/cards/{serial}/purchases", SALE, "k2")
    entries = owner.get(f"/cards/{anna}/entries").get_json()["items"]
    assert {serial} == {each["via"] for each in entries}


def test_settlement_is_told_by_month_and_partner(shop: Shop, owner: Program, anna: str) -> None:
    owner.post(f"/cards/{anna}/purchases", {**SALE, "store": "airport"}, "k1")
    told = owner.get("/programmes/club/settlement?from=2026-03-01&to=2026-03-31").get_json()
    assert ("EUR", 1) == (told["currency"], len(told["items"]))
    assert ("air", 1000, 1000) == tuple(told["items"][0][name] for name in ("partner", "given", "net_minor"))
    headers = {"Authorization": f"Bearer {owner.secret}"}
    path = "/api/v1/programmes/club/settlement?from=2026-03-01&to=2026-03-31&format=csv"
    answer = shop.app.test_client().get(path, headers=headers)
    assert "2026-03,air,Air,1,10000,0,1000,0,0,0,0,1000,0,1000" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?from=2026-03-01",
        "?from=x&to=y",
        "?from=2026-03-02&to=2026-03-01",
        "?from=2020-01-01&to=2026-01-01",
    ],
)
def test_a_settlement_of_no_believable_stretch_is_refused(owner: Program, query: str) -> None:
    assert 422 == owner.get(f"/programmes/club/settlement{query}").status_code


def test_a_key_of_another_programme_sees_none_of_it(shop: Shop, anna: str) -> None:
    other = shop.program("owner", "cafe")
    for path in ("/programmes/club/codes", "/programmes/club/settlement?from=2026-03-01&to=2026-03-31"):
        assert 404 == other.get(path).status_code
    assert 404 == other.get(f"/cards/{anna}/holders").status_code
    assert 404 == other.post(f"/cards/{anna}/gifts", {"amount_minor": 1}, "k1").status_code
    assert 404 == other.post("/programmes/club/codes", {"rule": "spring"}).status_code
