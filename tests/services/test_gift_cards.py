"""Gift cards on real databases: loaded once, spent by one till, back on the card with the goods."""

import pytest

from app.domain.errors import InsufficientBalance, Invalid
from app.services import cards, gift_cards
from app.services.journal import By
from app.services.operating import Reply
from app.storage.database import Database
from tests.services.test_loyalty import at_once, check_ledger
from tests.support.clock import Clock
from tests.support.shop import POINTS, Shop

GIFT = {"kind": "gift_card", "most_minor": 20_000}


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    return Shop(sqlite_database, clock, [POINTS, GIFT])


@pytest.fixture
def both(database: Database, clock: Clock) -> Shop:
    """The same shop on both engines, for what two tills do at once."""
    return Shop(database, clock, [POINTS, GIFT])


def loads(shop: Shop, serial: str, amount_minor: int, key: str | None = None) -> Reply:
    once = shop.once(key, {"amount_minor": amount_minor})
    by = By("boris", reason="paid in cash")
    return gift_cards.load(shop.db, serial, amount_minor, once, by, now=shop.clock.now())


def test_a_load_is_money_on_the_card_and_earns_nothing(shop: Shop) -> None:
    anna = shop.customer("Anna")
    reply = loads(shop, anna, 5000)
    assert ({"gift_minor": 5000}, 0) == (reply.body["earned"], reply.body["balances"]["points"])
    check_ledger(shop)


def test_a_load_that_is_sent_twice_counts_once(shop: Shop) -> None:
    anna = shop.customer("Anna")
    loads(shop, anna, 5000, "k1")
    assert loads(shop, anna, 5000, "k1").replayed
    assert 5000 == shop.balance(anna, "gift_minor")


def test_a_purchase_takes_part_of_it_and_earns_as_money_does(shop: Shop) -> None:
    anna = shop.customer("Anna")
    loads(shop, anna, 5000)
    body = shop.buys(anna, 8000, gift_minor=5000).body
    assert (3000, 800, 0) == (body["due_minor"], body["earned"]["points"], body["balances"]["gift_minor"])
    check_ledger(shop)


def test_what_is_returned_goes_back_to_the_card(shop: Shop) -> None:
    anna = shop.customer("Anna")
    loads(shop, anna, 5000)
    bought = shop.buys(anna, 8000, gift_minor=5000)
    assert 5000 == shop.undoes(bought).body["balances"]["gift_minor"]
    check_ledger(shop)


def test_a_load_that_was_a_mistake_is_taken_back(shop: Shop) -> None:
    anna = shop.customer("Anna")
    assert 0 == shop.undoes(loads(shop, anna, 5000)).body["balances"]["gift_minor"]
    check_ledger(shop)


@pytest.mark.parametrize("amount", [0, -1, 20_001])
def test_no_card_is_loaded_with_nothing_or_with_more_than_it_may_hold(shop: Shop, amount: int) -> None:
    anna = shop.customer("Anna")
    with pytest.raises(Invalid):
        loads(shop, anna, amount)
    assert 0 == shop.balance(anna, "gift_minor")


def test_a_card_holds_no_more_than_it_may_however_often_it_is_loaded(shop: Shop) -> None:
    anna = shop.customer("Anna")
    loads(shop, anna, 15_000)
    with pytest.raises(Invalid):
        loads(shop, anna, 5001)
    assert 20_000 == loads(shop, anna, 5000).body["balances"]["gift_minor"]


def test_a_purchase_takes_no_more_than_the_card_holds_or_the_receipt_needs(shop: Shop) -> None:
    anna = shop.customer("Anna")
    loads(shop, anna, 5000)
    with pytest.raises(InsufficientBalance):
        shop.buys(anna, 8000, gift_minor=5001)
    with pytest.raises(Invalid):
        shop.buys(anna, 4000, gift_minor=4001)
    assert 5000 == shop.balance(anna, "gift_minor")


def test_a_programme_without_gift_cards_loads_and_takes_none(sqlite_database: Database, clock: Clock) -> None:
    shop = Shop(sqlite_database, clock, [POINTS])
    anna = shop.customer("Anna")
    with pytest.raises(Invalid, match="no gift cards"):
        loads(shop, anna, 5000)
    with pytest.raises(Invalid, match="no gift cards"):
        shop.buys(anna, 8000, gift_minor=1)


def test_a_blocked_card_is_not_loaded(shop: Shop) -> None:
    anna = shop.customer("Anna")
    cards.change(shop.db, anna, now=shop.clock.now(), status="blocked")
    with pytest.raises(Exception, match="blocked"):
        loads(shop, anna, 5000)


def test_two_tills_cannot_spend_one_balance_twice(both: Shop) -> None:
    anna = both.customer("Anna")
    loads(both, anna, 5000)
    results = at_once(6, lambda _: both.buys(anna, 5000, gift_minor=5000))
    assert 1 == sum(isinstance(each, Reply) for each in results)
    assert 5 == sum(isinstance(each, InsufficientBalance) for each in results)
    assert 0 == both.balance(anna, "gift_minor")
    check_ledger(both)
