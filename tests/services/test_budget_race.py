"""Two tills and the last of a budget: on both engines it is given away once, and never overdrawn."""

import threading
from typing import Any

import pytest
from sqlalchemy import select

from app.services.ledger_check import check
from app.storage.database import Database
from app.storage.tables import Budget
from tests.support.clock import Clock
from tests.support.service import PLAIN
from tests.support.shop import Shop

POINTS = {"kind": "points", "percent": 10}
GUESTS, BUDGET = 8, 350


@pytest.fixture
def shop(database: Database, clock: Clock) -> Shop:
    gives: list[dict[str, Any]] = [{"unit": "points", "amount": 100}]
    rule = {"kind": "surprise", "key": "lucky", "chance": 10_000, "gives": gives, "budget": BUDGET}
    return Shop(database, clock, [POINTS, rule], design=PLAIN)


def test_a_budget_is_never_overdrawn_by_tills_that_ask_at_once(shop: Shop) -> None:
    guests = [shop.customer(f"Guest {number}", in_pocket=False) for number in range(GUESTS)]
    ready = threading.Barrier(len(guests))

    def buys(serial: str) -> None:
        ready.wait()
        shop.buys(serial, 1000, key=f"till:{serial}")

    tills = [threading.Thread(target=buys, args=(serial,)) for serial in guests]
    for till in tills:
        till.start()
    for till in tills:
        till.join()

    points = sorted(shop.balance(serial, "points") for serial in guests)
    assert [100] * 5 + [200] * 3 == points
    with shop.read() as session:
        assert 300 == session.scalar(select(Budget.used))
    *_, found = check(shop.read)
    assert {} == found.broken


def test_a_surprise_that_is_taken_back_may_be_given_again(shop: Shop) -> None:
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    bought = [shop.buys(shop.customer(f"Guest {number}"), 1000) for number in range(3)]
    assert {"points": 100} == shop.buys(anna, 1000).body["earned"]
    shop.undoes(bought[0])
    assert {"points": 200} == shop.buys(boris, 1000).body["earned"]
    with shop.read() as session:
        assert 300 == session.scalar(select(Budget.used))
