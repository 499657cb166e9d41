"""A friend brings a friend: when each of both has something of it."""

from typing import Any

import pytest

from app.domain.ledger import Earn
from app.domain.mechanics import show
from app.domain.mechanics.base import Person, Sale
from app.domain.mechanics.referral import Referral
from app.domain.programme import Programme
from app.domain.text import in_locale
from tests.support.paper_card import PaperCard

POINTS = {"kind": "points", "percent": 10}
RULE = {
    "kind": "referral",
    "gives_friend": [{"unit": "points", "amount": 100}],
    "gives_referrer": [{"unit": "points", "amount": 200, "expires_after_days": 30}],
    "minimum_minor": 1000,
    "limits": {"month": 2, "ever": 3},
}
BROUGHT = Person(referred=True)


def test_the_first_purchase_that_is_large_enough_rewards_both_and_once() -> None:
    card = PaperCard(POINTS, RULE, person=BROUGHT)
    assert (99, ()) == (card.sees(Sale(999)).has("points"), card.last.for_friend)
    assert 99 + 100 + 100 == card.sees(Sale(1000)).has("points")
    assert [("points", 200, "referral")] == [(e.unit, e.amount, e.rule) for e in card.last.for_friend]
    assert (399, ()) == (card.sees(Sale(1000)).has("points"), card.last.for_friend)


def test_who_came_alone_has_nothing_of_it() -> None:
    assert 100 == PaperCard(POINTS, RULE).sees(Sale(1000)).has("points")


def test_a_referrer_is_thanked_so_often_a_month_and_ever() -> None:
    card = PaperCard(POINTS, RULE)
    rule = card.rules[1]
    assert isinstance(rule, Referral)
    had = []
    for day in ("2026-03-02", "2026-03-03", "2026-03-31", "2026-04-01", "2026-05-01"):
        award = rule.thanks((Earn("points", 200, rule="referral"),), card.is_at(f"{day}T12:00").state)
        card.counted += [(what, card.today, amount) for what, amount in award.counts.items()]
        had.append((bool(award.moves), [in_locale(note, "en") for note in award.notes]))
    too_often = ["Not given: 1 × (at most 2 a month)"]
    never_again = ["Not given: 1 × (at most 3 in all)"]
    assert [(True, []), (True, []), (False, too_often), (True, []), (False, never_again)] == had


def test_the_card_may_show_its_code() -> None:
    card = PaperCard(POINTS, RULE, person=Person(referral_code="7HXK4MPA"))
    assert {"*": "7HXK4MPA"} == show(card.rules, card.state).values["referral_code"]


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ({"gives_friend": [], "gives_referrer": []}, "/gives_referrer"),
        ({"limits": {}}, "/limits"),
        ({"gives_friend": [{"unit": "chips"}]}, "/gives_friend/0/unit"),
    ],
)
def test_what_gives_nothing_or_without_end_is_named_when_it_is_saved(
    rule: dict[str, Any], where: str
) -> None:
    raw = {"slug": "cafe", "name": "Café", "rules": [POINTS, {**RULE, **rule}]}
    programme = Programme.model_validate(raw)
    assert [where] == list(programme.rules[1].faults(programme))


def test_all_points_that_a_referrer_is_given_are_counted() -> None:
    card = PaperCard(POINTS, RULE)
    rule = card.rules[1]
    assert isinstance(rule, Referral)

    counts = rule.thanks((Earn("points", 200), Earn("points", 50), Earn("stamps", 1)), card.state).counts

    assert {"points": 250, "referral": 1} == counts
