"""Returns over the real services: in parts, twice, two at once; what was used is given back, tiers follow."""

from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import AlreadyReversed, Conflict, Invalid, KeyReused
from app.services import ledger_check
from app.storage.database import Database
from app.storage.tables import Account, Receipt, Refund, Tally
from tests.services.test_loyalty import at_once
from tests.support.clock import Clock
from tests.support.shop import POINTS, STAMPS, Shop


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    return Shop(sqlite_database, clock, [POINTS, {**STAMPS, "per": "purchase"}])


def in_order(shop: Shop) -> None:
    """The whole database is proven."""
    *_, last = ledger_check.check(shop.read)
    assert {} == last.broken


def debt(shop: Shop, serial: str) -> int:
    with shop.read() as session:
        account = session.get(Account, (shop.card(serial).id, "points"))
        return account.debt if account else 0


def test_a_receipt_comes_back_in_parts_and_then_the_rest(shop: Shop) -> None:
    anna = shop.customer("Anna")
    bought = shop.buys(anna, 999)

    parts = [
        shop.undoes(bought, amount_minor=333),
        shop.undoes(bought, amount_minor=333),
        shop.undoes(bought),
    ]

    assert [33, 33, 33] == [part.body["due"]["points"] for part in parts]
    assert [666, 333, 0] == [part.body["left_minor"] for part in parts]
    assert [333, 333, 333] == [part.body["money_minor"] for part in parts]
    assert [None, None, 1] == [part.body["due"].get("stamps") for part in parts]
    assert {"points": 0, "stamps": 0, "spend_minor": 0} == parts[-1].body["balances"]
    with pytest.raises(AlreadyReversed):
        shop.undoes(bought)
    in_order(shop)


def test_an_item_comes_back_with_what_it_earned(shop: Shop) -> None:
    anna = shop.customer("Anna")
    items = [{"sku": "shoes", "amount_minor": 5000}, {"sku": "socks", "quantity": 2, "amount_minor": 600}]
    bought = shop.buys(anna, 5600, items=items)

    socks = shop.undoes(bought, items=[("socks", 1)])
    shoes = shop.undoes(bought, items=[(1, 1)])

    assert (300, {"points": 30, "spend_minor": 300}) == (socks.body["amount_minor"], socks.body["due"])
    assert (5000, 300) == (shoes.body["amount_minor"], shoes.body["left_minor"])
    with pytest.raises(Conflict) as refused:
        shop.undoes(bought, items=[("socks", 2)])
    assert 1 == refused.value.state["left"]
    in_order(shop)


def test_the_same_return_sent_twice_counts_once(shop: Shop) -> None:
    anna = shop.customer("Anna")
    bought = shop.buys(anna, 1000)

    first, again = (shop.undoes(bought, key="r1", amount_minor=400) for _ in range(2))

    assert (dict(first.body), True) == (dict(again.body), again.replayed)
    assert 60 == shop.balance(anna, "points")
    with pytest.raises(KeyReused):
        shop.undoes(bought, key="r1", amount_minor=401)


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({"amount_minor": 1001}, Conflict),
        ({"amount_minor": 0}, Invalid),
        ({"amount_minor": -5}, Invalid),
        ({"items": [(9, 1)]}, Invalid),
        ({"items": [("bread", 1)]}, Invalid),
        ({"amount_minor": 5, "items": [(1, 1)]}, Invalid),
    ],
)
def test_a_strange_return_changes_nothing(shop: Shop, part: dict[str, Any], kind: type[Exception]) -> None:
    anna = shop.customer("Anna")
    bought = shop.buys(anna, 1000)
    with pytest.raises(kind):
        shop.undoes(bought, **part)
    assert 100 == shop.balance(anna, "points")


def test_only_a_receipt_comes_back_in_parts(shop: Shop) -> None:
    anna = shop.customer("Anna")
    gift = shop.adjusts(anna, points=10)
    with pytest.raises(Invalid):
        shop.undoes(gift, amount_minor=5)


def test_the_points_that_paid_come_back_in_parts_too(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.adjusts(anna, points=301)
    bought = shop.buys(anna, 1000, redeem_points=301)

    half, rest = shop.undoes(bought, amount_minor=500), shop.undoes(bought)

    assert [{"points": 150}, {"points": 151}] == [each.body["restored"] for each in (half, rest)]
    assert [349, 350] == [each.body["money_minor"] for each in (half, rest)]
    assert 301 == shop.balance(anna, "points")
    in_order(shop)


@pytest.mark.parametrize(
    ("taken", "written_off", "owed", "after_next"),
    [("within_balance", 80, 0, 40), ("allow_debt", 0, 80, 0), ("only_pending", 100, 0, 60)],
)
def test_what_was_spent_is_written_off_or_owed(
    sqlite_database: Database, clock: Clock, taken: str, written_off: int, owed: int, after_next: int
) -> None:
    shop = Shop(sqlite_database, clock, [POINTS], returns={"taken": taken})
    anna = shop.customer("Anna")
    bought = shop.buys(anna, 1000)
    shop.redeems(anna, points=80)

    back = shop.undoes(bought)

    assert written_off == back.body["written_off"].get("points", 0)
    assert owed == back.body["debt"].get("points", 0) == debt(shop, anna)
    shop.buys(anna, 400)
    assert (after_next, max(0, owed - 40)) == (shop.balance(anna, "points"), debt(shop, anna))
    in_order(shop)


def test_points_that_ended_meanwhile_live_a_little_longer(sqlite_database: Database, clock: Clock) -> None:
    shop = Shop(sqlite_database, clock, [{**POINTS, "expires_after_days": 10}])
    anna = shop.customer("Anna")
    shop.buys(anna, 1000)
    clock.forward(days=9)
    bought = shop.buys(anna, 1000, redeem_points=100)
    clock.forward(days=9)

    shop.undoes(bought)

    assert 100 == shop.balance(anna, "points")
    clock.forward(days=13)
    assert 100 == shop.buys(anna, 0).body["balances"]["points"]
    clock.forward(days=2)
    assert 0 == shop.buys(anna, 0).body["balances"]["points"]


def test_what_is_returned_goes_off_the_day_on_which_it_was_bought(shop: Shop, clock: Clock) -> None:
    anna = shop.customer("Anna")
    bought = shop.buys(anna, 1000)
    day = clock.now().date()
    clock.forward(days=3)

    shop.undoes(bought, amount_minor=400)

    with shop.read() as session:
        days = session.scalars(select(Tally.amount).where(Tally.what == "spend_minor", Tally.day == day))
        assert [600] == days.all()
    in_order(shop)


def test_a_handed_out_reward_gives_no_stamps_back(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.stamps(anna, 9)
    tenth = shop.buys(anna, 1000)
    shop.redeems(anna, reward="reward")

    back = shop.undoes(tenth)

    assert (0, 1) == (back.body["balances"]["stamps"], back.body["written_off"]["stamps"])
    in_order(shop)


def test_a_reward_on_the_way_that_was_kept_is_not_given_again(
    sqlite_database: Database, clock: Clock
) -> None:
    """The fifth coffee is free; it was drunk, its stamps were taken back and given anew."""
    coffee = {"at": 5, "reward": "Coffee", "reward_key": "coffee"}
    shop = Shop(sqlite_database, clock, [{**STAMPS, "rewards": [coffee]}])
    anna = shop.customer("Anna")
    five = shop.stamps(anna, 5)
    shop.redeems(anna, reward="coffee")
    shop.undoes(five)

    again = shop.stamps(anna, 5)

    assert [] == again.body["rewards"]
    shop.undoes(again)
    in_order(shop)


def test_a_reward_on_the_way_that_was_taken_is_given_again(sqlite_database: Database, clock: Clock) -> None:
    coffee = {"at": 5, "reward": "Coffee", "reward_key": "coffee"}
    shop = Shop(sqlite_database, clock, [{**STAMPS, "rewards": [coffee]}])
    anna = shop.customer("Anna")

    assert [] == shop.undoes(shop.stamps(anna, 5)).body["rewards"]

    assert ["coffee"] == [each["key"] for each in shop.stamps(anna, 5).body["rewards"]]


def test_a_tier_that_the_receipt_brought_goes_with_it(sqlite_database: Database, clock: Clock) -> None:
    tiers = {
        "kind": "tiers",
        "by": "spend",
        "levels": [
            {"key": "silver", "name": "Silver", "from": 5000},
            {"key": "gold", "name": "Gold", "from": 20000},
        ],
    }
    shop = Shop(sqlite_database, clock, [POINTS, tiers])
    anna = shop.customer("Anna")
    shop.buys(anna, 6000)
    bought = shop.buys(anna, 20000)
    assert "gold" == bought.body["tier"]

    back = shop.undoes(bought, amount_minor=19000)

    assert "silver" == back.body["tier"] == shop.card(anna).tier


def test_a_coupon_may_be_used_again_after_its_purchase_came_back_whole(
    sqlite_database: Database, clock: Clock
) -> None:
    spring = {"kind": "coupon", "key": "spring", "name": "Spring", "percent": 10, "code": "SPRING"}
    shop = Shop(sqlite_database, clock, [POINTS, {**spring, "uses_in_all": 1}])
    anna = shop.customer("Anna")
    bought = shop.buys(anna, 1000, codes=["SPRING"])
    assert 100 == bought.body["discount_minor"]

    part = shop.undoes(bought, amount_minor=500)
    with pytest.raises(Invalid):
        shop.buys(anna, 1000, codes=["SPRING"])
    shop.undoes(bought)

    assert 450 == part.body["money_minor"]
    assert 100 == shop.buys(anna, 1000, codes=["SPRING"]).body["discount_minor"]
    in_order(shop)


def test_a_reversal_is_no_operation_to_take_back(shop: Shop) -> None:
    anna = shop.customer("Anna")
    back = shop.undoes(shop.buys(anna, 1000), amount_minor=100)
    with pytest.raises(Conflict):
        shop.undoes(back)


def test_two_tills_at_once_return_no_more_than_was_bought(database: Database, clock: Clock) -> None:
    shop = Shop(database, clock, [POINTS])
    anna = shop.customer("Anna")
    bought = shop.buys(anna, 1000)

    results = at_once(6, lambda number: shop.undoes(bought, key=f"till-{number}", amount_minor=300))

    assert 3 == sum(isinstance(result, Conflict) for result in results)
    with shop.read() as session:
        assert [900] == session.scalars(select(Receipt.refunded_minor)).all()
        assert 3 == len(session.scalars(select(Refund)).all())
    assert 10 == shop.balance(anna, "points")
    in_order(shop)


def test_the_same_return_from_two_tills_at_once_counts_once(database: Database, clock: Clock) -> None:
    shop = Shop(database, clock, [POINTS])
    anna = shop.customer("Anna")
    bought = shop.buys(anna, 1000)

    results = at_once(4, lambda _: shop.undoes(bought, key="same"))

    assert 1 == sum(not result.replayed for result in results)
    assert 0 == shop.balance(anna, "points")
