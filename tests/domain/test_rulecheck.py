"""Rules that contradict each other, earn without end or pay more than the receipt are refused with the
reason.
"""

from typing import Any

import pytest

from app.domain.programme import Programme
from app.domain.rulecheck import SENTENCES, advice, check_rules

POINTS = {"kind": "points", "percent": 10, "expires_after_days": 365}
STAMPS = {"kind": "stamps", "goal": 10, "reward": "A coffee", "daily_cap": 2}
TIERS = {"kind": "tiers", "levels": [{"key": "gold", "name": "Gold", "from": 100_000}]}
HAPPY = {"kind": "multiplier", "key": "happy", "factor": 2}


def programme(*rules: dict[str, Any]) -> Programme:
    return Programme.model_validate({"slug": "cafe", "name": "Café", "rules": rules})


def faults(*rules: dict[str, Any]) -> dict[str, str]:
    return check_rules(programme(*rules))


def advised(*rules: dict[str, Any]) -> set[str]:
    return {pointer for pointer, _ in advice(programme(*rules))}


def test_rules_that_make_sense_pass() -> None:
    assert {} == faults(POINTS, STAMPS, TIERS, HAPPY)


def test_no_rules_make_sense_too() -> None:
    assert ({}, set()) == (faults(), advised())


def test_a_rules_own_faults_stand_at_their_place_in_the_list() -> None:
    found = faults(STAMPS, {"kind": "event", "key": "review", "gives": [{"unit": "stamps"}]})
    assert {"/rules/1/limits"} == set(found)
    assert "without end" in found["/rules/1/limits"]


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        ([POINTS, POINTS], "/rules/1/kind"),
        ([STAMPS, STAMPS], "/rules/1/kind"),
        ([TIERS, TIERS], "/rules/1/kind"),
        ([POINTS, HAPPY, HAPPY], "/rules/2/key"),
        ([POINTS, TIERS, {**HAPPY, "tiers": ["silver"]}], "/rules/2/tiers"),
        ([{**POINTS, "tier_percents": {"silver": 12}}, TIERS], "/rules/0/tier_percents"),
        ([STAMPS, HAPPY], "/rules/1/unit"),
        ([POINTS | {"percent": 60}, HAPPY], "/rules/0/percent"),
        ([{**POINTS, "tier_percents": {"gold": 90}}, TIERS, HAPPY], "/rules/0/tier_percents"),
        ([{"kind": "event", "key": "review", "gives": [{"unit": "points"}]}, POINTS], "/rules/0/limits"),
        ([POINTS, {"kind": "referral", "gives_referrer": [{"unit": "points"}]}], "/rules/1/limits"),
        (
            [POINTS, {"kind": "coupon", "key": "free", "name": "Free", "points": 5, "uses_per_card": None}],
            "/rules/1/uses_per_card",
        ),
    ],
)
def test_contradictions_are_found_at_their_place(rules: list[dict[str, Any]], pointer: str) -> None:
    found = faults(*rules)
    assert any(each.startswith(pointer) for each in found), found


def test_one_reward_key_with_two_names_is_refused() -> None:
    gift = {"reward": "reward", "name": "A cake"}
    birthday = {"kind": "event", "key": "birthday", "gives": [gift]}
    assert "/rules/1/reward_key" in faults(STAMPS, birthday)
    assert {} == faults(STAMPS, {**birthday, "gives": [{**gift, "name": "A coffee"}]})


def test_rules_that_pay_more_than_the_receipt_only_together_are_refused() -> None:
    discounts = [
        {"kind": "discount", "key": key, "percent": 60, "adds_up": True} for key in ("first", "second")
    ]
    both = [{"kind": kind, "percent": 60, "expires_after_days": 90} for kind in ("points", "cashback")]
    assert {} == faults(both[0])
    assert {"/rules": "together the rules give back up to 120 % of a receipt: 100 % is the most"} == faults(
        *both
    )
    assert {} == faults(discounts[0])
    assert {"/rules"} == set(faults(*discounts))


def test_a_discount_and_points_that_leave_something_are_fine() -> None:
    assert {} == faults({"kind": "discount", "percent": 60}, {**POINTS, "percent": 60})


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        ([POINTS, STAMPS], "/rules"),
        ([{"kind": "points", "percent": 5}], "/rules/0/expires_after_days"),
        ([{"kind": "stamps", "goal": 5, "reward": "Pizza"}], "/rules/0/daily_cap"),
        ([{"kind": "stamps", "goal": 5, "reward": "Pizza", "per": "purchase"}], "/rules/0/minimum_minor"),
        ([POINTS, {**HAPPY, "tiers": ["gold"]}], "/rules/1"),
    ],
)
def test_what_to_think_over_is_no_fault(rules: list[dict[str, Any]], pointer: str) -> None:
    assert {} == faults(*rules)
    assert pointer in advised(*rules)


def test_a_careful_programme_hears_no_advice() -> None:
    assert set() == advised(POINTS)
    assert set() == advised(STAMPS)


def test_every_sentence_is_one_that_pages_can_translate() -> None:
    said = [sentence for _, sentence in advice(programme(POINTS, STAMPS | {"daily_cap": None}))]
    plain = [each.split("%(")[0] for each in SENTENCES]
    assert all(any(sentence.startswith(begin) for begin in plain) for sentence in said)
