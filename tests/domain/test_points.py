"""Points and cashback, worked out as a shopkeeper would on paper."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.domain.errors import InsufficientBalance, Invalid
from app.domain.ledger import Earn, Extend, Holdings, Lot, Spend, Unhold, apply
from app.domain.mechanics import Decision, decide, parse_rules, show
from app.domain.mechanics.base import Happening, Item, Sale, Standing, State
from app.domain.mechanics.bill import Bill
from app.domain.mechanics.points import Points
from app.domain.programme import Programme
from app.domain.text import in_locale
from tests.support.clock import START

DAY = timedelta(days=1)
RIGA = ZoneInfo("Europe/Riga")
TEN = {"percent": 10}
COFFEE, CAKE, WINE = (
    Item("c-1", "coffee", 1, 400),
    Item("k-1", "cake", 1, 600),
    Item("w-1", "alcohol", 1, 2000),
)


def card(points: int = 0, *, unit: str = "points", **more: Any) -> State:
    lots = [Lot(1, unit, points, points, START)] if points else []
    return State(Holdings.of(lots), START, **more)


def rule(**fields: Any) -> Points:
    (made,) = parse_rules([{"kind": "points", **fields}])
    assert isinstance(made, Points)
    return made


def buys(fields: dict[str, Any], sale: Sale, state: State | None = None) -> Decision:
    return decide([rule(**fields)], sale, state or card())


def earned(fields: dict[str, Any], sale: Sale, state: State | None = None) -> int:
    given = (move for move in buys(fields, sale, state).moves if isinstance(move, Earn))
    return sum(move.amount for move in given if move.unit in ("points", "cashback_minor"))


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


# Paying


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


# When points begin and end


def lot_of(fields: dict[str, Any], **state: Any) -> Earn:
    now = state.pop("now", START)
    decision = decide([rule(**TEN, **fields)], Sale(1000), replace(card(zone=RIGA), now=now))
    return next(move for move in decision.moves if isinstance(move, Earn) and move.unit == "points")


def riga(*day: int) -> datetime:
    return datetime(*day, tzinfo=RIGA).astimezone(UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("fields", "active", "ends"),
    [
        pytest.param({}, None, None, id="at once and for ever"),
        pytest.param({"active_after_days": 14}, riga(2026, 3, 16), None, id="after two weeks, at midnight"),
        pytest.param({"expires_after_days": 30}, None, riga(2026, 4, 2), id="the 30th day counts whole"),
        pytest.param(
            {"active_after_days": 14, "expires_after_days": 30},
            riga(2026, 3, 16),
            riga(2026, 4, 16),
            id="counted from the day on which they become active",
        ),
        pytest.param({"expires_after_idle_days": 90}, None, riga(2026, 6, 1), id="90 days of silence"),
        pytest.param({"expires_on": "12-31"}, None, riga(2027, 1, 1), id="with the year"),
        pytest.param({"expires_on": "03-02"}, None, riga(2026, 3, 3), id="today still counts"),
        pytest.param({"expires_on": "03-01"}, None, riga(2027, 3, 2), id="yesterday is a year away"),
        pytest.param(
            {"expires_on": "03-31", "expires_least_days": 30},
            None,
            riga(2027, 4, 1),
            id="29 days are too few",
        ),
        pytest.param(
            {"expires_on": "02-29"}, None, riga(2027, 3, 1), id="28 February where there is no 29th"
        ),
    ],
)
def test_points_live(fields: dict[str, Any], active: datetime | None, ends: datetime | None) -> None:
    made = lot_of(fields)
    assert (active, ends) == (made.active_from, made.expires_at)


def test_a_leap_year_has_its_own_last_day() -> None:
    assert riga(2028, 3, 1) == lot_of({"expires_on": "02-29"}, now=riga(2027, 6, 1)).expires_at


def test_a_purchase_keeps_all_points_alive_even_where_it_earns_nothing() -> None:
    fields = {**TEN, "expires_after_idle_days": 30, "minimum_minor": 5000}
    done = buys(fields, Sale(1000), card(100))
    assert Extend("points", datetime(2026, 4, 2, tzinfo=UTC), "points") == done.moves[0]
    assert 0 == earned(fields, Sale(1000))


def test_old_and_new_points_of_an_active_customer_end_together() -> None:
    rules = [rule(**TEN, expires_after_idle_days=30)]
    holdings = Holdings()
    for days in (0, 10, 20):
        now = START + days * DAY
        holdings, _ = apply(holdings, decide(rules, Sale(1000), State(holdings, now)).moves, now=now)
    open_lots = [lot for lot in holdings.lots.values() if lot.unit == "points" and lot.remaining]
    assert [(300, datetime(2026, 4, 22, tzinfo=UTC))] == [(x.remaining, x.expires_at) for x in open_lots]


def test_points_that_wait_cannot_be_spent() -> None:
    rules = [rule(**TEN, active_after_days=14)]
    holdings, _ = apply(Holdings(), decide(rules, Sale(1000), card()).moves, now=START)
    with pytest.raises(InsufficientBalance):
        decide(rules, Sale(1000, redeem_points=1), State(holdings, START + 13 * DAY))
    decide(rules, Sale(1000, redeem_points=100), State(holdings, START + 14 * DAY))


# The face


def face(fields: dict[str, Any], lots: list[Lot], **state: Any) -> Any:
    return show([rule(**fields)], State(Holdings.of(lots), START, zone=RIGA, **state)).values


def test_the_card_says_how_many_points_burn_and_when() -> None:
    ending = Lot(1, "points", 120, 120, START, riga(2026, 4, 1))
    values = face(TEN, [ending, Lot(2, "points", 50, 50, START)])
    assert {"en": "120 points burn on 31 March", "ru": "120\u00a0баллов сгорят 31 марта"} == values["burning"]
    assert (120, {"en": "31 March", "ru": "31 марта"}) == (values["burning_points"], values["burns_at"])


@pytest.mark.parametrize(
    ("count", "en", "ru"),
    [
        (1, "1 point burns on 31 March", "1\u00a0балл сгорит 31 марта"),
        (21, "21 points burn on 31 March", "21\u00a0балл сгорит 31 марта"),
        (3, "3 points burn on 31 March", "3\u00a0балла сгорят 31 марта"),
    ],
)
def test_burning_agrees_with_its_number(count: int, en: str, ru: str) -> None:
    values = face(TEN, [Lot(1, "points", count, count, START, riga(2026, 4, 1))])
    assert {"en": en, "ru": ru} == values["burning"]


def test_what_burns_in_half_a_year_is_not_spoken_of_until_it_is_near() -> None:
    ends = START + 180 * DAY
    state = State(Holdings.of([Lot(1, "points", 120, 120, START, ends)]), START)
    values = rule(**TEN).face(state).values
    assert ("", 0) == (in_locale(values["burning"], "en"), values["burning_points"])  # type: ignore[arg-type]
    near = rule(**TEN).changes_at(state)
    assert ends - 60 * DAY == near
    assert rule(**TEN).face(replace(state, now=near)).values["burning_points"] == 120
    assert rule(**TEN).changes_at(replace(state, now=near)) is None


def test_points_that_wait_are_told_apart() -> None:
    waiting = Lot(1, "points", 40, 40, START + DAY)
    values = face(TEN, [waiting, Lot(2, "points", 5, 5, START)])
    assert (5, 40) == (values["points"], values["points_pending"])
    assert "40\u00a0баллов" == in_locale(values["points_pending_words"], "ru")
    assert "" == in_locale(face(TEN, [])["points_pending_words"], "en")


def test_the_way_to_a_reward_is_shown_as_before() -> None:
    fields = {**TEN, "goal": 1000, "reward": {"en": "a gift", "ru": "подарок"}}
    values = face(fields, [Lot(1, "points", 300, 300, START)])
    assert {"en": "700 points to a gift", "ru": "Ещё 700\u00a0баллов: подарок"} == values["progress"]
    assert (1000, 700) == (values["goal"], values["to_go"])


def test_cashback_speaks_of_money() -> None:
    lots = [Lot(1, "cashback_minor", 1250, 1250, START, riga(2026, 4, 1))]
    values = face({"kind": "cashback", "percent": 3}, lots)
    assert (1250, "€12.50") == (values["cashback"], in_locale(values["cashback_words"], "en"))
    assert "€12.50 burns on 31 March" == in_locale(values["burning"], "en")
    assert "12,50\u00a0€ сгорят 31 марта" == in_locale(values["burning"], "ru")


# Rules that make no sense


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="no way to earn"),
        pytest.param({"percent": 5, "step_minor": 100, "points_per_step": 1}, id="two ways to earn"),
        pytest.param({"step_minor": 100}, id="a step without points"),
        pytest.param(
            {"step_minor": 9, "points_per_step": 1, "tier_percents": {"a": 1}}, id="steps by percent"
        ),
        pytest.param({"percent": 0}, id="no percent"),
        pytest.param({"percent": 101}, id="more than all"),
        pytest.param({"percent": 5, "tier_percents": {"gold": 101}}, id="a tier gets more than all"),
        pytest.param({"percent": 5, "boosted": [{"factor": 2}]}, id="a boost of nothing"),
        pytest.param({"percent": 5, "boosted": [{"sku": "a", "category": "b", "factor": 2}]}, id="of both"),
        pytest.param({"percent": 5, "boosted": [{"sku": "a"}]}, id="a boost by nothing"),
        pytest.param({"percent": 5, "boosted": [{"sku": "a", "factor": 2, "percent": 3}]}, id="by both"),
        pytest.param({"percent": 5, "expires_after_days": 1, "expires_on": "12-31"}, id="two ends"),
        pytest.param({"percent": 5, "expires_on": "02-30"}, id="a day that never comes"),
        pytest.param({"percent": 5, "expires_on": "31.12."}, id="a day that cannot be read"),
        pytest.param({"percent": 5, "expires_least_days": 3}, id="at least so long, without a date"),
        pytest.param({"percent": 5, "paying": {"most_percent": 0}}, id="may pay nothing"),
        pytest.param(
            {"kind": "cashback", "percent": 5, "point_value_minor": 2}, id="money worth other money"
        ),
    ],
)
def test_rules_that_cannot_be_read_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        parse_rules([{"kind": "points", **fields}])


def faults(*rules: dict[str, Any], which: int = 0) -> dict[str, str]:
    programme = Programme.model_validate({"slug": "cafe", "name": "Cafe", "rules": list(rules)})
    return dict(programme.rules[which].faults(programme))


P10 = {"kind": "points", "percent": 10}


@pytest.mark.parametrize(
    ("rules", "pointer", "why"),
    [
        pytest.param(
            [{**P10, "percent": 60, "boosted": [{"sku": "a", "factor": 2}]}],
            "/boosted/0",
            "up to 120 %",
            id="a boost pays more than was paid",
        ),
        pytest.param(
            [
                {**P10, "percent": 20, "tier_percents": {"gold": 40}},
                {"kind": "multiplier", "key": "m", "factor": 3},
            ],
            "/tier_percents/gold",
            "up to 120 % of a receipt, 3 times as much with the multipliers",
            id="a tier with a multiplier",
        ),
        pytest.param(
            [{"kind": "points", "step_minor": 100, "points_per_step": 2, "point_value_minor": 100}],
            "/points_per_step",
            "up to 200 %",
            id="steps that pay twice",
        ),
        pytest.param(
            [{**P10, "point_value_minor": 100, "rounding": "ceil"}],
            "/rounding",
            "a receipt of 1 earns 1 worth 100",
            id="a cent earns a euro",
        ),
        pytest.param(
            [{**P10, "percent": 90, "point_value_minor": 100, "rounding": "half_up"}],
            "/rounding",
            "a receipt of 56 earns 1 worth 100",
            id="56 cents earn a euro",
        ),
        pytest.param(
            [{**P10, "paying": {"step_points": 10**7}, "point_value_minor": 10**6}],
            "/paying",
            "No receipt is large enough",
            id="steps that no receipt reaches",
        ),
    ],
)
def test_rules_that_contradict_themselves_say_why(rules: list[Any], pointer: str, why: str) -> None:
    found = faults(*rules)
    assert [pointer] == list(found)
    assert why in found[pointer]


def test_the_second_rule_of_a_unit_is_one_too_many() -> None:
    assert {} == faults(P10, {**P10})
    assert ["/kind"] == list(faults(P10, {**P10}, which=1))
    assert {} == faults(P10, {"kind": "cashback", "percent": 1}, which=1)


def test_a_tier_that_the_programme_does_not_have_is_a_slip() -> None:
    assert {} == faults({**P10, "tier_percents": {"golt": 12}})
    tiers = {
        "kind": "tiers",
        "levels": [{"key": "base", "name": "Base"}, {"key": "gold", "name": "Gold", "from": 9}],
    }
    found = faults({**P10, "tier_percents": {"golt": 12}}, tiers)
    assert {"/tier_percents/golt": "'golt' is no tier of this programme."} == found


@pytest.mark.parametrize(
    "fields",
    [
        TEN,
        {"percent": 100},
        {**TEN, "rounding": "ceil"},
        {**TEN, "point_value_minor": 100, "rounding": "ceil", "minimum_minor": 1000},
        {"percent": 50, "boosted": [{"sku": "a", "factor": 2}]},
    ],
)
def test_rules_that_make_sense_have_no_faults(fields: dict[str, Any]) -> None:
    assert {} == faults({"kind": "points", **fields})


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


@given(earning, goods)
@settings(max_examples=40, deadline=None)
def test_what_the_lines_earn_sums_up_to_the_receipt(fields: Any, items: list[Item]) -> None:
    made, bill = rule(**fields), of(items)
    parts = made.earned_by_line(bill, card())
    assert made.earned(bill, card()) == sum(parts)
    assert all(part >= 0 for part in parts)
