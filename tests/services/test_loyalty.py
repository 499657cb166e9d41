"""Use cases of the ledger, on both engines: once per key, never below zero, and back again."""

import threading
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from app.domain import proof
from app.domain.errors import (
    AlreadyReversed,
    CardNotActive,
    Conflict,
    InsufficientBalance,
    Invalid,
    KeyReused,
)
from app.domain.ledger import Lot, Transfer
from app.services import cards, expiry, journal
from app.storage.database import Database
from app.storage.tables import Account, LotRow, Operation, TransferRow
from tests.support.clock import Clock
from tests.support.shop import POINTS, STAMPS, Shop


@pytest.fixture
def shop(database: Database, clock: Clock) -> Shop:
    return Shop(database, clock, [POINTS, STAMPS])


def check_ledger(shop: Shop) -> None:
    """The whole database adds up."""
    with shop.read() as session:
        accounts = session.scalars(select(Account)).all()
        for card_id in {account.card_id for account in accounts}:
            rows = session.scalars(select(LotRow).where(LotRow.card_id == card_id))
            lots = [Lot(r.id, r.unit, r.initial, r.remaining, r.active_from, r.expires_at) for r in rows]
            lines: list[Transfer] = []
            for operation in session.scalars(select(Operation).where(Operation.card_id == card_id)):
                lines += journal.transfers_of(session, operation)
            balances = {a.unit: a.balance for a in accounts if a.card_id == card_id}
            assert [] == proof.check(lots, lines, balances)


def test_a_purchase_earns_points(shop: Shop) -> None:
    anna = shop.customer("Anna")
    reply = shop.buys(anna, 12340)
    assert 1234 == reply.body["balances"]["points"]
    assert {"points": 1234} == reply.body["earned"]
    assert 12340 == reply.body["balances"]["spend_minor"]
    check_ledger(shop)


def test_the_same_key_gives_the_first_answer_again(shop: Shop) -> None:
    anna = shop.customer("Anna")
    first = shop.buys(anna, 1000, key="k1")
    again = shop.buys(anna, 1000, key="k1")
    assert (dict(first.body), True) == (dict(again.body), again.replayed)
    assert 100 == shop.buys(anna, 0).body["balances"]["points"]


def test_the_same_key_with_another_amount_is_refused(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.buys(anna, 1000, key="k1")
    with pytest.raises(KeyReused):
        shop.buys(anna, 1001, key="k1")


def test_a_receipt_counts_once_whoever_sends_it(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.buys(anna, 1000, receipt="r1")
    assert shop.buys(anna, 1000, receipt="r1").replayed
    with pytest.raises(Conflict):
        shop.buys(anna, 2000, receipt="r1")


def test_paying_with_points_takes_them_first(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.adjusts(anna, points=500)
    assert 500 - 400 + 60 == shop.buys(anna, 1000, redeem_points=400).body["balances"]["points"]
    with pytest.raises(InsufficientBalance):
        shop.buys(anna, 9000, redeem_points=161)
    with pytest.raises(Invalid):
        shop.buys(anna, 100, redeem_points=101)


def test_a_full_stamp_card_becomes_a_reward_that_is_handed_out_once(shop: Shop) -> None:
    anna = shop.customer("Anna")
    reply = shop.stamps(anna, 12)
    assert (2, 1) == (reply.body["balances"]["stamps"], reply.body["rewards"][0]["count"])
    assert [] == shop.redeems(anna, reward="reward").body["rewards"]
    with pytest.raises(InsufficientBalance):
        shop.redeems(anna, reward="reward")
    check_ledger(shop)


def test_a_correction_that_fills_the_card_gives_the_reward_too(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.stamps(anna, 9)
    reply = shop.adjusts(anna, stamps=2)
    assert (1, 1) == (reply.body["balances"]["stamps"], reply.body["rewards"][0]["count"])
    check_ledger(shop)


def test_undo_takes_everything_back_and_only_once(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.adjusts(anna, points=500)
    bought = shop.buys(anna, 1000, redeem_points=400)
    back = shop.undoes(bought)
    assert (500, 0) == (back.body["balances"]["points"], back.body["balances"]["spend_minor"])
    with pytest.raises(AlreadyReversed):
        shop.undoes(bought)
    with pytest.raises(Conflict):
        shop.undoes(back)
    check_ledger(shop)


def test_undoing_the_last_stamp_takes_the_reward_away_again(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.stamps(anna, 9)
    tenth = shop.stamps(anna)
    back = shop.undoes(tenth)
    assert (9, []) == (back.body["balances"]["stamps"], back.body["rewards"])
    check_ledger(shop)


def test_a_blocked_card_earns_nothing_but_still_answers_repeats(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.buys(anna, 1000, key="k1")
    cards.change(shop.db, anna, now=shop.clock.now(), status="blocked")
    assert shop.buys(anna, 1000, key="k1").replayed
    with pytest.raises(CardNotActive):
        shop.buys(anna, 1000)


@pytest.mark.parametrize(
    "wrong",
    [{"amount_minor": -1}, {"amount_minor": 10**13}, {"currency": "USD"}, {"redeem_points": -5}],
)
def test_absurd_purchases_are_refused(shop: Shop, wrong: dict[str, Any]) -> None:
    anna = shop.customer("Anna")
    with pytest.raises(Invalid):
        shop.buys(anna, **{"amount_minor": 100, **wrong})
    check_ledger(shop)


def test_points_end_when_their_time_is_over(database: Database, clock: Clock) -> None:
    shop = Shop(database, clock, [{"kind": "points", "percent": 10, "expires_after_days": 30}])
    anna = shop.customer("Anna")
    shop.buys(anna, 1000)
    clock.forward(days=20)
    shop.buys(anna, 500)
    clock.forward(days=11)
    assert expiry.expire_lots(shop.db, shop.read, clock.now())
    assert not expiry.expire_lots(shop.db, shop.read, clock.now())
    assert 50 == shop.buys(anna, 0).body["balances"]["points"]
    check_ledger(shop)


def test_two_tills_cannot_spend_the_same_points(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.adjusts(anna, points=100)
    results = at_once(8, lambda _: shop.redeems(anna, points=100))
    assert 1 == sum(isinstance(result, loyalty_reply()) for result in results)
    assert 7 == sum(isinstance(result, InsufficientBalance) for result in results)
    check_ledger(shop)


def test_two_tills_with_the_same_key_earn_once(shop: Shop) -> None:
    anna = shop.customer("Anna")
    results = at_once(8, lambda _: shop.buys(anna, 1000, key="same"))
    assert 1 == sum(not result.replayed for result in results)
    assert 100 == shop.buys(anna, 0).body["balances"]["points"]


def test_many_tills_lose_nothing(shop: Shop) -> None:
    anna = shop.customer("Anna")
    at_once(12, lambda number: shop.buys(anna, 1000 + number))
    assert (
        12 * 100 + sum(number // 10 for number in range(12)) == shop.buys(anna, 0).body["balances"]["points"]
    )
    check_ledger(shop)


@pytest.mark.parametrize("table", ["operations", "transfers"])
def test_the_database_itself_refuses_to_edit_the_journal(shop: Shop, table: str) -> None:
    shop.buys(shop.customer("Anna"), 1000)
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id"):
        with pytest.raises(DatabaseError, match="append-only"), shop.db.begin() as session:
            session.execute(text(statement))


def test_history_keeps_its_order_and_its_balances(shop: Shop) -> None:
    anna = shop.customer("Anna")
    for amount in (1000, 2000, 3000):
        shop.buys(anna, amount)
    with shop.read() as session:
        lines = session.scalars(
            select(TransferRow).where(TransferRow.unit == "points").order_by(TransferRow.id)
        )
        assert [100, 300, 600] == [line.balance_after for line in lines]


def loyalty_reply() -> type:
    from app.services.loyalty import Reply

    return Reply


def at_once(count: int, act: Any) -> list[Any]:
    """What `count` threads got that all began at the same moment; errors are results."""
    barrier, results = threading.Barrier(count), [None] * count

    def run(number: int) -> None:
        barrier.wait()
        try:
            results[number] = act(number)
        except Exception as error:
            results[number] = error  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
