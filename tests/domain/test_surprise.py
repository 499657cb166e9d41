"""Surprises: exactly as often as the shop says, each drum shuffled for itself, never above the budget."""

from typing import Any

import pytest

from app.domain.mechanics.base import Claim, Sale
from app.domain.mechanics.surprise import ALL, UNLUCKY, drawn
from app.domain.programme import Programme
from tests.support.paper_card import PaperCard

POINTS = {"kind": "points", "percent": 10}


def surprise(key: str = "lucky", **more: Any) -> dict[str, Any]:
    gives = [{"unit": "points", "amount": 100}]
    return {"kind": "surprise", "key": key, "chance": ALL, "gives": gives, "budget": 1000, **more}


def test_each_luck_has_another_lot() -> None:
    assert set(range(ALL)) == {drawn("lucky", luck) for luck in range(ALL)}
    assert UNLUCKY == drawn("lucky", UNLUCKY)


@pytest.mark.parametrize(("chance", "winners"), [(1, 1), (100, 100), (2500, 2500), (ALL, ALL)])
def test_a_chance_is_met_exactly(chance: int, winners: int) -> None:
    assert winners == sum(drawn("lucky", luck) < chance for luck in range(ALL))


def test_two_surprises_choose_independently() -> None:
    both = sum(drawn("one", luck) < 2000 and drawn("two", luck) < 2000 for luck in range(ALL))
    assert 300 <= both <= 500  # 400 of 10,000 where the drums know nothing of one another


def test_a_purchase_with_luck_is_given_once_a_day_and_the_budget_is_claimed() -> None:
    card = PaperCard(POINTS, surprise())
    assert 110 == card.sees(Sale(100, luck=5)).has("points")
    assert (Claim("surprise:lucky", 100, 1000),) == card.last.claims
    assert ["A surprise!"] == card.said()
    assert 120 == card.sees(Sale(100, luck=6)).has("points")
    assert 230 == card.is_at("2026-03-03T00:00").sees(Sale(100, luck=6)).has("points")


@pytest.mark.parametrize(
    ("rule", "amount_minor", "points"),
    [
        ({}, 100, 110),
        ({"minimum_minor": 101}, 100, 10),
        ({"starts_on": "2026-03-03"}, 100, 10),
        ({"ends_on": "2026-03-01"}, 100, 10),
        ({"starts_on": "2026-03-02", "ends_on": "2026-03-02"}, 100, 110),
        ({}, 0, 0),
    ],
)
def test_when_a_surprise_may_come(rule: dict[str, Any], amount_minor: int, points: int) -> None:
    assert points == PaperCard(POINTS, surprise(**rule)).sees(Sale(amount_minor, luck=5)).has("points")


def test_a_budget_that_is_gone_surprises_nobody() -> None:
    card = PaperCard(POINTS, surprise())
    card.spent_budgets = frozenset({"surprise:lucky"})
    assert 10 == card.sees(Sale(100, luck=5)).has("points")


def test_asking_what_a_purchase_would_earn_tells_no_surprise() -> None:
    assert 10 == PaperCard(POINTS, surprise(chance=ALL - 1)).sees(Sale(100)).has("points")


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ({"budget": 99}, "/budget"),
        ({"starts_on": "2026-03-02", "ends_on": "2026-03-01"}, "/ends_on"),
        ({"gives": [{"unit": "chips"}]}, "/gives/0/unit"),
    ],
)
def test_a_surprise_that_cannot_be_given_is_named_when_it_is_saved(rule: dict[str, Any], where: str) -> None:
    raw = {"slug": "cafe", "name": "Café", "rules": [POINTS, surprise(**rule)]}
    programme = Programme.model_validate(raw)
    assert [where] == list(programme.rules[1].faults(programme))
