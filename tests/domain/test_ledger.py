"""The arithmetic of value holds whatever happens, and spends what ends soonest."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.domain import ledger, proof, returns
from app.domain.errors import InsufficientBalance
from app.domain.ledger import Earn, Holdings, Lot, Spend, Transfer
from tests.support.clock import START

DAY = timedelta(days=1)


def lot(key: int, amount: int, *, ends_in_days: int | None = None, age_days: int = 0) -> Lot:
    ends = None if ends_in_days is None else START + ends_in_days * DAY
    return Lot(key, "points", amount, amount, START - age_days * DAY, ends)


def test_what_ends_soonest_is_spent_first() -> None:
    held = Holdings.of([lot(1, 40), lot(2, 40, ends_in_days=90), lot(3, 20, ends_in_days=30)])
    _, lines = ledger.apply(held, [Spend("points", 50)], now=START)
    assert [(3, 20), (2, 30)] == [(line.lot, line.amount) for line in lines]


def test_an_expired_lot_cannot_be_spent() -> None:
    held = Holdings.of([lot(1, 40, ends_in_days=-1)])
    with pytest.raises(InsufficientBalance) as refused:
        ledger.apply(held, [Spend("points", 1)], now=START)
    assert {"unit": "points", "available": 0, "wanted": 1} == refused.value.state


def test_value_that_ends_together_stays_one_lot() -> None:
    held, _ = ledger.apply(Holdings(), [Earn("points", 1) for _ in range(1000)], now=START)
    assert [1000] == [each.remaining for each in held.lots.values()]


def test_a_refused_decision_leaves_nothing_half_done() -> None:
    held = Holdings.of([lot(1, 10)])
    with pytest.raises(InsufficientBalance):
        ledger.apply(held, [Earn("points", 5), Spend("points", 16)], now=START)
    assert 10 == held.balance("points")


def test_taking_a_purchase_back_returns_paid_points_to_their_own_lots() -> None:
    held = Holdings.of([lot(1, 20, ends_in_days=10), lot(2, 40, ends_in_days=100)])
    after, lines = ledger.apply(held, [Spend("points", 50), Earn("points", 7)], now=START)
    back = returns.reverse(after, lines, now=START).holdings
    assert {1: 20, 2: 40} == {key: each.remaining for key, each in back.lots.items() if each.remaining}


def test_what_was_spent_meanwhile_is_not_taken_twice() -> None:
    held, earned = ledger.apply(Holdings(), [Earn("points", 100)], now=START)
    held, _ = ledger.apply(held, [Spend("points", 70)], now=START)
    done = returns.reverse(held, earned, now=START)
    assert 0 == done.holdings.balance("points")
    assert (30, 70) == (sum(line.amount for line in done.transfers), done.written_off["points"])


@given(st.lists(st.integers(1, 500), min_size=1, max_size=8), st.integers(0, 3000))
def test_spending_takes_exactly_what_was_asked_or_nothing(amounts: list[int], wanted: int) -> None:
    held = Holdings.of(lot(key, amount, ends_in_days=key) for key, amount in enumerate(amounts, 1))
    if wanted > sum(amounts):
        with pytest.raises(InsufficientBalance):
            ledger.apply(held, [Spend("points", wanted)], now=START)
        return
    after, lines = ledger.apply(held, [Spend("points", wanted)], now=START)
    assert wanted == sum(line.amount for line in lines)
    assert sum(amounts) - wanted == after.balance("points")


class Ledger(RuleBasedStateMachine):
    """Random lives of a card against the invariants of ledger-and-delivery 1.5 that concern one card."""

    @initialize()
    def begin(self) -> None:
        self.now, self.held = START, Holdings()
        self.journal: list[Transfer] = []
        self.operations: list[tuple[Transfer, ...]] = []

    def _do(self, lines: tuple[Transfer, ...], held: Holdings) -> None:
        self.held = held
        self.journal += lines

    @rule(amount=st.integers(1, 1000), days=st.none() | st.integers(1, 60))
    def earn(self, amount: int, days: int | None) -> None:
        ends = None if days is None else self.now + days * DAY
        held, lines = ledger.apply(self.held, [Earn("points", amount, expires_at=ends)], now=self.now)
        self._do(lines, held)
        self.operations.append(lines)

    @rule(amount=st.integers(1, 1500))
    def spend(self, amount: int) -> None:
        try:
            held, lines = ledger.apply(self.held, [Spend("points", amount)], now=self.now)
        except InsufficientBalance:
            assert amount > self.held.usable("points", self.now)
            return
        self._do(lines, held)
        self.operations.append(lines)

    @precondition(lambda self: self.operations)
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        operation = self.operations.pop(data.draw(st.integers(0, len(self.operations) - 1)))
        done = returns.reverse(self.held, operation, now=self.now)
        self._do(done.transfers, done.holdings)

    @rule(days=st.integers(1, 40))
    def time_passes(self, days: int) -> None:
        self.now += days * DAY
        for each in list(self.held.lots.values()):
            if each.remaining and each.expires_at and each.expires_at <= self.now:
                take = Spend("points", each.remaining, "expired", lot=each.key)
                held, lines = ledger.apply(self.held, [take], now=self.now)
                self._do(lines, held)

    @invariant()
    def everything_adds_up(self) -> None:
        balances = {"points": self.held.balance("points")}
        assert [] == proof.check(self.held.lots.values(), self.journal, balances)


TestLedger = Ledger.TestCase
