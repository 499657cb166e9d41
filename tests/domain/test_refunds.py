"""Returns, whole and in parts: nothing is given away, nothing is taken twice, and goods that stay keep what
they earned.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import ledger, refunds, returns
from app.domain.errors import AlreadyReversed, Conflict, Invalid
from app.domain.ledger import SPEND, VISITS, Earn, Holdings, Lot, Move, Spend, Transfer
from app.domain.refunds import Back, Bought, Piece, Share, Wanted, Working
from app.domain.returns import Part, ReturnPolicy, TakenBack
from tests.support.clock import START

DAY = timedelta(days=1)
DEBT, WRITE_OFF = ReturnPolicy(taken="allow_debt"), ReturnPolicy(taken="within_balance")
JANUARY, MARCH, JUNE = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 3, 6))


def receipt(*amounts: int, **more: Any) -> Working:
    lines = tuple(Bought(amount=amount, sku=f"sku-{place}") for place, amount in enumerate(amounts, 1))
    return Working(lines=lines, **{"earned": (Share(unit="points", amount=sum(amounts) // 20),), **more})


def in_parts(working: Working, *amounts: int | None) -> list[Back]:
    """The plans of returns one after the other; None is the rest."""
    pieces: list[Piece] = []
    plans: list[Back] = []
    for amount in amounts:
        plans.append(refunds.plan(working, pieces, Wanted(amount)))
        pieces += plans[-1].pieces
    return plans


def part_of(back: Back) -> Part:
    return Part(back.due, back.restored, back.restored_before)


def first_cheque(policy: ReturnPolicy) -> tuple[list[TakenBack], Holdings, tuple[Transfer, ...]]:
    """The worked refund: 1,000.00 earned 50; 90 were spent on another cheque; the first comes back in
    halves.
    """
    held = Holdings.of(
        [
            Lot(1, "points", 20, 20, JANUARY, MARCH),
            Lot(2, "points", 40, 40, JANUARY, JUNE),
            Lot(3, "points", 50, 0, JANUARY),
        ]
    )
    earned = (Transfer("points", "issued", "available", 50, 110, 3),)
    held = held.with_lot(Lot(3, "points", 50, 50, JANUARY))
    held, spent = ledger.apply(held, [Spend("points", 90)], now=JANUARY)
    halves: list[TakenBack] = []
    for back in in_parts(receipt(100_000, earned=(Share(unit="points", amount=50),)), 50_000, 50_000):
        done = returns.unwind(held, earned, part_of(back), policy=policy, now=JANUARY)
        halves.append(done)
        held = done.holdings
    return halves, held, spent


@pytest.mark.parametrize(
    ("taken", "first", "second"),
    [
        ("only_pending", (0, 25, 0), (0, 25, 0)),
        ("within_balance", (20, 5, 0), (0, 25, 0)),
        ("allow_debt", (20, 0, 5), (0, 0, 25)),
    ],
)
def test_the_worked_refund_comes_out_to_the_number(taken: Any, first: Any, second: Any) -> None:
    halves, _, _ = first_cheque(ReturnPolicy(taken=taken))

    got = [
        (
            sum(line.amount for line in half.transfers if line.debit == "available"),
            half.written_off.get("points", 0),
            half.debt.get("points", 0),
        )
        for half in halves
    ]

    assert [first, second] == got


def test_the_next_award_repays_the_debt_and_then_counts() -> None:
    _, held, _ = first_cheque(DEBT)

    held, _ = ledger.apply(held, [Earn("points", 40)], now=JANUARY)

    assert (10, 0) == (held.balance("points"), held.debts["points"])


def test_the_second_cheque_returns_each_point_to_its_lot_and_pays_the_debt_with_it() -> None:
    _, held, spent = first_cheque(DEBT)
    april = datetime(2026, 4, 1, tzinfo=UTC)

    done = returns.unwind(held, spent, Part({}, {"points": 90}), policy=DEBT, now=april)

    lots = {(lot.remaining, lot.expires_at) for lot in done.holdings.lots.values() if lot.remaining}
    assert {(20, april + 14 * DAY), (40, JUNE)} == lots
    assert 0 == done.holdings.debts["points"]
    assert 90 == sum(line.amount for line in done.transfers if line.debit == "reversed")


def test_twenty_one_small_returns_take_what_one_return_would() -> None:
    """The receipt of 21.90 earned 21; rounding each return of 1.00 for itself would take nothing."""
    plans = in_parts(receipt(2190, earned=(Share(unit="points", amount=21),)), *[100] * 21, None)

    assert 21 == sum(plan.due.get("points", 0) for plan in plans)
    assert 1 == plans[0].due["points"]


@given(
    st.lists(st.integers(0, 3_000), min_size=1, max_size=5).filter(any),
    st.integers(1, 5_000),
    st.integers(0, 3_000),
    st.lists(st.integers(1, 4_000), max_size=6),
)
@settings(max_examples=50)
def test_any_returns_that_end_in_a_whole_one_owe_exactly_what_was_earned(
    amounts: list[int], earned: int, paid: int, parts: list[int]
) -> None:
    working = receipt(
        *amounts,
        earned=(Share(unit="points", amount=earned), Share(unit="stamps", amount=earned)),
        paid=(Share(unit="points", amount=paid),),
        counts=(Share(unit=SPEND, amount=sum(amounts)), Share(unit=VISITS, amount=1)),
    )
    left, fitting = sum(amounts), []
    for each in parts:
        fitting += [each] if each < left else []
        left -= each if each < left else 0
    plans = in_parts(working, *fitting, None)

    owed = 0
    for plan in plans:
        owed += plan.due.get("points", 0)
        assert 0 <= owed <= earned
    for unit in ("points", "stamps"):
        assert earned == sum(plan.due.get(unit, 0) for plan in plans)
    assert paid == sum(plan.restored.get("points", 0) for plan in plans)
    for what, count in ((SPEND, sum(amounts)), (VISITS, 1)):
        assert count == sum(plan.counts.get(what, 0) for plan in plans)
    assert sum(amounts) == sum(plan.money for plan in plans)
    assert [False] * len(fitting) + [True] == [plan.whole for plan in plans]


def test_what_is_only_there_whole_goes_back_when_a_whole_one_is_due() -> None:
    working = receipt(1000, earned=(Share(unit="stamps", amount=2), Share(unit="reward.cake", amount=1)))

    halves = in_parts(working, 499, 1, 500)

    assert [{}, {"stamps": 1}, {"stamps": 1, "reward.cake": 1}] == [half.due for half in halves]


def test_an_item_takes_back_what_this_item_earned() -> None:
    """The book earned nothing, the coffees all of it; two of three come back."""
    lines = (Bought(amount=1000, sku="book"), Bought(amount=900, sku="coffee", quantity=3))
    working = Working(lines=lines, earned=(Share(unit="points", amount=90, weights=(0, 900)),))

    book = refunds.plan(working, [], Wanted(items=[("book", 1)]))
    coffees = refunds.plan(working, book.pieces, Wanted(items=[(2, 2)]))

    assert ({}, 1000, 900) == (book.due, book.amount, book.left)
    assert ({"points": 60}, 600, 300) == (coffees.due, coffees.amount, coffees.left)
    with pytest.raises(Conflict) as refused:
        refunds.plan(working, (*book.pieces, *coffees.pieces), Wanted(items=[("coffee", 2)]))
    assert {"item": "coffee", "left": 1} == refused.value.state


def test_money_points_and_the_gift_card_each_get_their_own_part_back() -> None:
    lines = (Bought(amount=1000, discount=100, points=300, gift=200),)
    paid = (Share(unit="points", amount=300), Share(unit="gift", amount=200))
    working = Working(lines=lines, paid=paid)

    half, rest = in_parts(working, 500, None)

    assert (200, 100, {"points": 150, "gift": 100}) == (half.money, half.gift, half.restored)
    assert (200, 100, {"points": 150, "gift": 100}) == (rest.money, rest.gift, rest.restored)


@pytest.mark.parametrize("amount", [0, -1])
def test_a_return_of_nothing_is_refused(amount: int) -> None:
    with pytest.raises(Invalid):
        refunds.plan(receipt(1000), [], Wanted(amount))


def test_no_more_comes_back_than_is_left() -> None:
    working = receipt(1000)
    half = refunds.plan(working, [], Wanted(600))
    with pytest.raises(Conflict) as refused:
        refunds.plan(working, half.pieces, Wanted(401))
    assert {"left_minor": 400} == refused.value.state
    rest = refunds.plan(working, half.pieces, Wanted())
    with pytest.raises(AlreadyReversed):
        refunds.plan(working, (*half.pieces, *rest.pieces), Wanted())


def test_a_strange_item_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        refunds.plan(receipt(1000), [], Wanted(items=[("sku-1", 1), (7, 1)]))
    assert {"/items/1": "is not on this receipt"} == refused.value.faults


def card_with_nine_and_one() -> tuple[Holdings, tuple[Transfer, ...]]:
    held, _ = ledger.apply(Holdings(), [Earn("stamps", 9)], now=START)
    tenth: list[Move] = [
        Earn("stamps", 1, rule="stamps"),
        Spend("stamps", 10, "converted", rule="stamps"),
        Earn("reward.coffee", 1, "converted", rule="stamps"),
    ]
    return ledger.apply(held, tenth, now=START)


def test_a_reward_that_is_still_there_becomes_its_stamps_again() -> None:
    held, lines = card_with_nine_and_one()

    done = returns.reverse(held, lines, now=START)

    assert (9, 0) == (done.holdings.balance("stamps"), done.holdings.balance("reward.coffee"))
    assert {"reward.coffee": 1} == done.undone


@pytest.mark.parametrize("policy", [WRITE_OFF, DEBT])
def test_a_reward_that_was_handed_out_gives_no_stamps_back(policy: ReturnPolicy) -> None:
    held, lines = card_with_nine_and_one()
    held, _ = ledger.apply(held, [Spend("reward.coffee", 1)], now=START)

    done = returns.reverse(held, lines, now=START, policy=policy)

    assert 0 == done.holdings.balance("stamps")
    assert {"stamps": 1} == (done.debt if policy is DEBT else done.written_off)


def test_half_of_what_became_two_rewards_takes_one_of_them() -> None:
    """25 stamps gave two rewards and 5 stamps; 12 come back, so that 13 stay: one reward and 3."""
    gave: list[Move] = [
        Earn("stamps", 25),
        Spend("stamps", 20, "converted"),
        Earn("reward.coffee", 2, "converted"),
    ]
    held, lines = ledger.apply(Holdings(), gave, now=START)
    working = receipt(5000, earned=(Share(unit="stamps", amount=25),))
    half, rest = in_parts(working, 2500, None)

    first = returns.unwind(held, lines, part_of(half), policy=WRITE_OFF, now=START)
    then = Part(rest.due, rest.restored, rest.restored_before, first.undone)
    second = returns.unwind(first.holdings, lines, then, policy=WRITE_OFF, now=START)

    assert (3, 1) == tuple(first.holdings.balance(unit) for unit in ("stamps", "reward.coffee"))
    assert (0, 0) == tuple(second.holdings.balance(unit) for unit in ("stamps", "reward.coffee"))
    assert {} == second.written_off


def test_each_part_of_a_return_goes_on_where_the_part_before_stopped() -> None:
    soon, late = Lot(1, "points", 20, 20, START, START + DAY), Lot(2, "points", 40, 40, START)
    held, spent = ledger.apply(Holdings.of([soon, late]), [Spend("points", 60)], now=START)
    working = receipt(1000, earned=(), paid=(Share(unit="points", amount=60),))

    got = []
    for back in in_parts(working, 500, 400, None):
        held = returns.unwind(held, spent, part_of(back), policy=WRITE_OFF, now=START).holdings
        got.append((held.lots[1].remaining, held.lots[2].remaining))

    assert [(0, 30), (14, 40), (20, 40)] == got


def test_points_that_ended_pay_for_no_return() -> None:
    held = Holdings.of([Lot(1, "points", 30, 30, START, START + DAY), Lot(2, "points", 10, 10, START)])

    done = returns.take_back(held, "points", 25, policy=DEBT, now=START + 2 * DAY)

    assert [("expired", 30), ("reversed", 10), ("reversed", 15)] == [
        (line.credit, line.amount) for line in done.transfers
    ]
    assert 15 == done.holdings.debts["points"]


def test_points_that_wait_are_taken_first() -> None:
    waiting = Lot(2, "points", 30, 30, START + 9 * DAY)
    held = Holdings.of([Lot(1, "points", 30, 30, START), waiting])
    only = ReturnPolicy(taken="only_pending")

    done = returns.take_back(held, "points", 40, policy=only, lots=(2,), now=START)

    assert ({1: 30, 2: 0}, {"points": 10}) == (
        {key: lot.remaining for key, lot in done.holdings.lots.items()},
        done.written_off,
    )


@pytest.mark.parametrize(("policy", "again"), [(WRITE_OFF, False), (DEBT, True)])
def test_a_gift_that_was_kept_is_not_given_again(policy: ReturnPolicy, again: bool) -> None:
    """The first purchase gave 500 points that were spent; whoever owes them may begin anew."""
    counted = {SPEND: 100, "event:first-purchase": 1, "coupon:spring": 1, "reward.tea@stamps": 1}
    done = returns.take_back(Holdings(), "points", 500, policy=policy, now=START)

    down = refunds.lowered(counted, counted, done)

    assert {SPEND: -100, "coupon:spring": -1} | ({"event:first-purchase": -1} if again else {}) == down
