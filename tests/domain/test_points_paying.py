"""How much of a receipt points may pay, and the words where they may not."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import InsufficientBalance, Invalid
from app.domain.ledger import Spend, Unhold, apply
from app.domain.mechanics import decide, parse_rules
from app.domain.mechanics.base import Item, Sale, State
from app.domain.mechanics.bill import Bill
from tests.support.clock import START
from tests.support.points import CAKE, COFFEE, TEN, WINE, buys, card, rule


def most(paying: dict[str, Any], available: int, bill: Bill, **fields: Any) -> int:
    return rule(**TEN, paying=paying, **fields).most_redeemable(bill, available)


THIRTY = Bill.of(3000, (COFFEE, CAKE, WINE))


@pytest.mark.parametrize(
    ("paying", "available", "points"),
    [
        pytest.param({}, 10_000, 3000, id="all of it"),
        pytest.param({}, 120, 120, id="what there is"),
        pytest.param({"most_percent": 30}, 10_000, 900, id="30 percent of the receipt"),
        pytest.param({"excluded": {"categories": ["alcohol"]}}, 10_000, 1000, id="not for alcohol"),
        pytest.param(
            {"most_percent": 50, "excluded": {"categories": ["alcohol"]}}, 10_000, 500, id="half of the rest"
        ),
        pytest.param({"money_left_minor": 100}, 10_000, 2900, id="one euro in money"),
        pytest.param({"step_points": 500}, 1750, 1500, id="in steps of 500"),
        pytest.param({"minimum_points": 500}, 499, 0, id="fewer than the least"),
        pytest.param({"minimum_points": 500}, 500, 500, id="just the least"),
        pytest.param({"minimum_balance": 1000}, 999, 0, id="the balance is too small yet"),
        pytest.param({"minimum_balance": 1000}, 1000, 1000, id="the balance will do"),
    ],
)
def test_the_most_that_points_may_pay_of_thirty(paying: dict[str, Any], available: int, points: int) -> None:
    assert points == most(paying, available, THIRTY)


def test_a_point_that_is_worth_a_euro_pays_whole_euros() -> None:
    assert 30 == most({}, 1000, THIRTY, point_value_minor=100)
    assert 9 == most({"most_percent": 33}, 1000, THIRTY, point_value_minor=100)


@pytest.mark.parametrize(
    ("paying", "points", "why"),
    [
        pytest.param({"most_percent": 50}, 1501, "1500 at most", id="more than the share"),
        pytest.param({"minimum_points": 100}, 99, "must be 100 at least", id="too few"),
        pytest.param({"step_points": 100}, 150, "a multiple of 100", id="no full step"),
        pytest.param({"minimum_balance": 9000}, 100, "from a balance of 9000 on", id="balance too small"),
        pytest.param({"money_left_minor": 2000}, 1001, "1000 at most", id="too little money left"),
        pytest.param({}, -1, "zero or more", id="negative"),
    ],
)
def test_points_that_may_not_pay_are_refused_in_plain_words(
    paying: dict[str, Any], points: int, why: str
) -> None:
    sale = Sale(3000, redeem_points=points, items=(COFFEE, CAKE, WINE))
    with pytest.raises(Invalid) as refused:
        buys({**TEN, "paying": paying}, sale, card(5000))
    assert why in refused.value.faults["/redeem_points"]


def test_points_that_the_card_does_not_have_are_a_matter_of_balance() -> None:
    with pytest.raises(InsufficientBalance):
        buys(TEN, Sale(3000, redeem_points=501), card(500))


def test_paid_points_lie_on_the_lines_that_they_may_pay() -> None:
    fields = {**TEN, "paying": {"excluded": {"categories": ["alcohol"]}}}
    done = buys(fields, Sale(3000, redeem_points=500, items=(COFFEE, CAKE, WINE)), card(500))
    assert [200, 300, 0] == [line.points_minor for line in done.bill.lines]
    assert 2500 == done.bill.due_minor


def test_a_programme_without_points_takes_none() -> None:
    rules = parse_rules([{"kind": "stamps", "goal": 10, "reward": "Tea"}])
    with pytest.raises(Invalid) as refused:
        decide(rules, Sale(1000, redeem_points=1), card())
    assert "this programme has no points" == refused.value.faults["/redeem_points"]


def test_cashback_pays_where_there_are_no_points_and_stands_back_where_there_are() -> None:
    cashback, points = {"kind": "cashback", "percent": 5}, {"kind": "points", "percent": 1}
    alone = decide(parse_rules([cashback]), Sale(1000, redeem_points=300), card(300, unit="cashback_minor"))
    assert Spend("cashback_minor", 300, rule="cashback") == alone.moves[0]
    both = decide(parse_rules([cashback, points]), Sale(1000, redeem_points=300), card(300))
    assert Spend("points", 300, rule="points") == both.moves[0]


def test_what_a_hold_set_aside_pays_first() -> None:
    aside, _ = apply(card(500).holdings, [Spend("points", 200, "held")], now=START)
    sale = Sale(1000, redeem_points=250, hold=((1, 200),))
    done = decide([rule(**TEN)], sale, State(aside, START))
    assert (Unhold("points", 200, 1, "redeemed"), Spend("points", 50, rule="points")) == done.moves[:2]


goods = st.lists(
    st.builds(
        Item, category=st.sampled_from(["coffee", "alcohol", ""]), amount_minor=st.integers(0, 100_000)
    ),
    max_size=5,
)
limits = st.fixed_dictionaries(
    {},
    optional={
        "most_percent": st.integers(1, 100),
        "minimum_points": st.integers(1, 2000),
        "step_points": st.integers(1, 500),
        "money_left_minor": st.integers(0, 5000),
        "minimum_balance": st.integers(0, 3000),
        "excluded": st.just({"categories": ["alcohol"]}),
    },
)


@given(limits, goods, st.integers(0, 200_000), st.sampled_from([1, 10, 100]))
@settings(max_examples=50, deadline=None)
def test_the_most_that_is_offered_may_be_paid_and_not_a_step_more(
    paying: Any, items: list[Item], available: int, value: int
) -> None:
    made = rule(**TEN, paying=paying, point_value_minor=value)
    total = sum(item.amount_minor for item in items)
    most_points = made.most_redeemable(Bill.of(total, items), available)
    step = made.paying.step_points
    if most_points:
        done = decide([made], Sale(total, most_points, items), card(available))
        assert total - most_points * value == done.bill.due_minor >= made.paying.money_left_minor
        assert all(0 <= line.points_minor <= line.item.amount_minor for line in done.bill.lines)
    more = max(most_points + step, -(-made.paying.minimum_points // step) * step)
    with pytest.raises((Invalid, InsufficientBalance)):
        decide([made], Sale(total, more, items), card(available))
