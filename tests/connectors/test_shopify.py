"""Shopify: orders by their state, returns that are read, what was never told, tokens of a day."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.connectors.shopify import Shopify
from app.domain.errors import Invalid
from app.services.ports import Action, DeliveryError, Inbound, Stored
from app.services.remote import PacedRemote
from app.storage.database import Database
from tests.connectors.samples.shopify import CUSTOMER, ORDER_BACK, ORDER_PAID, PAID_CALL, SECRET, sign
from tests.connectors.strictly import faults_of_action
from tests.support.clock import Clock
from tests.support.crm_servers.calling import remote_to
from tests.support.crm_servers.shopify import APP, APP_SECRET, TOKEN, ShopifyShop
from tests.support.google_server import served

SHOPIFY = Shopify()
NOW = datetime.fromisoformat("2026-03-02T09:00:00+00:00")


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def shop(clock: Clock) -> ShopifyShop:
    return ShopifyShop(clock)


@pytest.fixture
def url(shop: ShopifyShop) -> Iterator[str]:
    with served(shop.app) as address:
        yield address


@pytest.fixture
def remote(database: Database, clock: Clock, url: str) -> PacedRemote:
    return remote_to(database, clock, url, TOKEN, calls_per_s=SHOPIFY.calls_per_s)


def means(order: dict[str, Any], topic: str = "orders/updated", **mapping: Any) -> dict[str, Action]:
    """What an order asks for, by kind."""
    found = SHOPIFY.actions(Stored(json.dumps(order).encode(), topic, "application/json", NOW), mapping)
    return {each.kind: each for each in found if isinstance(each, Action)}


def test_the_newer_header_is_as_good_and_none_is_refused() -> None:
    call = sign(PAID_CALL, SECRET, NOW)
    given = {"shopify-hmac-sha256": call.headers["x-shopify-hmac-sha256"], "shopify-topic": "orders/paid"}

    known = SHOPIFY.verify(Inbound(given, call.body, {}), ["another", SECRET], now=NOW)

    assert "orders/paid" == known.topic


def test_orders_of_all_topics_with_one_body_are_one_call_and_a_false_sort_is_another() -> None:
    """The topic is not signed: a body that was sent again under a wrong one must not stand in its way."""
    call = sign(PAID_CALL, SECRET, NOW)
    keys = [
        SHOPIFY.verify(
            Inbound({**call.headers, "x-shopify-topic": topic}, call.body, {}), [SECRET], now=NOW
        ).dedup_key
        for topic in ("orders/paid", "orders/updated", "customers/update", "x" * 500)
    ]

    assert keys[0] == keys[1]
    assert 3 == len(set(keys))


def test_states_in_any_order_say_the_same_sale_and_only_more_of_it_comes_back() -> None:
    """Each call says the sale and all that is back, so the last state can come alone."""
    paid, back = means(ORDER_PAID), means(ORDER_BACK)
    whole = means(ORDER_BACK | {"financial_status": "refunded"})

    assert paid["purchase"].body == back["purchase"].body == whole["purchase"].body
    assert {"order:820982911946154508:paid"} == {each["purchase"].key for each in (paid, back, whole)}
    assert "refund" not in paid
    assert [9000, 20000] == [each["refund"].body["refunded_minor"] for each in (back, whole)]


def test_a_cancelled_order_that_was_paid_comes_back_whole_and_a_voided_one_never_counted() -> None:
    assert (
        20000 == means(ORDER_PAID | {"cancelled_at": "2026-03-01T13:00:00Z"})["refund"].body["refunded_minor"]
    )
    assert {} == means(ORDER_PAID | {"financial_status": "voided", "cancelled_at": "2026-03-01T13:00:00Z"})


@pytest.mark.parametrize(
    ("currency", "total", "shipping", "minor"),
    [("EUR", "204.90", "4.90", 20000), ("JPY", "2500", "500", 2000), ("KWD", "12.345", "1.000", 11345)],
)
def test_money_is_exact_in_currencies_with_two_three_or_no_digits(
    currency: str, total: str, shipping: str, minor: int
) -> None:
    order = ORDER_PAID | {"currency": currency, "total_price": total, "line_items": []}
    order["total_shipping_price_set"] = {"shop_money": {"amount": shipping}}

    assert minor == means(order)["purchase"].body["amount_minor"]


@pytest.mark.parametrize(
    ("amount", "minor"), [("total", 20490), ("subtotal", 20000), ("without_shipping", 20000)]
)
def test_the_mapping_says_what_of_an_order_counts(amount: str, minor: int) -> None:
    assert minor == means(ORDER_PAID, amount=amount)["purchase"].body["amount_minor"]


def test_orders_of_the_test_gateway_and_of_nobody_do_nothing() -> None:
    nobody = ORDER_PAID | {"email": None, "phone": None, "customer": None, "billing_address": None}

    assert {} == means(ORDER_PAID | {"test": True})
    assert {} == means(nobody)
    assert "purchase" in means(ORDER_PAID | {"test": True}, test_orders=True)


def test_a_guest_is_known_by_their_address_and_without_members_everybody_is() -> None:
    guest = means(ORDER_PAID | {"customer": None})

    assert {"email": "anna@example.com"} == {k: guest["purchase"].body[k] for k in ("email",)}
    assert "external_id" not in guest["purchase"].body
    assert ["purchase"] == list(means(ORDER_PAID, members=False))
    assert "anna@example.com" == means(ORDER_PAID, members=False)["purchase"].body["email"]


def test_where_another_system_gives_the_ids_people_keep_them() -> None:
    order, customer = means(ORDER_PAID, ids=False), means(CUSTOMER, "customers/update", ids=False)

    assert "external_id" not in order["member"].body | order["purchase"].body | customer["member"].body
    assert "anna@example.com" == order["purchase"].body["email"]
    assert {} == means(CUSTOMER | {"email": None, "phone": None}, "customers/update", ids=False)


def test_a_withdrawn_consent_is_withdrawn_and_an_unticked_box_says_nothing() -> None:
    left = CUSTOMER | {"email_marketing_consent": {"state": "unsubscribed"}}
    never = CUSTOMER | {"email_marketing_consent": {"state": "not_subscribed"}}

    said = [means(each, "customers/update")["member"].body.get("consents") for each in (left, never)]

    assert [[{"purpose": "marketing", "granted": False}], None] == said
    assert "consents" not in means(ORDER_PAID | {"buyer_accepts_marketing": False})["member"].body


def test_an_order_without_a_currency_or_with_broken_money_is_refused_with_the_place() -> None:
    for change, where in (({"currency": None}, "/currency"), ({"total_price": "a lot"}, "/total_price")):
        with pytest.raises(Invalid) as refused:
            means(ORDER_PAID | change)
        assert [where] == list(refused.value.faults)


@settings(max_examples=40, deadline=None)
@given(
    parts=st.dictionaries(
        st.sampled_from(sorted(ORDER_BACK)), st.none() | st.integers() | st.text(max_size=9)
    ),
    refunds=st.lists(st.sampled_from(["0.00", "4.90", "94.90", "500"]), max_size=3),
)
def test_whatever_is_missing_from_an_order_it_is_refused_or_taken(
    parts: dict[str, Any], refunds: list[str]
) -> None:
    paid_out = [{"kind": "refund", "status": "success", "amount": each} for each in refunds]
    order = ORDER_BACK | {"refunds": [{"transactions": paid_out}]} | parts
    try:
        found = list(means(order).values())
    except Invalid:
        return
    assert [{}] * len(found) == [faults_of_action(each) for each in found]
    assert all(each.body["refunded_minor"] <= 10**12 for each in found if each.kind == "refund")


def test_returns_are_read_from_their_orders_in_one_call(shop: ShopifyShop, remote: PacedRemote) -> None:
    shop.order(1, refunds=[{"transactions": [{"kind": "refund", "status": "success", "amount": "4.00"}]}])
    shop.order(2)
    shop.order(3, currency="?")

    found = SHOPIFY.read(remote, ["order:1", "order:2", "order:3", "order:4"], {"members": False})

    assert ["purchase", "refund"] == [each.kind for each in found["order:1"]]
    assert [400] == [each.body["refunded_minor"] for each in found["order:1"] if each.kind == "refund"]
    assert ["purchase"] == [each.kind for each in found["order:2"]]
    assert {} != faults_of_action(found["order:3"][0])
    assert [] == found["order:4"]
    assert 1 == len(shop.calls)


def test_what_was_never_told_is_asked_for_page_by_page_each_once(
    shop: ShopifyShop, remote: PacedRemote, clock: Clock
) -> None:
    for number in range(1, 6):
        shop.order(number, minutes_ago=6 - number)
    shop.order(9, minutes_ago=60)

    first = SHOPIFY.changed(remote, "", now=clock.now())
    again = SHOPIFY.changed(remote, first.cursor, now=clock.now())

    assert [1, 2, 3, 4, 5] == [json.loads(each.body)["id"] for each in first.calls]
    assert {each.dedup_key for each in first.calls} == {each.dedup_key for each in again.calls}
    assert not first.more
    asked = SHOPIFY.actions(Stored(first.calls[0].body, first.calls[0].topic), {})
    assert "purchase" in [each.kind for each in asked if isinstance(each, Action)]


def test_a_look_that_takes_too_long_goes_on_where_it_ended(
    shop: ShopifyShop, remote: PacedRemote, clock: Clock
) -> None:
    for number in range(1, 14):
        shop.order(number, minutes_ago=9 - number / 2)
    first = SHOPIFY.changed(remote, "", now=clock.now())
    second = SHOPIFY.changed(remote, first.cursor, now=clock.now())

    seen = {json.loads(each.body)["id"] for each in (*first.calls, *second.calls)}
    assert set(range(1, 14)) == seen
    assert [True, False] == [first.more, second.more]


def test_calls_keep_the_pace_of_two_a_second(shop: ShopifyShop, remote: PacedRemote, clock: Clock) -> None:
    for number in range(1, 10):
        shop.order(number, minutes_ago=1)
    began = clock.now()

    SHOPIFY.changed(remote, "", now=began)

    assert timedelta(seconds=2) == clock.now() - began


def test_an_app_without_a_lasting_token_gets_one_of_a_day(
    shop: ShopifyShop, database: Database, clock: Clock, url: str
) -> None:
    shop.order(1)
    ours = {"client_id": APP, "api_version": "2026-04"}
    right, wrong = (
        remote_to(database, clock, url, token, calls_per_s=2, settings=ours) for token in (APP_SECRET, "no")
    )

    assert 1 == len(SHOPIFY.changed(right, "", now=clock.now()).calls)
    with pytest.raises(DeliveryError):
        SHOPIFY.changed(wrong, "", now=clock.now())


def test_a_token_that_was_taken_back_is_a_lasting_fault(database: Database, clock: Clock, url: str) -> None:
    with pytest.raises(DeliveryError) as refused:
        SHOPIFY.changed(remote_to(database, clock, url, "old", calls_per_s=2), "", now=clock.now())

    assert refused.value.permanent


def test_settings_and_mappings_are_checked_where_they_are_typed() -> None:
    with pytest.raises(Invalid) as settings_refused:
        SHOPIFY.check_settings({"url": "https://coffee.myshopify.com", "api_version": "newest"})
    with pytest.raises(Invalid) as mapping_refused:
        SHOPIFY.actions(Stored(b"{}"), {"amount": "net"})

    assert ["/settings/api_version"] == list(settings_refused.value.faults)
    assert ["/mapping/amount"] == list(mapping_refused.value.faults)
