"""The invariants of the ledger over the real services, on both engines: random programmes, tills and a CRM
on one card, repeats, returns, holds, and the clock. After each life the whole database is proven.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.domain.errors import KeyReused, Refused
from app.domain.passes import Pass
from app.domain.programme import Programme
from app.services import cards, expiry, holds, ledger_check, loyalty
from app.services.journal import By, Once
from app.services.loyalty import Purchase
from app.services.operating import Reply
from app.storage.database import Database
from tests.services.test_loyalty import at_once
from tests.support import any_rules
from tests.support.clock import START, Clock
from tests.support.shop import Shop

AMOUNTS = st.sampled_from((0, 99, 300, 1250, 4999))
SUMMER_TIMES = (START, datetime.fromisoformat("2026-03-28T23:30:00+00:00"))
Act = Callable[[str], Reply]


class Life(RuleBasedStateMachine):
    """One card; `database` is set by the test."""

    database: Database
    lives = 0

    @initialize(programme=any_rules.programmes(), start=st.sampled_from(SUMMER_TIMES))
    def opens(self, programme: Programme, start: datetime) -> None:
        Life.lives += 1
        self.clock = Clock(start)
        raw = programme.model_dump(mode="json", by_alias=True, exclude_unset=True)
        rest = {name: raw[name] for name in ("time_zone", "returns")}
        self.shop = Shop(self.database, self.clock, raw["rules"], f"shop-{Life.lives}", **rest)
        self.anna = self.shop.customer(f"Anna {Life.lives}")
        self.number = 0
        self.bought: list[Reply] = []
        self.open: list[str] = []

    def key(self) -> str:
        self.number += 1
        return f"{self.shop.slug}-{self.number}"

    def once(self, source: str, key: str, request: Any = None) -> Once:
        return Once(source, key, {"asked": str(request)})

    def face(self) -> tuple[int, Pass]:
        """The card's version, and what it shows."""
        with self.shop.read() as session:
            card = self.shop.card(self.anna)
            shown = cards.current_pass(session, card, self.clock.now())
            return card.version, replace(shown, version=0, changed_at=START)

    def tries(self, act: Act) -> Reply | None:
        """Do it, and again under the same key (I8); what is shown differently has a higher version (I13)."""
        version, shown = self.face()
        key = self.key()
        try:
            done = act(key)
        except Refused:
            assert (version, shown) == self.face(), "a refusal changes nothing"
            return None
        after = self.face()
        assert after[0] > version or shown == after[1], "I13: whoever sees a difference is told"
        again = act(key)
        assert (True, done.body) == (again.replayed, again.body), "I8: the first answer again"
        assert after == self.face(), "I8: and nothing more"
        return done

    def buying(self, amount: int, source: str = "till", **more: Any) -> Act:
        cmd = Purchase(self.anna, amount, "EUR", **more)

        def buy(key: str) -> Reply:
            once = self.once(source, key, cmd)
            return loyalty.purchase(self.shop.db, cmd, once, By(source), now=self.clock.now())

        return buy

    @rule(amount=AMOUNTS, items=any_rules.items(), pays=st.sampled_from((0, 10, 40)), code=st.booleans())
    def buys(self, amount: int, items: list[dict[str, Any]], pays: int, code: bool) -> None:
        codes = ("SPRING",) if code else ()
        done = self.tries(self.buying(amount, items=tuple(items), redeem_points=pays, codes=codes))
        self.bought += [done] if done else []

    @rule(amount=AMOUNTS)
    def till_and_crm_send_the_same_receipt(self, amount: int) -> None:
        receipt = self.key()
        first, again = (
            self.buying(amount, source, receipt=receipt)(self.key()) for source in ("till", "crm")
        )
        assert (first.body, True) == (again.body, again.replayed)
        self.bought.append(first)

    @precondition(lambda self: self.bought)
    @rule(amount=AMOUNTS)
    def a_key_is_used_for_something_else(self, amount: int) -> None:
        """I8: another body under a known key changes nothing."""
        key = self.key()
        self.bought.append(self.buying(amount)(key))
        before = self.face()
        with pytest.raises(KeyReused):
            self.buying(amount + 1)(key)
        assert before == self.face()

    @rule(unit=st.sampled_from(("points", "stamps")), amount=st.integers(-20, 90).filter(bool))
    def is_corrected(self, unit: str, amount: int) -> None:
        by, amounts = By("olga", reason="a gift"), {unit: amount}
        self.tries(
            lambda key: loyalty.adjust(
                self.shop.db, self.anna, amounts, self.once("till", key, amounts), by, now=self.clock.now()
            )
        )

    def redeeming(self, points: int, reward: str) -> Act:
        def redeem(key: str) -> Reply:
            once = self.once("till", key, (points, reward))
            now = self.clock.now()
            return loyalty.redeem(self.shop.db, self.anna, once, By(), now=now, points=points, reward=reward)

        return redeem

    @rule(points=st.sampled_from((0, 5, 30)), reward=st.sampled_from(("cake", "tea", "pan")))
    def redeems(self, points: int, reward: str) -> None:
        self.tries(self.redeeming(points, "" if points else reward))

    def returning(self, which: int, amount: int | None) -> Act:
        first = self.bought[which % len(self.bought)]
        part = {} if amount is None else {"amount_minor": amount}
        return lambda key: self.shop.undoes(first, key=key, **part)

    @precondition(lambda self: self.bought)
    @rule(which=st.integers(0, 20), amount=st.sampled_from((None, None, 1, 33, 250)))
    def returns(self, which: int, amount: int | None) -> None:
        self.tries(self.returning(which, amount))

    def holding(self, points: int) -> Act:
        cmd = Purchase(self.anna, 5000, "EUR", redeem_points=points)
        return lambda key: holds.set_aside(
            self.shop.db, cmd, self.once("till", key, cmd), By(), now=self.clock.now()
        )

    @rule(points=st.sampled_from((5, 10, 50)))
    def sets_aside(self, points: int) -> None:
        done = self.tries(self.holding(points))
        self.open += [done.body["hold"]["id"]] if done else []

    def resolving(self, hold: str, how: str) -> Act:
        now = self.clock.now()
        if how == "buy":
            return self.buying(4999, hold=hold)
        if how == "void":
            return lambda key: holds.void(self.shop.db, hold, self.once("till", key), By(), now=now)
        return lambda key: holds.capture(self.shop.db, hold, self.once("till", key), By(), now=now, points=5)

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 9), how=st.sampled_from(("buy", "void", "capture")))
    def resolves(self, which: int, how: str) -> None:
        """I7: also for holds that are resolved already."""
        done = self.tries(self.resolving(self.open[which % len(self.open)], how))
        self.bought += [done] if done and how == "buy" else []

    @rule(
        acts=st.lists(
            st.sampled_from(("buy", "redeem", "hold", "return", "void", "buy with hold")),
            min_size=2,
            max_size=2,
        ),
        amount=AMOUNTS,
    )
    def two_tills_at_once(self, acts: list[str], amount: int) -> None:
        """One after the other, or refused; never something in between (the proof at the end would see it)."""
        known = {"buy": self.buying(amount), "redeem": self.redeeming(30, ""), "hold": self.holding(30)}
        if self.bought:
            known["return"] = self.returning(amount, None)
        if self.open:
            known["void"] = self.resolving(self.open[-1], "void")
            known["buy with hold"] = self.resolving(self.open[-1], "buy")
        chosen = [(known.get(act, known["buy"]), self.key()) for act in acts]
        got = at_once(2, lambda number: chosen[number][0](chosen[number][1]))
        assert all(isinstance(each, Reply | Refused) for each in got), got
        for each in got:
            if isinstance(each, Reply) and each.body["kind"] == "hold":
                self.open.append(each.body["hold"]["id"])
            if isinstance(each, Reply) and each.body["kind"] == "purchase":
                self.bought.append(each)

    @rule(hours=st.sampled_from((1, 24, 24 * 4, 24 * 25)), swept=st.booleans())
    def time_passes(self, hours: int, swept: bool) -> None:
        self.clock.forward(hours=hours)
        if swept:
            for round_ in (expiry.expire_lots, holds.expire):
                while round_(self.shop.db, self.shop.read, self.clock.now()):
                    pass

    @rule()
    def the_worker_delivers(self) -> None:
        """I13: every wallet reaches the version that the card has."""
        while self.shop.works():
            pass
        if hasattr(self, "anna"):
            assert self.shop.card(self.anna).version == self.shop.delivery(self.anna).delivered_version

    def teardown(self) -> None:
        if hasattr(self, "anna"):
            self.the_worker_delivers()
            *_, last = ledger_check.check(self.shop.read, programme_id=self.shop.programme_id)
            assert {} == last.broken


def test_no_life_of_a_card_breaks_the_ledger(database: Database) -> None:
    Life.database = database
    few_but_long = settings(
        max_examples=4,
        stateful_step_count=25,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )

    run_state_machine_as_test(Life, settings=few_but_long)

    *_, last = ledger_check.check(database.read)
    assert {} == last.broken
    assert last.operations > 0
