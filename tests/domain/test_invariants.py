"""The invariants of the ledger hold over random programmes, purchases, returns, holds and clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from app.domain import proof
from app.domain.errors import AlreadyReversed, Conflict, InsufficientBalance, Invalid
from app.domain.ledger import Holdings, Spend
from app.domain.mechanics import decide, paying_rule
from app.domain.mechanics.base import Item, Sale, State
from app.domain.mechanics.points import Points
from app.domain.mechanics.standing import ladder_of
from app.domain.programme import Programme
from app.domain.refunds import Wanted
from tests.support import any_rules
from tests.support.clock import START
from tests.support.ledger_world import Hold, Sold, World

SUMMER_TIMES = (
    datetime(2026, 3, 28, 23, 30, tzinfo=UTC),  # Riga, the night of the change
    datetime(2026, 4, 4, 14, 45, tzinfo=UTC),  # Lord Howe goes back by half an hour
    datetime(2026, 10, 24, 23, 30, tzinfo=UTC),
)
AMOUNTS = st.sampled_from((0, 1, 99, 300, 1250, 4999))
SHARES = st.sampled_from((10, 50, 100))


class Card(RuleBasedStateMachine):
    """One card, several tills that never agree on the time."""

    holds = Bundle("holds")

    @initialize(programme=any_rules.programmes(), start=st.sampled_from((START, *SUMMER_TIMES)))
    def opens(self, programme: Programme, start: datetime) -> None:
        self.world = World(programme)
        self.world.now = start
        self.seen = 0

    def _try(self, act: Any) -> Any:
        """Do it, or refuse and leave everything as it was."""
        before = (self.world.holdings, len(self.world.journal), len(self.world.counted))
        try:
            return act()
        except (InsufficientBalance, Invalid, Conflict):
            after = (self.world.holdings, len(self.world.journal), len(self.world.counted))
            assert before == after, "a refusal leaves nothing half done"
            return None

    @rule(
        amount=AMOUNTS,
        items=any_rules.items(),
        pays=st.sampled_from((0, 0, 10, 40)),
        gift=st.sampled_from((0, 0, 100)),
        code=st.booleans(),
    )
    def buys(self, amount: int, items: list[dict[str, Any]], pays: int, gift: int, code: bool) -> None:
        gift = gift if "gift_minor" in self.world.programme.units else 0
        codes = ("SPRING",) if code else ()
        pays = pays if paying_rule(self.world.rules) else 0
        self._try(lambda: self.world.buys(amount, items, redeem_points=pays, gift_minor=gift, codes=codes))

    @rule(stamps=st.integers(1, 5))
    def visits(self, stamps: int) -> None:
        self.world.visits(stamps)

    @rule(
        unit=st.sampled_from(("points", "cashback_minor", "stamps", "gift_minor")),
        amount=st.integers(-30, 120).filter(bool),
        days=st.sampled_from((None, 1, 6, 40)),
    )
    def is_corrected(self, unit: str, amount: int, days: int | None) -> None:
        if unit in self.world.programme.units:
            self._try(lambda: self.world.adjusts(unit, amount, days))

    @rule(reward=st.sampled_from(("reward.cake", "reward.tea", "reward.pan")))
    def takes_a_reward(self, reward: str) -> None:
        self._try(lambda: self.world.moves(Spend(reward, 1)))

    @rule(unit=st.sampled_from(("points", "points", "cashback_minor", "gift_minor")), share=SHARES)
    def spends(self, unit: str, share: int) -> None:
        if amount := self.world.holdings.usable(unit, self.world.now) * share // 100:
            self.world.moves(Spend(unit, amount))

    @rule(target=holds, share=SHARES)
    def sets_aside(self, share: int) -> Hold | None:
        payer = paying_rule(self.world.rules)
        points = self.world.holdings.usable(payer.unit, self.world.now) * share // 100 if payer else 0
        return self.world.sets_aside(points) if points else None

    @rule(hold=holds, share=st.sampled_from((0, 50, 100)))
    def resolves(self, hold: Hold | None, share: int) -> None:
        if hold is not None and hold.state == "open":
            self.world.resolves(hold, hold.amount * share // 100)

    @rule(hold=holds, amount=AMOUNTS)
    def buys_with_a_hold(self, hold: Hold | None, amount: int) -> None:
        if hold is None or hold.state != "open":
            return
        if self._try(lambda: self.world.buys(amount, hold=hold)) is None:
            hold.state = "open"

    @precondition(lambda self: self.world.sold)
    @rule(
        which=st.integers(0, 30),
        wanted=st.sampled_from((None, 1, 33, 250, 700)),
        sku=st.none() | st.sampled_from(any_rules.SKUS),
    )
    def returns(self, which: int, wanted: int | None, sku: str | None) -> None:
        sold = self.world.sold[which % len(self.world.sold)]
        if sold.whole:
            with pytest.raises(AlreadyReversed):  # I14
                self.world.returns(sold, Wanted())
            return
        asked = Wanted(items=[(sku, 1)]) if sku and wanted is None else Wanted(wanted)
        self._try(lambda: self.world.returns(sold, asked))

    @precondition(lambda self: self.world.journal)
    @rule(which=st.integers(0, 30))
    def takes_another_operation_back(self, which: int) -> None:
        found = self.world.journal[which % len(self.world.journal)]
        spent = any(line.credit == "expired" or line.credit == "held" for line in found.lines)
        if found.kind == "other" and not found.reversed and not spent:
            self.world.reverses(found)

    @rule(hours=st.sampled_from((1, 7, 24, 24 * 3, 24 * 20)))
    def time_passes(self, hours: int) -> None:
        self.world.now += timedelta(hours=hours)

    @rule(hours=st.integers(1, 24))
    def a_till_whose_clock_is_behind(self, hours: int) -> None:
        """I15: what ended stays ended."""
        over = self._expired()
        self.world.now -= timedelta(hours=hours)
        self._try(lambda: self.world.buys(300))
        self._try(lambda: self.world.moves(Spend("points", 5)))
        self.world.now += timedelta(hours=hours)
        assert over == self._expired()

    def _expired(self) -> int:
        lines = [line for done in self.world.journal for line in done.lines]
        return sum(line.amount * ((line.credit == "expired") - (line.debit == "expired")) for line in lines)

    @rule()
    def the_clock_comes_by(self) -> None:
        self.world.ends()

    @invariant()
    def everything_adds_up(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        lines = [line for done in world.journal for line in done.lines]
        held = world.holdings
        units = {line.unit for line in lines}
        # I2, I3, I4: sums of lines, lots and accounts agree, nothing is negative, debt or balance
        balances = {unit: held.balance(unit) for unit in units}
        assert [] == proof.check(held.lots.values(), lines, balances, held.held, held.debts)
        # I1: every line takes from one account what it gives to another, one of them the card's own
        own = {"available", "held", "debt"}
        assert all(line.amount > 0 and line.debit != line.credit for line in lines)
        assert all({line.debit, line.credit} & own for line in lines)
        # I7: what is set aside is what open holds have
        open_: dict[str, int] = {}
        for hold in (hold for hold in world.holds if hold.state == "open"):
            open_[hold.unit] = open_.get(hold.unit, 0) + hold.amount
        assert {u: n for u, n in held.held.items() if n} == {u: n for u, n in open_.items() if n}

    @invariant()
    def each_operation_was_in_turn(self) -> None:
        """I5 and I6 for what is new; I11: the balance after each line is the sum of all lines before."""
        if not hasattr(self, "world"):
            return
        for done in self.world.journal[self.seen :]:
            assert [] == proof.check_order(done.before, done.lines, done.at)
            running = {line.unit: done.before.balance(line.unit) for line in done.lines}
            for line in done.lines:
                running[line.unit] += line.signed
                assert running[line.unit] == line.balance_after
        self.seen = len(self.world.journal)

    @invariant()
    def returns_owe_what_was_earned(self) -> None:
        """I9."""
        for sold in self.world.sold if hasattr(self, "world") else ():
            earned, paid = _sums(sold, "earned"), _sums(sold, "paid")
            assert all(0 <= amount <= earned[unit] for unit, amount in sold.owed.items())
            assert all(0 <= amount <= paid[unit] for unit, amount in sold.restored.items())
            if sold.whole:
                assert earned == {unit: sold.owed.get(unit, 0) for unit in earned}
                assert paid == {unit: sold.restored.get(unit, 0) for unit in paid}

    @invariant()
    def the_tier_follows_from_the_counts(self) -> None:
        """I12: the same step by step and from scratch."""
        ladder = ladder_of(self.world.rules) if hasattr(self, "world") else None
        if ladder is None or not ladder.refund_undoes:
            return
        state = self.world.state
        again = ladder.replayed(self.world.days_of(ladder.what), state)
        assert again.earned == ladder.standing(state).earned

    @invariant()
    def money_spent_is_what_was_counted(self) -> None:
        if hasattr(self, "world"):
            assert self.world.holdings.balance("spend_minor") == self.world.count("spend_minor")


def _sums(sold: Sold, name: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    for share in getattr(sold.working, name):
        sums[share.unit] = sums.get(share.unit, 0) + share.amount
    return sums


TestCard = Card.TestCase
TestCard.settings = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@given(any_rules.programmes(), st.integers(0, 9_000), st.integers(0, 9_000))
@settings(max_examples=40, deadline=None)
def test_more_earns_no_less_and_halves_earn_no_more(programme: Programme, one: int, more: int) -> None:
    """I10, for what is rounded down and takes nothing off."""
    rules = tuple(rule for rule in programme.rules if isinstance(rule, Points))
    assume(rules and rules[0].rounding == "floor")

    def earned(amount: int) -> int:
        bill = decide(rules, Sale(amount), State(Holdings(), START)).bill
        return rules[0].earned(bill, State(Holdings(), START))

    assert earned(one) <= earned(one + more)
    assert earned(one) + earned(more) <= earned(one + more)


@given(any_rules.programmes(), any_rules.items(), st.integers(0, 9_000))
@settings(max_examples=40, deadline=None)
def test_deciding_twice_decides_the_same(
    programme: Programme, items: list[dict[str, Any]], amount: int
) -> None:
    """I8, as far as it is a matter of the rules."""
    sale = Sale(amount, items=tuple(Item(**item) for item in items))
    world = World(programme)
    assert decide(programme.rules, sale, world.state) == decide(programme.rules, sale, world.state)
