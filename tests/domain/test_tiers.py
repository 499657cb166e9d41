"""Tiers as shopkeepers know them: worked examples, and the same result whichever way one counts (I12)."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import Invalid
from app.domain.ledger import SPEND, VISITS, Holdings
from app.domain.mechanics import decide, needs, parse_rules, show
from app.domain.mechanics.base import Sale, Standing, State, Visit
from app.domain.mechanics.standing import by_hand, returned, standing_now
from app.domain.mechanics.tiers import Tiers
from app.domain.programme import Programme
from app.domain.text import in_locale

LEVELS = [
    {"key": "base", "name": "Base", "from": 0},
    {"key": "silver", "name": {"en": "Silver", "ru": "Серебряный"}, "from": 50_000, "perks": ["Free coffee"]},
    {"key": "gold", "name": "Gold", "from": 120_000, "flags": ["Offer a tasting"]},
    {"key": "vip", "name": "VIP", "invited": True},
]
YEAR = {"kind": "tiers", "window": "year", "levels": LEVELS}
ROLLING = {"kind": "tiers", "window": "rolling", "days": 365, "levels": LEVELS}
RIGA = ZoneInfo("Europe/Riga")


@dataclass
class Card:
    """A card whose counts are kept a day each, as the database does."""

    rules: list[Any]
    now: datetime = datetime(2026, 3, 2, 9, tzinfo=UTC)
    days: dict[str, dict[date, int]] = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)

    @property
    def parsed(self) -> Any:
        return parse_rules(self.rules)

    def state(self) -> State:
        today = self.now.astimezone(RIGA).date()
        counts = {
            count: sum(n for day, n in self.days.get(count.what, {}).items() if day >= count.since)
            for count in needs(self.parsed, today)
        }
        tier = self.standing.tier
        return State(
            Holdings(), self.now, tier, zone=RIGA, counts=counts, standing=self.standing, currency="EUR"
        )

    def does(self, occasion: Any) -> str:
        made = decide(self.parsed, occasion, self.state())
        for what, amount in made.counts.items():
            mine = self.days.setdefault(what, {})
            mine[self.today] = mine.get(self.today, 0) + amount
        self.standing = made.standing or self.standing
        return self.standing.tier

    def buys(self, amount_minor: int) -> str:
        return self.does(Sale(amount_minor))

    def on(self, *when: int) -> "Card":
        self.now = datetime(*when, 9, tzinfo=RIGA)
        return self

    @property
    def today(self) -> date:
        return self.now.astimezone(RIGA).date()

    def reviewed(self) -> str:
        self.standing = standing_now(self.parsed, self.state())
        return self.standing.tier

    def until(self) -> str:
        until = self.standing.until
        return str((until - timedelta(seconds=1)).astimezone(RIGA).date()) if until else ""


def test_silver_at_500_a_year_comes_with_the_purchase_that_reaches_it() -> None:
    anna = Card([YEAR])
    assert ["base", "silver"] == [anna.buys(48_000), anna.buys(3_000)]


def test_a_calendar_year_begins_anew_but_silver_stays_until_the_next_one_ends() -> None:
    anna = Card([YEAR])
    anna.buys(48_000)
    anna.on(2026, 12, 31).buys(3_000)
    assert "2027-12-31" == anna.until()
    assert "silver" == anna.on(2027, 1, 1).buys(100)
    assert "silver" == anna.on(2027, 12, 31).reviewed()
    assert "base" == anna.on(2028, 1, 1).reviewed()


def test_what_was_bought_last_year_does_not_count_towards_this_years_silver() -> None:
    anna = Card([YEAR])
    anna.on(2026, 12, 31).buys(48_000)
    assert "base" == anna.on(2027, 1, 1).buys(3_000)


def test_who_qualifies_again_keeps_the_tier_a_year_longer() -> None:
    anna = Card([YEAR])
    anna.buys(60_000)
    anna.on(2027, 5, 1).buys(60_000)
    assert "2028-12-31" == anna.until()


def test_a_tier_falls_to_the_level_that_last_year_fits() -> None:
    anna = Card([YEAR])
    anna.buys(130_000)
    anna.on(2027, 5, 1).buys(60_000)
    assert ("silver", "2028-12-31") == (anna.on(2028, 1, 1).reviewed(), anna.until())


def test_a_tier_may_fall_by_one_level_only() -> None:
    anna = Card([{**YEAR, "downgrade": "one_down"}])
    anna.buys(130_000)
    assert "silver" == anna.on(2028, 1, 1).reviewed()
    assert "base" == anna.on(2029, 1, 1).reviewed()


def test_days_of_grace_put_the_review_off() -> None:
    anna = Card([{**YEAR, "grace_days": 31}])
    anna.buys(60_000)
    assert "silver" == anna.on(2028, 1, 31).reviewed()
    assert "base" == anna.on(2028, 2, 1).reviewed()


def test_in_grace_a_purchase_of_the_new_year_saves_the_tier() -> None:
    anna = Card([{**YEAR, "grace_days": 31}])
    anna.buys(60_000)
    anna.on(2028, 1, 20).buys(50_000)
    assert ("silver", "2030-01-31") == (anna.on(2028, 2, 1).reviewed(), anna.until())


def test_a_rolling_year_forgets_day_by_day() -> None:
    anna = Card([ROLLING])
    anna.buys(30_000)
    assert "silver" == anna.on(2027, 3, 2).buys(20_000)
    boris = Card([ROLLING])
    boris.buys(30_000)
    assert "base" == boris.on(2027, 3, 3).buys(20_000)


@pytest.mark.parametrize(
    ("more", "day", "until"),
    [
        ({}, (2026, 3, 2), "2027-03-02"),
        ({}, (2028, 2, 29), "2029-02-28"),
        ({"keeps": {"months": 6}}, (2026, 8, 31), "2027-02-28"),
        ({"keeps": {"months": 6}, "grace_days": 14}, (2026, 3, 2), "2026-09-16"),
        ({"keeps": {}}, (2026, 3, 2), "2027-12-31"),
        ({"window": "lifetime"}, (2026, 3, 2), ""),
        ({"window": "lifetime", "keeps": {"months": 1}}, (2026, 1, 31), "2026-02-28"),
    ],
)
def test_until_when_a_tier_is_safe(more: Any, day: tuple[int, ...], until: str) -> None:
    anna = Card([{**ROLLING, **more}]).on(*day)
    assert ("silver", until) == (anna.buys(50_000), anna.until())


def test_the_lowest_level_is_never_reviewed() -> None:
    anna = Card([YEAR])
    assert ("base", "") == (anna.buys(1), anna.until())


def test_levels_by_visits_and_by_points() -> None:
    regulars = {**ROLLING, "by": "visits", "levels": [{"key": "regular", "name": "Regular", "from": 3}]}
    anna = Card([regulars])
    assert ["", "", "regular"] == [anna.does(Visit()), anna.buys(100), anna.does(Visit())]
    points = {**ROLLING, "by": "points", "levels": [{"key": "fan", "name": "Fan", "from": 100}]}
    boris = Card([{"kind": "points", "percent": 10}, points])
    assert ["", "fan"] == [boris.buys(999), boris.buys(10)]


def test_a_purchase_of_last_year_that_comes_late_counts_for_last_year() -> None:
    anna = Card([YEAR]).on(2027, 1, 2)
    assert "base" == anna.does(Sale(60_000, at=datetime(2026, 12, 30, tzinfo=UTC)))


def test_an_invitation_stands_above_what_is_earned_and_below_it_the_earning_goes_on() -> None:
    anna = Card([YEAR])
    anna.buys(60_000)
    anna.standing = by_hand(anna.parsed, anna.state(), "vip")
    assert ("vip", "silver", True) == (anna.standing.tier, anna.standing.earned, anna.standing.invited)
    assert ["vip", "vip"] == [anna.buys(70_000), anna.on(2030, 1, 1).reviewed()]
    anna.standing = by_hand(anna.parsed, anna.state(), "")
    assert ("base", False) == (anna.standing.tier, anna.standing.invited)


def test_an_invitation_that_is_taken_back_at_once_leaves_everything_as_it_was() -> None:
    anna = Card([YEAR])
    anna.buys(60_000)
    before = anna.standing
    anna.standing = by_hand(anna.parsed, anna.state(), "vip")
    assert replace(before, since=anna.now) == by_hand(anna.parsed, anna.state(), "")


def test_a_level_given_by_hand_is_kept_until_its_review_and_may_rise_before() -> None:
    anna = Card([YEAR])
    anna.standing = by_hand(anna.parsed, anna.state(), "silver")
    assert ("silver", "2027-12-31") == (anna.buys(100), anna.until())
    assert "gold" == anna.buys(120_000)
    boris = Card([YEAR])
    boris.standing = by_hand(boris.parsed, boris.state(), "silver")
    assert "base" == boris.on(2028, 1, 1).reviewed()


def test_a_tier_that_is_on_no_level_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        by_hand(parse_rules([YEAR]), Card([YEAR]).state(), "platinum")
    assert {
        "/tier": "is no level of this programme; there are base, silver, gold, vip"
    } == refused.value.faults


def test_without_a_tiers_rule_a_tier_by_hand_stays_until_it_is_taken_away_by_hand() -> None:
    anna = Card([{"kind": "points", "percent": 1}])
    anna.standing = by_hand(anna.parsed, anna.state(), "friend")
    assert "friend" == anna.buys(1_000_000)
    assert "" == by_hand(anna.parsed, anna.state(), "").tier


def test_the_face_speaks_of_the_next_level_in_both_languages() -> None:
    anna = Card([YEAR])
    anna.buys(38_000)
    values = show(anna.parsed, anna.state()).values
    words = values["tier_progress"]
    assert "€120 to Silver" == in_locale(words, "en")
    assert "До уровня «Серебряный»: ещё 120\u00a0€" == in_locale(words, "ru")
    assert words == values["progress"]
    line = show(anna.parsed, anna.state()).progress
    assert (38_000, 50_000) == (line.done, line.goal)


def test_the_face_names_the_level_its_perks_and_its_end_and_tells_the_cashier() -> None:
    anna = Card([YEAR])
    anna.buys(50_000)
    values = show(anna.parsed, anna.state()).values
    assert {"en": "31 December 2027", "ru": "31 декабря 2027"} == values["tier_until"]
    assert "Free coffee" == in_locale(values["perks"], "ru")
    anna.buys(70_000)
    face = show(anna.parsed, anna.state())
    assert ({"*": "Gold"}, ({"*": "Offer a tasting"},)) == (face.values["tier_name"], face.flags)


def test_a_goal_of_points_is_drawn_before_the_way_to_the_next_tier() -> None:
    rules = [YEAR, {"kind": "points", "percent": 10, "goal": 500, "reward": "a cake"}]
    anna = Card(rules)
    assert 500 == show(anna.parsed, anna.state()).progress.goal


@pytest.mark.parametrize(
    ("levels", "more", "where"),
    [
        ([LEVELS[2], LEVELS[1]], {}, "/levels/1/from"),
        ([LEVELS[1], LEVELS[1]], {}, "/levels/1/key"),
        ([LEVELS[3], LEVELS[1]], {}, "/levels/1/invited"),
        ([LEVELS[1]], {"by": "points"}, "/by"),
    ],
)
def test_contradictions_are_named_where_they_stand(levels: Any, more: Any, where: str) -> None:
    rules = parse_rules([{**YEAR, "levels": levels, **more}])
    assert where in rules[0].faults(Programme.model_construct(rules=rules))


def test_a_card_stands_on_one_ladder_only() -> None:
    rules = parse_rules([YEAR, ROLLING])
    assert ["/kind"] == list(rules[0].faults(Programme.model_construct(rules=rules)))


def test_rules_are_stored_and_read_again_as_they_were() -> None:
    rules = parse_rules([{**YEAR, "keeps": {"months": 6}}])
    assert rules == parse_rules([rule.model_dump(mode="json") for rule in rules])


STEPS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 90_000), st.booleans()), min_size=1, max_size=25
)
LADDERS = st.fixed_dictionaries(
    {
        "window": st.sampled_from(["year", "rolling", "lifetime"]),
        "days": st.sampled_from([30, 90, 365]),
        "downgrade": st.sampled_from(["one_down", "by_balance"]),
        "grace_days": st.sampled_from([0, 31]),
        "keeps": st.sampled_from([None, {}, {"months": 1}, {"months": 14}]),
    }
)


@settings(max_examples=40, deadline=None)
@given(LADDERS, STEPS)
def test_purchase_by_purchase_and_from_scratch_the_tier_is_the_same(ladder: Any, steps: Any) -> None:
    """Purchases and returns at random times, reviews on the day on which they fall due: what the card has
    at the end is what a replay of its daily counts gives.
    """
    anna = Card([{**YEAR, **ladder}])
    bought: list[tuple[date, int]] = []
    for days, amount, back in steps:
        _pass(anna, days)
        anna.buys(amount)
        bought.append((anna.today, amount))
        if back:
            _returns(anna, *bought.pop(len(bought) // 2))
    rule = anna.parsed[0]
    found = rule.replayed(anna.days[SPEND], anna.state())
    assert (anna.standing.earned, anna.standing.until) == (found.earned, found.until)


def _returns(card: Card, day: date, amount: int) -> None:
    back = {SPEND: -amount}
    card.standing = returned(card.parsed, card.state(), dict(card.days[SPEND]), back, day)
    card.days[SPEND][day] -= amount


def _pass(card: Card, days: int) -> None:
    """Days go by; every review is made on its day."""
    to = card.now + timedelta(days=days)
    while card.standing.until is not None and card.standing.until <= to:
        card.now = card.standing.until
        card.reviewed()
    card.now = to


def test_visits_are_counted_under_their_own_name() -> None:
    assert VISITS == Tiers.model_validate({**ROLLING, "by": "visits"}).what
