"""What a receipt earns in points and cashback, worked out as a shopkeeper would on paper."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.mechanics import decide
from app.domain.mechanics.base import Happening, Item, Sale, Standing
from app.domain.mechanics.bill import Bill
from tests.support.points import CAKE, COFFEE, TEN, WINE, card, earned, rule


@pytest.mark.parametrize(
    ("fields", "amount_minor", "points"),
    [
        pytest.param(TEN, 12340, 1234, id="ten percent of 123.40"),
        pytest.param({"percent": 5}, 19, 0, id="too little for a point"),
        pytest.param({"percent": "2.5"}, 1000, 25, id="two and a half percent"),
        pytest.param({"percent": 10, "point_value_minor": 100}, 12340, 12, id="a point is a euro"),
        pytest.param({"percent": 5, "rounding": "half_up"}, 1030, 52, id="51.5 is rounded up at the half"),
        pytest.param({"percent": 5, "rounding": "half_up"}, 1029, 51, id="51.45 is rounded down"),
        pytest.param({"percent": 5, "rounding": "ceil"}, 1001, 51, id="50.05 is rounded up"),
        pytest.param({"percent": 5, "rounding": "ceil"}, 0, 0, id="nothing is never rounded up"),
        pytest.param({"step_minor": 1000, "points_per_step": 3}, 2999, 6, id="3 points for each full 10.00"),
        pytest.param({"step_minor": 1000, "points_per_step": 3}, 999, 0, id="no full step"),
        pytest.param({"percent": 10, "minimum_minor": 1000}, 999, 0, id="below the least receipt"),
        pytest.param({"percent": 10, "minimum_minor": 1000}, 1000, 100, id="just the least receipt"),
        pytest.param({"kind": "cashback", "percent": 3}, 12340, 370, id="3.70 of cashback for 123.40"),
    ],
)
def test_a_receipt_earns(fields: dict[str, Any], amount_minor: int, points: int) -> None:
    assert points == earned(fields, Sale(amount_minor))


@pytest.mark.parametrize(
    ("fields", "points"),
    [
        pytest.param(TEN, 300, id="everything alike"),
        pytest.param({**TEN, "excluded": {"categories": ["alcohol"]}}, 100, id="nothing on alcohol"),
        pytest.param({**TEN, "excluded": {"skus": ["k-1"]}}, 240, id="nothing on one article"),
        pytest.param({**TEN, "boosted": [{"category": "coffee", "factor": 3}]}, 380, id="coffee three times"),
        pytest.param({**TEN, "boosted": [{"sku": "k-1", "percent": 50}]}, 540, id="half of the cake back"),
        pytest.param(
            {**TEN, "boosted": [{"category": "alcohol", "percent": 0}]}, 100, id="own percent: none"
        ),
        pytest.param(
            {**TEN, "boosted": [{"sku": "c-1", "factor": 2}, {"category": "coffee", "factor": 5}]},
            340,
            id="the first boost that fits",
        ),
        pytest.param(
            {
                **TEN,
                "boosted": [{"category": "alcohol", "factor": 2}],
                "excluded": {"categories": ["alcohol"]},
            },
            100,
            id="excluded is excluded",
        ),
        pytest.param(
            {"step_minor": 1000, "points_per_step": 1, "boosted": [{"category": "coffee", "factor": 2}]},
            3,
            id="34.00 count: 3 steps",
        ),
    ],
)
def test_goods_earn_their_own_share(fields: dict[str, Any], points: int) -> None:
    assert points == earned(fields, Sale(3000, items=(COFFEE, CAKE, WINE)))


@pytest.mark.parametrize(("tier", "points"), [("", 30), ("silver", 50), ("gold", 100), ("unheard-of", 30)])
def test_a_higher_tier_earns_a_higher_share(tier: str, points: int) -> None:
    fields = {"percent": 3, "tier_percents": {"silver": 5, "gold": 10}}
    assert points == earned(fields, Sale(1000), card(standing=Standing(tier)))


def test_what_no_item_names_earns_the_usual_share() -> None:
    fields = {**TEN, "boosted": [{"category": "coffee", "factor": 2}]}
    assert 80 + 60 == earned(fields, Sale(1000, items=(COFFEE,)))


def test_no_points_on_the_part_that_is_paid_in_points() -> None:
    assert 60 == earned(TEN, Sale(1000, redeem_points=400), card(500))


def test_other_happenings_are_no_business_of_points() -> None:
    assert () == decide([rule(**TEN)], Happening("review"), card()).moves


# What holds for every rule


amounts = st.integers(0, 100_000)
percents = st.integers(1, 10_000).map(lambda hundredths: str(hundredths / 100))
by_percent = st.fixed_dictionaries(
    {"percent": percents, "point_value_minor": st.sampled_from([1, 3, 7, 100])},
    optional={
        "boosted": st.just([{"category": "coffee", "factor": 2}, {"category": "cake", "percent": 33}]),
        "excluded": st.just({"categories": ["alcohol"]}),
        "minimum_minor": st.integers(0, 5000),
    },
)
by_step = st.fixed_dictionaries({"step_minor": st.integers(1, 5000), "points_per_step": st.integers(1, 9)})
earning = by_percent | by_step
goods = st.lists(
    st.builds(Item, category=st.sampled_from(["coffee", "cake", "alcohol", ""]), amount_minor=amounts),
    max_size=5,
)


def of(items: list[Item]) -> Bill:
    return Bill.of(sum(item.amount_minor for item in items), items)


@given(earning, goods, goods)
@settings(max_examples=50, deadline=None)
def test_splitting_a_receipt_never_earns_more(fields: Any, one: list[Item], other: list[Item]) -> None:
    made, state = rule(**fields), card()
    apart = made.earned(of(one), state) + made.earned(of(other), state)
    assert apart <= made.earned(of([*one, *other]), state)


@given(earning, amounts, amounts, st.sampled_from(["floor", "half_up", "ceil"]))
@settings(max_examples=50, deadline=None)
def test_a_larger_receipt_never_earns_less(fields: Any, less: int, more: int, rounding: str) -> None:
    made, state = rule(**fields, rounding=rounding), card()
    less, more = sorted((less, more))
    assert made.earned(Bill.of(less, ()), state) <= made.earned(Bill.of(more, ()), state)


@given(earning, goods)
@settings(max_examples=40, deadline=None)
def test_what_the_lines_earn_sums_up_to_the_receipt(fields: Any, items: list[Item]) -> None:
    made, bill = rule(**fields), of(items)
    parts = made.earned_by_line(bill, card())
    assert made.earned(bill, card()) == sum(parts)
    assert all(part >= 0 for part in parts)
