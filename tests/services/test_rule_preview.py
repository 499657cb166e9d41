"""New rules are seen over the real cards before anybody else sees them."""

from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import Invalid
from app.services import preview_receipts, preview_states, rule_preview, rulebook
from app.services.rule_preview import Preview, Step
from app.storage.database import Database
from app.storage.tables import Event
from tests.support.clock import Clock
from tests.support.shop import STAMPS, Shop

TEN = {"kind": "points", "percent": 10}
FIVE = {"kind": "points", "percent": 5}
NAMES = ("Anna", "Boris", "Charlie", "Dora", "Emil", "Fanny", "Gleb")


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    return Shop(sqlite_database, clock, [TEN])


@pytest.fixture
def cafe(sqlite_database: Database, clock: Clock) -> Shop:
    """Anna has one stamp, Boris two, …"""
    shop = Shop(sqlite_database, clock, [STAMPS])
    for stamps, name in enumerate(NAMES, 1):
        shop.stamps(shop.customer(name), stamps)
    return shop


def seen(shop: Shop, *rules: dict[str, Any], keep_old: bool = False) -> Preview:
    now = shop.clock.now()
    return rule_preview.finished(
        rule_preview.preview(shop.read, shop.slug, rules, now=now, keep_old=keep_old)
    )


def test_half_the_points_are_a_loss_for_everybody_and_a_saving_for_the_shop(shop: Shop) -> None:
    for name in NAMES:
        shop.buys(shop.customer(name), 3000)
    found = seen(shop, FIVE)

    assert {"gains": 0, "loses": 7, "mixed": 0, "same": 0} == found.cards.sides
    assert (7, 7, True, 3000) == (
        found.cards.total,
        found.cards.looked_at,
        found.cards.exact,
        found.cards.usual_minor,
    )
    month, quarter = found.costs
    assert (7, 21000, 2100, 1050) == (
        month.receipts,
        month.spent_minor,
        month.before.worth_minor,
        month.after.worth_minor,
    )
    assert (-1050, -350, True, 0) == (
        month.monthly_minor,
        quarter.monthly_minor,
        month.exact,
        month.margin_minor,
    )
    assert {"points": 1050} == month.after.units


def test_the_same_rules_change_nothing(cafe: Shop) -> None:
    found = seen(cafe, STAMPS)

    assert {"gains": 0, "loses": 0, "mixed": 0, "same": 7} == found.cards.sides
    assert (0, ()) == (found.cards.complete, found.examples)


def test_a_lower_goal_completes_rewards_at_once(cafe: Shop) -> None:
    found = seen(cafe, {**STAMPS, "goal": 3})

    assert (5, 7) == (found.cards.complete, found.cards.rewards), "6 and 7 stamps are two rewards each"
    assert {"gains": 7, "loses": 0, "mixed": 0, "same": 0} == found.cards.sides


def test_a_higher_goal_is_further_away(cafe: Shop) -> None:
    found = seen(cafe, {**STAMPS, "goal": 12})

    assert 7 == found.cards.sides["loses"]
    example = found.examples[0]
    assert ("loses", 1) == (example.side, example.cards)
    assert example.before.progress > example.after.progress


def test_cards_that_keep_their_rules_neither_gain_nor_lose(shop: Shop) -> None:
    shop.buys(shop.customer("Anna"), 3000)
    found = seen(shop, FIVE, keep_old=True)

    assert (1, -150) == (found.cards.sides["same"], found.costs[0].monthly_minor)


def test_cards_that_keep_older_rules_are_judged_by_those(shop: Shop) -> None:
    shop.customer("Anna")
    shop.clock.forward(days=1)
    rulebook.schedule(shop.db, shop.slug, [FIVE], now=shop.clock.now(), keep_old=True)
    shop.customer("Boris")
    found = seen(shop, TEN)

    assert {"gains": 1, "loses": 0, "mixed": 0, "same": 1} == found.cards.sides


def test_the_way_of_every_rule_counts_and_not_only_the_one_that_is_drawn(
    sqlite_database: Database, clock: Clock
) -> None:
    goal = {**TEN, "goal": 1000, "reward": "A gift"}
    shop = Shop(sqlite_database, clock, [goal, STAMPS])
    shop.stamps(shop.customer("Anna"), 1)

    assert 1 == seen(shop, goal, {**STAMPS, "goal": 5}).cards.sides["gains"]


def test_a_preview_writes_nothing_and_says_how_far_it_is(cafe: Shop) -> None:
    with cafe.read() as session:
        before = session.scalars(select(Event.id)).all()
    steps = list(rule_preview.preview(cafe.read, cafe.slug, [{**STAMPS, "goal": 3}], now=cafe.clock.now()))
    far = [step.done / step.total for step in steps[:-1] if isinstance(step, Step) and step.total]

    assert sorted(far) == far
    assert all(0 <= each <= 1 for each in far)
    assert isinstance(steps[-1], Preview)
    with cafe.read() as session:
        assert before == session.scalars(select(Event.id)).all()


def test_rules_that_make_no_sense_are_refused_before_anything_is_counted(shop: Shop) -> None:
    with pytest.raises(Invalid) as refused:
        next(iter(rule_preview.preview(shop.read, shop.slug, [{"kind": "points"}], now=shop.clock.now())))
    assert all(pointer.startswith("/rules/0") for pointer in refused.value.faults)


def test_an_empty_programme_has_a_preview_too(shop: Shop) -> None:
    found = seen(shop, FIVE)

    assert (0, 1000, 0) == (found.cards.total, found.cards.usual_minor, found.costs[0].monthly_minor)


def test_old_and_refunded_receipts_do_not_count(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.buys(anna, 3000)
    shop.clock.forward(days=60)
    shop.buys(anna, 1000)
    found = seen(shop, FIVE)

    assert [1, 2] == [each.receipts for each in found.costs]
    shop.clock.forward(days=60)
    assert [0, 1] == [each.receipts for each in seen(shop, FIVE).costs]


def test_what_ended_or_waits_is_not_held(shop: Shop, clock: Clock) -> None:
    ending = {**TEN, "expires_after_days": 10, "goal": 300, "reward": "A gift"}
    rulebook.schedule(shop.db, shop.slug, [ending], now=clock.now())
    shop.buys(shop.customer("Anna"), 1500)
    shop.customer("Boris")
    clock.forward(days=1)
    assert 1 == seen(shop, {**ending, "goal": 200}).cards.sides["gains"]
    clock.forward(days=30)
    assert 0 == seen(shop, {**ending, "goal": 200}).cards.sides["gains"]


def test_a_sample_speaks_for_all_where_there_are_too_many_states(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        shop.buys(shop.customer(f"Customer {number}"), 1000 + 10 * number)
    monkeypatch.setattr(rule_preview, "MOST_STATES", 5)
    monkeypatch.setattr(rule_preview, "SAMPLE", 10)
    found = seen(shop, FIVE)

    assert (20, False) == (found.cards.total, found.cards.exact)
    assert 2 < found.cards.looked_at < 18
    assert 20 == found.cards.sides["loses"]


def test_a_sample_of_receipts_is_scaled_by_the_money_and_says_how_far_off_it_may_be(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        shop.buys(shop.customer(f"Customer {number}"), 1000 + 100 * number)
    monkeypatch.setattr(preview_receipts, "MOST_RECEIPTS", 10)
    month = seen(shop, FIVE).costs[0]
    exact = round(sum(1000 + 100 * number for number in range(20)) * 0.05)

    assert (20, False) == (month.receipts, month.exact)
    assert month.looked_at < 20
    assert abs(month.monthly_minor + exact) <= max(5, month.margin_minor)


def test_stretches_meet_without_a_gap(cafe: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview_states, "STRETCH", 3)
    found = seen(cafe, {**STAMPS, "goal": 3})

    assert (7, 5) == (found.cards.total, found.cards.complete)


def test_a_preview_on_both_engines_finds_the_same(database: Database, clock: Clock) -> None:
    shop = Shop(database, clock, [TEN, STAMPS])
    for stamps, name in enumerate(NAMES, 1):
        serial = shop.customer(name)
        shop.stamps(serial, stamps)
        shop.buys(serial, 1000 * stamps)
    clock.forward(days=1)
    rulebook.schedule(shop.db, shop.slug, [FIVE, STAMPS], now=clock.now(), keep_old=True)
    clock.forward(hours=1)
    shop.customer("Zoe")
    found = seen(shop, TEN, {**STAMPS, "goal": 6})

    assert {"gains": 8, "loses": 0, "mixed": 0, "same": 0} == found.cards.sides
    assert (2, 28000, 2800) == (
        found.cards.complete,
        found.costs[0].spent_minor,
        found.costs[0].after.worth_minor,
    )
