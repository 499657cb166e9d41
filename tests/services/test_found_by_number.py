"""Cards are found by the number that stands on them, whoever gave it; and returns by what is back in all."""

import pytest
from sqlalchemy import update

from app.domain import refunds
from app.domain.errors import AlreadyReversed
from app.domain.refunds import Bought, Piece, Wanted, Working
from app.storage.database import Database
from app.storage.tables import Card
from tests.support.api_shop import PHONE, Shop
from tests.support.clock import Clock

FOREIGN = "OSMI-17ab"


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    opened = Shop(sqlite_database, clock)
    rules = [{"kind": "points", "percent": 10}, {"kind": "stamps", "goal": 10, "reward": "A coffee"}]
    opened.owner.post("/programmes", {"slug": "cafe", "name": "Cafe", "currency": "EUR", "rules": rules})
    return opened


def moved_in(shop: Shop, number: str = FOREIGN, **member: str) -> str:
    """A card under a number of the system before us."""
    serial = shop.card(**member)
    with shop.database.write.begin() as session:
        session.execute(update(Card).where(Card.serial == serial).values(number=number))
    return serial


@pytest.mark.parametrize("typed", [FOREIGN, f" {FOREIGN} "])
def test_a_foreign_number_finds_its_card_at_every_door(shop: Shop, typed: str) -> None:
    serial, till = moved_in(shop), shop.source("till")
    other = shop.card(phone="+37120000002")
    own = shop.owner.get(f"/cards/{other}").get_json()["number"]

    listed = shop.owner.get(f"/cards?number={typed.strip()}").get_json()["items"]
    till.send({"type": "values.set", "data": {"number": typed, "values": {"a": 1}}}, "e1")
    till.send({"type": "values.set", "data": {"number": own.lower(), "values": {"a": 2}}}, "e2")
    told = {"kind": "stamps", "receipt": "n1", "number": typed, "occurred_at": shop.clock.now().isoformat()}
    entered = shop.owner.post("/programmes/cafe/receipts", {"items": [told]})
    shop.apply()

    assert [serial] == [each["serial"] for each in listed]
    assert ["1", "2"] == [
        shop.owner.get(f"/cards/{each}").get_json()["values"].get("a") for each in (serial, other)
    ]
    assert (200, 1) == (entered.status_code, shop.balances(serial)["stamps"]), entered.get_json()


def test_the_number_as_it_was_typed_comes_before_one_that_only_reads_like_it(shop: Shop) -> None:
    exact, till = moved_in(shop), shop.source("till")
    alike = moved_in(shop, "0SM117AB", phone="+37120000002")
    till.send({"type": "values.set", "data": {"number": FOREIGN, "values": {"a": 1}}})
    shop.apply()

    found = [shop.owner.get(f"/cards/{each}").get_json()["values"].get("a") for each in (exact, alike)]
    assert ["1", None] == found


def test_a_number_without_a_letter_or_a_digit_is_nobodys(shop: Shop) -> None:
    shop.card()
    assert [] == shop.owner.get("/cards?number=-").get_json()["items"]


def test_events_that_name_a_card_by_number_and_by_phone_wait_for_one_another(shop: Shop) -> None:
    serial, till = moved_in(shop), shop.source("till")
    shop.card(phone="+37120000002")
    for turn in range(6):
        name = {"number": FOREIGN} if turn % 2 else {"phone": PHONE}
        till.send({"type": "values.set", "data": {**name, "values": {"a": turn}}}, f"e{turn}")
    till.send({"type": "values.set", "data": {"phone": "+37120000002", "values": {"a": 9}}}, "bob")
    shop.apply()

    assert "5" == shop.owner.get(f"/cards/{serial}").get_json()["values"]["a"]


def test_a_total_of_what_is_back_is_compared_where_parts_are_counted() -> None:
    sold = Working(lines=(Bought(amount=1000),))
    first = refunds.plan(sold, [], Wanted(up_to=300))
    assert (300, 700) == (first.amount, first.left)
    with pytest.raises(AlreadyReversed):
        refunds.plan(sold, first.pieces, Wanted(up_to=300))
    assert 200 == refunds.plan(sold, [*first.pieces, Piece(0, 300)], Wanted(up_to=800)).amount


def test_a_key_that_starts_exports_may_look_after_its_jobs(shop: Shop) -> None:
    shop.card()
    made = shop.owner.post("/keys", {"name": "out", "scopes": ["members:export"], "programme": "cafe"})
    exporter = shop.stranger(made.get_json()["key"])
    job = exporter.post("/programmes/cafe/exports", {"format": "csv"}).get_json()["id"]

    assert 200 == exporter.get(f"/jobs/{job}").status_code
    assert [job] == [each["id"] for each in exporter.get("/jobs").get_json()["items"]]
    assert 403 == exporter.post(f"/jobs/{job}/cancel", {}).status_code
    assert 403 == shop.program("marketer").get("/jobs").status_code
    said = shop.app.test_client().get("/api/v1/openapi.json").get_json()["paths"]
    told = next(each["get"]["description"] for path, each in said.items() if path.endswith("/jobs/{job}"))
    assert "`members:import` or `members:export`" in told
