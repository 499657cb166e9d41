"""Named events as shops use them: once, so often a day, on a holiday, around a birthday."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from app.domain.mechanics import parse_rules, show
from app.domain.mechanics.base import Person, Sale
from app.domain.mechanics.event import anniversary
from app.domain.programme import Programme
from tests.support.paper_card import PaperCard

POINTS = {"kind": "points", "percent": 10}
STAMPS = {"kind": "stamps", "goal": 5, "reward": "A coffee", "reward_key": "coffee"}


def event(key: str, **more: Any) -> dict[str, Any]:
    return {"kind": "event", "key": key, "gives": [{"unit": "points", "amount": 50}], **more}


def test_a_welcome_is_given_once() -> None:
    card = PaperCard(POINTS, event("welcome"))
    assert 50 == card.happens("welcome").has("points")
    assert 50 == card.happens("welcome").has("points")
    assert ["Not given: 1 × (at most 1 in all)"] == card.said()


def test_an_event_that_no_rule_knows_gives_nothing() -> None:
    assert 0 == PaperCard(POINTS, event("review", limits={"day": 1})).happens("survey").has("points")


@pytest.mark.parametrize(
    ("limits", "days", "points"),
    [
        ({"day": 2}, ["2026-03-02T10:00", "2026-03-02T11:00", "2026-03-02T23:59"], 100),
        ({"day": 2}, ["2026-03-02T10:00", "2026-03-02T23:59", "2026-03-03T00:00"], 150),
        ({"month": 1}, ["2026-03-31T23:00", "2026-04-01T00:30"], 100),
        ({"month": 1}, ["2026-03-01T00:30", "2026-03-31T23:00"], 50),
        ({"year": 1}, ["2026-12-31T23:59", "2027-01-01T00:00", "2027-06-01T00:00"], 100),
        ({"ever": 2}, ["2026-03-01T10:00", "2027-03-01T10:00", "2028-03-01T10:00"], 100),
        ({"day": 1, "month": 2}, ["2026-03-01T10:00", "2026-03-01T11:00", "2026-03-02T10:00"] * 2, 100),
    ],
)
def test_limits_count_days_months_and_years_of_the_shop(
    limits: dict[str, int], days: list[str], points: int
) -> None:
    card = PaperCard(POINTS, event("review", limits=limits))
    for day in days:
        card.is_at(day).happens("review")
    assert points == card.has("points")


def test_seven_cups_come_back_and_five_a_day_count() -> None:
    card = PaperCard(POINTS, event("packaging", limits={"day": 5}))
    assert 250 == card.happens("packaging", 7).has("points")
    assert ["Not given: 2 × (at most 5 a day)"] == card.said()
    assert ["Не начислено: 2 × (не больше 5 в день)"] == card.said("ru")


def test_stamps_of_an_event_fill_the_card_whatever_stands_first() -> None:
    gift = event("survey", gives=[{"unit": "stamps", "amount": 2}], limits={"ever": 1})
    for rules in ((STAMPS, gift), (gift, STAMPS)):
        card = PaperCard(*rules, stamps=4).happens("survey")
        assert (1, 1) == (card.has("stamps"), card.has("reward.coffee"))


def test_a_gift_of_stamps_uses_up_no_daily_cap() -> None:
    gift = event("welcome", gives=[{"unit": "stamps", "amount": 2}])
    card = PaperCard({**STAMPS, "daily_cap": 1}, gift).happens("welcome")
    assert 3 == card.stamped().has("stamps")


def test_a_reward_by_name_waits_on_the_card_and_ends() -> None:
    gives = [{"reward": "bag", "name": {"en": "A bag", "ru": "Сумка"}, "expires_after_days": 7}]
    card = PaperCard(POINTS, event("survey", gives=gives, limits={"ever": 1})).happens("survey")
    assert [("bag", 1)] == [(each.key, each.count) for each in show(card.rules, card.state).rewards]
    assert "2026-03-10T00:00:00+02:00" == card.ends("reward.bag")


def test_from_to_and_on_holidays_only() -> None:
    rule = event("holiday", limits={"day": 1}, on=["01-01", "02-29"], ends_on="2027-12-31")
    card = PaperCard(POINTS, rule)
    assert 0 == card.is_at("2026-12-31T23:59").happens("holiday").has("points")
    assert ["Nothing was given: not on this day"] == card.said()
    assert 50 == card.is_at("2027-01-01T00:00").happens("holiday").has("points")
    assert 100 == card.is_at("2027-02-28T12:00").happens("holiday").has("points")
    assert 100 == card.is_at("2028-01-01T00:00").happens("holiday").has("points")


def test_a_purchase_on_a_holiday_gives_when_the_rule_says_so_and_keeps_silent_otherwise() -> None:
    rule = event("holiday", limits={"year": 1}, on=["03-08"], at_purchase=True, minimum_minor=500)
    card = PaperCard(POINTS, rule).is_at("2026-03-08T12:00")
    assert 49 == card.sees(Sale(499)).has("points")
    assert 49 + 50 + 50 == card.sees(Sale(500)).has("points")
    assert (199, []) == (card.sees(Sale(500)).has("points"), card.said())


def test_the_first_purchase_is_the_first_that_was_paid() -> None:
    card = PaperCard(event("first-purchase", minimum_minor=1000), POINTS)
    assert 0 == card.sees(Sale(0)).has("points")
    assert 150 == card.sees(Sale(1000)).has("points")
    assert 250 == card.sees(Sale(1000)).has("points")
    late = PaperCard(event("first-purchase", minimum_minor=1000), POINTS).sees(Sale(100))
    assert 10 + 100 == late.sees(Sale(1000)).has("points")


def test_a_profile_counts_when_all_of_it_is_known() -> None:
    rule = event("profile", fields=["birthday", "city"])
    card = PaperCard(POINTS, rule, person=Person(filled=frozenset({"city", "phone"})))
    assert 0 == card.happens("profile").has("points")
    assert ["Nothing was given: the profile is not complete yet"] == card.said()
    card.person = Person(filled=frozenset({"city", "birthday"}))
    assert 50 == card.happens("profile").happens("profile").has("points")


@pytest.mark.parametrize(
    ("born", "around", "days", "points"),
    [
        ("1990-05-17", 0, ["2026-05-16", "2026-05-17", "2026-05-18", "2027-05-17"], 100),
        ("1990-05-17", 7, ["2026-05-09", "2026-05-10", "2026-05-17", "2026-05-24"], 50),
        ("1992-02-29", 0, ["2026-02-28", "2026-03-01", "2028-02-28", "2028-02-29"], 100),
        ("1990-01-02", 5, ["2026-12-28", "2027-01-02", "2027-01-07", "2027-12-28"], 100),
        ("1990-12-30", 5, ["2026-12-25", "2027-01-02", "2027-12-25"], 100),
        ("1990-01-01", 0, ["2026-12-31", "2027-01-01"], 50),
    ],
)
def test_a_birthday_is_celebrated_once_a_year(born: str, around: int, days: list[str], points: int) -> None:
    rule = event("birthday", days_around=around)
    card = PaperCard(POINTS, rule, person=Person(birthday=date.fromisoformat(born)))
    for day in days:
        card.is_at(f"{day}T12:00").happens("birthday")
    assert points == card.count("points")  # of which some ended with its birthday


def test_another_birthday_does_not_bring_another_present_this_year() -> None:
    card = PaperCard(POINTS, event("birthday"), person=Person(birthday=date(1990, 3, 5)))
    card.is_at("2026-03-05T12:00").happens("birthday")
    card.person = Person(birthday=date(1990, 9, 9))
    assert 50 == card.is_at("2026-09-09T12:00").happens("birthday").has("points")
    assert ["Nothing was given: this year’s birthday was celebrated already"] == card.said()
    assert 100 == card.is_at("2027-09-09T12:00").happens("birthday").has("points")


def test_what_a_birthday_gives_is_good_around_it() -> None:
    gives = [{"reward": "cake", "name": "A cake"}]
    rule = event("birthday", days_around=7, gives=gives)
    card = PaperCard(rule, person=Person(birthday=date(1990, 3, 28)))
    card.is_at("2026-03-21T09:00").happens("birthday")
    assert "2026-04-05T00:00:00+03:00" == card.ends("reward.cake")


@pytest.mark.parametrize(
    ("year", "day"), [(2028, date(2028, 2, 29)), (2027, date(2027, 2, 28)), (2100, date(2100, 2, 28))]
)
def test_the_29th_of_february(year: int, day: date) -> None:
    assert day == anniversary(date(2000, 2, 29), year)


@pytest.mark.parametrize(
    "rule",
    [
        event("review", gives=[]),
        event("review", gives=[{"unit": "points", "reward": "bag"}]),
        event("review", gives=[{"unit": "spend_minor", "amount": 5}]),
        event("review", gives=[{"unit": "points", "amount": 0}]),
        event("holiday", on=["02-30"]),
        event("holiday", on=["8 March"]),
        event("Review!"),
        event("profile", fields=["shoe_size"]),
    ],
)
def test_events_that_make_no_sense_are_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        parse_rules([rule])


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        (event("review"), "/limits"),
        (event("review", limits={"day": 1}, gives=[{"unit": "chips"}]), "/gives/0/unit"),
        (event("review", limits={"day": 1}, gives=[{"reward": "bag"}]), "/gives/0/name"),
        (event("review", limits={"day": 1}, starts_on="2026-03-02", ends_on="2026-03-01"), "/ends_on"),
        (event("profile"), "/fields"),
        (event("review", limits={"day": 1}, days_around=3), "/days_around"),
        (event("review", limits={"day": 1}, minimum_minor=3), "/minimum_minor"),
        (event("welcome", at_till=True), "/at_till"),
    ],
)
def test_what_could_be_had_without_end_is_named_when_it_is_saved(rule: dict[str, Any], where: str) -> None:
    programme = Programme.model_validate({"slug": "cafe", "name": "Café", "rules": [POINTS, STAMPS, rule]})
    assert [where] == list(programme.rules[2].faults(programme))


def test_two_rules_for_one_event_are_named() -> None:
    twice = [POINTS, event("welcome"), event("welcome")]
    programme = Programme.model_validate({"slug": "cafe", "name": "Café", "rules": twice})
    assert "/key" in programme.rules[1].faults(programme)


def test_a_reward_that_a_stamp_card_names_needs_no_name() -> None:
    rule = event("review", limits={"day": 1}, gives=[{"reward": "coffee"}])
    programme = Programme.model_validate({"slug": "cafe", "name": "Café", "rules": [STAMPS, rule]})
    assert {} == programme.rules[1].faults(programme)
