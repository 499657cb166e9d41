"""Friends who bring friends, over the real services."""

from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import Conflict, Invalid
from app.services import cards, due_tasks, ids, programmes, referrals
from app.services.enrolment import Enrol, Enrolled, enrol
from app.storage.database import Database
from app.storage.tables import CardTask
from tests.support.clock import Clock
from tests.support.service import PLAIN
from tests.support.shop import Shop

POINTS = {"kind": "points", "percent": 10}
RULE = {
    "kind": "referral",
    "gives_friend": [{"unit": "points", "amount": 100}],
    "gives_referrer": [{"unit": "points", "amount": 200}],
    "minimum_minor": 1000,
    "limits": {"month": 2},
}


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    return Shop(sqlite_database, clock, [POINTS, RULE], design=PLAIN)


def code(shop: Shop, serial: str) -> str:
    return referrals.code_of(shop.db, serial, now=shop.clock.now())


def brings(shop: Shop, friend_code: str, number: int = 1, **more: Any) -> Enrolled:
    member = {"given_name": "Boris", "phone": f"+3712000000{number}"}
    return enrol(shop.db, Enrol(shop.slug, member, friend_code=friend_code, **more), now=shop.clock.now())


def works(shop: Shop) -> int:
    return due_tasks.run_due(shop.db, shop.read, shop.clock.now())


def outcomes(shop: Shop) -> list[str]:
    with shop.read() as session:
        return list(session.scalars(select(CardTask.outcome).order_by(CardTask.id)))


def test_a_new_card_has_a_code_that_is_easily_typed(shop: Shop) -> None:
    made = shop.card(shop.customer("Anna")).referral_code
    assert made is not None
    assert (8, True) == (len(made), set(made) <= set(ids.CROCKFORD))


def test_an_old_card_gets_its_code_when_somebody_asks_and_keeps_it(
    sqlite_database: Database, clock: Clock
) -> None:
    shop = Shop(sqlite_database, clock, [POINTS], design=PLAIN)
    anna = shop.customer("Anna")
    assert ("", None) == (code(shop, anna), shop.card(anna).referral_code)
    programmes.change(shop.db, "cafe", {"rules": [POINTS, RULE]}, now=clock.now())
    assert 8 == len(first := code(shop, anna))
    assert first == code(shop, anna) == shop.card(anna).referral_code


def test_both_are_rewarded_after_the_friends_first_purchase_and_once(shop: Shop) -> None:
    anna = shop.customer("Anna")
    slip = code(shop, anna).lower().replace("0", "o")
    boris = brings(shop, f" {slip[:4]}-{slip[4:]} ").serial
    shop.buys(boris, 999)
    assert (0, 0) == (works(shop), shop.balance(anna, "points"))
    shop.buys(boris, 1000)
    assert (1, 200, 299) == (works(shop), shop.balance(anna, "points"), shop.balance(boris, "points"))
    shop.buys(boris, 1000)
    assert (0, 200) == (works(shop), shop.balance(anna, "points"))


def test_the_same_thanks_are_given_once_though_the_worker_died_before_it_noted_that(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.buys(brings(shop, code(shop, anna)).serial, 1000)
    works(shop)
    with shop.db.begin() as session:
        session.execute(CardTask.__table__.update().values(done_at=None, due_at=shop.clock.now()))
    assert (1, 200) == (works(shop), shop.balance(anna, "points"))


def test_a_referrer_is_thanked_so_often_a_month(shop: Shop) -> None:
    anna = shop.customer("Anna")
    for number in (1, 2, 3):
        shop.buys(brings(shop, code(shop, anna), number).serial, 1000)
    works(shop)
    assert (400, ["given", "given", "too-often"]) == (shop.balance(anna, "points"), outcomes(shop))
    shop.clock.forward(days=31)
    shop.buys(brings(shop, code(shop, anna), 4).serial, 1000)
    works(shop)
    assert 600 == shop.balance(anna, "points")


def test_a_purchase_that_was_taken_back_thanks_nobody_and_the_next_one_does(shop: Shop) -> None:
    anna = shop.customer("Anna")
    boris = brings(shop, code(shop, anna)).serial
    shop.undoes(shop.buys(boris, 1000))
    assert (1, 0, 0) == (works(shop), shop.balance(anna, "points"), shop.balance(boris, "points"))
    shop.buys(boris, 1000)
    assert (1, 200, 200) == (works(shop), shop.balance(anna, "points"), shop.balance(boris, "points"))


def test_a_purchase_in_place_of_one_that_was_taken_back_thanks_though_no_worker_came_by(shop: Shop) -> None:
    """The goods are changed at the till: all within one moment of the worker."""
    anna = shop.customer("Anna")
    boris = brings(shop, code(shop, anna)).serial
    shop.undoes(shop.buys(boris, 2000))
    shop.buys(boris, 2500)

    works(shop)

    assert (200, ["given"]) == (shop.balance(anna, "points"), outcomes(shop))


def test_what_is_noted_while_a_worker_finds_that_it_was_taken_back_is_kept(shop: Shop) -> None:
    anna = shop.customer("Anna")
    boris = brings(shop, code(shop, anna)).serial
    first = shop.buys(boris, 2000)
    taken = due_tasks._take(shop.db, shop.clock.now())
    shop.undoes(first)
    shop.buys(boris, 2500)

    for task in taken:
        due_tasks._settle(shop.db, task, shop.clock.now(), *due_tasks._tried(shop.db, task, shop.clock.now()))
    works(shop)

    assert 200 == shop.balance(anna, "points")


@pytest.mark.parametrize(("back", "thanks"), [(1000, 200), (1001, 0), (1999, 0)])
def test_a_purchase_of_which_too_little_was_kept_thanks_nobody(shop: Shop, back: int, thanks: int) -> None:
    anna = shop.customer("Anna")
    boris = brings(shop, code(shop, anna)).serial
    shop.undoes(shop.buys(boris, 2000), amount_minor=back)

    works(shop)

    assert thanks == shop.balance(anna, "points")


def test_a_code_that_nobody_has_is_refused_and_nobody_joins(shop: Shop) -> None:
    with pytest.raises(Invalid) as refused:
        brings(shop, "ZZZZZZZZ")
    assert {"/friend_code": referrals.UNKNOWN} == refused.value.faults
    assert brings(shop, "").created


def test_a_code_of_a_blocked_card_brings_nobody(shop: Shop) -> None:
    anna = shop.customer("Anna")
    mine = code(shop, anna)
    cards.change(shop.db, anna, now=shop.clock.now(), status="blocked")
    with pytest.raises(Invalid):
        brings(shop, mine)


def test_nobody_brings_themselves_or_a_member(shop: Shop) -> None:
    anna = shop.customer("Anna", phone="+37120000001")
    with pytest.raises(Conflict):
        brings(shop, code(shop, anna), 1)
    brings(shop, "", 2)
    with pytest.raises(Conflict):
        brings(shop, code(shop, anna), 2)
    assert shop.card(anna).referred_by_id is None


def test_the_same_enrolment_sent_again_gives_the_same_card(shop: Shop) -> None:
    anna = shop.customer("Anna")
    first, again = brings(shop, code(shop, anna)), brings(shop, code(shop, anna))
    assert (first.serial, True, False) == (again.serial, first.created, again.created)


def test_a_referrer_who_is_blocked_is_thanked_when_the_card_is_let_go(shop: Shop) -> None:
    anna = shop.customer("Anna")
    boris = brings(shop, code(shop, anna)).serial
    cards.change(shop.db, anna, now=shop.clock.now(), status="blocked")
    shop.buys(boris, 1000)
    assert (1, 0, ["blocked"]) == (works(shop), works(shop), outcomes(shop))
    cards.change(shop.db, anna, now=shop.clock.now(), status="active")
    shop.clock.forward(days=1)
    assert (1, 200) == (works(shop), shop.balance(anna, "points"))


def test_a_referrer_who_left_holds_up_nobody(shop: Shop) -> None:
    anna, olga = shop.customer("Anna"), shop.customer("Olga")
    friends = [brings(shop, code(shop, anna), 1).serial, brings(shop, code(shop, olga), 2).serial]
    cards.change(shop.db, anna, now=shop.clock.now(), status="void")
    for each in friends:
        shop.buys(each, 1000)
    assert 2 == works(shop)
    assert (0, 200) == (shop.balance(anna, "points"), shop.balance(olga, "points"))


def test_a_task_that_fails_waits_and_holds_up_no_other(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.buys(brings(shop, code(shop, anna)).serial, 1000)
    with shop.db.begin() as session:
        broken = CardTask(card_id=1, kind="referral", key="broken", body={}, due_at=shop.clock.now())
        session.add(broken)
    assert 2 == works(shop)
    assert (200, ["given", "failed: KeyError"]) == (shop.balance(anna, "points"), outcomes(shop))
    assert 0 == works(shop)
    shop.clock.forward(minutes=15)
    assert 1 == works(shop)
