"""Holds: what a till set aside is nobody else's, is resolved once, and comes back by itself."""

from typing import Any

import pytest

from app.domain.errors import CardNotActive, Conflict, InsufficientBalance, Invalid, NotFound
from app.services import cards, holds, ledger_check, tick
from app.services.journal import By
from app.services.loyalty import Purchase
from app.services.operating import Reply
from app.storage.database import Database
from tests.services.test_loyalty import at_once
from tests.support.clock import Clock
from tests.support.shop import POINTS, STAMPS, Shop


class Till:
    """A shop with Anna's 500 points, and the calls that its till makes."""

    def __init__(self, database: Database, clock: Clock, **rule: Any) -> None:
        self.shop, self.clock = Shop(database, clock, [{**POINTS, **rule}]), clock
        self.anna = self.shop.customer("Anna")
        self.shop.adjusts(self.anna, points=500)

    def holds(self, points: int, amount: int = 1000, *, key: str | None = None, receipt: str = "") -> Reply:
        cmd = Purchase(self.anna, amount, "EUR", redeem_points=points, receipt=receipt)
        return holds.set_aside(self.shop.db, cmd, self._once(key), By("boris"), now=self.clock.now())

    def captures(self, hold: str, points: int | None = None, *, key: str | None = None) -> Reply:
        now = self.clock.now()
        return holds.capture(self.shop.db, hold, self._once(key), By("boris"), now=now, points=points)

    def voids(self, hold: str, *, key: str | None = None) -> Reply:
        return holds.void(self.shop.db, hold, self._once(key), By("boris"), now=self.clock.now())

    def _once(self, key: str | None) -> Any:
        return self.shop.once(key)

    @property
    def points(self) -> int:
        return self.shop.balance(self.anna, "points")

    def proven(self) -> None:
        *_, last = ledger_check.check(self.shop.read)
        assert {} == last.broken


@pytest.fixture
def till(sqlite_database: Database, clock: Clock) -> Till:
    return Till(sqlite_database, clock)


def hold_of(reply: Reply) -> str:
    return str(reply.body["hold"]["id"])


def test_what_is_set_aside_cannot_be_spent_elsewhere(till: Till) -> None:
    held = till.holds(400)

    assert (100, "open") == (held.body["balances"]["points"], held.body["hold"]["state"])
    with pytest.raises(InsufficientBalance):
        till.shop.redeems(till.anna, points=101)
    till.proven()


def test_the_purchase_is_paid_with_what_was_set_aside(till: Till) -> None:
    hold = hold_of(till.holds(400, receipt="r1"))

    bought = till.shop.buys(till.anna, 1000, hold=hold, receipt="r1")

    assert ({"points": 400}, {"points": 60}) == (bought.body["redeemed"], bought.body["earned"])
    assert 160 == till.points
    with pytest.raises(Conflict):
        till.shop.buys(till.anna, 1000, hold=hold, receipt="r2")
    till.proven()


def test_a_purchase_that_needs_less_gives_the_rest_back(till: Till) -> None:
    hold = hold_of(till.holds(400))

    bought = till.shop.buys(till.anna, 300, hold=hold, redeem_points=300)

    assert {"points": 300} == bought.body["redeemed"]
    assert 200 == till.points
    till.proven()


def test_a_purchase_with_a_hold_comes_back_whole(till: Till) -> None:
    hold = hold_of(till.holds(400))
    bought = till.shop.buys(till.anna, 1000, hold=hold)

    half, rest = till.shop.undoes(bought, amount_minor=500), till.shop.undoes(bought)

    assert [{"points": 200}, {"points": 200}] == [each.body["restored"] for each in (half, rest)]
    assert 500 == till.points
    till.proven()


@pytest.mark.parametrize(("points", "left"), [(None, 100), (150, 350)])
def test_a_hold_is_captured_whole_or_in_part(till: Till, points: int | None, left: int) -> None:
    done = till.captures(hold_of(till.holds(400)), points)

    assert (left, "captured") == (till.points, done.body["hold"]["state"])
    till.proven()


def test_a_hold_that_is_voided_goes_back_to_its_lots(sqlite_database: Database, clock: Clock) -> None:
    till = Till(sqlite_database, clock, expires_after_days=30)
    hold = hold_of(till.holds(400))
    clock.forward(minutes=5)

    assert 500 == till.voids(hold).body["balances"]["points"]

    clock.forward(days=31)
    assert 0 == till.shop.buys(till.anna, 0).body["balances"]["points"]
    till.proven()


def test_a_hold_is_resolved_once(till: Till) -> None:
    hold = hold_of(till.holds(400))
    first = till.captures(hold, key="k1")

    assert till.captures(hold, key="k1").replayed
    for act in (till.captures, till.voids):
        with pytest.raises(Conflict) as refused:
            act(hold)
        assert "captured" == refused.value.state["state"]
    assert first.body["id"] == till.captures(hold, key="k1").body["id"]
    assert 100 == till.points


def test_a_hold_comes_back_by_itself(till: Till, clock: Clock) -> None:
    hold = hold_of(till.holds(400))
    clock.forward(minutes=14)
    assert 0 == holds.expire(till.shop.db, till.shop.read, clock.now())
    clock.forward(minutes=1)
    with pytest.raises(Conflict):
        till.shop.buys(till.anna, 1000, hold=hold)

    assert 1 == holds.expire(till.shop.db, till.shop.read, clock.now())

    assert 0 == holds.expire(till.shop.db, till.shop.read, clock.now())
    assert 500 == till.points
    with pytest.raises(Conflict):
        till.captures(hold)
    till.proven()


def test_the_tick_gives_holds_back(till: Till, clock: Clock) -> None:
    till.holds(400)
    clock.forward(hours=1)
    assert [1] == [
        done.done for done in tick.run(till.shop.db, till.shop.read, clock.now, only="holds") if done.done
    ]
    assert 500 == till.points


def test_a_receipt_has_one_hold(till: Till) -> None:
    first = till.holds(200, receipt="r1")

    assert (True, hold_of(first)) == (
        till.holds(200, receipt="r1").replayed,
        hold_of(till.holds(200, receipt="r1")),
    )
    with pytest.raises(Conflict):
        till.holds(201, receipt="r1")
    till.voids(hold_of(first))
    assert not till.holds(201, receipt="r1").replayed


def test_a_hold_pays_no_other_receipt_and_no_other_card(till: Till) -> None:
    hold = hold_of(till.holds(200, receipt="r1"))
    with pytest.raises(Conflict):
        till.shop.buys(till.anna, 1000, hold=hold, receipt="r2")
    with pytest.raises(NotFound):
        till.shop.buys(till.shop.customer("Maria"), 1000, hold=hold)


def test_a_blocked_card_pays_nothing_but_its_hold_is_voided(till: Till, clock: Clock) -> None:
    hold = hold_of(till.holds(200))
    cards.change(till.shop.db, till.anna, now=clock.now(), status="blocked")
    with pytest.raises(CardNotActive):
        till.captures(hold)
    till.voids(hold)
    assert 500 == till.points


@pytest.mark.parametrize(
    ("points", "amount", "kind"),
    [(0, 1000, Invalid), (-1, 1000, Invalid), (600, 500, Invalid), (501, 1000, InsufficientBalance)],
)
def test_more_than_the_rules_allow_is_not_set_aside(
    till: Till, points: int, amount: int, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        till.holds(points, amount)
    assert 500 == till.points


def test_what_a_shop_allows_counts_when_points_are_set_aside(sqlite_database: Database, clock: Clock) -> None:
    till = Till(sqlite_database, clock, paying={"most_percent": 30})
    with pytest.raises(Invalid):
        till.holds(301)
    assert 200 == till.holds(300).body["balances"]["points"]


def test_a_programme_without_points_sets_nothing_aside(sqlite_database: Database, clock: Clock) -> None:
    shop = Shop(sqlite_database, clock, [STAMPS])
    cmd = Purchase(shop.customer("Anna"), 1000, "EUR", redeem_points=5)
    with pytest.raises(Invalid):
        holds.set_aside(shop.db, cmd, shop.once(), By(), now=clock.now())


def test_a_hold_itself_is_not_taken_back(till: Till) -> None:
    with pytest.raises(Conflict):
        till.shop.undoes(till.holds(100))


def test_a_capture_is_taken_back_to_its_lots(till: Till) -> None:
    till.shop.undoes(till.captures(hold_of(till.holds(400)), 300))
    assert 500 == till.points
    till.proven()


def test_two_tills_at_once_resolve_a_hold_once(database: Database, clock: Clock) -> None:
    till = Till(database, clock)
    hold = hold_of(till.holds(400))

    def act(number: int) -> Reply:
        return till.captures(hold) if number % 2 else till.voids(hold)

    results = at_once(6, act)

    assert 1 == sum(isinstance(result, Reply) for result in results)
    assert 5 == sum(isinstance(result, Conflict) for result in results)
    till.proven()


def test_two_tills_at_once_set_aside_only_what_is_there(database: Database, clock: Clock) -> None:
    till = Till(database, clock)

    results = at_once(6, lambda _: till.holds(200))

    assert 2 == sum(isinstance(result, Reply) for result in results)
    assert 100 == till.points
    till.proven()


def test_two_tills_at_once_hold_one_receipt_once(database: Database, clock: Clock) -> None:
    till = Till(database, clock)

    results = at_once(4, lambda number: till.holds(200, key=f"till-{number}", receipt="r1"))

    assert 1 == len({hold_of(result) for result in results})
    assert 300 == till.points
