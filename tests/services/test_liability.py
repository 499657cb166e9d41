"""What a shop owes its customers, by the month in which it ends; counted by the database."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from app.domain.ledger import Spend
from app.services.journal import By
from app.services.liability import Liability, as_json, liability, write_csv
from app.services.operating import Order, only, operate
from app.storage import queries
from app.storage.database import Database
from tests.services.test_tick import waits
from tests.support.clock import Clock
from tests.support.service import PLAIN
from tests.support.shop import Shop

RULES = [
    {"kind": "points", "percent": 10, "point_value_minor": 5, "expires_after_days": 60},
    {"kind": "stamps", "goal": 5, "reward": "A coffee"},
]


@pytest.fixture
def shop(database: Database, clock: Clock) -> Shop:
    return Shop(database, clock, RULES, design=PLAIN)


def owed(shop: Shop) -> Liability:
    with shop.read() as session:
        return liability(session, queries.programme_row(session, shop.slug), shop.clock.now())


def test_points_are_counted_by_the_month_in_which_they_end(shop: Shop) -> None:
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    shop.buys(anna, 10_000)  # 200 points until 1 May
    shop.clock.forward(days=31)
    shop.buys(boris, 5_000)  # 100 points until 1 June
    shop.adjusts(boris, points=7)
    waits(shop, anna, 40, datetime(2026, 5, 2, tzinfo=UTC))
    shop.stamps(anna, 6)
    points, stamps, reward = owed(shop).units
    assert [("2026-05", 200, 0), ("2026-06", 107, 0), ("", 0, 40)] == [
        (each.month, each.usable, each.pending) for each in points.months
    ]
    assert (347, 347 * 5, 40) == (points.outstanding, points.worth_minor, points.pending)
    assert ("stamps", 1, 0) == (stamps.unit, stamps.outstanding, stamps.worth_minor)
    assert ("reward.reward", 1) == (reward.unit, reward.outstanding)


def test_what_is_set_aside_is_owed_and_what_ended_is_not(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.buys(anna, 10_000)
    operate(
        shop.db,
        anna,
        Order("hold", shop.once(), By("boris")),
        lambda _: only(Spend("points", 50, "held")),
        now=shop.clock.now(),
    )
    points = owed(shop).units[0]
    assert (150, 50, 200) == (points.usable, points.held, points.outstanding)
    shop.clock.forward(days=62)
    points = owed(shop).units[0]
    assert (0, 150) == (points.usable, points.over)


def test_a_month_ends_at_midnight_in_the_shop(sqlite_database: Database) -> None:
    clock = Clock(datetime(2026, 3, 1, 12, tzinfo=UTC))
    shop = Shop(sqlite_database, clock, RULES, design=PLAIN)
    shop.buys(shop.customer(), 10_000)  # its last day is 30 April in Riga
    assert ["2026-04"] == [month.month for month in owed(shop).units[0].months]


def test_the_file_and_the_json_have_the_same_numbers(sqlite_database: Database, clock: Clock) -> None:
    shop = Shop(sqlite_database, clock, RULES, design=PLAIN)
    shop.buys(shop.customer(), 10_000)
    made = io.StringIO()
    write_csv(made, [owed(shop)])
    lines = list(csv.DictReader(io.StringIO(made.getvalue())))
    assert [("points", "2026-05", "200", "1000", "EUR")] == [
        (each["unit"], each["month"], each["usable"], each["worth_minor"], each["currency"]) for each in lines
    ]
    told = as_json(owed(shop))
    assert (1000, "2026-03-02T09:00:00Z") == (told["worth_minor"], told["at"])
    assert [{"month": "2026-05", "usable": 200, "pending": 0}] == told["units"][0]["months"]


def test_nothing_is_owed_by_a_new_programme(sqlite_database: Database, clock: Clock) -> None:
    assert () == owed(Shop(sqlite_database, clock, RULES, design=PLAIN)).units
