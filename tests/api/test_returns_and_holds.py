"""Returns in parts and holds, as tills call them."""

from typing import Any

import pytest

from app.storage.database import Database
from tests.support.api_shop import CAFE, Shop
from tests.support.clock import Clock

BOUGHT = {"amount_minor": 1000, "currency": "EUR", "receipt": "r1"}


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    opened = Shop(sqlite_database, clock)
    for slug in ("cafe", "bakery"):
        assert 201 == opened.owner.post("/programmes", {**CAFE, "slug": slug}).status_code
    return opened


def bought(shop: Shop, **more: Any) -> tuple[str, str]:
    """A card with a purchase: serial and receipt."""
    serial = shop.card()
    answer = shop.owner.post(f"/cards/{serial}/purchases", {**BOUGHT, **more}, key="buy")
    return serial, answer.get_json()["id"]


def held(shop: Shop, points: int = 60) -> tuple[str, dict[str, Any]]:
    """A card with 100 points, of which some are set aside: serial and hold."""
    serial, _ = bought(shop)
    body = {"amount_minor": 500, "currency": "EUR", "receipt": "r2", "redeem_points": points}
    answer = shop.owner.post(f"/cards/{serial}/holds", body, key="hold")
    assert 201 == answer.status_code, answer.get_json()
    hold: dict[str, Any] = answer.get_json()["hold"]
    return serial, hold


def test_a_part_of_a_receipt_comes_back_by_amount(shop: Shop) -> None:
    serial, receipt = bought(shop)

    body = {"amount_minor": 250, "reason": "did not fit"}
    answer = shop.owner.post(f"/receipts/{receipt}/reversal", body, key="k1")

    told = answer.get_json()
    assert (201, "reversal") == (answer.status_code, told["kind"])
    parts = ("due", "taken", "written_off", "debt", "restored", "amount_minor", "left_minor", "money_minor")
    due = {"points": 25, "spend_minor": 250}
    assert [due, due, {}, {}, {}, 250, 750, 250] == [told[name] for name in parts]
    assert 75 == shop.balances(serial)["points"]


def test_items_come_back_by_line_or_sku(shop: Shop) -> None:
    items = [{"sku": "tea", "amount_minor": 400}, {"sku": "cup", "quantity": 3, "amount_minor": 600}]
    _, receipt = bought(shop, items=items)
    path = f"/receipts/{receipt}/reversal"

    tea = shop.owner.post(path, {"items": [{"line": 1}]}, key="k1").get_json()
    cups = shop.owner.post(path, {"items": [{"sku": "cup", "quantity": 2}]}, key="k2").get_json()
    rest = shop.owner.post(path).get_json()

    assert [400, 400, 200] == [each["amount_minor"] for each in (tea, cups, rest)]
    assert 0 == rest["left_minor"]
    assert 409 == shop.owner.post(path).status_code


def test_more_than_is_left_says_what_is_left(shop: Shop) -> None:
    _, receipt = bought(shop)
    path = f"/receipts/{receipt}/reversal"
    shop.owner.post(path, {"amount_minor": 900}, key="k1")

    answer = shop.owner.post(path, {"amount_minor": 101}, key="k2")

    assert (409, {"left_minor": 100}) == (answer.status_code, answer.get_json()["state"])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"amount_minor": 0}, "/amount_minor"),
        ({"amount_minor": "5"}, "/amount_minor"),
        ({"items": [{"quantity": 1}]}, "/items/0"),
        ({"items": [{"line": 1, "sku": "tea"}]}, "/items/0"),
        ({"items": [{"line": 1, "quantity": 0}]}, "/items/0/quantity"),
        ({"items": [{"sku": "bread"}]}, "/items/0"),
        ({"amount_minor": 5, "items": [{"line": 1}]}, "/items"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_a_strange_return_is_refused_with_its_fault(shop: Shop, body: dict[str, Any], pointer: str) -> None:
    serial, receipt = bought(shop)

    answer = shop.owner.post(f"/receipts/{receipt}/reversal", body, key="k1")

    assert (422, [pointer]) == (answer.status_code, [each["pointer"] for each in answer.get_json()["errors"]])
    assert 100 == shop.balances(serial)["points"]


def test_a_part_needs_a_key_so_that_it_counts_once(shop: Shop) -> None:
    serial, receipt = bought(shop)
    path = f"/receipts/{receipt}/reversal"

    assert 400 == shop.owner.post(path, {"amount_minor": 100}).status_code
    first, again = (shop.owner.post(path, {"amount_minor": 100}, key="k1") for _ in range(2))

    assert (first.get_json(), "true") == (again.get_json(), again.headers["Idempotency-Replayed"])
    assert 90 == shop.balances(serial)["points"]


def test_points_are_set_aside_and_pay_the_purchase(shop: Shop) -> None:
    serial, hold = held(shop)
    assert (60, "open", "r2") == (hold["amount"], hold["state"], hold["receipt"])
    assert 40 == shop.balances(serial)["points"]

    body = {"amount_minor": 500, "currency": "EUR", "receipt": "r2", "hold": hold["id"]}
    answer = shop.owner.post(f"/cards/{serial}/purchases", body, key="k1")

    assert (201, {"points": 60}) == (answer.status_code, answer.get_json()["redeemed"])
    assert "captured" == shop.owner.get(f"/holds/{hold['id']}").get_json()["state"]


def test_a_hold_is_captured_in_part_or_voided_once(shop: Shop) -> None:
    serial, hold = held(shop)
    capture = f"/holds/{hold['id']}/capture"

    done = shop.owner.post(capture, {"points": 10}, key="k1").get_json()
    again = shop.owner.post(capture, {"points": 10}, key="k1")

    assert ("captured", {"points": 10}, 90) == (
        done["hold"]["state"],
        done["redeemed"],
        shop.balances(serial)["points"],
    )
    assert "true" == again.headers["Idempotency-Replayed"]
    refused = shop.owner.post(f"/holds/{hold['id']}/void", key="k2")
    assert (409, "captured") == (refused.status_code, refused.get_json()["state"]["state"])


def test_a_hold_is_also_found_by_the_id_of_its_own_answer(shop: Shop) -> None:
    serial, _ = bought(shop)
    wanted = {"amount_minor": 1000, "currency": "EUR", "redeem_points": 40, "receipt": "r9"}
    answer = shop.owner.post(f"/cards/{serial}/holds", wanted, key="h9").get_json()

    assert answer["hold"] == shop.owner.get(f"/holds/{answer['id']}").get_json()
    sold = {"amount_minor": 1000, "currency": "EUR", "receipt": "r9", "hold": answer["id"]}
    assert 201 == shop.owner.post(f"/cards/{serial}/purchases", sold, key="p9").status_code
    assert 404 == shop.program("till", "bakery").get(f"/holds/{answer['id']}").status_code


def test_a_hold_that_is_voided_goes_back(shop: Shop) -> None:
    serial, hold = held(shop)

    assert 201 == shop.owner.post(f"/holds/{hold['id']}/void", key="k1").status_code

    assert 100 == shop.balances(serial)["points"]


def test_a_hold_takes_no_more_than_there_is(shop: Shop) -> None:
    serial, hold = held(shop)
    path = f"/cards/{serial}/holds"
    body = {"amount_minor": 500, "currency": "EUR", "redeem_points": 41}

    assert 409 == shop.owner.post(path, body, key="k1").status_code
    assert 422 == shop.owner.post(path, {**body, "redeem_points": 0}, key="k2").status_code
    assert 422 == shop.owner.post(path, {**body, "seconds": 1}, key="k3").status_code
    assert 422 == shop.owner.post(f"/holds/{hold['id']}/capture", {"points": 61}, key="k4").status_code


def test_another_programme_sees_no_hold(shop: Shop) -> None:
    serial, hold = held(shop)
    stranger = shop.program("owner", "bakery")

    assert 404 == stranger.get(f"/holds/{hold['id']}").status_code
    for path in (f"/holds/{hold['id']}/capture", f"/holds/{hold['id']}/void"):
        assert 404 == stranger.post(path, {}, key="k1").status_code
    body = {"amount_minor": 500, "currency": "EUR", "redeem_points": 5}
    assert 404 == stranger.post(f"/cards/{serial}/holds", body, key="k1").status_code
