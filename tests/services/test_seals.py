"""Days of the ledger are sealed when they are over; whatever is changed later is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from app.services import seals
from app.services.ledger_check import check
from app.storage.database import Database
from app.storage.tables import Operation, Seal
from tests.services.test_tick import at_once
from tests.support.clock import Clock
from tests.support.damage import damage, repaired
from tests.support.service import PLAIN
from tests.support.shop import POINTS, Shop


@pytest.fixture
def shop(database: Database, clock: Clock) -> Shop:
    return Shop(database, clock, [POINTS], design=PLAIN)


@pytest.fixture
def small_shop(sqlite_database: Database, clock: Clock) -> Shop:
    """Where the engine makes no difference."""
    return Shop(sqlite_database, clock, [POINTS], design=PLAIN)


def three_days(shop: Shop) -> None:
    """Sales on two days with a quiet one between them, all sealed; the clock stands on the next morning."""
    anna = shop.customer("Anna")
    for days in (0, 2):
        shop.clock.forward(days=days)
        for amount in (1_000, 2_500):
            shop.buys(anna, amount, store="Old town")
    shop.clock.forward(days=1)
    seals_all(shop)


def seals_all(shop: Shop) -> int:
    made = 0
    while seals.run(shop.db, shop.read, shop.clock.now()):
        made += 1
    return made


def sealed(shop: Shop) -> list[Seal]:
    with shop.read() as session:
        return list(session.scalars(select(Seal).order_by(Seal.day)))


def faults(shop: Shop) -> list[str]:
    return [f"{each.day} {each.says}" for each in seals.verify(shop.read) if each]


def test_every_day_is_sealed_once_and_follows_the_one_before(shop: Shop) -> None:
    three_days(shop)
    rows = sealed(shop)
    assert [2, 0, 2] == [row.operations for row in rows]
    assert [seals.FIRST, rows[0].hash, rows[1].hash] == [row.previous for row in rows]
    assert 0 == seals_all(shop)
    assert [] == faults(shop)


def test_a_day_waits_a_quarter_of_an_hour_for_what_commits_late(small_shop: Shop) -> None:
    small_shop.buys(small_shop.customer("Anna"), 1_000)
    small_shop.clock.begin(datetime(2026, 3, 3, 0, 14, 59, tzinfo=UTC))
    assert 0 == seals_all(small_shop)
    small_shop.clock.forward(seconds=1)
    assert 1 == seals_all(small_shop)


def test_two_workers_seal_a_day_once(shop: Shop) -> None:
    shop.buys(shop.customer("Anna"), 1_000)
    shop.clock.forward(days=3)
    at_once(4, lambda: seals_all(shop))
    seals_all(shop)
    assert 3 == len(sealed(shop))
    assert [] == faults(shop)


CHANGES = {
    "an amount": "UPDATE transfers SET amount = amount + 1 WHERE id = 1",
    "a reason": "UPDATE operations SET reason = 'other' WHERE id = 1",
    "a store": "UPDATE operations SET store = 'New town' WHERE id = 3",
    "an answer": "UPDATE operations SET reply = '{}' WHERE id = 1",
    "a time": "UPDATE operations SET occurred_at = '2026-03-02 08:00:00' WHERE id = 1",
    "a lost line": "DELETE FROM transfers WHERE id = 2",
    "a lost operation": "DELETE FROM operations WHERE id = 4",
    "a moved operation": "UPDATE operations SET recorded_at = '2026-03-03 09:00:00' WHERE id = 1",
}


def test_what_is_changed_after_its_day_was_sealed_is_found(small_shop: Shop) -> None:
    three_days(small_shop)
    for change, sql in CHANGES.items():
        with repaired(small_shop.database):
            with damage(small_shop.database) as connection:
                connection.execute(text(sql))
            assert faults(small_shop), change
    assert [] == faults(small_shop)


def test_the_check_of_the_ledger_names_the_day(small_shop: Shop) -> None:
    three_days(small_shop)
    with damage(small_shop.database) as connection:
        connection.execute(text("UPDATE operations SET reason = 'other' WHERE id = 1"))
    *_, found = check(small_shop.read)
    says = found.broken["seals"].says
    assert "2026-03-02: an operation or a line was changed after it was sealed" == says


def test_both_engines_seal_the_same_bytes(
    sqlite_database: Database, postgres_database: Database, clock: Clock
) -> None:
    start, hashes = clock.now(), []
    for database in (sqlite_database, postgres_database):
        clock.begin(start)
        shop = Shop(database, clock, [POINTS], design=PLAIN)
        shop.buys(shop.customer("Anna"), 1_000, receipt="Чек №1")
        with shop.read() as session:
            row = session.scalars(select(Operation)).one()
            values = (1, "public", "Чек", {"b": 1, "a": [None, "é"]}, row.recorded_at, None)
            hashes.append(seals._bytes("operation", values))
    assert hashes[0] == hashes[1]
    assert (
        '["operation",1,"public","Чек",{"a":[null,"é"],"b":1},"2026-03-02T09:00:00.000000+00:00",null]\n'
        == hashes[0].decode()
    )


def test_a_seal_that_was_taken_out_or_made_anew_is_missed(small_shop: Shop) -> None:
    three_days(small_shop)
    with damage(small_shop.database) as connection:
        connection.execute(text("DELETE FROM seals WHERE day = '2026-03-03'"))
    assert ["2026-03-04 the seal of 2026-03-03 is missing"] == faults(small_shop)
    with damage(small_shop.database) as connection:
        connection.execute(text("DELETE FROM seals WHERE day = '2026-03-02'"))
    assert ["2026-03-04 it does not follow the seal of the day before"] == faults(small_shop)


def test_a_long_day_is_read_a_page_at_a_time(small_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    three_days(small_shop)
    hashes = [row.hash for row in sealed(small_shop)]
    monkeypatch.setattr(seals, "PAGE", 1)
    assert [] == faults(small_shop)
    assert hashes == [row.hash for row in sealed(small_shop)]


def test_nothing_is_sealed_before_anything_was_done(small_shop: Shop) -> None:
    small_shop.clock.forward(days=3)
    assert 0 == seals_all(small_shop)
    assert timedelta(minutes=15) == seals.MARGIN
