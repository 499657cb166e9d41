"""Discounts as shopkeepers know them: worked examples."""

from datetime import date
from typing import Any

import pytest

from app.domain.ledger import SPEND, Holdings
from app.domain.mechanics import decide, needs, parse_rules, show
from app.domain.mechanics.base import Item, Sale, Standing, State
from app.domain.programme import Programme
from app.domain.text import in_locale
from tests.support.clock import START

FIVE = {"kind": "discount", "percent": 5}
CLOTHES = {
    "kind": "growing_discount",
    "steps": [
        {"from_minor": 10_000, "percent": 3},
        {"from_minor": 30_000, "percent": 5},
        {"from_minor": 100_000, "percent": 10},
    ],
}


def card(rules: Any, spent: int = 0, tier: str = "") -> State:
    counts = {count: spent for count in needs(parse_rules(rules), START.date()) if count.what == SPEND}
    return State(Holdings(), START, tier, counts=counts, standing=Standing(tier, earned=tier), currency="EUR")


def off(rules: Any, sale: Sale, state: State) -> int:
    return decide(parse_rules(rules), sale, state).bill.discount_minor


@pytest.mark.parametrize(
    ("rule", "sale", "minor"),
    [
        (FIVE, Sale(10_000), 500),
        (FIVE, Sale(1_999), 100),
        (FIVE, Sale(0), 0),
        ({**FIVE, "percent": "7.5"}, Sale(1_000), 75),
        ({**FIVE, "percent": 100}, Sale(1_000), 1_000),
        ({**FIVE, "minimum_minor": 2_000}, Sale(1_999), 0),
        ({**FIVE, "minimum_minor": 2_000}, Sale(2_000), 100),
        ({**FIVE, "till_applies": True}, Sale(10_000), 0),
        (
            {**FIVE, "excluded": {"categories": ["tobacco"]}},
            Sale(3_000, items=(Item(category="tobacco", amount_minor=1_000), Item(amount_minor=2_000))),
            100,
        ),
        (
            {**FIVE, "excluded": {"skus": ["gift-card"]}},
            Sale(1_000, items=(Item(sku="gift-card", amount_minor=1_000),)),
            0,
        ),
    ],
)
def test_a_share_is_taken_off_what_it_counts_for(rule: Any, sale: Sale, minor: int) -> None:
    assert minor == off([rule], sale, card([rule]))


def test_a_tier_has_more_but_never_less_than_everybody() -> None:
    rules = [{**FIVE, "tier_percents": {"gold": 10, "bronze": 1}}]
    given = [off(rules, Sale(1_000), card(rules, tier=tier)) for tier in ("", "bronze", "gold")]
    assert [50, 50, 100] == given


def test_of_two_discounts_the_better_counts_and_one_that_adds_up_beside_it() -> None:
    two = [FIVE, {**FIVE, "key": "more", "percent": 20}]
    beside = [*two, {**FIVE, "key": "app", "percent": 10, "adds_up": True}]
    assert [200, 300] == [off(two, Sale(1_000), card(two)), off(beside, Sale(1_000), card(beside))]


def test_each_line_knows_what_was_taken_off_it_for_its_return() -> None:
    items = (
        Item(sku="a", amount_minor=333),
        Item(sku="b", amount_minor=333),
        Item(sku="c", amount_minor=334),
    )
    bill = decide(parse_rules([FIVE]), Sale(1_000, items=items), card([FIVE])).bill
    assert (50, [16, 17, 17]) == (bill.discount_minor, sorted(line.discount_minor for line in bill.lines))


def test_points_are_earned_on_what_is_left_after_the_discount() -> None:
    rules = [{"kind": "points", "percent": 10}, {**FIVE, "percent": 20}]
    earned = list(decide(parse_rules(rules), Sale(1_000), card(rules)).moves)
    assert [("points", 80), (SPEND, 800)] == [(move.unit, move.amount) for move in earned]


@pytest.mark.parametrize(
    ("spent", "percent"), [(0, 0), (9_999, 0), (10_000, 3), (29_999, 3), (30_000, 5), (1_000_000, 10)]
)
def test_the_discount_grows_with_what_was_spent_before(spent: int, percent: int) -> None:
    assert percent * 100 == off([CLOTHES], Sale(10_000), card([CLOTHES], spent))


def test_the_purchase_that_reaches_a_step_does_not_have_it_yet() -> None:
    assert 0 == off([CLOTHES], Sale(50_000), card([CLOTHES], 9_000))


def test_the_card_says_how_much_is_missing_to_the_next_step() -> None:
    face = show(parse_rules([CLOTHES]), card([CLOTHES], 26_000))
    words = face.values["discount_next"]
    assert isinstance(words, dict)
    assert "€40 more and you get 5\u00a0%" == in_locale(words, "en")
    assert "Ещё 40\u00a0€\u00a0— и скидка 5\u00a0%" == in_locale(words, "ru")
    assert ("line", 26_000, 30_000) == (face.progress.kind, face.progress.done, face.progress.goal)
    assert "3\u00a0%" == in_locale(face.values["discount"], "en")


def test_at_the_last_step_nothing_is_missing() -> None:
    face = show(parse_rules([CLOTHES]), card([CLOTHES], 100_000))
    assert (None, "10\u00a0%: больше не бывает") == (face.progress, in_locale(face.values["progress"], "ru"))


def test_half_a_percent_is_written_as_each_language_does() -> None:
    shown = show(parse_rules([{**FIVE, "percent": "7.50"}]), card([FIVE])).values["discount"]
    assert {"en": "7.5\u00a0%", "ru": "7,5\u00a0%"} == shown


def test_a_window_says_from_which_day_money_counts_and_when_the_face_changes() -> None:
    def since(**window: Any) -> date:
        return needs(parse_rules([{**CLOTHES, **window}]), date(2026, 3, 2))[0].since

    assert date(2025, 3, 2) == since(window="rolling", days=365)
    assert date(2026, 1, 1) == since(window="year")
    assert date(1, 1, 1) == since()
    (rule,) = parse_rules([{**CLOTHES, "window": "year"}])
    assert "2027-01-01" == str(rule.changes_at(card([CLOTHES])).date())


def faults(*rules: Any) -> dict[str, str]:
    programme = Programme.model_construct(rules=parse_rules(rules))
    return {
        f"{n}{where}": said
        for n, r in enumerate(programme.rules)
        for where, said in r.faults(programme).items()
    }


@pytest.mark.parametrize(
    ("rules", "where"),
    [
        ([{"kind": "discount"}], "0/percent"),
        (
            [
                {"kind": "discount", "tier_percents": {"gold": 5}},
                {"kind": "tiers", "levels": [{"key": "silver", "name": "Silver", "from": 1}]},
            ],
            "0/tier_percents/gold",
        ),
        (
            [{**CLOTHES, "steps": [CLOTHES["steps"][1], {"from_minor": 40_000, "percent": 4}]}],
            "0/steps/1/percent",
        ),
        ([{**CLOTHES, "steps": CLOTHES["steps"][::-1]}], "0/steps/1/from_minor"),
    ],
)
def test_contradictions_are_named_where_they_stand(rules: Any, where: str) -> None:
    assert where in faults(*rules)


def test_sound_rules_have_no_faults() -> None:
    assert {} == faults(FIVE, CLOTHES)


@pytest.mark.parametrize("wrong", [{"percent": 101}, {"percent": -1}, {"minimum_minor": -1}, {"key": "Ä"}])
def test_discounts_that_make_no_sense_cannot_be_written_down(wrong: Any) -> None:
    with pytest.raises(ValueError):
        parse_rules([{**FIVE, **wrong}])
