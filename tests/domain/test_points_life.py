"""From when points may be spent, until when, and what the card says of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.errors import InsufficientBalance
from app.domain.ledger import Earn, Extend, Holdings, Lot, apply
from app.domain.mechanics import decide, show
from app.domain.mechanics.base import Sale, State
from app.domain.text import in_locale
from tests.support.clock import START
from tests.support.points import RIGA, TEN, buys, card, earned, riga, rule

DAY = timedelta(days=1)


# When points begin and end


def lot_of(fields: dict[str, Any], **state: Any) -> Earn:
    now = state.pop("now", START)
    decision = decide([rule(**TEN, **fields)], Sale(1000), replace(card(zone=RIGA), now=now))
    return next(move for move in decision.moves if isinstance(move, Earn) and move.unit == "points")


@pytest.mark.parametrize(
    ("fields", "active", "ends"),
    [
        pytest.param({}, None, None, id="at once and for ever"),
        pytest.param({"active_after_days": 14}, riga(2026, 3, 16), None, id="after two weeks, at midnight"),
        pytest.param({"expires_after_days": 30}, None, riga(2026, 4, 2), id="the 30th day counts whole"),
        pytest.param(
            {"active_after_days": 14, "expires_after_days": 30},
            riga(2026, 3, 16),
            riga(2026, 4, 16),
            id="counted from the day on which they become active",
        ),
        pytest.param({"expires_after_idle_days": 90}, None, riga(2026, 6, 1), id="90 days of silence"),
        pytest.param({"expires_on": "12-31"}, None, riga(2027, 1, 1), id="with the year"),
        pytest.param({"expires_on": "03-02"}, None, riga(2026, 3, 3), id="today still counts"),
        pytest.param({"expires_on": "03-01"}, None, riga(2027, 3, 2), id="yesterday is a year away"),
        pytest.param(
            {"expires_on": "03-31", "expires_least_days": 30},
            None,
            riga(2027, 4, 1),
            id="29 days are too few",
        ),
        pytest.param(
            {"expires_on": "02-29"}, None, riga(2027, 3, 1), id="28 February where there is no 29th"
        ),
    ],
)
def test_points_live(fields: dict[str, Any], active: datetime | None, ends: datetime | None) -> None:
    made = lot_of(fields)
    assert (active, ends) == (made.active_from, made.expires_at)


def test_a_leap_year_has_its_own_last_day() -> None:
    assert riga(2028, 3, 1) == lot_of({"expires_on": "02-29"}, now=riga(2027, 6, 1)).expires_at


def test_a_purchase_keeps_all_points_alive_even_where_it_earns_nothing() -> None:
    fields = {**TEN, "expires_after_idle_days": 30, "minimum_minor": 5000}
    done = buys(fields, Sale(1000), card(100))
    assert Extend("points", datetime(2026, 4, 2, tzinfo=UTC), "points") == done.moves[0]
    assert 0 == earned(fields, Sale(1000))


def test_old_and_new_points_of_an_active_customer_end_together() -> None:
    rules = [rule(**TEN, expires_after_idle_days=30)]
    holdings = Holdings()
    for days in (0, 10, 20):
        now = START + days * DAY
        holdings, _ = apply(holdings, decide(rules, Sale(1000), State(holdings, now)).moves, now=now)
    open_lots = [lot for lot in holdings.lots.values() if lot.unit == "points" and lot.remaining]
    assert [(300, datetime(2026, 4, 22, tzinfo=UTC))] == [(x.remaining, x.expires_at) for x in open_lots]


def test_points_that_wait_cannot_be_spent() -> None:
    rules = [rule(**TEN, active_after_days=14)]
    holdings, _ = apply(Holdings(), decide(rules, Sale(1000), card()).moves, now=START)
    with pytest.raises(InsufficientBalance):
        decide(rules, Sale(1000, redeem_points=1), State(holdings, START + 13 * DAY))
    decide(rules, Sale(1000, redeem_points=100), State(holdings, START + 14 * DAY))


# The face


def face(fields: dict[str, Any], lots: list[Lot], **state: Any) -> Any:
    return show([rule(**fields)], State(Holdings.of(lots), START, zone=RIGA, **state)).values


def test_the_card_says_how_many_points_burn_and_when() -> None:
    ending = Lot(1, "points", 120, 120, START, riga(2026, 4, 1))
    values = face(TEN, [ending, Lot(2, "points", 50, 50, START)])
    assert {"en": "120 points burn on 31 March", "ru": "120\u00a0баллов сгорят 31 марта"} == values["burning"]
    assert (120, {"en": "31 March", "ru": "31 марта"}) == (values["burning_points"], values["burns_at"])


@pytest.mark.parametrize(
    ("count", "en", "ru"),
    [
        (1, "1 point burns on 31 March", "1\u00a0балл сгорит 31 марта"),
        (21, "21 points burn on 31 March", "21\u00a0балл сгорит 31 марта"),
        (3, "3 points burn on 31 March", "3\u00a0балла сгорят 31 марта"),
    ],
)
def test_burning_agrees_with_its_number(count: int, en: str, ru: str) -> None:
    values = face(TEN, [Lot(1, "points", count, count, START, riga(2026, 4, 1))])
    assert {"en": en, "ru": ru} == values["burning"]


def test_what_burns_in_half_a_year_is_not_spoken_of_until_it_is_near() -> None:
    ends = START + 180 * DAY
    state = State(Holdings.of([Lot(1, "points", 120, 120, START, ends)]), START)
    values = rule(**TEN).face(state).values
    assert ("", 0) == (in_locale(values["burning"], "en"), values["burning_points"])  # type: ignore[arg-type]
    near = rule(**TEN).changes_at(state)
    assert ends - 60 * DAY == near
    assert rule(**TEN).face(replace(state, now=near)).values["burning_points"] == 120
    assert rule(**TEN).changes_at(replace(state, now=near)) is None


def test_points_that_wait_are_told_apart() -> None:
    waiting = Lot(1, "points", 40, 40, START + DAY)
    values = face(TEN, [waiting, Lot(2, "points", 5, 5, START)])
    assert (5, 40) == (values["points"], values["points_pending"])
    assert "40\u00a0баллов" == in_locale(values["points_pending_words"], "ru")
    assert "" == in_locale(face(TEN, [])["points_pending_words"], "en")


def test_the_way_to_a_reward_is_shown_as_before() -> None:
    fields = {**TEN, "goal": 1000, "reward": {"en": "a gift", "ru": "подарок"}}
    values = face(fields, [Lot(1, "points", 300, 300, START)])
    assert {"en": "700 points to a gift", "ru": "Ещё 700\u00a0баллов: подарок"} == values["progress"]
    assert (1000, 700) == (values["goal"], values["to_go"])


def test_cashback_speaks_of_money() -> None:
    lots = [Lot(1, "cashback_minor", 1250, 1250, START, riga(2026, 4, 1))]
    values = face({"kind": "cashback", "percent": 3}, lots)
    assert (1250, "€12.50") == (values["cashback"], in_locale(values["cashback_words"], "en"))
    assert "€12.50 burns on 31 March" == in_locale(values["burning"], "en")
    assert "12,50\u00a0€ сгорят 31 марта" == in_locale(values["burning"], "ru")
