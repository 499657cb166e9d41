"""Chips of a summer game: collected until its end, used a little longer, then gone."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.domain.ledger import Earn, Holdings, Lot, Spend, apply
from app.domain.mechanics import decide, follows, parse_rules, show
from app.domain.mechanics.base import Item, Sale, State, Visit
from app.domain.mechanics.bill import Bill
from app.domain.mechanics.chips import Chips
from app.domain.programme import Programme
from app.domain.text import in_locale
from tests.support.clock import START

RIGA = ZoneInfo("Europe/Riga")
GAME = {
    "kind": "chips",
    "key": "spring",
    "step_minor": 500,
    "starts_on": "2026-03-01",
    "ends_on": "2026-03-31",
    "grace_days": 14,
    "prizes": [
        {"at": 20, "reward": {"en": "a towel", "ru": "полотенце"}, "reward_key": "towel"},
        {"at": 5, "reward": {"en": "a mug", "ru": "кружка"}, "reward_key": "mug"},
    ],
}
OVER = datetime(2026, 4, 15, tzinfo=RIGA).astimezone(UTC)
"""The midnight after 14 April."""


def game(**fields: Any) -> Chips:
    (made,) = parse_rules([{**GAME, **fields}])
    assert isinstance(made, Chips)
    return made


def holding(chips: int, now: datetime = START, unit: str = "chips") -> State:
    lots = [Lot(1, unit, chips, chips, START, OVER)] if chips else []
    return State(Holdings.of(lots), now, zone=RIGA)


MUESLI = {"items": [{"category": "muesli", "chips": 3}, {"sku": "tea-1", "chips": 1}]}
BASKET = (
    Item("m-1", "muesli", 2, 800),
    Item("tea-1", "tea", 1, 300),
    Item("w-1", "wine", 1, 1400),
)


@pytest.mark.parametrize(
    ("fields", "sale", "chips"),
    [
        pytest.param({}, Sale(2499), 4, id="one for each full 5.00"),
        pytest.param({"chips_per_step": 2}, Sale(2499), 8, id="two for each"),
        pytest.param({}, Sale(499), 0, id="no full step"),
        pytest.param(MUESLI, Sale(2500, items=BASKET), 5 + 6 + 1, id="more for some goods, by the piece"),
        pytest.param({**MUESLI, "step_minor": None}, Sale(2500, items=BASKET), 7, id="for goods alone"),
        pytest.param({"excluded": {"categories": ["wine"]}}, Sale(2500, items=BASKET), 2, id="not for wine"),
        pytest.param({}, Sale(2500, at=datetime(2026, 2, 28, 12, tzinfo=RIGA)), 0, id="before the game"),
        pytest.param({}, Sale(2500, at=datetime(2026, 3, 1, 0, 1, tzinfo=RIGA)), 5, id="in its first minute"),
        pytest.param({}, Sale(2500, at=datetime(2026, 3, 31, 23, 59, tzinfo=RIGA)), 5, id="in its last"),
        pytest.param({}, Sale(2500, at=datetime(2026, 4, 1, 0, 1, tzinfo=RIGA)), 0, id="after the game"),
    ],
)
def test_a_receipt_gives_chips(fields: dict[str, Any], sale: Sale, chips: int) -> None:
    now = sale.at.astimezone(UTC) if sale.at else START
    assert chips == decide([game(**fields)], sale, holding(0, now)).counts.get("chips", 0)


def test_all_chips_end_together_after_the_days_of_grace() -> None:
    (given_, *_) = decide([game()], Sale(2500), holding(0)).moves
    assert Earn("chips", 5, expires_at=OVER, rule="chips:spring") == given_
    assert OVER == game().ends("chips", holding(0))
    assert game().ends("points", holding(0)) is None


def test_a_receipt_that_comes_when_all_is_over_gives_none() -> None:
    late = holding(0, OVER + timedelta(hours=1))
    assert {} == {
        unit: count
        for unit, count in decide([game()], Sale(2500, at=START), late).counts.items()
        if unit == "chips"
    }


def test_a_visit_gives_none() -> None:
    assert () == decide([game()], Visit(), holding(0)).moves


def test_paid_in_points_is_not_paid_in_money() -> None:
    rules = parse_rules([{"kind": "points", "percent": 1}, GAME])
    state = State(Holdings.of([Lot(1, "points", 1500, 1500, START)]), START, zone=RIGA)
    assert 2 == decide(rules, Sale(2500, redeem_points=1500), state).counts["chips"]


@pytest.mark.parametrize(
    ("chips", "ready"),
    [(4, {}), (5, {"mug": 1}), (12, {"mug": 2}), (25, {"towel": 1, "mug": 5})],
)
def test_the_customer_chooses_among_what_the_chips_buy(chips: int, ready: dict[str, int]) -> None:
    assert ready == {each.key: each.count for each in show([game()], holding(chips)).rewards}


def test_a_chosen_prize_costs_its_chips() -> None:
    assert (Spend("chips", 20, rule="chips:spring"),) == game().trade("towel", holding(25))
    assert () == game().trade("car", holding(25))


def test_a_prize_may_come_by_itself() -> None:
    rule = game(prizes=[GAME["prizes"][1]], taken="itself")  # type: ignore[index]
    made = decide([rule], Sale(6000), holding(0))
    held, _ = apply(Holdings(), made.moves, now=START)
    assert (2, 2) == (held.balance("chips"), held.balance("reward.mug"))
    assert () == rule.trade("mug", holding(12))
    by_hand = follows([rule], [Earn("chips", 5, "adjusted")], holding(0))
    assert Earn("reward.mug", 1, "converted", rule="chips:spring") == by_hand.moves[-1]
    assert [("mug", 2)] == [
        (each.key, each.count) for each in show([rule], holding(2, unit="reward.mug")).rewards
    ]


def test_the_card_says_how_many_and_until_when() -> None:
    values = show([game()], holding(4)).values
    assert {"en": "4 chips, until 14 April", "ru": "4\u00a0фишки, до 14 апреля включительно"} == values[
        "chips_words"
    ]
    assert {"en": "1 chip to go: a mug", "ru": "Ещё 1\u00a0фишка: кружка"} == values["chips_next"]
    assert "Фишки" == in_locale(values["chips_name"], "ru")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("chips", "done", "goal", "words"),
    [
        (0, 0, 5, "5 chips to go: a mug"),
        (5, 5, 20, "15 chips to go: a towel"),
        (30, 20, 20, "a towel is waiting for you"),
    ],
)
def test_the_line_leads_to_the_next_prize(chips: int, done: int, goal: int, words: str) -> None:
    face = show([game()], holding(chips))
    assert face.progress is not None
    assert (done, goal) == (face.progress.done, face.progress.goal)
    assert words == in_locale(face.values["chips_next"], "en")  # type: ignore[arg-type]


def test_when_it_is_over_the_card_is_silent() -> None:
    over = State(Holdings(), OVER, zone=RIGA)
    face = show([game()], over)
    assert (None, {"*": ""}) == (face.progress, face.values["chips_words"])
    assert OVER == game().changes_at(holding(3))
    assert game().changes_at(over) is None


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"ends_on": "2026-02-01"}, id="ends before it starts"),
        pytest.param({"step_minor": None}, id="gives nothing"),
        pytest.param({"prizes": []}, id="no prize"),
        pytest.param({"taken": "itself"}, id="two prizes by themselves"),
        pytest.param({"prizes": [{"at": 1, "reward": "a"}, {"at": 2, "reward": "b"}]}, id="one key for two"),
        pytest.param({"items": [{"chips": 1}]}, id="goods without a name"),
        pytest.param({"grace_days": -1}, id="used before the end only"),
    ],
)
def test_games_that_cannot_be_played_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        game(**fields)


@pytest.mark.parametrize(
    ("starts_on", "faulty"),
    [
        pytest.param("2026-04-14", True, id="on the last day of grace"),
        pytest.param("2026-04-15", False, id="the day after"),
    ],
)
def test_one_game_at_a_time(starts_on: str, faulty: bool) -> None:
    second = {**GAME, "key": "summer", "starts_on": starts_on, "ends_on": "2026-06-30"}
    programme = Programme.model_validate({"slug": "shop", "name": "Shop", "rules": [GAME, second]})
    first, other = (rule.faults(programme) for rule in programme.rules)
    assert ({}, faulty) == (first, "/starts_on" in other)


amounts = st.integers(0, 100_000)


@given(amounts, amounts, st.integers(1, 3000), st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_splitting_a_receipt_never_gives_more(one: int, other: int, step: int, each: int) -> None:
    rule = game(step_minor=step, chips_per_step=each)
    apart = rule.earned(Bill.of(one, ())) + rule.earned(Bill.of(other, ()))
    assert apart <= rule.earned(Bill.of(one + other, ()))
