"""Stamp cards as a café runs them: rewards on the way, caps, ends, and what counts."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.domain.ledger import Holdings, Lot
from app.domain.mechanics import needs, parse_rules, show
from app.domain.mechanics.base import Count, Item, Sale
from app.domain.programme import Programme
from app.domain.text import in_locale
from tests.support.clock import START
from tests.support.paper_card import RIGA, PaperCard

CAKE = {
    "kind": "stamps",
    "rewards": [
        {"at": 5, "reward": {"en": "a coffee", "ru": "кофе"}, "reward_key": "coffee"},
        {"at": 10, "reward": {"en": "a cake", "ru": "торт"}, "reward_key": "cake"},
    ],
}


class Card(PaperCard):
    """With coffee and cake."""

    @property
    def content(self) -> tuple[int, int, int]:
        return self.has("stamps"), self.has("reward.coffee"), self.has("reward.cake")


@pytest.mark.parametrize(
    ("steps", "after"),
    [
        ([4], (4, 0, 0)),
        ([5], (5, 1, 0)),
        ([4, 1, 1], (6, 1, 0)),
        ([9], (9, 1, 0)),
        ([10], (0, 1, 1)),
        ([9, 3], (2, 1, 1)),
        ([15], (5, 2, 1)),
        ([27], (7, 3, 2)),
        ([1] * 20, (0, 2, 2)),
        ([3, 3, 3, 3, 3], (5, 2, 1)),
    ],
)
def test_the_fifth_is_a_coffee_the_tenth_a_cake_and_the_surplus_counts_on(
    steps: list[int], after: tuple[int, int, int]
) -> None:
    card = Card(CAKE)
    for stamps in steps:
        card.stamped(stamps)
    assert after == card.content


def test_a_correction_gives_the_reward_on_the_way_and_a_stamp_after_it_does_not_again() -> None:
    card = Card(CAKE).stamped(4).corrected(1)
    assert (5, 1, 0) == card.content
    assert (6, 1, 0) == card.stamped().content


def test_stamps_that_ran_out_do_not_bring_the_reward_of_this_round_again() -> None:
    card = Card(CAKE).stamped(5)
    card.holdings = Holdings.of([Lot(9, "stamps", 3, 3, START)])  # two ended, and the coffee was drunk
    assert (5, 0, 0) == card.stamped(2).content
    assert (0, 0, 1) == card.stamped(5).content
    assert (5, 1, 1) == card.stamped(5).content


def test_a_reward_that_went_back_is_due_again_and_one_that_was_eaten_is_not() -> None:
    card = Card(CAKE).stamped(5)
    card.holdings = Holdings.of([Lot(9, "stamps", 4, 4, START)])
    assert (5, 0, 0) == card.stamped().content

    card.holdings = Holdings.of([Lot(9, "stamps", 4, 4, START)])
    card.counted.append(("reward.coffee@stamps", card.today, -1))  # as a reversal that really took it back
    assert (5, 1, 0) == card.stamped().content


def test_a_reward_added_to_a_running_card_comes_once_a_round() -> None:
    card = Card(CAKE)
    card.counted = [("reward.cake@stamps", card.today, 3)]
    assert (5, 1, 0) == card.stamped(5).content
    assert (9, 1, 0) == card.stamped(4).content
    assert (5, 2, 1) == card.stamped(6).content


@pytest.mark.parametrize(
    ("rule", "sale", "stamps"),
    [
        ({"per": "purchase"}, Sale(100), 1),
        ({"per": "purchase", "minimum_minor": 500}, Sale(499), 0),
        ({"per": "purchase", "minimum_minor": 500}, Sale(500), 1),
        ({"per": "amount", "step_minor": 300}, Sale(1000), 3),
        ({"per": "item"}, Sale(900, items=(Item(quantity=3),)), 3),
        ({"per": "item", "category": "pizza"}, Sale(900, items=(Item(category="cola", quantity=3),)), 0),
        ({"per": "item", "categories": ["pizza", "pasta"]}, Sale(900, items=(Item(category="pasta"),)), 1),
        ({"per": "item", "skus": ["p-1"]}, Sale(900, items=(Item(sku="p-1", quantity=2), Item("p-2"))), 2),
        (
            {"per": "item", "category": "pizza", "skus": ["p-9"]},
            Sale(900, items=(Item("p-1", "pizza"), Item("p-9", "cola"))),
            2,
        ),
        (
            {"per": "item", "category": "pizza", "skus": ["p-9"], "match": "all"},
            Sale(900, items=(Item("p-1", "pizza"), Item("p-9", "pizza"))),
            1,
        ),
    ],
)
def test_what_gives_a_stamp(rule: dict[str, Any], sale: Sale, stamps: int) -> None:
    card = Card({"kind": "stamps", "goal": 10, "reward": "A coffee", **rule})
    assert stamps == card.sees(sale).has("stamps")


def test_a_day_gives_so_many_and_says_what_it_kept_back() -> None:
    card = Card({"kind": "stamps", "goal": 10, "reward": "A coffee", "daily_cap": 3})
    assert (2, []) == (card.stamped(2).has("stamps"), card.said())
    assert 3 == card.stamped(3).has("stamps")
    assert ["Not given: 2 stamps (a day gives 3 at most)"] == card.said()
    assert ["Не начислено: 2\u00a0штампа (за день не больше 3)"] == card.said("ru")
    assert 3 == card.stamped().has("stamps")
    assert Count("stamps", START.astimezone(RIGA).date()) in needs(card.rules, START.date())


def test_stamps_and_rewards_end_at_the_end_of_a_day_in_the_shop() -> None:
    card = Card({**CAKE, "expires_after_days": 30, "reward_expires_after_days": 7}).stamped(5)
    assert "2026-04-02T00:00:00+03:00" == card.ends("stamps")
    assert "2026-03-10T00:00:00+02:00" == card.ends("reward.coffee")
    card.now += timedelta(days=40)
    assert (0, 0, 0) == card.content


def test_the_face_names_the_next_reward_on_the_way() -> None:
    face = show(parse_rules([CAKE]), Card(CAKE).stamped(3).state)
    assert "a coffee" == in_locale(face.values["next_reward"], "en")
    assert "Ещё 2\u00a0штампа: кофе" == in_locale(face.values["progress"], "ru")
    card = Card(CAKE).stamped(7)
    card.holdings = Holdings.of([Lot(9, "stamps", 7, 7, START)])
    face = show(card.rules, card.state)
    assert "3 stamps to go: a cake" == in_locale(face.values["progress"], "en")
    assert (7, 10) == (face.progress.done, face.progress.goal) if face.progress else False


def test_rules_of_yesterday_and_rules_on_the_way_survive_being_stored() -> None:
    for raw in (CAKE, {"kind": "stamps", "goal": 10, "reward": "A coffee"}):
        (rule,) = parse_rules([raw])
        assert (rule,) == parse_rules([rule.model_dump(mode="json")])


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ({"rewards": [{"at": 7, "reward": "b", "reward_key": "b"}, {"at": 5, "reward": "a"}]}, "/rewards"),
        ({"rewards": [{"at": 5, "reward": "b"}]}, "/rewards"),
        ({"rewards": [{"at": 12, "reward": "b", "reward_key": "b"}]}, "/rewards"),
        ({"category": "pizza"}, "/per"),
        ({"minimum_minor": 100}, "/minimum_minor"),
    ],
)
def test_what_contradicts_itself_is_named(rule: dict[str, Any], where: str) -> None:
    raw = {"kind": "stamps", "goal": 10, "reward": "A coffee", **rule}
    programme = Programme.model_validate({"slug": "cafe", "name": "Café", "rules": [raw]})
    assert [where] == list(programme.rules[0].faults(programme))


def test_a_stamp_card_without_any_reward_is_refused() -> None:
    with pytest.raises(ValidationError):
        parse_rules([{"kind": "stamps", "goal": 10, "rewards": [{"at": 5, "reward": "x"}]}])


@given(st.lists(st.integers(1, 23), max_size=12))
@settings(max_examples=40, deadline=None)
def test_however_the_stamps_come_each_round_has_one_coffee_and_one_cake(visits: list[int]) -> None:
    card = Card(CAKE)
    for stamps in visits:
        card.stamped(stamps)
    rounds, rest = divmod(sum(visits), 10)
    assert (rest, rounds + (rest >= 5), rounds) == card.content
