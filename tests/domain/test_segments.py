"""What a rule of a segment may say, and what is refused."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.domain.mechanics.event import anniversary
from app.domain.segments import EVERYBODY, MOST_CONDITIONS, MOST_DEPTH, month_days, parse, parts_of, written

GOLD: dict[str, Any] = {"field": "tier", "any_of": ["gold"]}


def test_a_rule_is_a_tree_that_is_kept_as_it_was_said() -> None:
    said = {"all": [GOLD, {"not": {"any": [{"field": "balance", "unit": "points", "at_least": 5}]}}]}

    assert said == written(parse(said))
    assert 5 == len(list(parts_of(parse(said))))


def test_nothing_kept_is_every_card() -> None:
    assert EVERYBODY == parse({})


@pytest.mark.parametrize(
    "rule",
    [
        {"field": "shoe_size", "any_of": [44]},
        {"field": "tier"},
        {"field": "tier", "any_of": []},
        {"field": "tier", "any_of": ["a\x00"]},
        {"field": "tier", "any_of": ["gold"], "colour": "red"},
        {"all": [], "any": [GOLD]},
        {"any": []},
        {"field": "balance", "unit": "points"},
        {"field": "balance", "unit": "points", "at_least": 5, "at_most": 4},
        {"field": "visits", "at_least": -1},
        {"field": "last_purchase"},
        {"field": "last_purchase", "at_least_days_ago": 9, "at_most_days_ago": 8},
        {"field": "birthday", "within_days": 367},
        {"field": "wallet", "any_of": ["purse"]},
        {"field": "channel", "name": "password", "any_of": ["x"]},
        {"field": ["tier"]},
        "tier",
    ],
)
def test_what_makes_no_sense_is_refused(rule: Any) -> None:
    with pytest.raises(ValidationError):
        parse(rule)


def test_a_rule_is_bounded_in_depth_and_in_size() -> None:
    deep: dict[str, Any] = GOLD
    for _ in range(MOST_DEPTH - 1):
        deep = {"not": deep}

    assert deep == written(parse(deep))
    with pytest.raises(ValidationError, match="deep"):
        parse({"not": deep})
    with pytest.raises(ValidationError, match="conditions"):
        parse({"all": [{"all": [GOLD] * (MOST_CONDITIONS // 2)}] * 2})


@settings(max_examples=50, deadline=None)
@given(
    st.dates(date(2023, 1, 1), date(2029, 1, 1)),
    st.integers(0, 366),
    st.dates(date(1992, 1, 1), date(1992, 12, 31)),
)
def test_a_birthday_is_within_days_where_it_is_celebrated_then(today: date, within: int, born: date) -> None:
    coming = (anniversary(born, today.year + more) for more in (0, 1, 2))
    expected = any(today <= day <= today + timedelta(days=within) for day in coming) or within >= 365

    spans = month_days(today, within)

    assert expected == any(first <= born.month * 100 + born.day <= last for first, last in spans)
