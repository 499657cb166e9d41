"""Every line of a card's journal says by which rule, out of which lot, until when, and at whose place."""

from datetime import UTC, datetime

from app.services import statement
from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.service import PLAIN
from tests.support.shop import Shop


def test_a_line_names_its_rule_its_lot_and_its_end(sqlite_database: Database, clock: Clock) -> None:
    rule = {"kind": "points", "percent": 10, "expires_after_days": 30}
    shop = Shop(sqlite_database, clock, [rule], design=PLAIN)
    anna = shop.customer()
    shop.buys(anna, 1_000)
    shop.redeems(anna, points=40)
    with shop.read() as session:
        lines = statement.entries(session, shop.card(anna))
    spent, earned = [each for each in lines if each["unit"] == "points"]
    assert ("issued", "points", 100, 100) == tuple(
        earned[name] for name in ("against", "rule", "amount", "balance")
    )
    assert ("redeemed", -40, 60) == tuple(spent[name] for name in ("against", "amount", "balance"))
    assert spent["lot"] == earned["lot"]
    assert datetime(2026, 4, 1, 21, tzinfo=UTC) == earned["ends_at"] == spent["ends_at"]
