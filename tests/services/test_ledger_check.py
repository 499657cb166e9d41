"""Each kind of damage is done by hand, and is found and named; what is whole passes."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.services.ledger_check import Checked, check
from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.damage import damage, repaired
from tests.support.service import PLAIN
from tests.support.shop import Shop

ENDING = {"kind": "points", "percent": 10, "expires_after_days": 30}
RULES = [ENDING, {"kind": "stamps", "goal": 5, "reward": "A coffee"}]


@pytest.fixture
def shop(database: Database, clock: Clock) -> Shop:
    return Shop(database, clock, RULES, design=PLAIN)


@pytest.fixture
def small_shop(sqlite_database: Database, clock: Clock) -> Shop:
    """Where the engine makes no difference."""
    return Shop(sqlite_database, clock, RULES, design=PLAIN)


def checked(shop: Shop, **options: int) -> Checked:
    """The whole check."""
    *_, last = check(shop.read, **options)
    return last


def trades(shop: Shop) -> list[str]:
    """Two customers who bought, paid with points, collected stamps, and took something back."""
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    for serial in (anna, boris):
        shop.buys(serial, 12_340)
        shop.clock.forward(days=1)
        shop.undoes(shop.buys(serial, 5_000, redeem_points=100))
        shop.buys(serial, 9_900, redeem_points=200)
        shop.stamps(serial, 7)
        shop.adjusts(serial, points=50)
    return [anna, boris]


def test_what_a_shop_did_adds_up(shop: Shop) -> None:
    trades(shop)
    found = checked(shop)
    assert {} == found.broken
    assert (2, 2) == (found.cards, found.total)
    assert found.transfers > found.operations > 10


ANNAS = "card_id = (SELECT min(id) FROM cards) AND unit = 'points'"
DAMAGES = {
    "balance-lines": f"UPDATE accounts SET balance = balance + 7 WHERE {ANNAS}",
    "balance-lots": f"UPDATE accounts SET balance = balance + 7 WHERE {ANNAS}",
    "lots": f"UPDATE lots SET remaining = remaining - 1 WHERE remaining > 0 AND {ANNAS}",
    "held-lines": f"UPDATE accounts SET held = 3 WHERE {ANNAS}",
    "held-holds": f"UPDATE accounts SET held = 3 WHERE {ANNAS}",
    "debt": f"UPDATE accounts SET debt = 9 WHERE {ANNAS}",
    "versions": f"UPDATE accounts SET version = version + 1 WHERE {ANNAS}",
    "chain": f"UPDATE transfers SET balance_after = balance_after + 1 WHERE account_version = 2 AND {ANNAS}",
    "order": f"UPDATE transfers SET seq = seq + 5 WHERE account_version = 1 AND {ANNAS}",
    "operations": f"UPDATE transfers SET operation_id = 99999 WHERE account_version = 1 AND {ANNAS}",
    "lots-of-lines": f"UPDATE transfers SET lot_id = 99999 WHERE account_version = 1 AND {ANNAS}",
    "lines": f"UPDATE transfers SET debit = 'elsewhere' WHERE account_version = 1 AND {ANNAS}",
    "receipts": "UPDATE receipts SET refunded_minor = 5 WHERE card_id = (SELECT min(id) FROM cards)",
    "counted": "UPDATE tallies SET amount = amount + 1 WHERE what = 'spend_minor'",
    "days": "UPDATE tallies SET amount = amount + 1 WHERE what = 'visits' AND day <> '0001-01-01'",
}


def test_every_kind_of_damage_is_found_and_named(small_shop: Shop) -> None:
    anna, _ = trades(small_shop)
    for name, sql in DAMAGES.items():
        with repaired(small_shop.database):
            with damage(small_shop.database) as connection:
                assert 0 < connection.execute(text(sql)).rowcount, name
            found = checked(small_shop).broken
            assert name in found
            assert anna == found[name].card, name
    assert {} == checked(small_shop).broken


def test_both_engines_find_it(shop: Shop) -> None:
    trades(shop)
    names = ("balance-lots", "chain", "lots", "days", "operations")
    for name in names:
        with damage(shop.database) as connection:
            connection.execute(text(DAMAGES[name]))
    assert set(names) <= set(checked(shop).broken)


def test_a_line_that_was_deleted_is_missed(small_shop: Shop) -> None:
    anna, _ = trades(small_shop)
    with damage(small_shop.database) as connection:
        connection.execute(text(f"DELETE FROM transfers WHERE account_version = 3 AND {ANNAS}"))
    found = checked(small_shop).broken
    assert anna == found["versions"].card
    assert {"balance-lines", "chain", "lots", "versions"} <= set(found)


def test_a_balance_below_zero_is_found(small_shop: Shop) -> None:
    trades(small_shop)
    with damage(small_shop.database) as connection:
        connection.execute(text(f"UPDATE accounts SET balance = -5 WHERE {ANNAS}"))
    assert "-5" in checked(small_shop).broken["negative"].says


def test_the_first_card_is_named_and_all_are_counted(small_shop: Shop) -> None:
    anna, _ = trades(small_shop)
    with damage(small_shop.database) as connection:
        connection.execute(text("UPDATE accounts SET balance = balance + 1"))
    found = checked(small_shop, stretch=1).broken["balance-lines"]
    assert (anna, 2) == (found.card, found.cards)


def test_a_programme_may_be_checked_alone(sqlite_database: Database, clock: Clock) -> None:
    cafe, bakery = (Shop(sqlite_database, clock, RULES, slug, design=PLAIN) for slug in ("cafe", "bakery"))
    trades(cafe)
    bakery.buys(bakery.customer("Olga"), 500)
    with damage(cafe.database) as connection:
        connection.execute(text(f"UPDATE accounts SET balance = balance + 7 WHERE {ANNAS}"))
    assert checked(cafe, programme_id=cafe.programme_id).broken
    assert {} == checked(cafe, programme_id=bakery.programme_id).broken
    assert 1 == checked(cafe, programme_id=bakery.programme_id).cards


def test_a_key_that_was_carried_out_twice_is_found(small_shop: Shop) -> None:
    """As a dump would hold it that was restored without its constraints."""
    small_shop.buys(small_shop.customer("Anna"), 1_000, key="till-1")
    with damage(small_shop.database) as connection:
        columns = [row[1] for row in connection.execute(text("PRAGMA table_info(operations)"))]
        others = ", ".join(column for column in columns if column != "id")
        connection.execute(text("CREATE TABLE loose AS SELECT * FROM operations"))
        connection.execute(text(f"INSERT INTO loose SELECT id + 50, {others} FROM operations"))
        connection.execute(text("DROP TABLE operations"))
        connection.execute(text("ALTER TABLE loose RENAME TO operations"))
    assert "till-1" in checked(small_shop).broken["keys"].says
