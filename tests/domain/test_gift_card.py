"""Gift cards: loaded, spent in parts, never beyond what is due or what the card holds."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.domain.errors import InsufficientBalance, Invalid
from app.domain.ledger import Holdings, Lot, apply
from app.domain.mechanics import decide, parse_rules, show
from app.domain.mechanics.base import Item, Sale, State
from app.domain.mechanics.gift_card import GiftCard
from app.domain.programme import Programme
from tests.support.clock import START

GIFT = {"kind": "gift_card", "least_minor": 500, "most_minor": 50_000}
POINTS = {"kind": "points", "percent": 10}


def state(gift_minor: int = 0, **more: Any) -> State:
    lots = [Lot(1, "gift_minor", gift_minor, gift_minor, START)] if gift_minor else []
    return State(Holdings.of(lots), START, zone=ZoneInfo("Europe/Riga"), **more)


def rule(**more: Any) -> GiftCard:
    (made,) = parse_rules([{**GIFT, **more}])
    assert isinstance(made, GiftCard)
    return made


@pytest.mark.parametrize(
    ("held", "amount", "paid", "left", "due"),
    [
        (5000, 3000, 3000, 2000, 0),
        (5000, 8000, 5000, 0, 3000),
        (5000, 8000, 1, 4999, 7999),
        (5000, 5000, 5000, 0, 0),
    ],
)
def test_a_purchase_is_paid_in_part_or_whole(held: int, amount: int, paid: int, left: int, due: int) -> None:
    decision = decide(parse_rules([GIFT]), Sale(amount, gift_minor=paid), state(held))
    after, _ = apply(state(held).holdings, decision.moves, now=START)
    assert (left, due) == (after.balance("gift_minor"), decision.bill.due_minor)


def test_what_is_paid_with_a_gift_card_earns_like_money() -> None:
    decision = decide(parse_rules([POINTS, GIFT]), Sale(8000, gift_minor=5000), state(5000))
    after, _ = apply(state(5000).holdings, decision.moves, now=START)
    assert (800, 8000) == (after.balance("points"), after.balance("spend_minor"))


def test_each_line_knows_what_of_it_the_gift_card_paid() -> None:
    items = (Item(sku="a", amount_minor=6000), Item(sku="b", amount_minor=2000))
    bill = decide(parse_rules([GIFT]), Sale(8000, items=items, gift_minor=4000), state(5000)).bill
    assert [3000, 1000] == [line.gift_minor for line in bill.lines]


@pytest.mark.parametrize("wrong", [-1, 3001])
def test_more_than_is_due_or_less_than_nothing_is_refused(wrong: int) -> None:
    with pytest.raises(Invalid):
        decide(parse_rules([GIFT]), Sale(3000, gift_minor=wrong), state(5000))


def test_more_than_the_card_holds_is_refused() -> None:
    with pytest.raises(InsufficientBalance):
        decide(parse_rules([GIFT]), Sale(9000, gift_minor=5001), state(5000))


def test_a_load_has_a_least_and_a_card_a_most() -> None:
    assert 45_000 == rule().load(45_000, state(5000)).amount
    for wrong in (499, 45_001, 0, -500):
        with pytest.raises(Invalid):
            rule().load(wrong, state(5000))


def test_a_load_ends_at_the_end_of_a_day_in_the_shops_zone() -> None:
    ends = rule(expires_after_days=365).load(1000, state()).expires_at
    assert ends is not None
    assert "2027-03-03T00:00:00+02:00" == ends.astimezone(ZoneInfo("Europe/Riga")).isoformat()


def test_the_face_says_the_balance_as_money_in_both_languages() -> None:
    face = show(parse_rules([GIFT]), state(4250))
    assert {"en": "€42.50", "ru": "42,50\u00a0€"} == face.values["gift"]
    assert {"*": ""} == face.values["gift_until"]


def test_the_face_says_what_runs_out_when() -> None:
    lots = [
        Lot(1, "gift_minor", 1000, 1000, START, rule(expires_after_days=30).load(1000, state()).expires_at),
        Lot(2, "gift_minor", 500, 500, START),
    ]
    face = show(parse_rules([GIFT]), State(Holdings.of(lots), START, zone=ZoneInfo("Europe/Riga")))
    assert {"en": "€10 until 1\u00a0April", "ru": "10\u00a0€ до 1\u00a0апреля"} == face.values["gift_until"]


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ([GIFT], {}),
        ([GIFT, GIFT], {"/kind": "a card has one gift balance"}),
        ([{**GIFT, "least_minor": 60_000}], {"/least_minor": "is more than most_minor"}),
    ],
)
def test_gift_cards_that_contradict_themselves_are_told_so(rules: list[Any], found: dict[str, str]) -> None:
    programme = Programme(slug="cafe", name="Café", rules=parse_rules(rules))
    assert found == dict(programme.rules[0].faults(programme))
