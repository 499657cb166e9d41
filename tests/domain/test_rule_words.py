"""Every kind of rule is told in words that a shopkeeper understands, in both languages."""

import re
from typing import Any, get_args

import pytest

from app.domain.mechanics import Rule
from app.domain.programme import Programme
from app.domain.rule_words import TITLES, described, settings, title
from app.domain.text import in_locale

GIFT = {"unit": "points", "amount": 50}
RULES: dict[str, list[dict[str, Any]]] = {
    "points": [
        {"percent": 10, "expires_after_days": 365, "goal": 1000, "reward": {"en": "A gift", "ru": "Подарок"}},
        {"step_minor": 1000, "points_per_step": 3, "expires_after_idle_days": 180, "active_after_days": 14},
        {
            "percent": 5,
            "tier_percents": {"gold": 7.5},
            "boosted": [{"category": "tea", "factor": 2}],
            "excluded": {"categories": ["tobacco"]},
            "paying": {"most_percent": 50, "minimum_points": 100, "step_points": 10, "minimum_balance": 5},
            "expires_on": "12-31",
            "minimum_minor": 500,
        },
    ],
    "cashback": [{"percent": 3, "paying": {"minimum_points": 100}, "tier_percents": {"gold": 5}}],
    "stamps": [
        {"goal": 10, "reward": {"en": "Coffee", "ru": "Кофе"}, "daily_cap": 2, "expires_after_days": 90},
        {"goal": 5, "reward": "Pizza", "per": "item", "category": "pizza", "reward_expires_after_days": 30},
        {"goal": 5, "reward": "Pizza", "per": "amount", "rewards": [{"at": 3, "reward": "Tea"}]},
        {"goal": 5, "reward": "Pizza", "per": "purchase", "minimum_minor": 1000},
    ],
    "multiplier": [
        {"key": "happy", "factor": 2, "weekdays": ["mon"], "hours": {"start": "14:00", "end": "17:00"}},
        {"key": "gold", "factor": 1.5, "tiers": ["gold"], "cities": ["Riga"], "stores": ["Old town"]},
    ],
    "chips": [
        {
            "step_minor": 500,
            "starts_on": "2026-03-01",
            "ends_on": "2026-04-01",
            "prizes": [{"at": 20, "reward": "A pan"}],
            "items": [{"category": "cheese", "chips": 2}],
        }
    ],
    "event": [{"key": "birthday", "gives": [GIFT], "days_around": 7}, {"key": "review", "gives": [GIFT]}],
    "surprise": [{"key": "luck", "chance": 100, "gives": [GIFT], "budget": 5000}],
    "referral": [{"gives_referrer": [GIFT], "gives_friend": [GIFT], "limits": {"month": 5}}],
    "discount": [{"percent": 7.5}, {"tier_percents": {"gold": 10}, "adds_up": True}],
    "growing_discount": [{"steps": [{"from_minor": 0, "percent": 3}, {"from_minor": 50_000, "percent": 5}]}],
    "tiers": [{"levels": [{"key": "gold", "name": {"en": "Gold", "ru": "Золото"}, "from": 100_000}]}],
    "membership": [{"key": "club", "name": "Club", "months": 12, "price_minor": 4900, "tier": "gold"}],
    "coupon": [{"key": "spring", "name": "Spring", "percent": 10, "code": "SPRING", "uses_in_all": 100}],
    "gift_card": [{"least_minor": 1000, "most_minor": 50_000, "expires_after_days": 365}],
    "partner": [{"key": "books", "name": "Books", "earn_percent": 3, "offer": "A bookmark"}],
    "company": [{"most_holders": 5, "who_may_pay": "first"}],
}
EVERY = [(kind, rule) for kind, rules in RULES.items() for rule in rules]


def kinds() -> set[str]:
    every = get_args(get_args(Rule)[0])
    return {kind for each in every for kind in get_args(each.model_fields["kind"].annotation)}


def told(kind: str, rule: dict[str, Any], locale: str) -> list[str]:
    programme = Programme.model_validate({"slug": "cafe", "name": "Café", "rules": [{"kind": kind, **rule}]})
    return [in_locale(each, locale) for each in described(programme.rules[0], programme)]


def test_no_kind_of_rule_is_without_words() -> None:
    assert kinds() <= set(TITLES)
    assert kinds() <= set(RULES)


@pytest.mark.parametrize(("kind", "rule"), EVERY, ids=[f"{kind}-{n}" for n, (kind, _) in enumerate(EVERY)])
def test_a_rule_is_told_in_both_languages(kind: str, rule: dict[str, Any]) -> None:
    if kind not in kinds():
        return
    english, russian = told(kind, rule, "en"), told(kind, rule, "ru")

    assert len(english) == len(russian)
    for words in (*english, *russian):
        assert words.strip() and "{" not in words and "None" not in words and "  " not in words
    assert all(
        re.search("[а-яё]", words, re.I)
        for words in russian[:1]
        if kind not in ("partner", "coupon", "membership")
    )


def test_words_a_shopkeeper_would_use() -> None:
    assert [
        "10\u00a0% of each purchase as points",
        "One point is worth €0.01.",
        "Points end after 365 days.",
        "At 1,000 points: A gift.",
    ] == told("points", RULES["points"][0], "en")
    assert [
        "10\u00a0% от каждой покупки баллами",
        "Баллы сгорают через 365\u00a0дней.",
    ] == [told("points", RULES["points"][0], "ru")[place] for place in (0, 2)]
    assert "10\u00a0штампов\u00a0— Кофе" == told("stamps", RULES["stamps"][0], "ru")[0]


def test_a_kind_without_words_is_told_by_its_settings() -> None:
    programme = Programme.model_validate(
        {"slug": "cafe", "name": "Café", "rules": [{"kind": "stamps", "goal": 7, "reward": "Tea"}]}
    )
    said = [in_locale(each, "en") for each in settings(programme.rules[0])]
    assert ("Stamps", "goal: 7") == (said[0], said[1])
    assert "Secret club" == in_locale(title("secret_club"), "ru")
