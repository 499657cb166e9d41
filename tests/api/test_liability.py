"""Programs read what a programme owes its customers."""

import pytest

from app.storage.database import Database
from tests.support.api_shop import CAFE, Shop
from tests.support.clock import Clock


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    opened = Shop(sqlite_database, clock)
    assert 201 == opened.owner.post("/programmes", CAFE).status_code
    return opened


def test_a_program_reads_what_is_owed(shop: Shop) -> None:
    serial = shop.card()
    shop.owner.post(f"/cards/{serial}/adjustments", {"points": 120, "reason": "gift"}, key="k1")
    answer = shop.owner.get("/programmes/cafe/liability")
    assert 200 == answer.status_code
    told = answer.get_json()
    (points,) = [each for each in told["units"] if each["unit"] == "points"]
    assert (120, 120, "EUR") == (points["outstanding"], told["worth_minor"], told["currency"])
    assert [{"month": None, "usable": 120, "pending": 0}] == points["months"]
    assert 404 == shop.owner.get("/programmes/nowhere/liability").status_code
