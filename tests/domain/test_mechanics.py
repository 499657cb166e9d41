"""Worked examples that a shopkeeper would recognise."""

import pytest
from pydantic import ValidationError

from app.domain.ledger import Earn, Holdings, Lot, apply
from app.domain.mechanics import decide, parse_rules, show
from app.domain.mechanics.base import Item, Sale, State, Visit
from app.domain.text import in_locale
from tests.support.clock import START


def state(**balances: int) -> State:
    lots = (
        Lot(n, unit, amount, amount, START) for n, (unit, amount) in enumerate(balances.items(), 1) if amount
    )
    return State(Holdings.of(lots), START)


def balance_after(rules: object, occasion: Sale | Visit, before: State, unit: str) -> int:
    held, _ = apply(before.holdings, decide(parse_rules(rules), occasion, before).moves, now=START)
    return held.balance(unit)


@pytest.mark.parametrize(
    ("rule", "amount_minor", "points"),
    [
        ({"percent": 10}, 12340, 1234),
        ({"percent": 10, "point_value_minor": 100}, 12340, 12),
        ({"percent": 5}, 19, 0),
        ({"percent": "2.5"}, 1000, 25),
        ({"percent": 100}, 1, 1),
    ],
)
def test_points_are_a_share_of_the_amount_rounded_down(rule: dict, amount_minor: int, points: int) -> None:
    rules = [{"kind": "points", **rule}]
    assert points == balance_after(rules, Sale(amount_minor), state(), "points")


def test_no_points_on_the_part_that_is_paid_in_points() -> None:
    rules = [{"kind": "points", "percent": 10}]
    assert 500 - 400 + 60 == balance_after(rules, Sale(1000, redeem_points=400), state(points=500), "points")


def test_the_tenth_stamp_becomes_a_coffee_and_the_rest_counts_on() -> None:
    rules = parse_rules([{"kind": "stamps", "goal": 10, "reward": "A coffee", "reward_key": "coffee"}])
    before = state(stamps=9)
    held, _ = apply(before.holdings, decide(rules, Visit(3), before).moves, now=START)
    assert (2, 1) == (held.balance("stamps"), held.balance("reward.coffee"))


def test_several_full_cards_at_once() -> None:
    rules = [{"kind": "stamps", "goal": 5, "reward": "Pizza", "per": "item", "category": "pizza"}]
    sale = Sale(9000, items=(Item(category="pizza", quantity=11), Item(category="cola", quantity=4)))
    assert 2 == balance_after(rules, sale, state(), "reward.reward")
    assert 1 == balance_after(rules, sale, state(), "stamps")


def test_the_face_says_how_far_it_is_in_both_languages() -> None:
    rules = parse_rules([{"kind": "stamps", "goal": 10, "reward": {"en": "a coffee", "ru": "кофе"}}])
    progress = show(rules, state(stamps=7)).values["progress"]
    assert isinstance(progress, dict)
    assert "3 stamps to go: a coffee" == in_locale(progress, "en")
    assert "Ещё 3\u00a0штампа: кофе" == in_locale(progress, "ru")


def test_a_reward_that_waits_is_what_the_card_speaks_of() -> None:
    rules = parse_rules([{"kind": "stamps", "goal": 10, "reward": "a coffee"}])
    face = show(rules, state(**{"reward.reward": 1}))
    assert [("reward", 1)] == [(each.key, each.count) for each in face.rewards]


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "points", "percent": 0},
        {"kind": "points", "percent": 101},
        {"kind": "points", "percent": 10, "typo": 1},
        {"kind": "stamps", "goal": 1, "reward": "x"},
        {"kind": "stamps", "goal": 10},
        {"kind": "lottery"},
    ],
)
def test_rules_that_make_no_sense_are_refused(rule: dict) -> None:
    with pytest.raises(ValidationError):
        parse_rules([rule])


def test_points_end_at_the_end_of_a_day_in_the_shops_time_zone() -> None:
    from zoneinfo import ZoneInfo

    rules = parse_rules([{"kind": "points", "percent": 10, "expires_after_days": 30}])
    riga = State(Holdings(), START, zone=ZoneInfo("Europe/Riga"))
    earn = decide(rules, Sale(1000), riga).moves[0]
    assert isinstance(earn, Earn)
    assert earn.expires_at is not None
    assert "2026-04-02T00:00:00+03:00" == earn.expires_at.astimezone(ZoneInfo("Europe/Riga")).isoformat()
