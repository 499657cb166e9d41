"""Points taken out in bulk: what was worked out counts only where nothing came between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.services import expiry, taking_out
from app.services.ledger_check import check
from app.storage.batches import insert_many, set_many
from app.storage.database import Database
from app.storage.tables import Account, Chore, Event, LotRow, Operation, TransferRow
from tests.support.clock import Clock
from tests.support.service import PLAIN
from tests.support.shop import Shop

ENDING = {"kind": "points", "percent": 10, "expires_after_days": 30}


@pytest.fixture
def shop(database: Database, clock: Clock) -> Shop:
    return Shop(database, clock, [ENDING], design=PLAIN)


def takes_out(shop: Shop, endings: list[taking_out.Ending]) -> int:
    with shop.db.begin() as session:
        return taking_out.write(session, endings, shop.clock.now())


def sound(shop: Shop) -> bool:
    *_, found = check(shop.read)
    return not found.broken


def test_a_card_that_was_used_meanwhile_is_left_for_the_next_round(shop: Shop) -> None:
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    for serial in (anna, boris):
        shop.buys(serial, 1_000)
    shop.clock.forward(days=31)
    cards = [shop.card(serial).id for serial in (anna, boris)]
    endings = taking_out.work_out(shop.read, cards, shop.clock.now())
    shop.buys(anna, 500)
    assert 1 == takes_out(shop, endings)
    assert (50, 0) == (shop.balance(anna, "points") - 100, shop.balance(boris, "points"))
    assert 1 == expiry.expire_lots(shop.db, shop.read, shop.clock.now())
    assert 50 == shop.balance(anna, "points")
    assert sound(shop)


def test_what_was_worked_out_twice_is_taken_out_once(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.buys(anna, 1_000)
    shop.clock.forward(days=31)
    once, twice = (taking_out.work_out(shop.read, [shop.card(anna).id], shop.clock.now()) for _ in range(2))
    assert (1, 0) == (takes_out(shop, once), takes_out(shop, twice))
    assert sound(shop)


def test_each_lot_of_a_card_is_an_operation_with_its_own_line_and_answer(shop: Shop) -> None:
    anna = shop.customer("Anna")
    for days in (1, 1, 30):
        shop.buys(anna, 1_000)
        shop.clock.forward(days=days)
    assert 2 == expiry.expire_lots(shop.db, shop.read, shop.clock.now())
    with shop.read() as session:
        made = session.scalars(
            select(Operation).where(Operation.kind == "expiry").order_by(Operation.id)
        ).all()
        lines = session.scalars(
            select(TransferRow).where(TransferRow.credit == "expired").order_by(TransferRow.id)
        ).all()
        told = session.scalars(select(Event).where(Event.kind == "ledger.expiry").order_by(Event.id)).all()
        left = session.execute(
            select(LotRow.remaining).where(LotRow.unit == "points").order_by(LotRow.id)
        ).scalars()
        assert [0, 0, 100] == list(left)
    assert [(200, 4), (100, 5)] == [(line.balance_after, line.account_version) for line in lines]
    assert [each.id for each in made] == [line.operation_id for line in lines]
    first = made[0].reply
    assert ({"points": 100}, 200) == (first["redeemed"], first["balances"]["points"] + 100)
    assert [{"unit": "points", "amount": -100, "balance": 200}] == first["entries"]
    assert [each.reply["id"] for each in made] == [each.body["id"] for each in told]
    assert sound(shop)


def test_many_rows_are_inserted_as_they_are_given_and_answer_with_their_ids(database: Database) -> None:
    at = datetime(2026, 8, 1, 12, 30, 15, 123456, tzinfo=UTC)
    rows: list[dict[str, Any]] = [
        {
            "name": f"round {number}",
            "last_at": None if number else at,
            "next_at": at + timedelta(seconds=number),
            "taken": bool(number),
            "result": {"said": f"«Ёж\" {number}'\\", "none": None, "in": [number]},
        }
        for number in range(3)
    ]
    table: Any = Chore.__table__
    with database.write.begin() as session:
        assert {} == insert_many(session, table, rows)
        assert {} == insert_many(session, table, [])
        set_many(session, table, [{"name": "round 1", "taken": False}], keys=("name",))
        set_many(session, table, [], keys=("name",))
    rows[1]["taken"] = False
    with database.read() as session:
        kept = session.scalars(select(Chore).order_by(Chore.name)).all()
    assert rows == [{name: getattr(row, name) for name in rows[0]} for row in kept]


def test_only_the_named_rows_and_columns_are_set(shop: Shop) -> None:
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    for serial in (anna, boris):
        shop.buys(serial, 1_000)
    table: Any = Account.__table__
    row = {"card_id": shop.card(anna).id, "unit": "points", "balance": 7}
    with shop.db.begin() as session:
        set_many(session, table, [row], keys=("card_id", "unit"))
    assert (7, 100) == (shop.balance(anna, "points"), shop.balance(boris, "points"))
    with shop.read() as session:
        assert 1 == session.scalar(select(func.count()).select_from(Account).where(Account.balance == 7))
