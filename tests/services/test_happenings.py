"""Events over the real services: told, once, limited, taken back; what happens by itself."""

from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import Invalid, KeyReused
from app.services import cards, due_tasks, happenings, rule_rounds, rulebook
from app.services.journal import By
from app.services.ledger_check import check
from app.services.operating import Reply
from app.storage.database import Database
from app.storage.tables import Event as Noted
from tests.support.clock import Clock
from tests.support.service import PLAIN
from tests.support.shop import Shop

POINTS = {"kind": "points", "percent": 10}
FIFTY = [{"unit": "points", "amount": 50}]
CAKE = {
    "kind": "stamps",
    "rewards": [
        {"at": 5, "reward": "a coffee", "reward_key": "coffee"},
        {"at": 10, "reward": "a cake", "reward_key": "cake"},
    ],
}
RULES = [
    POINTS,
    CAKE,
    {"kind": "event", "key": "welcome", "gives": FIFTY},
    {"kind": "event", "key": "profile", "gives": FIFTY, "fields": ["birthday", "city"]},
    {"kind": "event", "key": "packaging", "gives": FIFTY, "limits": {"day": 3}},
    {"kind": "event", "key": "first-purchase", "gives": [{"unit": "stamps", "amount": 2}]},
]


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    return Shop(sqlite_database, clock, RULES, design=PLAIN)


def told(shop: Shop, serial: str, event: str = "packaging", *, key: str | None = None, **more: Any) -> Reply:
    once = shop.once(key, {"event": event, **more})
    return happenings.happen(shop.db, serial, event, once, By("boris"), now=shop.clock.now(), **more)


def proven(shop: Shop) -> None:
    *_, found = check(shop.read)
    assert {} == found.broken


def test_a_card_begins_with_its_welcome_and_the_first_face_shows_it(shop: Shop) -> None:
    anna = shop.customer("Anna")
    assert (50, 1) == (shop.balance(anna, "points"), shop.card(anna).version)
    with shop.read() as session:
        kinds = session.scalars(select(Noted.kind).where(Noted.card_id == shop.card(anna).id)).all()
    assert ["card.issued", "ledger.event"] == list(kinds)


def test_who_joins_twice_is_welcomed_once(shop: Shop) -> None:
    anna = shop.customer("Anna")
    assert anna == shop.customer("Anna", in_pocket=False)
    assert 50 == shop.balance(anna, "points")
    proven(shop)


def test_a_profile_that_is_complete_at_once_counts_at_once(shop: Shop) -> None:
    anna = shop.customer("Anna", birthday="1990-05-17", city="Riga")
    assert (100, 1) == (shop.balance(anna, "points"), shop.card(anna).version)


def test_a_profile_that_becomes_complete_is_rewarded_once(shop: Shop) -> None:
    anna = shop.customer("Anna", city="Riga")
    for born in ("", "1990-05-17", "", "1990-05-18"):
        cards.change(shop.db, anna, now=shop.clock.now(), member={"birthday": born or None})
        due_tasks.run_due(shop.db, shop.read, shop.clock.now())
    assert 100 == shop.balance(anna, "points")
    assert 0 == due_tasks.run_due(shop.db, shop.read, shop.clock.now())


def test_an_event_is_given_once_for_its_key_and_as_often_as_a_day_allows(shop: Shop) -> None:
    anna = shop.customer("Anna")
    first = told(shop, anna, key="k1", times=2)
    assert ({"points": 100}, 2, []) == (first.body["earned"], first.body["times"], first.body["notes"])
    assert (first.body, True) == ((again := told(shop, anna, key="k1", times=2)).body, again.replayed)
    with pytest.raises(KeyReused):
        told(shop, anna, key="k1", times=3)
    second = told(shop, anna, times=2)
    assert ({"points": 50}, ["Not given: 1 × (at most 3 a day)"]) == (
        second.body["earned"],
        second.body["notes"],
    )
    shop.clock.forward(days=1)
    assert {"points": 150} == told(shop, anna, times=5).body["earned"]
    proven(shop)


def test_an_event_that_is_taken_back_counts_for_no_limit(shop: Shop) -> None:
    anna = shop.customer("Anna")
    reply = told(shop, anna, times=3)
    shop.undoes(reply)
    assert 50 == shop.balance(anna, "points")
    assert {"points": 150} == told(shop, anna, times=3).body["earned"]
    proven(shop)


@pytest.mark.parametrize("event", ["review", "first-purchase", "Nonsense"])
def test_an_event_that_nobody_can_tell_is_refused(shop: Shop, event: str) -> None:
    with pytest.raises(Invalid) as refused:
        told(shop, shop.customer("Anna"), event)
    assert ["/event"] == list(refused.value.faults)


def test_an_event_of_next_week_or_of_last_year_is_refused(shop: Shop) -> None:
    anna = shop.customer("Anna")
    for days in (7, -91):
        at = Clock(shop.clock.now()).forward(days=days)
        with pytest.raises(Invalid):
            told(shop, anna, at=at)
    with pytest.raises(Invalid):
        told(shop, anna, times=0)


def test_the_first_purchase_comes_by_itself_and_again_after_it_was_taken_back(shop: Shop) -> None:
    anna = shop.customer("Anna")
    bought = shop.buys(anna, 1000)
    assert (2, 150) == (shop.balance(anna, "stamps"), shop.balance(anna, "points"))
    shop.buys(anna, 1000)
    assert 2 == shop.balance(anna, "stamps")
    shop.undoes(bought)
    assert 0 == shop.balance(anna, "stamps")
    proven(shop)


def test_a_coffee_on_the_way_that_was_drunk_is_not_given_again_when_stamps_go_back(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.stamps(anna, 4)
    fifth = shop.stamps(anna)
    shop.redeems(anna, reward="coffee")
    shop.undoes(fifth)
    assert [] == shop.stamps(anna).body["rewards"]
    assert ["cake"] == [each["key"] for each in shop.stamps(anna, 5).body["rewards"]]
    assert ["coffee", "cake"] == [each["key"] for each in shop.stamps(anna, 5).body["rewards"]]
    proven(shop)


def test_a_coffee_on_the_way_that_went_back_is_given_again(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.stamps(anna, 4)
    shop.undoes(shop.stamps(anna))
    assert 0 == shop.balance(anna, "reward.coffee")
    assert ["coffee"] == [each["key"] for each in shop.stamps(anna).body["rewards"]]
    assert ["coffee", "cake"] == [each["key"] for each in shop.stamps(anna, 5).body["rewards"]]
    proven(shop)


def test_a_cake_that_was_eaten_stays_paid_when_its_last_stamp_goes_back(shop: Shop) -> None:
    anna = shop.customer("Anna")
    tenth = [shop.stamps(anna, 9), shop.stamps(anna)][1]
    shop.redeems(anna, reward="cake")
    shop.undoes(tenth)
    assert (0, 0) == (shop.balance(anna, "stamps"), shop.balance(anna, "reward.cake"))
    assert 1 == shop.stamps(anna, 5).body["rewards"][0]["count"] - 1
    proven(shop)


def test_a_coffee_that_new_rules_put_on_the_way_comes_once(sqlite_database: Database, clock: Clock) -> None:
    plain = {"kind": "stamps", "goal": 10, "reward": "a cake", "reward_key": "cake"}
    shop = Shop(sqlite_database, clock, [plain], design=PLAIN)
    anna = shop.customer("Anna")
    shop.stamps(anna, 7)
    rulebook.schedule(shop.db, shop.slug, [CAKE], now=clock.now())
    while rule_rounds.run(shop.db, shop.read, clock.now()):
        pass
    assert 1 == shop.balance(anna, "reward.coffee")
    assert 1 == shop.stamps(anna).body["rewards"][0]["count"]
    proven(shop)
