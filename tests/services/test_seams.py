"""Where one part of the ledger meets another: what neither of them does wrong alone."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from app.domain.errors import Conflict, Invalid
from app.services import companies, happenings, holds, ledger_check, loyalty, rulebook, settlement
from app.services.journal import By
from app.services.loyalty import Purchase
from app.services.operating import Reply
from app.storage import queries
from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.shop import Shop

IDLE = {"kind": "points", "percent": 10, "expires_after_idle_days": 10}
AIR = {"kind": "partner", "key": "air", "name": "Air", "stores": ["airport"], "pays_per_point_minor": 1}


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """None of these is about the engine."""
    return sqlite_database


def sets_aside(shop: Shop, serial: str, points: int, amount: int = 10_000, **more: Any) -> str:
    cmd = Purchase(serial, amount, "EUR", redeem_points=points, **more)
    by = By("boris", more.get("store", ""))
    done = holds.set_aside(shop.db, cmd, shop.once(), by, now=shop.clock.now())
    return str(done.body["hold"]["id"])


def captures(shop: Shop, hold: str) -> Reply:
    return holds.capture(shop.db, hold, shop.once(), By("boris"), now=shop.clock.now())


def proven(shop: Shop) -> None:
    *_, last = ledger_check.check(shop.read)
    assert {} == last.broken


def test_a_purchase_keeps_alive_what_its_own_hold_gives_back(database: Database, clock: Clock) -> None:
    shop = Shop(database, clock, [IDLE])
    anna = shop.customer("Anna")
    shop.buys(anna, 10_000)
    clock.forward(days=9)
    hold = sets_aside(shop, anna, 900)

    shop.buys(anna, 1000, hold=hold, redeem_points=100)
    clock.forward(days=9)

    assert 990 == loyalty_points(shop, anna), "the 900 that came back end with the others"
    proven(shop)


def loyalty_points(shop: Shop, serial: str) -> int:
    """What may be spent now."""
    cmd = Purchase(serial, 0, "EUR")
    done = loyalty.purchase(shop.db, cmd, shop.once(), By("boris"), now=shop.clock.now())
    return int(done.body["balances"]["points"])


def test_points_captured_for_a_partner_are_settled_with_that_partner(
    database: Database, clock: Clock
) -> None:
    shop = Shop(database, clock, [{"kind": "points", "percent": 10}, AIR])
    anna = shop.customer("Anna")
    shop.adjusts(anna, points=500)
    named, at_store = sets_aside(shop, anna, 200, partner="air"), sets_aside(shop, anna, 100, store="airport")

    captures(shop, named)
    captures(shop, at_store)

    with shop.read() as session:
        row = queries.programme_row(session, shop.slug)
        lines = settlement.report(session, row, clock.now().date(), clock.now().date())
    assert [("air", 300)] == [(line.partner, line.taken) for line in lines]


def test_a_hold_of_points_is_not_taken_for_cashback_after_the_rules_changed(
    database: Database, clock: Clock
) -> None:
    shop = Shop(database, clock, [{"kind": "points", "percent": 10}])
    anna = shop.customer("Anna")
    shop.adjusts(anna, points=500)
    hold = sets_aside(shop, anna, 200)
    clock.forward(minutes=1)
    rulebook.schedule(shop.db, shop.slug, [{"kind": "cashback", "percent": 2}], now=clock.now())

    with pytest.raises(Conflict):
        shop.buys(anna, 1000, hold=hold)

    holds.void(shop.db, hold, shop.once(), By("boris"), now=clock.now())
    assert 500 == shop.balance(anna, "points")
    proven(shop)


def test_who_may_not_pay_from_the_companys_account_cannot_with_anothers_hold(
    database: Database, clock: Clock
) -> None:
    rules: list[Any] = [{"kind": "points", "percent": 10}, {"kind": "company", "who_may_pay": "first"}]
    shop = Shop(database, clock, rules)
    first, other = shop.customer("Anna"), shop.customer("Boris")
    companies.join(shop.db, first, other, shop.once(), By("olga"), now=clock.now())
    shop.adjusts(first, points=500)
    hold = sets_aside(shop, first, 200)

    with pytest.raises(Invalid):
        shop.buys(other, 1000, hold=hold)

    assert 380 == shop.buys(first, 1000, hold=hold).body["balances"]["points"]


STAMPS = {"kind": "stamps", "goal": 9, "reward": "A tea", "per": "purchase", "daily_cap": 2}
LUCKY = {"kind": "surprise", "key": "lucky", "chance": 10_000, "budget": 9}
BAG = {"kind": "event", "key": "bag", "at_purchase": True, "limits": {"month": 2}}


def of_that_day(shop: Shop, anna: str, days: int) -> int:
    """Stamps and rewards that a receipt brings which is `days` days old."""
    at = shop.clock.now() - timedelta(days=days) if days else None
    earned: dict[str, int] = shop.buys(anna, 1000, occurred_at=at).body["earned"]
    return sum(earned.values())


def test_a_late_receipt_falls_under_the_limits_of_its_own_day(database: Database, clock: Clock) -> None:
    """A till without network sends yesterday's receipts: they have what is left of yesterday, and no more."""
    gift = {"reward": "sweet", "name": "A sweet"}
    shop = Shop(database, clock, [STAMPS, {**LUCKY, "gives": [gift]}])
    anna = shop.customer("Anna")

    today = [of_that_day(shop, anna, 0) for _ in range(3)]
    yesterday = [of_that_day(shop, anna, 1) for _ in range(3)]

    assert [2, 1, 0] == today == yesterday
    assert 4 == shop.balance(anna, "stamps")


def test_a_late_receipt_falls_under_the_limits_of_its_own_month(database: Database, clock: Clock) -> None:
    shop = Shop(database, clock, [{**BAG, "gives": [{"reward": "bag", "name": "A bag"}]}])
    anna = shop.customer("Anna")

    now = [of_that_day(shop, anna, 0) for _ in range(3)]
    last_month = [of_that_day(shop, anna, 5) for _ in range(3)]

    assert [1, 1, 0] == now == last_month


def test_an_event_that_is_told_late_falls_under_the_limits_of_its_own_day(
    database: Database, clock: Clock
) -> None:
    rule = {"kind": "event", "key": "review", "gives": [{"reward": "tea", "name": "A tea"}]}
    shop = Shop(database, clock, [{**rule, "limits": {"day": 1}}])
    anna, yesterday = shop.customer("Anna"), clock.now() - timedelta(days=1)

    def told(at: datetime | None) -> int:
        by, now = By("crm"), clock.now()
        happenings.happen(shop.db, anna, "review", shop.once(), by, now=now, at=at)
        return shop.balance(anna, "reward.tea")

    assert [1, 2, 2, 2] == [told(None), told(yesterday), told(yesterday), told(None)]


def test_what_went_over_to_a_company_is_not_taken_back_from_who_left_it(
    database: Database, clock: Clock
) -> None:
    shop = Shop(database, clock, [{"kind": "points", "percent": 10}, {"kind": "company"}])
    first, other = shop.customer("Anna"), shop.customer("Boris")
    bought = shop.buys(other, 1000)
    companies.join(shop.db, first, other, shop.once(), By("olga"), now=clock.now())
    companies.remove(shop.db, first, other, now=clock.now())
    shop.buys(other, 500)

    with pytest.raises(Conflict):
        shop.undoes(bought)

    assert [(100, 1000), (50, 500)] == [
        (shop.balance(each, "points"), shop.balance(each, "spend_minor")) for each in (first, other)
    ]
    proven(shop)


def test_a_return_looks_through_no_table_from_end_to_end(database: Database, clock: Clock) -> None:
    """It holds the card's lock meanwhile."""
    shop = Shop(database, clock, [{"kind": "points", "percent": 10}])
    anna = shop.customer("Anna")
    bought = shop.buys(anna, 1000)
    sent: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, sql: str, given: Any, _context: Any, many: bool) -> None:
        if sql.startswith("SELECT") and not many:
            sent.append((sql, given))

    event.listen(database.engine, "before_cursor_execute", note)
    shop.undoes(bought, amount_minor=100)
    event.remove(database.engine, "before_cursor_execute", note)

    with database.engine.connect() as connection:
        plans = [
            str(row[3])
            for sql, given in sent
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given)
        ]
    assert any("receipts" in plan for plan in plans)
    assert [] == [plan for plan in plans if plan.startswith("SCAN") and "SUBQUERY" not in plan]


def test_of_many_broken_cards_only_the_first_is_looked_up(database: Database, clock: Clock) -> None:
    shop = Shop(database, clock, [{"kind": "points", "percent": 10}])
    for name in ("Anna", "Boris", "Olga"):
        shop.adjusts(shop.customer(name), points=10)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE accounts SET balance = balance + 1")
    asked: list[str] = []

    def note(_c: Any, _cursor: Any, sql: str, _given: Any, _context: Any, _many: bool) -> None:
        asked.extend([sql] if sql.startswith("SELECT cards.serial") else [])

    event.listen(database.read_engine, "before_cursor_execute", note)
    *_, last = ledger_check.check(shop.read)
    event.remove(database.read_engine, "before_cursor_execute", note)

    assert 3 == last.broken["balance-lines"].cards
    assert len(last.broken) == len(asked)
