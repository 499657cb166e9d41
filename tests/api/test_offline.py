"""A till that was offline uploads what it closed: a result for each, once, by the rules of then."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from app.storage.database import Database
from tests.support.api_shop import PHONE, Shop

PATH = "/programmes/cafe/receipts"


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """Purchases are proved on both engines elsewhere; two batches at once have a test of their own."""
    return sqlite_database


def sold(shop: Shop, receipt: str, minor: int = 1000, *, hours: int = 2, **more: Any) -> dict[str, Any]:
    at = (shop.clock.now() - timedelta(hours=hours)).isoformat()
    said = {"receipt": receipt, "amount_minor": minor, "currency": "EUR", "occurred_at": at}
    return {**said, **({"phone": PHONE} if "serial" not in more else {}), **more}


def sent(shop: Shop, *items: Any) -> dict[str, Any]:
    answer = shop.owner.post(PATH, {"items": items})
    assert 200 == answer.status_code, answer.get_data(as_text=True)
    told: dict[str, Any] = answer.get_json()
    return told


def statuses(told: dict[str, Any]) -> list[str]:
    return [each["status"] for each in told["items"]]


def test_each_item_has_its_own_result_in_order_and_again_the_same(shop: Shop) -> None:
    serial, blocked = shop.card(), shop.card(phone="+37120000002")
    shop.owner.patch(f"/cards/{blocked}", {"status": "blocked"})
    batch = [
        sold(shop, "a"),
        sold(shop, "b", serial=blocked),
        sold(shop, "c", phone="+37120000009"),
        {"receipt": "d", "colour": "red"},
        5,
        {**sold(shop, "e"), "kind": "loan"},
        sold(shop, "f", 2000, serial=serial),
        sold(shop, "a", 999),
    ]

    first, second = sent(shop, *batch), sent(shop, *batch)

    wanted = ["done", "refused", "refused", "refused", "refused", "refused", "done", "refused"]
    assert wanted == statuses(first)
    assert [each.replace("done", "replayed") for each in wanted] == statuses(second)
    assert (2, 0, 6) == (first["done"], first["replayed"], first["refused"])
    for before, after in zip(first["items"], second["items"], strict=True):
        assert (before["operation"], before["problem"]) == (after["operation"], after["problem"])
    assert [409, 404, 422, 422, 422, 409] == [
        each["problem"]["status"] for each in first["items"] if each["problem"]
    ]
    assert [*range(8)] == [each["index"] for each in first["items"]]
    assert ["a", "b", "c", "d", "", "e", "f", "a"] == [each["receipt"] for each in first["items"]]
    assert "blocked" == first["items"][1]["problem"]["state"]["status"]
    faults = {each["pointer"] for each in first["items"][3]["problem"]["errors"]}
    assert {"/amount_minor", "/currency", "/occurred_at", "/colour"} == faults
    assert 300 == shop.balances(serial)["points"]


def test_a_late_receipt_counts_by_the_rules_of_then(shop: Shop) -> None:
    serial = shop.card()
    shop.clock.forward(hours=1)
    shop.owner.patch("/programmes/cafe", {"rules": [{"kind": "points", "percent": 20}]})
    shop.clock.forward(minutes=1)

    told = sent(shop, sold(shop, "then", hours=1), sold(shop, "now", hours=0), sold(shop, "old", hours=9999))

    assert [{"points": 100}, {"points": 200}] == [each["operation"]["earned"] for each in told["items"][:2]]
    assert "/occurred_at" == told["items"][2]["problem"]["errors"][0]["pointer"]
    assert 300 == shop.balances(serial)["points"]


def test_points_are_spent_offline_only_up_to_what_is_there(shop: Shop) -> None:
    serial = shop.card()
    shop.owner.post(f"/cards/{serial}/adjustments", {"points": 60, "reason": "gift"}, key="k")
    spends = [sold(shop, name, 100, redeem_points=50) for name in ("a", "b")]

    told = sent(shop, *spends)
    mended = sent(shop, spends[0], {**spends[1], "redeem_points": 10})

    assert ["done", "refused"] == statuses(told)
    assert "/api/problems/insufficient-balance" == told["items"][1]["problem"]["type"]
    assert 50 == told["items"][1]["problem"]["state"]["wanted"]
    assert ["replayed", "done"] == statuses(mended)
    assert 0 <= shop.balances(serial)["points"]


def test_a_hold_pays_the_receipt_that_comes_late(shop: Shop) -> None:
    serial = shop.card()
    shop.owner.post(f"/cards/{serial}/adjustments", {"points": 500, "reason": "gift"}, key="k")
    asked = {"amount_minor": 1000, "currency": "EUR", "redeem_points": 300, "receipt": "h1"}
    hold = shop.owner.post(f"/cards/{serial}/holds", asked, key="h").get_json()["hold"]["id"]

    told = sent(shop, sold(shop, "h1", hours=0, hold=hold))

    assert {"points": 300} == told["items"][0]["operation"]["redeemed"]
    assert "captured" == shop.owner.get(f"/holds/{hold}").get_json()["state"]
    assert statuses(sent(shop, sold(shop, "h2", hours=0, hold=hold))) == ["refused"]


def test_returns_and_visits_come_in_batches_too(shop: Shop) -> None:
    serial = shop.card()
    at = shop.clock.now().isoformat()
    back = {"kind": "refund", "receipt": "a-back", "of": "a", "amount_minor": 400, "occurred_at": at}
    early = {**back, "receipt": "x", "occurred_at": (shop.clock.now() - timedelta(days=1)).isoformat()}
    batch = [back, sold(shop, "a"), back, early, {**back, "receipt": "more", "amount_minor": 700}]

    first, second = sent(shop, *batch), sent(shop, *batch[1:3])

    assert ["refused", "done", "done", "refused", "refused"] == statuses(first)
    assert ["replayed", "replayed"] == statuses(second)
    assert 60 == shop.balances(serial)["points"]

    baker = shop.card("bakery", phone=PHONE)
    visit = {"kind": "stamps", "receipt": "v1", "stamps": 2, "occurred_at": at, "phone": PHONE}
    for wanted in ("done", "replayed"):
        answer = shop.owner.post("/programmes/bakery/receipts", {"items": [visit]}).get_json()
        assert wanted == answer["items"][0]["status"]
    assert 2 == shop.balances(baker)["stamps"]


def test_a_batch_reaches_no_other_programme(shop: Shop) -> None:
    other, stranger = shop.card("bakery", phone="+37120000003"), shop.program("till", "bakery")
    shop.card()

    assert ["refused"] == statuses(sent(shop, sold(shop, "a", serial=other)))
    assert 404 == stranger.post(PATH, {"items": [sold(shop, "a")]}).status_code
    assert 403 == shop.program("marketer").post(PATH, {"items": [sold(shop, "a")]}).status_code


def test_five_hundred_items_are_a_batch_and_one_more_is_none(shop: Shop) -> None:
    many = [{"receipt": f"r{number}", "phone": "nobody"} for number in range(501)]

    assert 500 == sent(shop, *many[:500])["refused"]
    too_many = shop.owner.post(PATH, {"items": many})
    assert (422, "/items") == (too_many.status_code, too_many.get_json()["errors"][0]["pointer"])
    assert 422 == shop.owner.post(PATH, {"items": []}).status_code


def test_a_crash_in_between_leaves_what_was_entered(shop: Shop) -> None:
    serial = shop.card()
    batch = [sold(shop, name) for name in ("a", "b", "c")]
    engine = shop.database.write.kw["bind"]

    def falls(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.startswith("INSERT INTO receipts") and "b" in parameters:
            raise ConnectionError("the plug was pulled")

    event.listen(engine, "before_cursor_execute", falls)
    crashed = shop.owner.post(PATH, {"items": batch})
    event.remove(engine, "before_cursor_execute", falls)

    assert 500 == crashed.status_code
    assert 100 == shop.balances(serial)["points"]
    assert ["replayed", "done", "done"] == statuses(sent(shop, *batch))
    assert 300 == shop.balances(serial)["points"]
