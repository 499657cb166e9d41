"""What the clock asks for: each thing once, a batch at a time, whoever else is at work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from app.services import expiry, tick, walks
from app.services.ledger_check import check
from app.storage.database import Database
from app.storage.tables import Card, Event, LotRow, Operation
from tests.support.clock import Clock
from tests.support.service import PLAIN
from tests.support.shop import Shop

ENDING = {"kind": "points", "percent": 10, "expires_after_days": 30}


@pytest.fixture
def shop(database: Database, clock: Clock) -> Shop:
    return Shop(database, clock, [ENDING], design=PLAIN)


@pytest.fixture
def small_shop(sqlite_database: Database, clock: Clock) -> Shop:
    """Where the engine makes no difference."""
    return Shop(sqlite_database, clock, [ENDING], design=PLAIN)


def sound(shop: Shop) -> bool:
    *_, found = check(shop.read)
    return not found.broken


def ticks(shop: Shop, *, only: str = "") -> dict[str, int]:
    """What ends and begins now; how much was done, by round. Others have tests of their own."""
    names = [only] if only else ["cards", "lots", "activation"]
    done = [
        each
        for name in names
        for each in tick.run(shop.db, shop.read, shop.clock.now, only=name, until_done=True)
    ]
    return {each.round.name: each.done for each in done if each.done}


def count(shop: Shop, table: Any, *where: Any) -> int:
    with shop.read() as session:
        return session.scalar(select(func.count()).select_from(table).where(*where)) or 0


def test_points_of_many_cards_end_together_and_once(shop: Shop) -> None:
    cards = [shop.customer(f"Guest {number}") for number in range(7)]
    for serial in cards:
        shop.buys(serial, 1_000)
    shop.clock.forward(days=31)
    assert {"lots": 7} == ticks(shop)
    assert {} == ticks(shop)
    assert [0] * 7 == [shop.balance(serial, "points") for serial in cards]
    assert 7 == count(shop, Operation, Operation.kind == "expiry", Operation.actor == "clock")
    assert 7 == count(shop, Event, Event.kind == "ledger.expiry")
    assert sound(shop)


def test_a_card_that_shows_the_end_is_delivered_and_another_is_not(small_shop: Shop) -> None:
    anna, boris = small_shop.customer("Anna"), small_shop.customer("Boris")
    small_shop.buys(anna, 1_000)
    small_shop.works()
    small_shop.clock.forward(days=31)
    before = small_shop.card(anna).version, small_shop.card(boris).version
    ticks(small_shop)
    assert (before[0] + 1, before[1]) == (small_shop.card(anna).version, small_shop.card(boris).version)
    small_shop.works()
    assert {small_shop.card(anna).id} == {job.card_id for job in small_shop.pocket.told[1:]}


def test_several_machines_take_nothing_twice(shop: Shop) -> None:
    cards = [shop.customer(f"Guest {number}") for number in range(12)]
    for serial in cards:
        shop.buys(serial, 1_000)
    shop.clock.forward(days=31)
    at_once(4, lambda: ticks(shop))
    ticks(shop)
    assert 12 == count(shop, Operation, Operation.kind == "expiry")
    assert 0 == sum(shop.balance(serial, "points") for serial in cards)
    assert sound(shop)


def test_a_sale_meanwhile_is_not_lost(shop: Shop) -> None:
    cards = [shop.customer(f"Guest {number}") for number in range(6)]
    for serial in cards:
        shop.buys(serial, 1_000)
    shop.clock.forward(days=31)
    selling = [lambda serial=serial: shop.buys(serial, 2_000) for serial in cards]
    at_once(1, *[lambda: ticks(shop)], *selling)
    ticks(shop)
    assert [200] * 6 == [shop.balance(serial, "points") for serial in cards]
    assert sound(shop)


def at_once(count_: int, act: Callable[[], Any], *others: Callable[[], Any]) -> None:
    threads = [threading.Thread(target=act) for _ in range(count_)]
    threads += [threading.Thread(target=other) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_lot_that_is_filled_again_may_end_again(small_shop: Shop) -> None:
    anna = small_shop.customer("Anna")
    bought = small_shop.buys(anna, 1_000)
    used = small_shop.redeems(anna, points=100)
    small_shop.clock.forward(days=29)
    small_shop.undoes(used)
    small_shop.clock.forward(days=2)
    assert {"lots": 1} == ticks(small_shop)
    assert 0 == small_shop.balance(anna, "points")
    assert bought.body["earned"] == {"points": 100}
    assert sound(small_shop)


def test_one_broken_card_stops_no_other(small_shop: Shop) -> None:
    anna, boris = small_shop.customer("Anna"), small_shop.customer("Boris")
    for serial in (anna, boris):
        small_shop.buys(serial, 1_000)
    with small_shop.db.begin() as session:
        session.execute(
            text("UPDATE accounts SET balance = 7 WHERE unit = 'points' AND card_id = :card"),
            {"card": small_shop.card(anna).id},
        )
    small_shop.clock.forward(days=31)
    assert {"lots": 1} == ticks(small_shop)
    assert (7, 0) == (small_shop.balance(anna, "points"), small_shop.balance(boris, "points"))


def test_a_batch_is_bounded_and_the_next_goes_on(small_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "PAGE", 2)
    for number in range(5):
        small_shop.buys(small_shop.customer(f"Guest {number}"), 1_000)
    small_shop.clock.forward(days=31)
    batches = list(tick.run(small_shop.db, small_shop.read, small_shop.clock.now, only="lots"))
    assert [(2, 5, False)] == [(each.done, each.total, each.more) for each in batches]
    assert {"lots": 3} == ticks(small_shop)


def test_cards_end_and_say_so(shop: Shop) -> None:
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    with shop.db.begin() as session:
        session.execute(
            text("UPDATE cards SET expires_at = :at WHERE serial = :serial").bindparams(
                at=shop.clock.now().replace(tzinfo=None if shop.database.dialect == "sqlite" else UTC),
                serial=anna,
            )
        )
    shop.clock.forward(minutes=1)
    assert {"cards": 1} == ticks(shop)
    assert ("expired", "active") == (shop.card(anna).status, shop.card(boris).status)
    assert 1 == count(shop, Event, Event.kind == "card.status")
    assert {} == ticks(shop)


def waits(shop: Shop, serial: str, points: int, until: datetime) -> None:
    """Points that this customer may spend from `until` on."""
    from app.domain.ledger import Earn
    from app.services.journal import By
    from app.services.operating import Order, only, operate

    order = Order("adjustment", shop.once(), By("olga"))
    move = Earn("points", points, active_from=until)
    operate(shop.db, serial, order, lambda _: only(move), now=shop.clock.now())


def test_points_whose_day_comes_are_shown_and_told_of_once(shop: Shop) -> None:
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    shop.buys(boris, 1_000)
    waits(shop, anna, 40, shop.clock.now() + timedelta(days=3))
    waits(shop, anna, 2, shop.clock.now() + timedelta(days=3))
    assert {} == ticks(shop)
    before = shop.card(anna).version
    shop.clock.forward(days=3, seconds=11)
    assert {"activation": 1} == ticks(shop)
    assert before + 1 == shop.card(anna).version
    assert {} == ticks(shop)
    with shop.read() as session:
        told = session.scalars(select(Event).where(Event.kind == "points.activated")).all()
    assert [({"amounts": {"points": 42}}, shop.card(anna).id)] == [(each.body, each.card_id) for each in told]


def test_activation_goes_on_where_it_stopped(small_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "PAGE", 2)
    day = small_shop.clock.now() + timedelta(days=3)
    for number in range(5):
        waits(small_shop, small_shop.customer(f"Guest {number}"), 10, day)
    small_shop.clock.forward(days=4)
    assert {"activation": 5} == ticks(small_shop)
    assert 5 == count(small_shop, Event, Event.kind == "points.activated")


@pytest.mark.parametrize(
    ("bought", "last_day"),
    [
        (datetime(2026, 3, 20, 12, tzinfo=UTC), datetime(2026, 4, 19, 20, 59, 59, tzinfo=UTC)),
        (datetime(2026, 10, 10, 12, tzinfo=UTC), datetime(2026, 11, 9, 21, 59, 59, tzinfo=UTC)),
    ],
    ids=["into summer time", "out of it"],
)
def test_points_end_at_midnight_in_the_shop_whatever_the_season(
    sqlite_database: Database, clock: Clock, bought: datetime, last_day: datetime
) -> None:
    clock.begin(bought)
    shop = Shop(sqlite_database, clock, [ENDING], time_zone="Europe/Riga", design=PLAIN)
    anna = shop.customer("Anna")
    shop.buys(anna, 1_000)
    clock.begin(last_day)
    assert {} == ticks(shop, only="lots")
    clock.forward(seconds=1)
    assert {"lots": 1} == ticks(shop, only="lots")


def test_a_million_ends_are_walked_in_their_order_by_an_index(
    postgres_database: Database, clock: Clock
) -> None:
    with postgres_database.read() as session:
        session.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off"))
        statement = (
            select(LotRow.card_id)
            .where(LotRow.expires_at <= clock.now(), LotRow.remaining > 0)
            .order_by(LotRow.expires_at, LotRow.id)
            .limit(10)
        )
        sql = statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        plan = "\n".join(session.scalars(text(f"EXPLAIN {sql}")).all())
    assert "ix_lots_end" in plan
    assert "Sort" not in plan


def test_a_card_is_never_expired_by_two(shop: Shop) -> None:
    serial = shop.customer("Anna")
    with shop.db.begin() as session:
        session.get_one(Card, shop.card(serial).id).expires_at = shop.clock.now()
    shop.clock.forward(minutes=1)
    at_once(3, lambda: ticks(shop))
    assert 1 == count(shop, Event, Event.kind == "card.status")


def test_a_round_that_breaks_holds_up_no_other(small_shop: Shop) -> None:
    """One card of which the rules make no sense must not keep everybody's points from ending."""
    shop = small_shop
    anna = shop.customer("Anna")
    shop.buys(anna, 1000)
    shop.clock.forward(days=40)

    def breaks(_db: Any, _read: Any, _now: datetime) -> int:
        raise ValueError("a rule that nobody can follow")

    rounds = (tick.Round("broken", "what breaks", breaks), *tick.ROUNDS)

    while tick.step(shop.db, shop.read, shop.clock.now(), rounds):
        pass

    assert 0 == shop.balance(anna, "points")
