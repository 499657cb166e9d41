"""Rules of points that make no sense are told so before a card meets them."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.domain.mechanics import parse_rules
from app.domain.programme import Programme
from tests.support.points import TEN


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
            "With the multipliers, 3 times as much, it gives back up to 120 % of a receipt",
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
    assert {"/tier_percents/golt": "This programme has no tier golt."} == found


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
