"""Coupons, as a shopkeeper would tell them: what a code gives, to whom, how often and until when."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from app.domain.ledger import Holdings, Lot, apply
from app.domain.mechanics import decide, needs, parse_rules, show
from app.domain.mechanics.base import Item, Sale, State
from app.domain.mechanics.coupon import NO_END, Coupon, refusals
from app.domain.programme import Programme
from tests.support.clock import START

SPRING = {
    "kind": "coupon",
    "key": "spring",
    "name": {"en": "10 % off", "ru": "Скидка 10 %"},
    "code": "SPRING",
}
TEN = {**SPRING, "percent": 10}
RIGA = ZoneInfo("Europe/Riga")
"""START is 2 March 2026, 11:00 in Riga."""


def state(rules: Any = (), used: int = 0, **more: Any) -> State:
    made = State(Holdings(), START, zone=RIGA, **more)
    counts = dict.fromkeys(needs(parse_rules(rules), made.today), used)
    return replace(made, counts=counts)


def sale(amount_minor: int = 10_000, *codes: str, **more: Any) -> Sale:
    return Sale(amount_minor, codes=codes or ("SPRING",), **more)


SHOES = Item(sku="boots", category="shoes", amount_minor=6000)
SHIRT = Item(sku="shirt", category="clothes", amount_minor=4000)


@pytest.mark.parametrize(
    ("rule", "amount_minor", "items", "off"),
    [
        ({"percent": 10}, 10_000, (), 1000),
        ({"percent": "7.5"}, 999, (), 75),
        ({"percent": 100}, 10_000, (), 10_000),
        ({"amount_minor": 500}, 10_000, (), 500),
        ({"amount_minor": 500}, 300, (), 300),
        ({"percent": 10, "categories": ["shoes"]}, 10_000, (SHOES, SHIRT), 600),
        ({"percent": 10, "skus": ["shirt"]}, 10_000, (SHOES, SHIRT), 400),
        ({"amount_minor": 5000, "skus": ["shirt"]}, 10_000, (SHOES, SHIRT), 4000),
    ],
)
def test_a_code_takes_so_much_off_the_receipt(
    rule: dict[str, Any], amount_minor: int, items: tuple[Item, ...], off: int
) -> None:
    rules = parse_rules([{**SPRING, **rule}])
    bill = decide(rules, sale(amount_minor, items=items), state()).bill
    assert (off, amount_minor - off) == (bill.discount_minor, bill.due_minor)


def test_without_its_code_a_coupon_does_nothing() -> None:
    decision = decide(parse_rules([TEN]), Sale(10_000), state())
    assert (0, ()) == (decision.bill.discount_minor, decision.used_codes)


@pytest.mark.parametrize(
    ("gift", "unit", "amount"),
    [({"points": 200}, "points", 200), ({"stamps": 2}, "stamps", 2), ({"reward": "Tea"}, "reward.spring", 1)],
)
def test_a_code_gives_points_stamps_or_a_reward(gift: dict[str, Any], unit: str, amount: int) -> None:
    rules = parse_rules([{**SPRING, **gift}])
    decision = decide(rules, sale(), state())
    held, _ = apply(Holdings(), decision.moves, now=START)
    assert (amount, 0) == (held.balance(unit), decision.bill.discount_minor)


def test_a_use_counts_by_card_and_in_all_and_uses_the_code_up() -> None:
    decision = decide(parse_rules([{**TEN, "uses_in_all": 100}]), sale(), state())
    assert 1 == decision.counts["coupon:spring"]
    assert [("coupon:spring", 1, 100)] == [(c.key, c.amount, c.limit) for c in decision.claims]
    assert ("spring:SPRING",) == decision.used_codes


def test_the_best_discount_counts_and_the_coupon_stays_for_another_time() -> None:
    better = {"kind": "coupon", "key": "half", "name": "Half", "percent": 50, "code": "HALF"}
    decision = decide(parse_rules([TEN, better]), sale(10_000, "SPRING", "HALF"), state())
    assert (5000, ("half:HALF",)) == (decision.bill.discount_minor, decision.used_codes)
    assert ["SPRING was not used: another discount is better"] == [note["en"] for note in decision.notes]


def test_coupons_that_add_up_are_both_taken_off() -> None:
    more = {"kind": "coupon", "key": "plus", "name": "Plus", "amount_minor": 300, "code": "PLUS"}
    rules = parse_rules([TEN, {**more, "adds_up": True}])
    assert 1300 == decide(rules, sale(10_000, "SPRING", "PLUS"), state()).bill.discount_minor


@pytest.mark.parametrize(
    ("rule", "what", "reason"),
    [
        ({}, {"codes": ("NONSENSE",)}, "is not known here"),
        ({}, {"codes": ("SPRING", "SPRING")}, "was given twice"),
        ({"valid_from": "2026-03-03"}, {}, "is not valid yet"),
        ({"valid_to": "2026-03-01"}, {}, "is not valid any more"),
        ({"minimum_minor": 10_001}, {}, "needs a larger purchase"),
        ({"tiers": ["gold"]}, {}, "is for members of another tier"),
        ({"stores": ["Riga"]}, {"store": "Tallinn"}, "is for another store"),
        ({"skus": ["boots"]}, {"items": (SHIRT,)}, "fits nothing in this purchase"),
    ],
)
def test_a_code_that_cannot_be_used_says_why(rule: dict[str, Any], what: dict[str, Any], reason: str) -> None:
    rules = parse_rules([{**TEN, **rule}])
    asked = replace(sale(), **what)
    assert {f"/codes/{len(asked.codes) - 1}": reason} == refusals(rules, asked, state())
    assert (0, 1000)[reason == "was given twice"] == decide(rules, asked, state()).bill.discount_minor


def test_a_code_is_used_so_often_and_no_more() -> None:
    rules = [{**TEN, "uses_per_card": 2}]
    assert {} == refusals(parse_rules(rules), sale(), state(rules, used=1))
    assert {"/codes/0": "was used already"} == refusals(parse_rules(rules), sale(), state(rules, used=2))


def test_a_code_that_is_used_up_by_others_is_refused() -> None:
    rules = parse_rules([{**TEN, "uses_in_all": 1}])
    gone = state(spent_budgets=frozenset({"coupon:spring"}))
    assert {"/codes/0": "is used up: there were only so many"} == refusals(rules, sale(), gone)


def test_a_late_receipt_uses_the_code_of_its_own_day() -> None:
    rules = parse_rules([{**TEN, "valid_to": "2026-03-01"}])
    assert {} == refusals(rules, sale(at=START - timedelta(days=1)), state())


def test_a_personal_code_is_a_coupon_of_this_card() -> None:
    rules = parse_rules([{**TEN, "code": ""}])
    mine = state(codes={"ANNA-77": "spring"})
    assert 1000 == decide(rules, sale(10_000, "ANNA-77"), mine).bill.discount_minor
    assert {"/codes/0": "is not known here"} == refusals(rules, sale(10_000, "ANNA-77"), state())


def test_two_codes_of_one_offer_do_not_go_together() -> None:
    mine = state(codes={"ANNA-77": "spring"})
    reasons = refusals(parse_rules([TEN]), sale(10_000, "SPRING", "ANNA-77"), mine)
    assert {"/codes/1": "does not go together with another code of the same offer"} == reasons


def test_the_card_lists_its_codes_the_soonest_to_end_first_in_both_languages() -> None:
    tea = {"kind": "coupon", "key": "tea", "name": {"en": "Tea", "ru": "Чай"}, "reward": "Tea"}
    rules = parse_rules([{**TEN, "on_card": True, "valid_to": "2026-03-31"}, tea])
    ends = {"TEA-1": START + timedelta(days=3)}
    face = show(rules, state(codes={"TEA-1": "tea"}, code_ends=ends))
    assert {
        "en": "TEA-1: Tea, until 5\u00a0March\nSPRING: 10 % off, until 31\u00a0March",
        "ru": "TEA-1: Чай, до 5\u00a0марта\nSPRING: Скидка 10 %, до 31\u00a0марта",
    } == face.values["coupons"]


def test_a_card_without_codes_has_an_empty_place_for_them() -> None:
    assert {"*": ""} == show(parse_rules([TEN]), state()).values["coupons"]


def test_a_code_leaves_the_card_when_it_was_used() -> None:
    rules = [{**TEN, "on_card": True}]
    assert {"*": ""} == show(parse_rules(rules), state(rules, used=1)).values["coupons"]


def test_a_reward_from_a_code_waits_on_the_card() -> None:
    rules = parse_rules([{**SPRING, "reward": {"en": "Tea"}}])
    lots = Holdings.of([Lot(1, "reward.spring", 1, 1, START)])
    assert [("spring", 1)] == [(r.key, r.count) for r in show(rules, replace(state(), holdings=lots)).rewards]


def faults(*rules: dict[str, Any]) -> dict[str, str]:
    programme = Programme(slug="cafe", name="Café", rules=parse_rules(list(rules)))
    return {key: said for rule in programme.rules for key, said in rule.faults(programme).items()}


STAMPS = {"kind": "stamps", "goal": 10, "reward": "Coffee"}


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ([TEN], {}),
        ([{**TEN, "uses_per_card": None}], {}),
        ([{**SPRING, "stamps": 1, "uses_per_card": None}, STAMPS], {"/uses_per_card": NO_END}),
        ([{**SPRING, "stamps": 1, "uses_per_card": None, "uses_in_all": 9}, STAMPS], {}),
        ([{**SPRING, "points": 5}], {"/points": "no rule of this programme keeps points"}),
        (
            [{**TEN, "valid_from": "2026-03-02", "valid_to": "2026-03-01"}],
            {"/valid_to": "lies before valid_from"},
        ),
        ([TEN, {**TEN, "key": "other"}], {"/code": "is another coupon's code"}),
        ([TEN, {**TEN, "code": "OTHER"}], {"/key": "is another coupon's key"}),
        ([{**TEN, "code": "", "on_card": True}], {"/on_card": "there is no public code to show"}),
    ],
)
def test_rules_that_contradict_themselves_are_told_so(
    rules: list[dict[str, Any]], found: dict[str, str]
) -> None:
    assert found == faults(*rules)


@pytest.mark.parametrize(
    "rule",
    [
        {**SPRING},
        {**SPRING, "percent": 101},
        {**SPRING, "percent": 0},
        {**TEN, "points": 5},
        {**TEN, "typo": 1},
    ],
)
def test_coupons_that_give_nothing_or_two_things_or_more_than_all_are_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        parse_rules([rule])


def test_codes_are_compared_without_spaces_and_capitals() -> None:
    (rule,) = parse_rules([{**TEN, "code": " spring 26 "}])
    assert isinstance(rule, Coupon)
    assert "SPRING26" == rule.code


def test_points_of_a_coupon_count_as_those_of_an_event_do() -> None:
    rules = parse_rules(
        [{"kind": "coupon", "key": "spring", "name": "Spring", "code": "SPRING", "points": 70}]
    )

    done = decide(rules, sale(1000, "SPRING"), state(rules))

    assert 70 == done.counts["points"]
