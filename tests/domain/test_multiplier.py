"""Double points on Tuesdays, triple at happy hour, and what becomes of several at once."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.domain.ledger import Holdings
from app.domain.mechanics import decide, parse_rules
from app.domain.mechanics.base import Item, Person, Sale, Standing, State
from app.domain.mechanics.bill import Bill, Boost
from app.domain.programme import Programme
from app.domain.text import in_locale, plain
from tests.support.clock import START

RIGA = ZoneInfo("Europe/Riga")
TEN = {"kind": "points", "percent": 10}
"""100 points for 10.00."""


def double(**fields: Any) -> dict[str, Any]:
    return {"kind": "multiplier", "key": "double", "factor": 2, **fields}


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=RIGA)  # type: ignore[misc,arg-type]


def points(*rules: dict[str, Any], sale: Sale | None = None, **state: Any) -> int:
    before = State(Holdings(), START, zone=RIGA, **state)
    done = decide(parse_rules([TEN, *rules]), sale or Sale(1000), before)
    return done.counts.get("points", 0)


TUESDAY, FRIDAY_NIGHT, SATURDAY = at(2026, 2, 24, 12), at(2026, 2, 27, 23, 30), at(2026, 2, 28, 12)
SATURDAY_AT_ONE, SUNDAY_AT_ONE = at(2026, 2, 28, 1), at(2026, 3, 1, 1)
NIGHT = {"start": "22:00", "end": "02:00"}


@pytest.mark.parametrize(
    ("fields", "when", "given"),
    [
        pytest.param({}, TUESDAY, 200, id="always"),
        pytest.param({"weekdays": ["tue"]}, TUESDAY, 200, id="on Tuesdays"),
        pytest.param({"weekdays": ["tue"]}, SATURDAY, 100, id="on no other day"),
        pytest.param({"hours": {"start": "12:00", "end": "14:00"}}, TUESDAY, 200, id="from noon"),
        pytest.param({"hours": {"start": "10:00", "end": "12:00"}}, TUESDAY, 100, id="until noon"),
        pytest.param({"hours": NIGHT}, FRIDAY_NIGHT, 200, id="at night before twelve"),
        pytest.param({"hours": NIGHT}, SATURDAY_AT_ONE, 200, id="at night after twelve"),
        pytest.param({"hours": NIGHT}, SATURDAY, 100, id="not by day"),
        pytest.param({"hours": NIGHT, "weekdays": ["fri"]}, SATURDAY_AT_ONE, 200, id="Friday's night"),
        pytest.param({"hours": NIGHT, "weekdays": ["fri"]}, SUNDAY_AT_ONE, 100, id="Saturday's night"),
        pytest.param({"hours": NIGHT, "ends_on": "2026-02-27"}, SATURDAY_AT_ONE, 200, id="the last night"),
        pytest.param({"starts_on": "2026-02-24"}, TUESDAY, 200, id="from its first day on"),
        pytest.param({"starts_on": "2026-02-25"}, TUESDAY, 100, id="not before"),
        pytest.param({"ends_on": "2026-02-24"}, TUESDAY, 200, id="its last day counts whole"),
        pytest.param({"ends_on": "2026-02-23"}, TUESDAY, 100, id="not after"),
    ],
)
def test_it_counts_by_when_the_purchase_was(fields: dict[str, Any], when: datetime, given: int) -> None:
    assert given == points(double(**fields), sale=Sale(1000, at=when))


def test_the_clock_on_the_shops_wall_counts() -> None:
    assert START == datetime(2026, 3, 2, 11, tzinfo=RIGA)
    assert 200 == points(double(hours={"start": "11:00", "end": "11:30"}))
    assert 100 == points(double(hours={"start": "09:00", "end": "10:00"}))


@pytest.mark.parametrize(
    ("fields", "state", "given"),
    [
        pytest.param({"tiers": ["gold"]}, {"standing": Standing("gold")}, 200, id="gold members"),
        pytest.param({"tiers": ["gold"]}, {"standing": Standing("silver")}, 100, id="silver members"),
        pytest.param({"cities": ["Riga"]}, {"person": Person(city=" riga")}, 200, id="of the city"),
        pytest.param({"cities": ["Riga"]}, {"person": Person(city="Liepaja")}, 100, id="of another city"),
        pytest.param({"cities": ["Riga"]}, {}, 100, id="of nobody knows where"),
        pytest.param(
            {"attributes": {"pet": ["cat", "dog"]}},
            {"person": Person(attributes={"pet": "Dog"})},
            200,
            id="of a segment",
        ),
        pytest.param(
            {"attributes": {"pet": ["cat"], "size": ["L"]}},
            {"person": Person(attributes={"pet": "cat"})},
            100,
            id="of one segment only",
        ),
    ],
)
def test_it_counts_for_some_people(fields: dict[str, Any], state: dict[str, Any], given: int) -> None:
    assert given == points(double(**fields), **state)


def test_it_counts_in_some_stores() -> None:
    rule = double(stores=["Old town", "Station"])
    assert [200, 100, 100] == [
        points(rule, sale=Sale(1000, store=store)) for store in ("Station", "Airport", "")
    ]


TRIPLE = {"kind": "multiplier", "key": "triple", "factor": 3}


@pytest.mark.parametrize(
    ("rules", "given"),
    [
        pytest.param([double(), TRIPLE], 300, id="the best of two"),
        pytest.param([double(stacks="product"), TRIPLE], 600, id="one multiplies the best"),
        pytest.param([double(stacks="product"), {**TRIPLE, "stacks": "product"}], 600, id="both multiply"),
        pytest.param([double(stacks="product", cap=4), TRIPLE], 400, id="four times at most"),
        pytest.param([double(cap=2), TRIPLE], 300, id="the cap of one that does not count"),
        pytest.param([{**TRIPLE, "factor": "1.25"}], 125, id="a quarter more"),
    ],
)
def test_several_at_once(rules: list[dict[str, Any]], given: int) -> None:
    assert given == points(*rules)


def test_it_multiplies_another_unit_alone() -> None:
    chips = {"kind": "chips", "step_minor": 100, "starts_on": "2026-01-01", "ends_on": "2026-12-31"}
    chips["prizes"] = [{"at": 50, "reward": "A mug"}]
    rules = parse_rules([TEN, chips, double(unit="chips")])
    counts = decide(rules, Sale(1000), State(Holdings(), START)).counts
    assert (100, 20) == (counts["points"], counts["chips"])


def test_it_works_with_boosted_goods_and_rounds_once() -> None:
    fields = {**TEN, "percent": 1, "boosted": [{"category": "tea", "factor": "1.5"}]}
    sale = Sale(330, items=(Item(category="tea", amount_minor=330),))
    counts = decide(parse_rules([fields, double()]), sale, State(Holdings(), START)).counts
    assert 9 == counts["points"]  # 3.30 at 1 % times 1.5 times 2 are 9.9


def test_the_receipt_names_it() -> None:
    state = State(Holdings(), START)
    (note,) = decide(parse_rules([TEN, double(factor="2.50")]), Sale(1000), state).bill.notes
    assert "×2.5" == in_locale(note, "en")
    named = decide(parse_rules([TEN, double(name="Happy hour")]), Sale(1000), state)
    assert "Happy hour" == in_locale(named.bill.notes[0], "ru")


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"factor": 1}, id="no more than usual"),
        pytest.param({"factor": 11}, id="eleven times"),
        pytest.param({"weekdays": ["someday"]}, id="no day of the week"),
        pytest.param({"hours": {"start": "12:00", "end": "12:00"}}, id="no time at all"),
        pytest.param({"hours": {"start": "25:00", "end": "12:00"}}, id="no time of day"),
        pytest.param({"starts_on": "2026-03-02", "ends_on": "2026-03-01"}, id="ends before it starts"),
        pytest.param({"attributes": {"pet": []}}, id="an attribute without values"),
    ],
)
def test_multipliers_that_cannot_be_read_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        parse_rules([double(**fields)])


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        pytest.param([TEN, double(unit="stamps")], "/unit", id="a unit that nobody gives"),
        pytest.param([TEN, double(cap="1.5")], "/cap", id="a cap below the factor"),
        pytest.param([TEN, double(), double()], "/key", id="a key twice"),
        pytest.param(
            [TEN, {"kind": "tiers", "levels": [{"key": "gold", "name": "Gold"}]}, double(tiers=["golt"])],
            "/tiers",
            id="a tier that there is not",
        ),
    ],
)
def test_multipliers_that_contradict_the_programme_say_so(rules: list[Any], pointer: str) -> None:
    programme = Programme.model_validate({"slug": "cafe", "name": "Cafe", "rules": rules})
    assert [pointer] == list(programme.rules[-1].faults(programme))


def test_a_multiplier_alone_among_points_has_no_faults() -> None:
    programme = Programme.model_validate({"slug": "cafe", "name": "Cafe", "rules": [TEN, double(cap=2)]})
    assert [{}, {}] == [dict(rule.faults(programme)) for rule in programme.rules]


factors = st.decimals("1.01", "10", places=2)
boosts = st.builds(
    Boost,
    rule=st.just("m"),
    name=st.just(plain("m")),
    factor=factors,
    multiplies=st.booleans(),
    cap=st.none() | factors,
)


@given(st.lists(boosts, max_size=6))
@settings(max_examples=40, deadline=None)
def test_together_they_never_pass_ten_nor_a_cap_nor_take_anything_away(made: list[Boost]) -> None:
    bill = Bill().boosted(made)
    used = [boost.cap for boost in bill.boosts if boost.cap is not None]
    assert 1 <= bill.factor("points") <= min([Decimal(10), *used])
