"""Codes on real databases: used once by whoever is first, given back with the purchase, on the card while
they count.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import Conflict, Invalid, NotFound
from app.services import cards, coupon_lists, coupons
from app.services.coupons import Issue
from app.services.operating import Reply
from app.storage import queries
from app.storage.database import Database
from app.storage.tables import Budget, Operation, PromoCode
from tests.services.test_loyalty import at_once, check_ledger
from tests.support.clock import Clock
from tests.support.shop import POINTS, Shop

SPRING = {"kind": "coupon", "key": "spring", "name": "10 % off", "percent": 10, "code": "SPRING"}
GIFT = {"kind": "coupon", "key": "gift", "name": "50 points", "points": 50, "uses_per_card": None}
RULES = (POINTS, SPRING, {**GIFT, "uses_in_all": 3, "code": "FREE"})


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    return Shop(sqlite_database, clock, RULES)


@pytest.fixture
def both(database: Database, clock: Clock) -> Shop:
    """The same shop on both engines, for what two tills do at once."""
    return Shop(database, clock, RULES)


def issued(shop: Shop, rule: str = "gift", serial: str = "", **more: Any) -> list[str]:
    made = coupons.issue(shop.db, shop.slug, Issue(rule, serial, **more), now=shop.clock.now())
    return [row.code for row in made]


def left(shop: Shop, code: str) -> int | None:
    with shop.read() as session:
        return session.scalars(select(PromoCode.uses_left).where(PromoCode.code == code)).one()


def reason(shop: Shop, serial: str, *codes: str, **more: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        shop.buys(serial, 10_000, codes=codes, **more)
    return refused.value.faults


def face(shop: Shop, serial: str) -> str:
    """What the card says of codes."""
    from app.domain.mechanics import show
    from app.storage.states import programme_at, state_of
    from app.storage.tables import ProgrammeRow

    with shop.read() as session:
        card = queries.card_by_serial(session, serial)
        programme = programme_at(session.get_one(ProgrammeRow, card.programme_id), card, shop.clock.now())
        words = show(programme.rules, state_of(session, card, programme, shop.clock.now())).values["coupons"]
    assert isinstance(words, dict)
    return str(words.get("en", words.get("*")))


def test_a_public_code_takes_something_off_once_a_card(shop: Shop) -> None:
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    assert 9000 == shop.buys(anna, 10_000, codes=(" spring ",)).body["due_minor"]
    assert {"/codes/0": "was used already"} == reason(shop, anna, "SPRING")
    assert 9000 == shop.buys(boris, 10_000, codes=("SPRING",)).body["due_minor"]
    check_ledger(shop)


def test_a_refused_code_leaves_everything_as_it_was(shop: Shop) -> None:
    anna = shop.customer("Anna")
    assert {"/codes/1": "is not known here"} == reason(shop, anna, "SPRING", "NONSENSE")
    with shop.read() as session:
        assert [] == session.scalars(select(Operation)).all()
    assert 9000 == shop.buys(anna, 10_000, codes=("SPRING",)).body["due_minor"]


def test_a_personal_code_belongs_to_one_card(shop: Shop) -> None:
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    (code,) = issued(shop, serial=anna)
    assert {"/codes/0": "belongs to another card"} == reason(shop, boris, code)
    assert {"points": 1050} == shop.buys(anna, 10_000, codes=(code,)).body["earned"]
    assert (0, {"/codes/0": "was used already"}) == (left(shop, code), reason(shop, anna, code))


def test_a_list_of_codes_is_for_whoever_comes_first(shop: Shop) -> None:
    codes = issued(shop, count=3)
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    shop.buys(anna, 10_000, codes=codes[:1])
    assert {"/codes/0": "was used already"} == reason(shop, boris, codes[0])
    shop.buys(boris, 10_000, codes=codes[1:2])
    assert 3 == len({*codes})


def test_a_code_counts_from_its_beginning_to_its_end(shop: Shop, clock: Clock) -> None:
    anna = shop.customer("Anna")
    begin, end = clock.now() + timedelta(days=1), clock.now() + timedelta(days=2)
    (code,) = issued(shop, serial=anna, starts_at=begin, ends_at=end)
    assert ("", {"/codes/0": "is not valid yet"}) == (face(shop, anna), reason(shop, anna, code))
    clock.forward(days=1)
    assert f"{code}: 50 points, until 4\u00a0March" == face(shop, anna)
    clock.forward(days=1)
    assert ("", {"/codes/0": "is not valid any more"}) == (face(shop, anna), reason(shop, anna, code))


def test_a_new_code_is_on_the_card_at_once(sqlite_database: Database, clock: Clock) -> None:
    shop = Shop(sqlite_database, clock, RULES)
    anna = shop.customer("Anna")
    before = shop.card(anna).version
    issued(shop, serial=anna)
    assert before + 1 == shop.card(anna).version


def test_a_purchase_that_is_taken_back_gives_the_code_back(shop: Shop) -> None:
    anna = shop.customer("Anna")
    (code,) = issued(shop, serial=anna)
    bought = shop.buys(anna, 10_000, codes=("SPRING", code))
    assert (0, 1) == (left(shop, code), used_in_all(shop))
    shop.undoes(bought)
    assert (1, 0) == (left(shop, code), used_in_all(shop))
    assert 9000 == shop.buys(anna, 10_000, codes=("SPRING", code)).body["due_minor"]
    check_ledger(shop)


def used_in_all(shop: Shop) -> int:
    with shop.read() as session:
        return session.scalars(select(Budget.used).where(Budget.key == "coupon:gift")).one()


def test_a_code_with_several_uses_counts_down(shop: Shop) -> None:
    anna = shop.customer("Anna")
    (code,) = issued(shop, serial=anna, uses=2)
    for _ in range(2):
        shop.buys(anna, 10_000, codes=(code,))
    assert {"/codes/0": "was used already"} == reason(shop, anna, code)


def test_a_repeated_purchase_uses_its_code_once(shop: Shop) -> None:
    anna = shop.customer("Anna")
    (code,) = issued(shop, serial=anna, uses=2)
    shop.buys(anna, 10_000, codes=(code,), key="k1")
    assert shop.buys(anna, 10_000, codes=(code,), key="k1").replayed
    assert 1 == left(shop, code)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"rule": "nobody"}, "/rule"),
        ({"count": 0}, "/count"),
        ({"count": 10_001}, "/count"),
        ({"codes": ("abc",)}, "/codes/0"),
        ({"codes": ("ANNA1", "anna 1")}, "/codes/1"),
        ({"codes": ("SPRING",)}, "/codes/0"),
        ({"ends_at": datetime.fromisoformat("2026-03-02T08:00:00+00:00")}, "/ends_at"),
    ],
)
def test_codes_that_make_no_sense_are_not_made(shop: Shop, wrong: dict[str, Any], where: str) -> None:
    with pytest.raises(Invalid) as refused:
        issued(shop, **wrong)
    assert [where] == list(refused.value.faults)


def test_codes_without_a_limit_need_a_limit_in_their_rule(shop: Shop) -> None:
    anna = shop.customer("Anna")
    (code,) = issued(shop, uses=None)
    for _ in range(3):
        shop.buys(anna, 1000, codes=(code,))
    assert {"/codes/0": "is used up: there were only so many"} == reason(shop, anna, code)


def test_a_code_that_exists_is_not_made_again(shop: Shop) -> None:
    issued(shop, codes=("ANNA-1",))
    with pytest.raises(Conflict):
        issued(shop, codes=("NEW-1", "anna-1"))
    with shop.read() as session:
        assert ["ANNA-1"] == list(session.scalars(select(PromoCode.code)))


def test_a_code_for_nobodys_card_is_not_made(shop: Shop) -> None:
    with pytest.raises(NotFound):
        issued(shop, serial="nobody")


def test_the_list_says_whose_a_code_is_and_what_became_of_it(shop: Shop, clock: Clock) -> None:
    anna = shop.customer("Anna")
    used, waiting = issued(shop, codes=("USED-1",))[0], clock.now() + timedelta(days=1)
    shop.buys(anna, 1000, codes=(used,))
    issued(shop, serial=anna, codes=("ANNA-1",), starts_at=waiting)
    issued(shop, codes=("SOON-1",), ends_at=clock.now() + timedelta(hours=1))
    clock.forward(hours=2)
    with shop.read() as session:
        listed = coupon_lists.listed(session, queries.programme_row(session, shop.slug), clock.now())
    assert [("USED-1", "", "used"), ("ANNA-1", anna, "waiting"), ("SOON-1", "", "ended")] == [
        (each.code, each.serial, each.state) for each in listed
    ]


def test_at_two_tills_at_once_one_customer_gets_the_last_use_of_a_code(both: Shop) -> None:
    (code,) = issued(both)
    serials = [both.customer(name) for name in ("Anna", "Boris", "Clara", "David")]
    results = at_once(4, lambda n: both.buys(serials[n], 1000, codes=(code,)))
    assert 1 == sum(isinstance(each, Reply) for each in results)
    assert 3 == sum(isinstance(each, Invalid) for each in results)
    assert 0 == left(both, code)
    check_ledger(both)


def test_at_two_tills_at_once_no_more_uses_are_given_than_there_are_in_all(both: Shop) -> None:
    serials = [both.customer(name) for name in ("Anna", "Boris", "Clara", "David", "Emma")]
    results = at_once(5, lambda n: both.buys(serials[n], 1000, codes=("FREE",)))
    refused = [each for each in results if isinstance(each, Invalid)]
    assert (3, 2) == (sum(isinstance(each, Reply) for each in results), len(refused))
    assert {"/codes/0": "is used up: there were only so many"} == refused[0].faults
    check_ledger(both)


def test_a_blocked_card_uses_no_code(shop: Shop) -> None:
    anna = shop.customer("Anna")
    (code,) = issued(shop, serial=anna)
    cards.change(shop.db, anna, now=shop.clock.now(), status="blocked")
    with pytest.raises(Exception, match="blocked"):
        shop.buys(anna, 1000, codes=(code,))
    assert 1 == left(shop, code)
