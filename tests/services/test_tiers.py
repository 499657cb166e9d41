"""Tiers through the ledger and the clock: reached, kept, lost, given by hand, and back with a refund."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import Invalid
from app.services import cards, programmes, reviews
from app.storage.database import Database
from app.storage.tables import Event, TierChange
from tests.support.clock import Clock
from tests.support.shop import Shop

LEVELS = [
    {"key": "base", "name": "Base", "from": 0},
    {"key": "silver", "name": "Silver", "from": 50_000},
    {"key": "gold", "name": "Gold", "from": 120_000},
    {"key": "vip", "name": "VIP", "invited": True},
]
YEAR = {"kind": "tiers", "window": "year", "levels": LEVELS}


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """The arithmetic is the same on both engines; what two do at once is proved with the ledger."""
    return sqlite_database


@pytest.fixture
def shop(database: Database, clock: Clock) -> Shop:
    return Shop(database, clock, [YEAR])


def to(shop: Shop, *day: int) -> None:
    shop.clock.begin(datetime(*day, 12, tzinfo=UTC))  # type: ignore[misc, arg-type]


def review(shop: Shop) -> int:
    return int(reviews.run(shop.db, shop.read, shop.clock.now()))


def history(shop: Shop, serial: str) -> list[tuple[str, str, str]]:
    mine = TierChange.card_id == shop.card(serial).id
    with shop.read() as session:
        rows = session.scalars(select(TierChange).where(mine).order_by(TierChange.id)).all()
        return [(row.previous, row.tier, row.reason) for row in rows]


def events(shop: Shop, kind: str) -> list[Any]:
    with shop.read() as session:
        return [each.body for each in session.scalars(select(Event).where(Event.kind == kind)).all()]


def by_hand(shop: Shop, serial: str, tier: str) -> None:
    cards.change(shop.db, serial, now=shop.clock.now(), actor="marta", tier=tier)


def test_a_new_card_begins_on_the_level_that_everybody_has(shop: Shop) -> None:
    anna = shop.customer("Anna")
    assert ("base", None) == (shop.card(anna).tier, shop.card(anna).tier_until)
    assert [] == events(shop, "card.tier")


def test_silver_comes_with_the_purchase_that_reaches_it_and_is_told_once(shop: Shop) -> None:
    anna = shop.customer("Anna")
    assert "base" == shop.buys(anna, 48_000).body["tier"]
    assert "silver" == shop.buys(anna, 3_000).body["tier"]
    assert "silver" == shop.buys(anna, 3_000).body["tier"]
    assert [("", "base", ""), ("base", "silver", "")] == history(shop, anna)
    assert ["silver"] == [event["to"] for event in events(shop, "card.tier")]


def test_a_refund_undoes_the_upgrade_that_the_purchase_brought(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.buys(anna, 48_000)
    more = shop.buys(anna, 3_000)
    assert "base" == shop.undoes(more).body["tier"]
    assert (None, "base") == (shop.card(anna).tier_until, shop.card(anna).tier_earned)


def test_a_refund_of_an_earlier_purchase_undoes_it_too(shop: Shop) -> None:
    anna = shop.customer("Anna")
    first = shop.buys(anna, 48_000)
    shop.clock.forward(days=20)
    shop.buys(anna, 3_000)
    assert "base" == shop.undoes(first).body["tier"]


def test_a_part_that_comes_back_undoes_it_only_where_too_little_is_left(shop: Shop) -> None:
    anna = shop.customer("Anna")
    bought = shop.buys(anna, 60_000)
    assert "silver" == shop.undoes(bought, amount_minor=10_000).body["tier"]
    assert "base" == shop.undoes(bought, amount_minor=1).body["tier"]


def test_a_refund_of_this_year_leaves_the_silver_of_last_year(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.buys(anna, 60_000)
    to(shop, 2027, 3, 1)
    again = shop.buys(anna, 55_000)
    assert 2028 == (shop.card(anna).tier_until - timedelta(days=1)).year
    assert "silver" == shop.undoes(again).body["tier"]
    assert 2027 == (shop.card(anna).tier_until - timedelta(days=1)).year


def test_a_shop_may_leave_the_upgrade_after_a_refund(database: Database, clock: Clock) -> None:
    shop = Shop(database, clock, [{**YEAR, "refund_undoes": False}])
    anna = shop.customer("Anna")
    assert "silver" == shop.undoes(shop.buys(anna, 60_000)).body["tier"]


def test_a_review_takes_the_tier_once_on_its_day_and_the_phone_is_told(shop: Shop) -> None:
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    shop.buys(anna, 60_000)
    shop.buys(boris, 60_000)
    to(shop, 2027, 6, 1)
    shop.buys(boris, 60_000)
    version = shop.card(anna).version
    to(shop, 2027, 12, 31)
    assert 0 == review(shop)
    to(shop, 2028, 1, 1)
    assert [1, 0] == [review(shop), review(shop)]
    assert ["base", "silver"] == [shop.card(anna).tier, shop.card(boris).tier]
    assert version < shop.card(anna).version
    assert ("silver", "base", "review") == history(shop, anna)[-1]


def test_reviews_go_in_batches_and_count_what_waits(shop: Shop) -> None:
    for name in ("Anna", "Boris", "Olga"):
        shop.buys(shop.customer(name), 60_000)
    to(shop, 2028, 1, 2)
    with shop.read() as session:
        assert 3 == reviews.waiting(session, shop.clock.now())
    assert 3 == review(shop)
    with shop.read() as session:
        assert 0 == reviews.waiting(session, shop.clock.now())


def test_a_purchase_before_a_late_review_is_reviewed_first(shop: Shop) -> None:
    """The clock may be late: the till decides by the day and not by what was done."""
    anna = shop.customer("Anna")
    shop.buys(anna, 60_000)
    to(shop, 2028, 1, 5)
    assert "base" == shop.buys(anna, 100).body["tier"]
    assert 0 == review(shop)


def test_rules_without_tiers_review_nothing_any_more(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.buys(anna, 60_000)
    programmes.change(shop.db, shop.slug, {"rules": []}, now=shop.clock.now())
    to(shop, 2028, 1, 2)
    assert [1, 0] == [review(shop), review(shop)]
    assert "silver" == shop.card(anna).tier


def test_an_invitation_is_given_and_taken_back_by_hand(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.buys(anna, 60_000)
    by_hand(shop, anna, "vip")
    assert ("vip", True, "silver") == _standing(shop, anna)
    to(shop, 2028, 1, 2)
    review(shop)
    assert ("vip", True, "base") == _standing(shop, anna)
    by_hand(shop, anna, "")
    assert ("base", False, "base") == _standing(shop, anna)
    assert ["marta", "marta"] == [event["actor"] for event in events(shop, "card.tier")[1:]]


def _standing(shop: Shop, serial: str) -> tuple[str, bool, str]:
    card = shop.card(serial)
    return card.tier, card.tier_invited, card.tier_earned


def test_a_level_by_hand_is_kept_until_its_review_and_told_once(shop: Shop) -> None:
    anna = shop.customer("Anna")
    by_hand(shop, anna, "silver")
    by_hand(shop, anna, "silver")
    assert 1 == len(events(shop, "card.tier"))
    assert "silver" == shop.buys(anna, 100).body["tier"]
    to(shop, 2028, 1, 1)
    review(shop)
    assert "base" == shop.card(anna).tier


def test_a_refund_does_not_take_what_a_person_gave(shop: Shop) -> None:
    anna = shop.customer("Anna")
    by_hand(shop, anna, "gold")
    assert "gold" == shop.undoes(shop.buys(anna, 60_000)).body["tier"]


def test_a_tier_that_is_no_level_is_refused_and_nothing_is_changed(shop: Shop) -> None:
    anna = shop.customer("Anna")
    with pytest.raises(Invalid):
        cards.change(shop.db, anna, now=shop.clock.now(), status="blocked", tier="diamond")
    assert ("active", "base") == (shop.card(anna).status, shop.card(anna).tier)


def test_without_tiers_in_the_rules_any_tier_may_be_given_by_hand(database: Database, clock: Clock) -> None:
    shop = Shop(database, clock, [{"kind": "points", "percent": 1}])
    anna = shop.customer("Anna")
    by_hand(shop, anna, "friend")
    assert "friend" == shop.buys(anna, 100).body["tier"]


def test_a_discount_grows_over_purchases_and_shrinks_with_a_refund(database: Database, clock: Clock) -> None:
    steps = [{"from_minor": 10_000, "percent": 5}, {"from_minor": 20_000, "percent": 10}]
    shop = Shop(database, clock, [{"kind": "growing_discount", "steps": steps}])
    anna = shop.customer("Anna")
    first = shop.buys(anna, 10_000)
    second = shop.buys(anna, 12_000)
    assert [0, 600] == [first.body["discount_minor"], second.body["discount_minor"]]
    assert 11_400 == second.body["due_minor"]
    assert 1_000 == shop.buys(anna, 10_000).body["discount_minor"]
    shop.undoes(first)
    assert 1_000 == shop.buys(anna, 10_000).body["discount_minor"]
    shop.undoes(second)
    assert 500 == shop.buys(anna, 10_000).body["discount_minor"]
