"""WooCommerce: the greeting, orders by their state, what was never told, and calls that were given up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.connectors.woocommerce import PAGE, WooCommerce
from app.domain.errors import Invalid
from app.services.ports import Action, DeliveryError, HookRejected, Inbound, Stored
from app.services.remote import PacedRemote
from app.storage.database import Database
from tests.connectors.samples.woocommerce import BACK, CUSTOMER, ORDER, PAID_CALL, SECRET, sign
from tests.connectors.strictly import faults_of_action
from tests.support.clock import START, Clock
from tests.support.crm_servers.calling import remote_to
from tests.support.crm_servers.woocommerce import KEY, WooShop
from tests.support.crm_servers.woocommerce import SECRET as KEY_SECRET
from tests.support.google_server import served

WOO = WooCommerce()
HOOK = "https://cards.test/hooks/coffee"


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def shop(clock: Clock) -> WooShop:
    return WooShop(clock)


@pytest.fixture
def remote(shop: WooShop, database: Database, clock: Clock) -> Iterator[PacedRemote]:
    with served(shop.app) as url:
        token, ours = f"{KEY}:{KEY_SECRET}", {"hook_url": HOOK}
        yield remote_to(database, clock, url, token, calls_per_s=WOO.calls_per_s, settings=ours)


def means(order: dict[str, Any], topic: str = "order.updated", **mapping: Any) -> dict[str, Action]:
    found = WOO.actions(Stored(json.dumps(order).encode(), topic), mapping)
    return {each.kind: each for each in found if isinstance(each, Action)}


def test_the_greeting_is_known_and_is_no_genuine_call() -> None:
    call = Inbound({"content-type": "application/x-www-form-urlencoded"}, b"webhook_id=142", {})

    assert WOO.is_greeting(call)
    assert not WOO.is_greeting(replace(call, headers={"x-wc-webhook-signature": "AAAA"}))
    with pytest.raises(HookRejected):
        WOO.verify(call, [SECRET], now=START)


@pytest.mark.parametrize("body", [b"webhook_id=", b"webhook_id=1&x=2", b'{"id":1}', b"webhook_id=1\n", b""])
def test_nothing_else_is_accepted_without_a_signature(body: bytes) -> None:
    assert not WOO.is_greeting(Inbound({}, body, {}))
    with pytest.raises(HookRejected):
        WOO.verify(Inbound({"x-wc-webhook-topic": "order.updated"}, body, {}), [SECRET, ""], now=START)


def test_a_false_topic_is_another_call_and_an_order_is_no_customer() -> None:
    call = sign(PAID_CALL, SECRET, START)
    false = replace(call, headers={**call.headers, "x-wc-webhook-topic": "customer.updated"})

    keys = [WOO.verify(each, [SECRET], now=START).dedup_key for each in (call, false)]

    assert keys[0] != keys[1]
    assert {"member"} == set(means(ORDER, "customer.updated"))


def test_states_in_any_order_say_the_same_sale_and_only_more_of_it_comes_back() -> None:
    states = [means(each) for each in (ORDER, BACK, BACK | {"status": "refunded"})]

    assert 1 == len({json.dumps(dict(each["purchase"].body)) for each in states})
    assert [0, 1035, 2935] == [
        each["refund"].body["refunded_minor"] if "refund" in each else 0 for each in states
    ]
    assert {"order:727:paid"} == {each["purchase"].key for each in states}


def test_an_order_that_was_never_paid_is_no_sale_when_it_is_cancelled() -> None:
    assert {} == means(ORDER | {"status": "cancelled", "date_paid_gmt": None})
    assert {} == means(ORDER | {"status": "failed", "date_paid_gmt": None})


def test_goods_paid_for_at_the_door_come_back_when_nobody_opened() -> None:
    """The sale counted while they were on their way; the shop never wrote down that they were paid."""
    sent = ORDER | {"payment_method": "cod", "date_paid_gmt": None}

    assert "purchase" in means(sent)
    (back,) = means(sent | {"status": "cancelled"}).values()
    assert ("refund", True) == (back.kind, back.body["if_known"])
    assert {} == faults_of_action(back)


def test_the_mapping_says_from_which_state_on_an_order_counts() -> None:
    assert {} == means(ORDER, paid=["completed"])
    assert 3935 == means(ORDER, paid=["processing"], amount="total")["purchase"].body["amount_minor"]


@pytest.mark.parametrize(
    ("currency", "total", "minor"),
    [("JPY", "2935", 2935), ("KWD", "29.350", 29350), ("EUR", "29.3500", 2935)],
)
def test_money_is_exact_in_currencies_with_two_three_or_no_digits(
    currency: str, total: str, minor: int
) -> None:
    plain = {"shipping_total": "0", "shipping_tax": "0", "line_items": []}

    assert (
        minor
        == means(ORDER | plain | {"currency": currency, "total": total})["purchase"].body["amount_minor"]
    )


def test_a_telephone_number_is_read_in_the_buyers_country_and_a_broken_one_keeps_nobody_out() -> None:
    american = ORDER | {"billing": ORDER["billing"] | {"country": "US", "phone": "(206) 222-3456"}}
    broken = ORDER | {"billing": ORDER["billing"] | {"phone": "ask at the door"}}

    assert "+12062223456" == means(american)["member"].body["phone"]
    assert "phone" not in means(broken)["member"].body
    assert "purchase" in means(broken)


def test_a_guest_is_known_by_their_address() -> None:
    found = means(ORDER | {"customer_id": 0})

    assert "anna@example.com" == found["purchase"].body["email"]
    assert "" == found["member"].ref


def test_where_another_system_gives_the_ids_people_are_known_by_their_address() -> None:
    found = [*means(ORDER, ids=False).values(), *means(CUSTOMER, "customer.updated", ids=False).values()]

    assert 3 == len(found)
    assert all("email" in each.body and "external_id" not in each.body for each in found)


def test_without_members_only_what_members_buy_counts() -> None:
    assert ["purchase"] == list(means(ORDER, members=False))
    assert {} == means(CUSTOMER, "customer.created", members=False)


def test_what_was_never_told_is_asked_for_and_nothing_is_skipped_while_the_shop_is_open(
    shop: WooShop, remote: PacedRemote, clock: Clock
) -> None:
    """An order of the first page moves to the end while the second one is read."""
    for number in range(1, PAGE + 11):
        shop.order(number, minutes_ago=9 - number / 10)
    shop.order(900, minutes_ago=600)

    def one_moves() -> None:
        shop.meanwhile = lambda: None
        shop.order(1, status="completed")

    shop.meanwhile = one_moves
    found = WOO.changed(remote, "", now=clock.now())

    assert set(range(1, PAGE + 11)) == {json.loads(each.body)["id"] for each in found.calls}
    assert not found.more
    actions = WOO.actions(Stored(found.calls[0].body, found.calls[0].topic), {})
    assert [] == list(actions)  # of nobody


def test_many_orders_of_one_second_are_all_read(shop: WooShop, remote: PacedRemote, clock: Clock) -> None:
    for number in range(1, 2 * PAGE + 2):
        shop.order(number, minutes_ago=5)

    found = WOO.changed(remote, "", now=clock.now())

    assert 2 * PAGE + 1 == len({each.dedup_key for each in found.calls})


def test_calls_to_us_that_the_shop_gave_up_on_are_switched_on_again_and_no_others(
    shop: WooShop, remote: PacedRemote, clock: Clock
) -> None:
    shop.webhooks = {
        1: {"id": 1, "status": "disabled", "delivery_url": HOOK},
        2: {"id": 2, "status": "disabled", "delivery_url": "https://somebody.else/"},
        3: {"id": 3, "status": "paused", "delivery_url": HOOK},
    }

    WOO.changed(remote, "", now=clock.now())

    assert ["active", "disabled", "paused"] == [each["status"] for each in shop.webhooks.values()]


def test_a_key_that_was_taken_back_is_a_lasting_fault(remote: PacedRemote, clock: Clock) -> None:
    with pytest.raises(DeliveryError) as refused:
        WOO.changed(replace(remote, token="ck_old:cs_old"), "", now=clock.now())

    assert refused.value.permanent


def test_settings_and_mappings_are_checked_where_they_are_typed() -> None:
    with pytest.raises(Invalid) as settings_refused:
        WOO.check_settings({"hook": HOOK})
    with pytest.raises(Invalid) as mapping_refused:
        WOO.actions(Stored(b"{}"), {"paid": "completed"})

    assert ["/settings/hook"] == list(settings_refused.value.faults)
    assert ["/mapping/paid"] == list(mapping_refused.value.faults)


def test_everything_that_an_order_asks_for_is_taken_by_the_service() -> None:
    for order in (ORDER, BACK, ORDER | {"customer_id": 0}, ORDER | {"status": "cancelled"}):
        assert [{}] * len(means(order)) == [faults_of_action(each) for each in means(order).values()]
