"""What customers are told of: each thing once, as an event and as the card's first sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from app.services import tick, walks
from app.storage.database import Database
from app.storage.states import programme_at, states_of
from app.storage.tables import Event, ProgrammeRow
from tests.support.clock import Clock
from tests.support.service import PLAIN
from tests.support.shop import Shop

STAMPS = {"kind": "stamps", "goal": 5, "reward": {"en": "A coffee", "ru": "Кофе"}, "reward_key": "coffee"}
ENDING = {"kind": "points", "percent": 10, "expires_after_days": 60}
TIERS = {
    "kind": "tiers",
    "window": "rolling",
    "days": 365,
    "levels": [
        {"key": "silver", "name": {"en": "Silver", "ru": "Серебро"}},
        {"key": "gold", "name": {"en": "Gold", "ru": "Золото"}, "from": 100_000},
    ],
}


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """Engines differ in the walks, which `test_tick` tries on both."""
    return sqlite_database


def shop_of(database: Database, clock: Clock, *rules: dict[str, Any]) -> Shop:
    return Shop(database, clock, rules, design=PLAIN)


def told(shop: Shop, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
    with shop.read() as session:
        found = session.scalars(select(Event).where(Event.kind.in_(kinds)).order_by(Event.id)).all()
    return [(each.kind, {k: v for k, v in each.body.items() if k != "operation"}) for each in found]


def ticks(shop: Shop) -> None:
    for each in tick.ROUNDS:
        while each.name != "seals" and each.run(shop.db, shop.read, shop.clock.now()):
            pass


def notice(shop: Shop, serial: str) -> dict[str, str]:
    """The first sentence of the card."""
    from app.domain.mechanics import show

    with shop.read() as session:
        card = shop.card(serial)
        programme = programme_at(session.get_one(ProgrammeRow, card.programme_id), card, shop.clock.now())
        state = states_of(session, [card], {card.id: programme}, shop.clock.now())[card.id]
    said = show(programme.rules, state).values["notice"]
    assert isinstance(said, dict)
    return {key: text for key, text in said.items() if text}


def test_a_goal_that_comes_near_and_a_reward_are_told_once(database: Database, clock: Clock) -> None:
    shop = shop_of(database, clock, STAMPS)
    anna = shop.customer()
    shop.stamps(anna, 3)
    assert ([], {}) == (told(shop, "goal.near"), notice(shop, anna))
    shop.stamps(anna)
    assert [("goal.near", {"done": 4, "goal": 5})] == told(shop, "goal.near")
    assert "1 stamp to go: A coffee" == notice(shop, anna)["en"]
    shop.undoes(shop.stamps(anna))
    assert 1 == len(told(shop, "goal.near"))
    earned = [("reward.earned", {"reward": "coffee", "count": 1})]
    assert earned == told(shop, "reward.earned")
    shop.stamps(anna)
    assert earned * 2 == told(shop, "reward.earned")
    assert {"en": "A coffee is waiting for you", "ru": "Вас ждёт: Кофе"} == notice(shop, anna)


def test_a_reward_that_only_comes_back_is_not_news(database: Database, clock: Clock) -> None:
    shop = shop_of(database, clock, STAMPS)
    anna = shop.customer()
    shop.stamps(anna, 5)
    shop.undoes(shop.redeems(anna, reward="coffee"))
    assert 1 == len(told(shop, "reward.earned"))


def test_points_are_said_to_burn_thirty_seven_and_one_day_before(database: Database, clock: Clock) -> None:
    shop = shop_of(database, clock, ENDING)
    anna = shop.customer()
    shop.buys(anna, 12_000)  # ends with 1 May in Riga
    days: list[int] = []
    for days_on in (20, 10, 1, 15, 7, 1, 5, 1, 1, 1):
        clock.forward(days=days_on)
        ticks(shop)
        days += [body["days"] for _, body in told(shop, "points.burning")[len(days) :]]
    assert [30, 7, 1] == days
    first = told(shop, "points.burning")[0][1]
    assert {"amounts": {"points": 1200}, "at": "2026-05-01T21:00:00Z", "days": 30} == first


def test_the_card_says_what_burns_when_it_is_near(database: Database, clock: Clock) -> None:
    shop = shop_of(database, clock, ENDING)
    anna = shop.customer()
    shop.buys(anna, 12_000)
    clock.forward(days=20)
    assert {} == notice(shop, anna)
    clock.forward(days=12)
    assert "burn on 1" in notice(shop, anna)["en"].replace("\u00a0", " ")
    assert "сгорят 1" in notice(shop, anna)["ru"].replace("\u00a0", " ")


def test_a_worker_that_slept_says_only_what_is_still_useful(database: Database, clock: Clock) -> None:
    shop = shop_of(database, clock, ENDING)
    shop.buys(shop.customer(), 12_000)
    ticks(shop)
    clock.forward(days=57)
    ticks(shop)
    assert [7] == [body["days"] for _, body in told(shop, "points.burning")]


def test_what_was_spent_meanwhile_burns_nobody(database: Database, clock: Clock) -> None:
    shop = shop_of(database, clock, ENDING)
    anna = shop.customer()
    shop.buys(anna, 12_000)
    shop.redeems(anna, points=1_200)
    clock.forward(days=45)
    ticks(shop)
    assert [] == told(shop, "points.burning")


def test_warnings_of_many_go_on_where_they_stopped(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walks, "PAGE", 2)
    shop = shop_of(database, clock, ENDING)
    for number in range(5):
        shop.buys(shop.customer(f"Guest {number}"), 12_000)
    clock.forward(days=32)
    ticks(shop)
    ticks(shop)
    assert 5 == len(told(shop, "points.burning"))


def test_tiers_rise_fall_and_are_at_risk_before_they_do(database: Database, clock: Clock) -> None:
    shop = shop_of(database, clock, TIERS)
    anna = shop.customer()
    shop.buys(anna, 120_000)
    assert [("tier.up", {"from": "silver", "to": "gold"})] == told(shop, "tier.up", "tier.down")
    clock.forward(days=330)
    ticks(shop)
    assert [] == told(shop, "tier.at_risk")
    clock.forward(days=10)
    ticks(shop)
    ((_, body),) = told(shop, "tier.at_risk")
    assert ("gold", "spend", 100_000) == (body["tier"], body["by"], body["missing"])
    assert "to keep Gold" in notice(shop, anna)["en"]
    assert "Чтобы сохранить уровень «Золото»" in notice(shop, anna)["ru"]
    ticks(shop)
    assert 1 == len(told(shop, "tier.at_risk"))
    clock.forward(days=40)
    ticks(shop)
    assert ("tier.down", {"from": "gold", "to": "silver"}) == told(shop, "tier.up", "tier.down")[-1]


def test_who_spends_enough_in_time_is_not_at_risk(database: Database, clock: Clock) -> None:
    shop = shop_of(database, clock, TIERS)
    anna = shop.customer()
    shop.buys(anna, 120_000)
    clock.forward(days=300)
    shop.buys(anna, 110_000)
    clock.forward(days=60)
    ticks(shop)
    assert ([], {}) == (told(shop, "tier.at_risk"), notice(shop, anna))
