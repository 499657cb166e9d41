"""Rules change after launch: now or on a date, for all cards or for new ones, and nothing is lost."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import Conflict, Invalid, NotFound
from app.services import programmes, rule_plan, rule_rounds, rulebook
from app.storage import queries
from app.storage.database import Database
from app.storage.tables import Event, ProgrammeRow, Rollout, RuleVersion
from tests.support.clock import Clock
from tests.support.shop import POINTS, STAMPS, Shop

TEN = {"kind": "points", "percent": 10}
FIVE = {"kind": "points", "percent": 5}
TWENTY = {"kind": "points", "percent": 20}


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    return Shop(sqlite_database, clock, [TEN])


def changes(shop: Shop, *rules: dict[str, Any], days: int = 0, **more: Any) -> int:
    starts_at = shop.clock.now() + timedelta(days=days) if days else None
    told = {"author": "marta", "starts_at": starts_at, **more}
    return rulebook.schedule(shop.db, shop.slug, rules, now=shop.clock.now(), **told)


def ticks(shop: Shop) -> None:
    """The clock's work until there is none."""
    for _ in range(50):
        if not rule_rounds.run(shop.db, shop.read, shop.clock.now()):
            return
    raise AssertionError("the round finds work for ever")


def known(shop: Shop) -> rulebook.Rulebook:
    with shop.read() as session:
        return rulebook.read(session, queries.programme_row(session, shop.slug), shop.clock.now())


def row_of(shop: Shop) -> ProgrammeRow:
    with shop.read() as session:
        return queries.programme_row(session, shop.slug)


def states(shop: Shop) -> list[tuple[int, str]]:
    return [(each.number, each.state) for each in known(shop).versions]


def rollouts(shop: Shop) -> int:
    with shop.read() as session:
        return len(session.scalars(select(Rollout).where(Rollout.why == "rules")).all()) // 2


def test_a_programme_begins_with_its_first_version(shop: Shop) -> None:
    assert [(1, "current")] == states(shop)
    assert [] == row_of(shop).rule_plan


def test_new_rules_count_at_once(shop: Shop) -> None:
    anna = shop.customer("Anna")
    assert 2 == changes(shop, FIVE)

    assert {"points": 50} == shop.buys(anna, 1000).body["earned"]
    assert [(2, "current"), (1, "past")] == states(shop)
    assert 1 == rollouts(shop)


def test_a_receipt_from_before_the_change_is_counted_by_the_rules_of_its_day(shop: Shop) -> None:
    anna = shop.customer("Anna")
    yesterday = shop.clock.now()
    shop.clock.forward(days=1)
    changes(shop, FIVE)
    shop.clock.forward(days=1)

    assert {"points": 100} == shop.buys(anna, 1000, occurred_at=yesterday).body["earned"]
    assert {"points": 50} == shop.buys(anna, 1000).body["earned"]


def test_a_receipt_that_is_older_than_the_programme_is_counted_by_its_first_rules(shop: Shop) -> None:
    anna = shop.customer("Anna")
    long_ago = shop.clock.now() - timedelta(days=30)
    changes(shop, FIVE)

    assert {"points": 100} == shop.buys(anna, 1000, occurred_at=long_ago).body["earned"]


def test_rules_of_a_date_wait_for_it(shop: Shop) -> None:
    anna = shop.customer("Anna")
    changes(shop, FIVE, days=3)
    ticks(shop)

    assert {"points": 100} == shop.buys(anna, 1000).body["earned"]
    assert [(2, "waiting"), (1, "current")] == states(shop)
    assert 0 == rollouts(shop)

    shop.clock.forward(days=3)
    assert {"points": 50} == shop.buys(anna, 1000).body["earned"], "also before the round has run"
    ticks(shop)
    assert ("5", 1) == (row_of(shop).body["rules"][0]["percent"], rollouts(shop))
    ticks(shop)
    assert 1 == rollouts(shop), "a round that comes twice begins nothing twice"


def test_cards_may_keep_the_rules_that_they_were_issued_with(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.clock.forward(days=1)
    changes(shop, FIVE, keep_old=True)
    boris = shop.customer("Boris")

    assert {"points": 100} == shop.buys(anna, 1000).body["earned"]
    assert {"points": 50} == shop.buys(boris, 1000).body["earned"]


def test_later_rules_for_everybody_end_what_was_kept(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.clock.forward(days=1)
    changes(shop, FIVE, keep_old=True)
    shop.clock.forward(days=1)
    changes(shop, FIVE)

    assert {"points": 50} == shop.buys(anna, 1000).body["earned"]


def test_a_version_that_waits_is_withdrawn_and_never_begins(shop: Shop) -> None:
    anna = shop.customer("Anna")
    number = changes(shop, FIVE, days=3)
    for _ in range(2):
        rulebook.withdraw(shop.db, shop.slug, number, now=shop.clock.now(), author="marta")
    shop.clock.forward(days=4)
    ticks(shop)

    assert {"points": 100} == shop.buys(anna, 1000).body["earned"]
    assert [(2, "withdrawn"), (1, "current")] == states(shop)
    assert [] == row_of(shop).rule_plan


def test_what_has_started_cannot_be_withdrawn(shop: Shop) -> None:
    number = changes(shop, FIVE)
    with pytest.raises(Conflict):
        rulebook.withdraw(shop.db, shop.slug, number, now=shop.clock.now())
    with pytest.raises(NotFound):
        rulebook.withdraw(shop.db, shop.slug, 99, now=shop.clock.now())


def test_undo_is_a_new_version_with_the_old_rules(shop: Shop) -> None:
    anna = shop.customer("Anna")
    changes(shop, FIVE, note="Less for everybody")
    shop.clock.forward(hours=1)
    rulebook.restore(shop.db, shop.slug, 1, now=shop.clock.now(), author="olga", note="They were angry")

    assert {"points": 100} == shop.buys(anna, 1000).body["earned"]
    told = [(each.author, each.note) for each in known(shop).versions]
    assert [("olga", "They were angry"), ("marta", "Less for everybody"), ("", "")] == told


def test_a_patch_of_the_programme_keeps_the_plan(shop: Shop) -> None:
    anna = shop.customer("Anna")
    yesterday = shop.clock.now()
    shop.clock.forward(days=1)
    programmes.change(shop.db, shop.slug, {"rules": [FIVE]}, now=shop.clock.now(), author="api")
    programmes.change(shop.db, shop.slug, {"name": "Tea"}, now=shop.clock.now())
    programmes.change(shop.db, shop.slug, {"rules": [FIVE]}, now=shop.clock.now())

    assert {"points": 100} == shop.buys(anna, 1000, occurred_at=yesterday).body["earned"]
    assert {"points": 50} == shop.buys(anna, 1000).body["earned"]
    assert [(2, "api"), (1, "")] == [(each.number, each.author) for each in known(shop).versions]


def test_what_nobody_can_need_leaves_the_plan(shop: Shop) -> None:
    changes(shop, FIVE)
    shop.clock.forward(days=200)
    changes(shop, TWENTY)
    assert [2, 3] == [each["number"] for each in row_of(shop).rule_plan]

    shop.clock.forward(days=200)
    programmes.change(shop.db, shop.slug, {"name": "Tea"}, now=shop.clock.now())
    assert [] == row_of(shop).rule_plan
    assert [3, 2, 1] == [each.number for each in known(shop).versions]

    programmes.change(shop.db, shop.slug, {"late_days": 366}, now=shop.clock.now())
    assert [2, 3] == [each["number"] for each in row_of(shop).rule_plan]


def test_kept_rules_stay_in_the_plan_however_old_they_are(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.clock.forward(days=1)
    changes(shop, FIVE, keep_old=True)
    shop.clock.forward(days=400)
    changes(shop, TWENTY, keep_old=True)

    assert [1, 2, 3] == [each["number"] for each in row_of(shop).rule_plan]
    assert {"points": 100} == shop.buys(anna, 1000).body["earned"]


def test_a_plan_is_enough_for_every_card_and_every_late_receipt(shop: Shop) -> None:
    """What is left out of the plan is what `programme_at` never looks for."""
    for keep_old, days in ((True, 30), (False, 30), (True, 100), (False, 2), (True, 2)):
        shop.clock.forward(days=days)
        changes(shop, {**FIVE, "percent": 1 + len(states(shop))}, keep_old=keep_old)
    with shop.read() as session:
        every = sorted(rule_plan.versions(session, shop.programme_id), key=lambda each: each.starts_at)
        since = shop.clock.now() - timedelta(days=40)
        needed = rule_plan.needed_ones(every, since)
        ages = [each.starts_at + timedelta(hours=hours) for each in every for hours in (-1, 1)]
        moments = [at for at in ages if at >= since] + [since]
        for at in moments:
            for born in ages:
                chosen = rule_plan._counting(every, at, born)
                assert chosen.number == rule_plan._counting(needed, at, born).number


def test_two_marketers_at_once_and_nothing_is_lost(database: Database, clock: Clock) -> None:
    shop = Shop(database, clock, [TEN])
    outcomes: list[object] = []

    def publishes(rule: dict[str, Any]) -> None:
        try:
            outcomes.append(changes(shop, rule, seen=1))
        except Conflict as error:
            outcomes.append(error.message)

    threads = [threading.Thread(target=publishes, args=(rule,)) for rule in (FIVE, TWENTY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {2, "Somebody else has changed the rules meanwhile."} == set(outcomes)
    assert 2 == known(shop).newest


def test_a_change_while_a_version_begins_is_not_lost(database: Database, clock: Clock) -> None:
    shop = Shop(database, clock, [TEN])
    changes(shop, FIVE, days=1)
    clock.forward(days=1)
    threads = [
        threading.Thread(target=lambda: rule_rounds.run(shop.db, shop.read, clock.now())),
        threading.Thread(
            target=lambda: programmes.change(shop.db, shop.slug, {"name": "Tea"}, now=clock.now())
        ),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    body = row_of(shop).body
    assert ("Tea", "5") == (body["name"], body["rules"][0]["percent"])


@pytest.mark.parametrize(
    ("days", "words"), [(-1, "lies in the past"), (400, "must lie within a year")], ids=["past", "far"]
)
def test_strange_dates_are_refused(shop: Shop, days: int, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        changes(shop, FIVE, days=days)
    assert {"/starts_at": words} == refused.value.faults
    assert [(1, "current")] == states(shop)


def test_rules_that_are_none_are_refused_with_their_place(shop: Shop) -> None:
    with pytest.raises(Invalid) as refused:
        changes(shop, TEN, {"kind": "stamps", "goal": 1})
    assert {"/rules/1/goal", "/rules/1/reward"} == set(refused.value.faults)


def test_the_same_rules_again_are_no_change(shop: Shop) -> None:
    with pytest.raises(Conflict):
        changes(shop, TEN)
    changes(shop, FIVE, days=2)
    with pytest.raises(Conflict):
        changes(shop, FIVE, days=3)
    assert 3 == changes(shop, TEN, days=3)


def test_only_so_many_versions_wait(shop: Shop) -> None:
    for day in range(rulebook.MOST_WAITING):
        changes(shop, FIVE if day % 2 == 0 else TWENTY, days=day + 1)
    with pytest.raises(Conflict):
        changes(shop, TEN, days=60)


def test_a_card_that_is_full_under_the_new_goal_gets_its_reward(
    sqlite_database: Database, clock: Clock
) -> None:
    shop = Shop(sqlite_database, clock, [STAMPS])
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    shop.stamps(anna, 7)
    shop.stamps(boris, 2)
    changes(shop, {**STAMPS, "goal": 5})
    ticks(shop)

    assert (1, 2) == (shop.balance(anna, "reward.reward"), shop.balance(anna, "stamps"))
    assert (0, 2) == (shop.balance(boris, "reward.reward"), shop.balance(boris, "stamps"))


def test_a_settling_that_was_killed_goes_on_and_gives_nothing_twice(
    sqlite_database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_rounds, "STRETCH", 2)
    shop = Shop(sqlite_database, clock, [STAMPS])
    people = [shop.customer(name) for name in ("Anna", "Boris", "Charlie", "Dora", "Emil")]
    for each in people:
        shop.stamps(each, 7)
    changes(shop, {**STAMPS, "goal": 5})
    rule_rounds.run(shop.db, shop.read, clock.now())
    with shop.db.begin() as session:  # killed after the cards, before it had written how far it came
        session.scalars(select(RuleVersion).where(RuleVersion.number == 2)).one().settled_card_id = 0
    ticks(shop)

    assert [1] * 5 == [shop.balance(each, "reward.reward") for each in people]
    with shop.read() as session:
        kinds = session.scalars(select(Event.kind).where(Event.kind == "ledger.rules")).all()
    assert 5 == len(kinds)


def test_points_that_waited_under_old_rules_are_untouched(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.buys(anna, 1000)
    changes(shop, POINTS | {"percent": 3})
    ticks(shop)

    assert 100 == shop.balance(anna, "points")
