"""Paid memberships, and which of several tiers counts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.domain.ledger import SPEND, Holdings
from app.domain.mechanics import decide, needs, parse_rules, show
from app.domain.mechanics.base import Sale, Standing, State
from app.domain.mechanics.membership import Membership
from app.domain.mechanics.standing import by_hand, standing_now
from app.domain.programme import Programme
from app.domain.text import in_locale

RIGA = ZoneInfo("Europe/Riga")
NOW = datetime(2026, 3, 2, 9, tzinfo=RIGA)
CLUB = {
    "kind": "membership",
    "key": "club",
    "name": {"en": "Club", "ru": "Клуб"},
    "months": 1,
    "price_minor": 1900,
    "tier": "gold",
    "perks": ["Towel"],
    "flags": ["Give a towel"],
}
TIERS = {
    "kind": "tiers",
    "window": "lifetime",
    "levels": [
        {"key": "silver", "name": "Silver", "from": 10_000},
        {"key": "gold", "name": "Gold", "from": 50_000},
        {"key": "platinum", "name": "Platinum", "from": 90_000},
        {"key": "vip", "name": "VIP", "invited": True},
    ],
}


def card(
    *rules: Any, spent: int = 0, paid_for: int | None = None, now: datetime = NOW, **standing: Any
) -> State:
    counts = {count: spent for count in needs(parse_rules(rules), now.date()) if count.what == SPEND}
    memberships = {} if paid_for is None else {"club": NOW + timedelta(days=paid_for)}
    had = Standing(**standing)
    return State(
        Holdings(),
        now,
        had.tier,
        zone=RIGA,
        counts=counts,
        standing=had,
        memberships=memberships,
        currency="EUR",
    )


def rule(**more: Any) -> Membership:
    return Membership.model_validate({**CLUB, **more})


@pytest.mark.parametrize(
    ("more", "starts_at", "periods", "last_day"),
    [
        ({}, datetime(2026, 3, 2, 9, tzinfo=RIGA), 1, "2026-04-01"),
        ({}, datetime(2026, 1, 31, 9, tzinfo=RIGA), 1, "2026-02-27"),
        ({"months": 12}, datetime(2028, 2, 29, 0, tzinfo=RIGA), 1, "2029-02-27"),
        ({}, datetime(2026, 3, 2, 9, tzinfo=RIGA), 3, "2026-06-01"),
        ({"months": None, "days": 30}, datetime(2026, 3, 2, 9, tzinfo=RIGA), 1, "2026-03-31"),
        ({"months": None, "days": 1}, datetime(2026, 3, 28, 23, tzinfo=RIGA), 1, "2026-03-28"),
    ],
)
def test_the_last_day_that_is_paid_counts_whole(
    more: Any, starts_at: datetime, periods: int, last_day: str
) -> None:
    ends_at = rule(**more).ends_at(starts_at, periods, card(CLUB)).astimezone(RIGA)
    assert (last_day, "00:00") == (str((ends_at - timedelta(seconds=1)).date()), f"{ends_at:%H:%M}")


def test_it_counts_until_its_end_and_in_grace_the_cashier_speaks_of_it() -> None:
    graceful = {**CLUB, "grace_days": 3}
    running, late, over = (card(graceful, paid_for=days) for days in (1, -1, -4))
    assert [True, True, False] == [rule(grace_days=3).runs(state) for state in (running, late, over)]
    flags = [len(show(parse_rules([graceful]), state).flags) for state in (running, late, over)]
    assert [1, 2, 0] == flags


def test_the_face_names_it_its_end_and_its_perks() -> None:
    values = show(parse_rules([CLUB]), card(CLUB, paid_for=30)).values
    shown = [in_locale(values[key], "ru") for key in ("membership", "perks", "membership_price")]
    assert ["Клуб", "Towel", "19\u00a0€"] == shown
    assert "1 April 2026" == in_locale(values["member_until"], "en")
    assert "" == in_locale(show(parse_rules([CLUB]), card(CLUB)).values["membership"], "en")


@pytest.mark.parametrize(
    ("state", "tier"),
    [
        ({}, ""),
        ({"spent": 10_000}, "silver"),
        ({"paid_for": 1}, "gold"),
        ({"spent": 10_000, "paid_for": 1}, "gold"),
        ({"spent": 90_000, "paid_for": 1}, "platinum"),
        ({"spent": 10_000, "paid_for": -1, "tier": "gold", "earned": "silver"}, "silver"),
        ({"spent": 90_000, "paid_for": 1, "tier": "vip", "invited": True}, "vip"),
    ],
)
def test_an_invitation_counts_first_then_the_higher_one_of_paid_and_earned(state: Any, tier: str) -> None:
    rules = parse_rules([CLUB, TIERS])
    assert tier == standing_now(rules, card(CLUB, TIERS, **state)).tier


def test_what_is_earned_goes_on_below_a_membership() -> None:
    rules = parse_rules([TIERS, CLUB])
    made = decide(rules, Sale(12_000), card(TIERS, CLUB, paid_for=1, tier="gold"))
    assert made.standing is not None
    assert ("gold", "silver") == (made.standing.tier, made.standing.earned)


def test_other_rules_see_the_tier_for_exactly_as_long_as_it_is_paid() -> None:
    """Even where the clock has not yet taken the tier away, the till does not give its discount any more."""
    off = {"kind": "discount", "tier_percents": {"gold": 20}}
    rules = parse_rules([off, CLUB, TIERS])
    paid = decide(rules, Sale(1_000), card(off, CLUB, TIERS, paid_for=1))
    over = decide(rules, Sale(1_000), card(off, CLUB, TIERS, paid_for=-1, tier="gold"))
    assert (200, 0) == (paid.bill.discount_minor, over.bill.discount_minor)
    assert over.standing is not None and "" == over.standing.tier


def test_without_a_tiers_rule_the_membership_alone_decides_and_a_hand_stands_above_it() -> None:
    rules = parse_rules([CLUB])
    paid = card(CLUB, paid_for=1)
    assert ("gold", "") == (standing_now(rules, paid).tier, standing_now(rules, card(CLUB)).tier)
    by = by_hand(rules, paid, "friend")
    assert "friend" == standing_now(rules, replace(paid, standing=by)).tier
    assert "gold" == by_hand(rules, replace(paid, standing=by), "").tier


def test_taking_a_tier_away_by_hand_does_not_take_away_what_is_paid() -> None:
    rules = parse_rules([CLUB, TIERS])
    state = card(CLUB, TIERS, paid_for=1, tier="gold")
    assert "gold" == by_hand(rules, state, "").tier


@pytest.mark.parametrize(
    "wrong", [{"months": None}, {"days": 30}, {"months": 0}, {"key": ""}, {"tier": "Gold"}]
)
def test_memberships_that_make_no_sense_cannot_be_written_down(wrong: Any) -> None:
    with pytest.raises(ValueError):
        parse_rules([{**CLUB, **wrong}])


def test_contradictions_are_named_where_they_stand() -> None:
    rules = parse_rules([TIERS, {**CLUB, "tier": "diamond"}, CLUB])
    programme = Programme.model_construct(rules=rules)
    assert {"/tier", "/key"} == set(rules[1].faults(programme))
    assert {} == parse_rules([TIERS, CLUB])[1].faults(
        Programme.model_construct(rules=parse_rules([TIERS, CLUB]))
    )


def test_days_end_in_the_programmes_zone_across_the_change_of_clocks() -> None:
    ends_at = rule().ends_at(datetime(2026, 3, 28, 12, tzinfo=UTC), 1, card(CLUB))
    assert datetime(2026, 4, 27, 21, tzinfo=UTC) == ends_at
