"""Birthdays by the clock: on the shop's own day, once a year, resumed, caught up."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.services import birthdays, cards
from app.services.birthdays import days_of_birth
from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.service import PLAIN
from tests.support.shop import Shop

POINTS = {"kind": "points", "percent": 10}


def party(**more: Any) -> dict[str, Any]:
    return {"kind": "event", "key": "birthday", "gives": [{"unit": "points", "amount": 50}], **more}


def opened(database: Database, clock: Clock, *, zone: str = "Europe/Riga", **more: Any) -> Shop:
    return Shop(database, clock, [POINTS, party(**more)], design=PLAIN, time_zone=zone)


def comes(shop: Shop, moment: str) -> int:
    """The clock stands there (UTC), and the round is made until it has nothing to do."""
    shop.clock.begin(datetime.fromisoformat(moment).replace(tzinfo=UTC))
    total = 0
    while done := birthdays.run(shop.db, shop.read, shop.clock.now()):
        total += done
    return total


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    return opened(sqlite_database, clock)


def test_on_both_engines_the_index_finds_todays_birthdays_and_nobody_elses(
    database: Database, clock: Clock
) -> None:
    shop = opened(database, clock)
    anna, boris = shop.customer("Anna", birthday="1990-03-02"), shop.customer("Boris", birthday="1990-03-03")
    assert 1 == comes(shop, "2026-03-02T09:00")
    assert (50, 0) == (shop.balance(anna, "points"), shop.balance(boris, "points"))
    assert 0 == comes(shop, "2026-03-02T21:00")
    assert 1 == comes(shop, "2026-03-03T09:00")
    assert (50, 50) == (shop.balance(anna, "points"), shop.balance(boris, "points"))


@pytest.mark.parametrize(
    ("zone", "too_early", "begun"),
    [
        ("Europe/Riga", "2026-03-27T21:59", "2026-03-27T22:01"),  # winter time: two hours ahead
        ("Europe/Riga", "2026-03-29T20:59", "2026-03-29T21:01"),  # the night after the clocks went forward
        ("America/New_York", "2026-03-09T03:59", "2026-03-09T04:01"),
        ("Pacific/Kiritimati", "2026-03-26T09:59", "2026-03-26T10:01"),
    ],
)
def test_a_birthday_begins_at_midnight_in_the_shop(
    sqlite_database: Database, clock: Clock, zone: str, too_early: str, begun: str
) -> None:
    shop = opened(sqlite_database, clock, zone=zone)
    local = datetime.fromisoformat(begun).replace(tzinfo=UTC).astimezone(shop.programme.zone).date()
    anna = shop.customer("Anna", birthday=local.replace(year=1990).isoformat())
    assert 0 == comes(shop, too_early)
    assert 1 == comes(shop, begun)
    assert 50 == shop.balance(anna, "points")


def test_a_birthday_is_celebrated_once_a_year_and_every_year(shop: Shop) -> None:
    anna = shop.customer("Anna", birthday="1992-02-29")
    for moment in ("2026-02-28T09:00", "2026-03-01T09:00", "2027-02-28T09:00", "2028-02-28T09:00"):
        comes(shop, moment)
    assert 100 == shop.balance(anna, "points")
    comes(shop, "2028-02-29T09:00")
    assert 150 == shop.balance(anna, "points")


def test_another_birthday_in_the_same_year_brings_nothing(shop: Shop) -> None:
    anna = shop.customer("Anna", birthday="1990-03-02")
    comes(shop, "2026-03-02T09:00")
    cards.change(shop.db, anna, now=shop.clock.now(), member={"birthday": "1990-03-05"})
    comes(shop, "2026-03-05T09:00")
    assert 50 == shop.balance(anna, "points")
    comes(shop, "2027-03-05T09:00")
    assert 100 == shop.balance(anna, "points")


def test_days_around_a_birthday_reach_over_new_year(sqlite_database: Database, clock: Clock) -> None:
    shop = opened(sqlite_database, clock, days_around=5)
    anna = shop.customer("Anna", birthday="1990-01-02")
    assert 0 == comes(shop, "2026-12-27T09:00")
    assert 1 == comes(shop, "2026-12-28T09:00")
    assert 50 == shop.balance(anna, "points")
    assert 0 == comes(shop, "2027-01-02T09:00")
    assert 1 == comes(shop, "2027-12-28T09:00")


def test_days_that_a_server_slept_through_are_made_up_for(shop: Shop) -> None:
    comes(shop, "2026-03-01T09:00")
    anna, boris = shop.customer("Anna", birthday="1990-03-03"), shop.customer("Boris", birthday="1990-03-05")
    assert 2 == comes(shop, "2026-03-06T09:00")
    assert (50, 50) == (shop.balance(anna, "points"), shop.balance(boris, "points"))
    assert 0 == comes(shop, "2026-03-06T10:00")


def test_a_round_that_died_goes_on_where_it_stopped(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(birthdays, "BATCH", 2)
    guests = [shop.customer(name, birthday="1990-03-02") for name in ("Anna", "Boris", "Charlie", "Dora")]
    now = shop.clock.now()
    assert 2 == birthdays.run(shop.db, shop.read, now)
    assert [50, 50, 0, 0] == [shop.balance(each, "points") for each in guests]
    assert 2 == birthdays.run(shop.db, shop.read, now)
    assert [50] * 4 == [shop.balance(each, "points") for each in guests]
    assert 0 == comes(shop, "2026-03-02T23:00")


def test_a_blocked_card_is_left_out_and_holds_up_nobody(shop: Shop) -> None:
    anna, boris = shop.customer("Anna", birthday="1990-03-02"), shop.customer("Boris", birthday="1990-03-02")
    cards.change(shop.db, anna, now=shop.clock.now(), status="blocked")
    assert 1 == comes(shop, "2026-03-02T09:00")
    assert (0, 50) == (shop.balance(anna, "points"), shop.balance(boris, "points"))


def test_every_day_of_birth_that_is_celebrated_on_a_day() -> None:
    assert {date(1992, 2, 29), date(2001, 2, 28)} <= days_of_birth((0,), date(2027, 2, 28))
    assert date(1992, 2, 29) not in days_of_birth((0,), date(2028, 2, 28))
    assert date(2030, 2, 28) not in days_of_birth((0,), date(2028, 2, 28))
    assert date(1990, 1, 2) in days_of_birth((0, 5), date(2026, 12, 28))
