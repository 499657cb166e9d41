"""Companies: who may pay from a shared account, and what their cards show."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.errors import Invalid
from app.domain.ledger import Earn, Holdings, Spend
from app.domain.mechanics import parse_rules, show
from app.domain.mechanics.base import Person, State
from app.domain.mechanics.company import check
from app.domain.programme import Programme
from tests.support.clock import START

ALL, FIRST = {"kind": "company"}, {"kind": "company", "who_may_pay": "first"}


@pytest.mark.parametrize(
    ("rule", "joined", "move", "allowed"),
    [
        (ALL, True, Spend("points", 5), True),
        (FIRST, False, Spend("points", 5), True),
        (FIRST, True, Earn("points", 5), True),
        (FIRST, True, Spend("stamps", 10, "converted"), True),
        (FIRST, True, Spend("points", 5), False),
        (FIRST, True, Spend("points", 5, "held"), False),
        (FIRST, True, Spend("gift_minor", 5), False),
    ],
)
def test_all_pay_or_the_first_card_alone(rule: Any, joined: bool, move: Any, allowed: bool) -> None:
    state = State(Holdings(), START, joined=joined)
    if allowed:
        check(parse_rules([rule]), [move], state)
    else:
        with pytest.raises(Invalid):
            check(parse_rules([rule]), [move], state)


def test_a_card_bears_the_companys_name_and_tells_the_cashier_who_may_not_pay() -> None:
    holder = State(Holdings(), START, joined=True, values={"company": "Bricks & Co"})
    face = show(parse_rules([FIRST]), holder)
    assert ({"*": "Bricks & Co"}, 1) == (face.values["company"], len(face.flags))
    assert () == show(parse_rules([ALL]), holder).flags
    asked = replace(holder, values={}, person=Person(attributes={"company": "Bricks"}))
    assert {"*": "Bricks"} == show(parse_rules([ALL]), asked).values["company"]


def test_a_programme_with_a_company_shares_accounts_and_has_one_rule_for_it() -> None:
    programme = Programme(slug="b2b", name="B2B", rules=parse_rules([ALL, FIRST]))
    assert programme.shares_accounts
    assert {"/kind": "an account has one rule for its holders"} == dict(programme.rules[0].faults(programme))
