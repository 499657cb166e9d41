"""Receipts as tills really send them: with lines that take off, and lines that take a piece off again."""

from typing import Any

import pytest

from app.domain.ledger import Earn, Holdings, Lot
from app.domain.mechanics import Decision, decide, parse_rules
from app.domain.mechanics.base import Sale, State
from app.domain.mechanics.bill import Bill, Item
from tests.support.clock import START

TEA, CUP = Item("tea", amount_minor=1000), Item("cup", amount_minor=3000)
VOUCHER = Item(amount_minor=-2000)
POINTS = {"kind": "points", "percent": 10, "paying": {"most_percent": 50}}


def decided(rules: list[Any], sale: Sale, points: int = 0) -> Decision:
    lots = [Lot(1, "points", points, points, START)] if points else []
    return decide(parse_rules(rules), sale, State(Holdings.of(lots), START))


def given(decision: Decision, unit: str) -> int:
    return sum(move.amount for move in decision.moves if isinstance(move, Earn) and move.unit == unit)


def test_a_line_that_takes_off_is_taken_off_the_goods() -> None:
    bill = Bill.of(2000, (TEA, CUP, VOUCHER))

    assert [500, 1500, 0] == [line.item.amount_minor for line in bill.lines]
    assert 2000 == bill.total_minor


def test_what_no_line_names_bears_its_part_too() -> None:
    bill = Bill.of(3000, (TEA, CUP, VOUCHER))

    assert (3000, True) == (bill.total_minor, all(line.item.amount_minor >= 0 for line in bill.lines))


def test_a_discount_is_taken_of_what_is_left_after_the_tills_own() -> None:
    done = decided([{"kind": "discount", "percent": 10}], Sale(2000, items=(TEA, CUP, VOUCHER)))

    assert (200, 1800) == (done.bill.discount_minor, done.bill.due_minor)


def test_no_more_than_the_share_is_paid_in_points_where_a_line_takes_off() -> None:
    rule = parse_rules([POINTS])[0]

    assert 1000 == rule.most_redeemable(Bill.of(2000, (TEA, CUP, VOUCHER)), 9999)  # type: ignore[union-attr]


def test_a_receipt_of_nothing_but_a_return_pays_and_earns_nothing() -> None:
    rules = [POINTS, {"kind": "discount", "percent": 10}, {"kind": "gift_card"}]

    done = decided(rules, Sale(0, items=(TEA, Item("tea", amount_minor=-1000))))

    assert (0, 0, ()) == (done.bill.net_minor, done.bill.discount_minor, done.moves)


@pytest.mark.parametrize(
    ("rule", "unit"),
    [
        ({"kind": "stamps", "goal": 9, "reward": "A tea", "per": "item", "skus": ["tea"]}, "stamps"),
        (
            {
                "kind": "chips",
                "items": [{"sku": "tea"}],
                "starts_on": "2026-01-01",
                "ends_on": "2026-12-31",
                "prizes": [{"at": 50, "reward": "A pan"}],
            },
            "chips",
        ),
    ],
)
def test_a_piece_that_was_taken_off_again_gives_no_stamp_and_no_chip(rule: Any, unit: str) -> None:
    off = Item("tea", quantity=2, amount_minor=-2000)

    done = decided([rule], Sale(1000, items=(TEA, Item("tea", quantity=2, amount_minor=2000), off)))

    assert 1 == given(done, unit)
