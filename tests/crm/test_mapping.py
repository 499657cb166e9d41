"""Anybody's JSON becomes our actions, exactly, or is refused in words."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.connectors.generic import Generic
from app.connectors.mapping import Mapper, find, is_missing
from app.domain.errors import Invalid
from app.services.ports import Action, Stored

ORDERS: dict[str, Any] = {
    "items": "$.orders",
    "type": "$.event",
    "rules": {
        "order.paid": {
            "action": "purchase",
            "data": {
                "phone": "$.client['phone number']",
                "amount_minor": {"path": "$.sums[0].total", "as": "minor"},
                "currency": {"value": "EUR"},
                "receipt": {"path": "$.number", "as": "text"},
                "store": {"path": "$.shop", "map": {"7": "Old town"}},
            },
        },
        "client": {"action": "values.set", "data": {"phone": "$.phone", "values": {"bonus": "$.bonus"}}},
    },
}
ORDER: dict[str, Any] = {
    "event": "order.paid",
    "number": 1001,
    "client": {"phone number": "+37120000001"},
    "sums": [{"total": "123.40"}],
    "shop": 7,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)


def actions(body: Any, mapping: dict[str, Any] | None = None) -> list[Action]:
    return list(Generic().actions(Stored(json.dumps(body).encode()), mapping or {}))


def test_our_own_format_needs_no_mapping() -> None:
    event = {"type": "member.upsert", "data": {"phone": "+37120000001"}}

    assert [Action("member", event["data"])] == actions(event)
    assert ["member", "member"] == [each.kind for each in actions([event, event])]


def test_every_fault_of_our_own_format_is_told_with_its_place() -> None:
    with pytest.raises(Invalid) as refused:
        actions([{"type": "purchase", "data": {}}, {"type": "buy", "data": []}, 7])

    assert {"/1/type", "/1/data", "/2"} == set(refused.value.faults)


def test_an_order_becomes_a_purchase() -> None:
    wanted = {
        "phone": "+37120000001",
        "amount_minor": 12340,
        "currency": "EUR",
        "receipt": "1001",
        "store": "Old town",
    }

    assert [Action("purchase", wanted)] == actions({"orders": [ORDER]}, ORDERS)


def test_events_without_a_rule_do_nothing() -> None:
    assert [] == actions({"orders": [{"event": "order.opened"}, {"event": None}, {}, 5]}, ORDERS)


def test_what_is_not_there_is_left_out() -> None:
    assert [Action("values", {"values": {}})] == actions({"orders": [{"event": "client"}]}, ORDERS)


@pytest.mark.parametrize("total", ["12.345", "many", True, [1], {"a": 1}, "1e30", "NaN", "-Infinity", ""])
def test_an_amount_that_is_none_is_refused(total: Any) -> None:
    with pytest.raises(Invalid) as refused:
        actions({"orders": [{**ORDER, "sums": [{"total": total}]}]}, ORDERS)

    assert {"/amount_minor"} == set(refused.value.faults)


@given(st.integers(-(10**12), 10**12), st.booleans(), st.sampled_from([".", ","]))
def test_money_is_exact_to_the_last_cent(cents: int, as_number: bool, point: str) -> None:
    amount = Decimal(cents).scaleb(-2)
    total = float(amount) if as_number else f"{amount:f}".replace(".", point)

    (made,) = actions({"orders": [{**ORDER, "sums": [{"total": total}]}]}, ORDERS)

    assert cents == made.body["amount_minor"]


@given(JSON)
def test_any_body_is_mapped_or_refused_in_words(body: Any) -> None:
    for mapping in (ORDERS, {}):
        for wrapped in (body, {"orders": [body]}, {"orders": body}):
            try:
                made = actions(wrapped, mapping)
            except Invalid as refused:
                assert refused.faults
            else:
                assert all(isinstance(each.body, dict) for each in made)


@given(st.binary(max_size=60))
def test_any_bytes_are_mapped_or_refused_in_words(body: bytes) -> None:
    try:
        Generic().actions(Stored(body), ORDERS)
    except Invalid as refused:
        assert refused.faults


@given(st.dictionaries(st.sampled_from(["items", "type", "rules", "x"]), JSON))
def test_any_mapping_is_taken_or_refused_in_words(mapping: dict[str, Any]) -> None:
    try:
        Mapper.parse(mapping)
    except Invalid as refused:
        assert all(where.startswith("/mapping") for where in refused.faults)


@pytest.mark.parametrize(
    "path", ["", "a", "$a", "$.", "$..a", "$[a]", "$['a]", "$.a b", "$[-1]", "$" + ".a" * 200]
)
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(Invalid):
        Mapper.parse({"type": path, "rules": {}})


@given(
    st.lists(st.text("abc.['0", min_size=1, max_size=4).filter(lambda name: "'" not in name), max_size=4),
    JSON,
)
def test_a_path_finds_what_was_put_there(names: list[str], value: Any) -> None:
    body = value
    for name in reversed(names):
        body = {name: body}

    assert value == find(body, "$" + "".join(f"['{name}']" for name in names))
    assert (
        is_missing(find({}, "$.none")) and is_missing(find([1], "$[1]")) and is_missing(find("text", "$.a"))
    )
