"""From the quote to the receipt: what points may pay, when they count, and when they end."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain.errors import InsufficientBalance, Invalid
from app.services import quoting
from app.services.loyalty import Purchase
from app.storage.database import Database
from tests.support.clock import START, Clock
from tests.support.shop import STAMPS, Shop

DAY = timedelta(days=1)
RULE = {
    "kind": "points",
    "percent": 10,
    "boosted": [{"category": "coffee", "factor": 2}],
    "excluded": {"categories": ["alcohol"]},
    "paying": {"most_percent": 50, "minimum_points": 100, "excluded": {"categories": ["alcohol"]}},
}
BASKET = (
    {"category": "coffee", "amount_minor": 1000},
    {"category": "cake", "amount_minor": 600},
    {"category": "alcohol", "amount_minor": 2000},
)


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """The rules are the same on both engines."""
    return sqlite_database


@pytest.fixture
def shop(database: Database, clock: Clock) -> Shop:
    return Shop(database, clock, [RULE, STAMPS])


def quote(shop: Shop, serial: str, amount_minor: int, **more: Any) -> Mapping[str, Any]:
    return quoting.quote(shop.read, Purchase(serial, amount_minor, "EUR", **more), now=shop.clock.now())


def points(shop: Shop, serial: str) -> int:
    """What may be spent now."""
    return int(shop.buys(serial, 0).body["balances"]["points"])


def test_a_quote_says_line_by_line_what_the_receipt_will_do(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.adjusts(anna, points=5000)
    told = quote(shop, anna, 4000, items=BASKET)
    assert ({"points": 300}, 1000) == (told["earned"], told["redeemable_points"])
    assert [200, 60, 0, 40] == [line["earned"] for line in told["lines"]]
    assert [500, 300, 0, 200] == [line["redeemable_minor"] for line in told["lines"]]
    assert (0, 4000, [], None) == tuple(
        told[key] for key in ("discount_minor", "due_minor", "notes", "pending_until")
    )


def test_what_was_quoted_can_be_paid_and_a_point_more_cannot(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.adjusts(anna, points=5000)
    most = quote(shop, anna, 4000, items=BASKET)["redeemable_points"]
    told = quote(shop, anna, 4000, items=BASKET, redeem_points=most)
    with pytest.raises(Invalid) as refused:
        shop.buys(anna, 4000, items=BASKET, redeem_points=most + 1)
    assert ["/redeem_points"] == list(refused.value.faults)
    bought = shop.buys(anna, 4000, items=BASKET, redeem_points=most)
    assert told["earned"] == bought.body["earned"] == {"points": 150}
    assert told["due_minor"] == bought.body["due_minor"] == 3000
    assert most == told["redeemable_points"]
    assert 5000 - 1000 + 150 == shop.balance(anna, "points")


def test_a_refused_payment_leaves_no_trace(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.adjusts(anna, points=120)
    with pytest.raises(InsufficientBalance):
        shop.buys(anna, 4000, redeem_points=121, receipt="r1")
    with pytest.raises(Invalid):
        shop.buys(anna, 4000, redeem_points=99, receipt="r1")
    assert (120, 0) == (shop.balance(anna, "points"), shop.balance(anna, "spend_minor"))
    assert 4000 == shop.buys(anna, 4000, receipt="r1").body["balances"]["spend_minor"]


@pytest.mark.parametrize("asked", [1, -1])
def test_a_programme_of_stamps_takes_no_points(database: Database, clock: Clock, asked: int) -> None:
    shop = Shop(database, clock, [STAMPS])
    anna = shop.customer("Anna")
    with pytest.raises(Invalid) as refused:
        shop.buys(anna, 1000, redeem_points=asked)
    assert ["/redeem_points"] == list(refused.value.faults)
    assert 0 == quote(shop, anna, 1000)["redeemable_points"]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"amount_minor": -1}, "/amount_minor"),
        ({"amount_minor": 10**13}, "/amount_minor"),
        ({"currency": "USD"}, "/currency"),
        ({"occurred_at": START + DAY}, "/occurred_at"),
        ({"occurred_at": START - 91 * DAY}, "/occurred_at"),
    ],
)
def test_a_receipt_that_cannot_be_is_refused_before_it_is_quoted(
    shop: Shop, wrong: dict[str, Any], pointer: str
) -> None:
    anna = shop.customer("Anna")
    asked = {"amount_minor": 1000, "currency": "EUR", **wrong}
    with pytest.raises(Invalid) as refused:
        quoting.quote(shop.read, Purchase(anna, **asked), now=shop.clock.now())
    assert [pointer] == list(refused.value.faults)


def test_points_wait_for_their_day_and_the_quote_says_which(database: Database, clock: Clock) -> None:
    shop = Shop(database, clock, [{"kind": "points", "percent": 10, "active_after_days": 14}])
    anna = shop.customer("Anna")
    told = quote(shop, anna, 1000)
    assert datetime.fromisoformat("2026-03-16T00:00:00+02:00") == told["pending_until"]
    shop.buys(anna, 1000)
    clock.begin(told["pending_until"] - timedelta(seconds=1))
    assert 0 == points(shop, anna)
    with pytest.raises(InsufficientBalance):
        shop.buys(anna, 1000, redeem_points=1)
    clock.begin(told["pending_until"])
    assert 100 == points(shop, anna)


def test_points_of_a_silent_customer_end_and_those_of_a_busy_one_do_not(
    database: Database, clock: Clock
) -> None:
    shop = Shop(database, clock, [{"kind": "points", "percent": 10, "expires_after_idle_days": 30}])
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    for serial in (anna, boris):
        shop.buys(serial, 1000)
    clock.begin(START + 20 * DAY)
    shop.buys(anna, 500)
    clock.begin(START + 40 * DAY)
    assert (150, 0) == (points(shop, anna), points(shop, boris))


def test_points_given_by_hand_end_like_those_that_are_earned(database: Database, clock: Clock) -> None:
    shop = Shop(database, clock, [{"kind": "points", "percent": 10, "expires_on": "03-31"}])
    anna = shop.customer("Anna")
    shop.adjusts(anna, points=50)
    clock.begin(datetime.fromisoformat("2026-03-31T23:59:59+03:00"))
    assert 50 == points(shop, anna)
    clock.begin(datetime.fromisoformat("2026-04-01T00:00:00+03:00"))
    assert 0 == points(shop, anna)


def test_cashback_is_money_that_pays_the_next_receipt(database: Database, clock: Clock) -> None:
    shop = Shop(database, clock, [{"kind": "cashback", "percent": 5}])
    anna = shop.customer("Anna")
    assert 500 == shop.buys(anna, 10_000).body["balances"]["cashback_minor"]
    told = quote(shop, anna, 300)
    assert (300, {"cashback_minor": 15}) == (told["redeemable_points"], told["earned"])
    paid = shop.buys(anna, 2000, redeem_points=500)
    assert ({"cashback_minor": 500}, 1500) == (paid.body["redeemed"], paid.body["due_minor"])
    assert 25 == shop.redeems(anna, points=50).body["balances"]["cashback_minor"]


def test_a_prize_is_chosen_and_paid_in_chips_once(database: Database, clock: Clock) -> None:
    game = {
        "kind": "chips",
        "step_minor": 500,
        "starts_on": "2026-03-01",
        "ends_on": "2026-03-31",
        "prizes": [{"at": 5, "reward": "A mug", "reward_key": "mug"}],
    }
    shop = Shop(database, clock, [game])
    anna = shop.customer("Anna")
    bought = shop.buys(anna, 4000)
    assert (8, [{"key": "mug", "name": "A mug", "count": 1}]) == (
        bought.body["balances"]["chips"],
        bought.body["rewards"],
    )
    taken = shop.redeems(anna, reward="mug")
    assert ({"chips": 5}, 3, []) == (
        taken.body["redeemed"],
        taken.body["balances"]["chips"],
        taken.body["rewards"],
    )
    with pytest.raises(InsufficientBalance):
        shop.redeems(anna, reward="mug")
    assert 8 == shop.undoes(taken).body["balances"]["chips"]
    given = shop.adjusts(anna, chips=2)
    assert 10 == given.body["balances"]["chips"]
    clock.begin(datetime.fromisoformat("2026-04-01T00:00:00+03:00"))
    assert 0 == shop.buys(anna, 4000).body["balances"]["chips"]


def test_a_double_hour_doubles_the_points_and_the_receipt_says_so(database: Database, clock: Clock) -> None:
    happy = {"kind": "multiplier", "key": "happy", "name": "Happy hour", "factor": 2}
    hours = {"hours": {"start": "11:00", "end": "12:00"}}
    shop = Shop(database, clock, [{"kind": "points", "percent": 10}, {**happy, **hours}])
    anna = shop.customer("Anna")
    assert ({"points": 200}, ["Happy hour"]) == tuple(
        quote(shop, anna, 1000)[key] for key in ("earned", "notes")
    )
    assert {"points": 200} == shop.buys(anna, 1000).body["earned"]
    clock.begin(START + timedelta(hours=1))
    assert {"points": 100} == shop.buys(anna, 1000).body["earned"]
    earlier = shop.buys(anna, 1000, occurred_at=START)
    assert {"points": 200} == earlier.body["earned"]
