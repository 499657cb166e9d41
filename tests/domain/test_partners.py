"""Partners: whose purchase it is, what it earns there, where points may be used, and whose offer is shown."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.domain.errors import Invalid
from app.domain.ledger import Holdings, Lot, apply
from app.domain.mechanics import decide, parse_rules, show
from app.domain.mechanics.base import Person, Sale, State
from app.domain.mechanics.partner import partner_of
from app.domain.programme import Programme
from tests.support.clock import START

POINTS = {"kind": "points", "percent": 10}
AIR = {"kind": "partner", "key": "air", "name": "Air", "earn_percent": 2, "stores": ["airport"]}
SPA = {"kind": "partner", "key": "spa", "name": "Spa", "may_burn": False, "stores": ["spa-1", "spa-2"]}
TODAY = date(2026, 3, 2)


def state(points: int = 0) -> State:
    lots = [Lot(1, "points", points, points, START)] if points else []
    return State(Holdings.of(lots), START)


@pytest.mark.parametrize(("partner", "points"), [("", 1000), ("air", 200), ("spa", 1000)])
def test_a_partner_gives_its_own_share_and_others_the_general_one(partner: str, points: int) -> None:
    decision = decide(parse_rules([POINTS, AIR, SPA]), Sale(10_000, partner=partner), state())
    after, _ = apply(Holdings(), decision.moves, now=START)
    assert (points, partner) == (after.balance("points"), decision.partner)


def test_a_partner_may_give_none_at_all() -> None:
    rules = parse_rules([POINTS, {**AIR, "earn_percent": 0}])
    after, _ = apply(Holdings(), decide(rules, Sale(10_000, partner="air"), state()).moves, now=START)
    assert 0 == after.balance("points")


def test_points_are_refused_where_a_partner_takes_none() -> None:
    rules = parse_rules([POINTS, AIR, SPA])
    assert 9500 == decide(rules, Sale(10_000, 500, partner="air"), state(500)).bill.due_minor
    with pytest.raises(Invalid) as refused:
        decide(rules, Sale(10_000, 500, partner="spa"), state(500))
    assert {"/redeem_points": "points cannot be used at this partner"} == refused.value.faults


@pytest.mark.parametrize(
    ("key", "store", "found"),
    [
        ("", "", ""),
        ("air", "", "air"),
        ("", "airport", "air"),
        ("", "spa-2", "spa"),
        ("", "elsewhere", ""),
        ("spa", "airport", "spa"),
    ],
)
def test_a_purchase_belongs_to_the_partner_that_is_named_or_whose_store_it_is(
    key: str, store: str, found: str
) -> None:
    assert found == partner_of(parse_rules([POINTS, AIR, SPA]), key, store, TODAY)


@pytest.mark.parametrize(
    ("rule", "key", "reason"),
    [
        ({}, "nobody", "is no partner of this programme"),
        ({"valid_from": "2026-03-03"}, "air", "is no partner on that day"),
        ({"valid_to": "2026-03-01"}, "air", "is no partner on that day"),
    ],
)
def test_a_partner_that_is_none_is_refused(rule: dict[str, Any], key: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        partner_of(parse_rules([{**AIR, **rule}]), key, "", TODAY)
    assert {"/partner": reason} == refused.value.faults


def test_the_store_of_a_partner_that_is_over_is_nobodys() -> None:
    assert "" == partner_of(parse_rules([{**AIR, "valid_to": "2026-03-01"}]), "", "airport", TODAY)


@pytest.mark.parametrize(
    ("rule", "city", "shown"),
    [
        ({}, "", "Air: Fly, until 31\u00a0March"),
        ({"cities": ["Riga"]}, "riga ", "Air: Fly, until 31\u00a0March"),
        ({"cities": ["Riga"]}, "Tallinn", ""),
        ({"valid_from": "2026-03-03"}, "", ""),
        ({"valid_to": "2026-03-01"}, "", ""),
    ],
)
def test_an_offer_is_shown_where_and_while_it_counts(rule: dict[str, Any], city: str, shown: str) -> None:
    rules = parse_rules([{**AIR, "offer": {"en": "Fly", "ru": "Летайте"}, "valid_to": "2026-03-31", **rule}])
    offers = show(rules, replace(state(), person=Person(city=city))).values["offers"]
    assert isinstance(offers, dict)
    assert shown == offers.get("en", offers.get("*"))


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ([AIR, SPA], {}),
        ([AIR, {**SPA, "key": "air"}], {"/key": "is another partner's key"}),
        ([AIR, {**SPA, "stores": ["airport"]}], {"/stores": "airport is another partner's store too"}),
        (
            [{**AIR, "valid_from": "2026-03-02", "valid_to": "2026-03-01"}],
            {"/valid_to": "lies before valid_from"},
        ),
        ([{**AIR, "pays_per_point_minor": 2, "gets_per_point_minor": 1}], {}),
        ([{**AIR, "gets_per_point_minor": 1, "valid_to": "2026-12-31"}], {}),
        ([{**AIR, "gets_per_point_minor": 1, "earn_percent": 0}], {}),
    ],
)
def test_partners_that_contradict_each_other_are_told_so(rules: list[Any], found: dict[str, str]) -> None:
    programme = Programme(slug="club", name="Club", rules=parse_rules([POINTS, *rules]))
    assert found == dict(programme.rules[1].faults(programme))


def test_a_partner_whose_points_cost_the_house_money_without_an_end_is_told_so() -> None:
    rules = parse_rules([POINTS, {**AIR, "pays_per_point_minor": "0.8", "gets_per_point_minor": 1}])
    programme = Programme(slug="club", name="Club", rules=rules)
    assert ["/gets_per_point_minor"] == list(rules[1].faults(programme))
