"""Companies on real databases: one account, several cards, and nothing lost when somebody comes or goes."""

from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import CardNotActive, Conflict, InsufficientBalance, Invalid, NotFound
from app.services import cards, companies, erasure, ledger_check, statement
from app.services.journal import By
from app.services.operating import Reply
from app.storage import queries
from app.storage.database import Database
from app.storage.tables import CardTask, Operation, Tally
from tests.services.test_loyalty import at_once, check_ledger
from tests.support.clock import Clock
from tests.support.shop import POINTS, Shop

COMPANY = {"kind": "company", "most_holders": 4}
ENDING = {"kind": "points", "percent": 10, "expires_after_days": 30}


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    return Shop(sqlite_database, clock, [POINTS, COMPANY])


@pytest.fixture
def both(database: Database, clock: Clock) -> Shop:
    """The same shop on both engines, for locks."""
    return Shop(database, clock, [POINTS, COMPANY])


def adds(shop: Shop, serial: str, name: str, **member: Any) -> str:
    given = {"given_name": name, "external_id": name, **member}
    return companies.add(shop.db, serial, given, now=shop.clock.now())[0]


def joins(shop: Shop, serial: str, joining: str) -> bool:
    return companies.join(shop.db, serial, joining, shop.once(), By("olga"), now=shop.clock.now())


def leaves(shop: Shop, serial: str, holder: str) -> bool:
    return companies.remove(shop.db, serial, holder, now=shop.clock.now())


def seats(shop: Shop, serial: str) -> list[tuple[str, bool]]:
    with shop.read() as session:
        found = companies.holders(session, queries.card_by_serial(session, serial))
    return [(each.serial, each.first) for each in found]


def points(reply: Reply) -> int:
    return int(reply.body["balances"]["points"])


def test_a_new_holder_earns_and_pays_from_the_same_account(shop: Shop) -> None:
    anna = shop.customer("Anna")
    boris = adds(shop, anna, "Boris")
    shop.buys(anna, 10_000)
    assert 1500 == points(shop.buys(boris, 5000))
    assert 500 == points(shop.redeems(boris, points=1000))
    assert (500, 0) == (shop.balance(anna, "points"), shop.balance(boris, "points"))
    assert [(anna, True), (boris, False)] == seats(shop, boris)
    check_ledger(shop)


def test_a_holder_is_added_once(shop: Shop) -> None:
    anna = shop.customer("Anna")
    assert adds(shop, anna, "Boris") == adds(shop, anna, "Boris")
    assert 2 == len(seats(shop, anna))


def test_any_holder_may_bring_another_one(shop: Shop) -> None:
    anna = shop.customer("Anna")
    clara = adds(shop, adds(shop, anna, "Boris"), "Clara")
    shop.buys(clara, 10_000)
    assert 1000 == shop.balance(anna, "points")


def test_a_card_that_joins_brings_all_it_has_with_its_ends(sqlite_database: Database, clock: Clock) -> None:
    shop = Shop(sqlite_database, clock, [ENDING, COMPANY])
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    shop.buys(boris, 10_000)
    clock.forward(days=10)
    shop.buys(anna, 5000)
    assert joins(shop, anna, boris)
    assert (1500, 0) == (shop.balance(anna, "points"), shop.balance(boris, "points"))
    clock.forward(days=21)
    assert 500 == points(shop.buys(boris, 0))
    with shop.read() as session:
        kinds = session.scalars(select(Operation.kind).order_by(Operation.id)).all()
        counted = session.scalars(select(Tally.amount).where(Tally.card_id == shop.card(boris).id)).all()
    assert (["purchase", "purchase", "transfer", "transfer", "purchase"], []) == (list(kinds), list(counted))
    check_ledger(shop)


def test_who_has_joined_joins_once(shop: Shop) -> None:
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    shop.buys(boris, 10_000)
    assert (True, False) == (joins(shop, anna, boris), joins(shop, anna, boris))
    assert 1000 == shop.balance(anna, "points")


def test_the_proof_of_the_whole_ledger_holds_after_coming_and_going(shop: Shop) -> None:
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    shop.buys(boris, 10_000)
    shop.undoes(shop.buys(boris, 7_000), amount_minor=2_000)
    joins(shop, anna, boris)
    shop.undoes(shop.buys(boris, 5_000, redeem_points=100))
    clara = adds(shop, anna, "Clara")
    shop.buys(clara, 3_000)
    leaves(shop, anna, boris)
    shop.buys(boris, 1_000)
    *_, proof = ledger_check.check(shop.read)
    assert {} == proof.broken


def test_a_request_to_join_that_comes_again_after_leaving_changes_nothing(shop: Shop) -> None:
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    shop.buys(boris, 10_000)
    once = shop.once("k1")
    asked = (shop.db, anna, boris, once, By("olga"))
    assert companies.join(*asked, now=shop.clock.now())
    leaves(shop, anna, boris)
    assert not companies.join(*asked, now=shop.clock.now())
    assert 1000 == shop.balance(anna, "points")


def test_who_leaves_takes_nothing_and_the_account_stays(shop: Shop) -> None:
    anna = shop.customer("Anna")
    boris = adds(shop, anna, "Boris")
    shop.buys(boris, 10_000)
    assert (True, False) == (leaves(shop, anna, boris), leaves(shop, anna, boris))
    with pytest.raises(InsufficientBalance):
        shop.redeems(boris, points=1)
    assert 1000 == points(shop.buys(anna, 0))
    check_ledger(shop)


def test_the_first_card_stays_with_its_account(shop: Shop) -> None:
    anna = shop.customer("Anna")
    boris = adds(shop, anna, "Boris")
    with pytest.raises(Conflict):
        leaves(shop, boris, anna)


@pytest.mark.parametrize("of", ["stranger", "nobody"])
def test_who_is_no_holder_cannot_leave(shop: Shop, of: str) -> None:
    anna, clara = shop.customer("Anna"), shop.customer("Clara")
    stranger = adds(shop, clara, "David") if of == "stranger" else "nobody"
    with pytest.raises(NotFound):
        leaves(shop, anna, stranger)


def test_a_company_has_only_so_many_holders(shop: Shop) -> None:
    anna = shop.customer("Anna")
    for name in ("Boris", "Clara", "David"):
        adds(shop, anna, name)
    with pytest.raises(Conflict, match="as many holders"):
        adds(shop, anna, "Emma")
    with pytest.raises(Conflict, match="as many holders"):
        joins(shop, anna, shop.customer("Fred"))


def test_a_member_with_a_card_of_their_own_is_asked_to_join_with_it(shop: Shop) -> None:
    anna = shop.customer("Anna")
    boris = shop.customer("Boris", external_id="b-1")
    with pytest.raises(Conflict) as refused:
        adds(shop, anna, "Boris", external_id="b-1")
    assert boris == refused.value.state["serial"]


def test_a_card_that_others_share_joins_no_company(shop: Shop) -> None:
    anna, clara = shop.customer("Anna"), shop.customer("Clara")
    adds(shop, clara, "David")
    with pytest.raises(Conflict, match="Others share"):
        joins(shop, anna, clara)


def test_a_holder_of_another_company_joins_no_second_one(shop: Shop) -> None:
    anna, clara = shop.customer("Anna"), shop.customer("Clara")
    david = adds(shop, clara, "David")
    with pytest.raises(Conflict, match="another account"):
        joins(shop, anna, david)


def test_a_blocked_card_joins_nothing(shop: Shop) -> None:
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    cards.change(shop.db, boris, now=shop.clock.now(), status="blocked")
    with pytest.raises(CardNotActive):
        joins(shop, anna, boris)


def test_a_programme_without_companies_has_no_holders(sqlite_database: Database, clock: Clock) -> None:
    shop = Shop(sqlite_database, clock, [POINTS])
    with pytest.raises(Invalid, match="account of its own"):
        adds(shop, shop.customer("Anna"), "Boris")


def test_only_the_first_card_pays_where_the_rule_says_so(sqlite_database: Database, clock: Clock) -> None:
    shop = Shop(sqlite_database, clock, [POINTS, {**COMPANY, "who_may_pay": "first"}])
    anna = shop.customer("Anna")
    boris = adds(shop, anna, "Boris")
    assert 1000 == points(shop.buys(boris, 10_000))
    for pays in (lambda: shop.redeems(boris, points=10), lambda: shop.buys(boris, 1000, redeem_points=10)):
        with pytest.raises(Invalid, match="first card may pay"):
            pays()
    assert 990 == points(shop.redeems(anna, points=10))


def test_forgetting_one_holder_leaves_the_account_to_the_others(shop: Shop) -> None:
    anna = shop.customer("Anna")
    boris, clara = adds(shop, anna, "Boris"), adds(shop, anna, "Clara")
    shop.buys(boris, 10_000)
    erasure.erase(shop.db, boris, now=shop.clock.now())
    erasure.erase(shop.db, anna, now=shop.clock.now())
    assert 1500 == points(shop.buys(clara, 5000))
    check_ledger(shop)


def test_the_statement_is_the_accounts_and_says_which_card_was_shown(shop: Shop) -> None:
    anna = shop.customer("Anna")
    boris = adds(shop, anna, "Boris")
    shop.buys(boris, 10_000)
    shop.buys(anna, 5000)
    with shop.read() as session:
        seen = [statement.entries(session, queries.card_by_serial(session, each)) for each in (anna, boris)]
    assert seen[0] == seen[1]
    assert ["", boris] == [each["via"] for each in seen[0] if each["unit"] == "points"]


def test_other_holders_cards_are_drawn_anew_by_themselves(shop: Shop) -> None:
    anna = shop.customer("Anna")
    boris = adds(shop, anna, "Boris")
    shop.buys(boris, 10_000)
    with shop.read() as session:
        planned = session.execute(select(CardTask.card_id, CardTask.kind)).all()
    assert [(shop.card(anna).id, "redraw")] == [tuple(each) for each in planned]


def test_what_a_holder_bought_is_taken_back_after_they_left_too(shop: Shop) -> None:
    anna = shop.customer("Anna")
    boris = adds(shop, anna, "Boris")
    bought = shop.buys(boris, 10_000)
    leaves(shop, anna, boris)
    shop.undoes(bought)
    assert (0, 0) == (shop.balance(anna, "points"), shop.balance(boris, "points"))
    check_ledger(shop)


def test_what_was_bought_before_joining_is_corrected_by_hand(shop: Shop) -> None:
    anna, boris = shop.customer("Anna"), shop.customer("Boris")
    bought = shop.buys(boris, 10_000)
    joins(shop, anna, boris)
    with pytest.raises(Conflict, match="by hand"):
        shop.undoes(bought)
    assert 1000 == shop.balance(anna, "points")
    check_ledger(shop)


def test_holders_at_several_tills_lose_nothing_while_others_come_and_go(both: Shop) -> None:
    anna, david = both.customer("Anna"), both.customer("David")
    boris, clara = adds(both, anna, "Boris"), adds(both, anna, "Clara")
    both.buys(david, 50_000)

    def act(number: int) -> Any:
        acts = [
            lambda: both.buys(boris, 10_000),
            lambda: both.buys(clara, 10_000),
            lambda: both.buys(anna, 10_000),
            lambda: joins(both, boris, david),
            lambda: both.buys(david, 10_000),
            lambda: leaves(both, anna, clara),
        ]
        return acts[number]()

    assert [] == [each for each in at_once(6, act) if isinstance(each, Exception)]
    held = [both.balance(each, "points") for each in (anna, boris, clara, david)]
    assert (9000, 0, 0) == (sum(held), held[1], held[3])
    check_ledger(both)


def test_two_holders_at_two_tills_cannot_spend_the_same_points(both: Shop) -> None:
    anna = both.customer("Anna")
    pair = [anna, adds(both, anna, "Boris")]
    both.buys(anna, 10_000)
    results = at_once(6, lambda number: both.redeems(pair[number % 2], points=1000))
    assert (1, 5) == (
        sum(isinstance(each, Reply) for each in results),
        sum(isinstance(each, InsufficientBalance) for each in results),
    )
    check_ledger(both)


def test_a_card_that_two_companies_ask_for_at_once_joins_one(both: Shop) -> None:
    anna, boris, clara = (both.customer(name) for name in ("Anna", "Boris", "Clara"))
    both.buys(clara, 10_000)
    results = at_once(2, lambda number: joins(both, (anna, boris)[number], clara))
    assert (1, 1) == (results.count(True), sum(isinstance(each, Conflict) for each in results))
    assert 1000 == sum(both.balance(each, "points") for each in (anna, boris, clara))
    check_ledger(both)


def test_two_cards_that_join_each_other_at_once_end_as_one_company(both: Shop) -> None:
    anna, boris = both.customer("Anna"), both.customer("Boris")
    pair = [(anna, boris), (boris, anna)]
    results = at_once(2, lambda number: joins(both, *pair[number]))
    assert 1 == results.count(True)
    assert 2 == len(seats(both, anna)) == len(seats(both, boris))
