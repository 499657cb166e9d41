"""Square: the configured address is signed, amounts are minor already, payments say what is back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.connectors.square import Square
from app.domain.errors import Invalid
from app.services.ports import Action, Ask, DeliveryError, HookRejected, Stored
from app.services.remote import PacedRemote
from app.storage.database import Database
from tests.connectors.samples.square import CUSTOMER, PAID_CALL, PAYMENT, SECRET, event, sign
from tests.connectors.strictly import faults_of_action
from tests.support.clock import START, Clock
from tests.support.crm_servers.calling import remote_to
from tests.support.crm_servers.square import TOKEN, SquareSeller
from tests.support.google_server import served

SQUARE = Square()


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def seller(clock: Clock) -> SquareSeller:
    return SquareSeller(clock)


@pytest.fixture
def remote(seller: SquareSeller, database: Database, clock: Clock) -> Iterator[PacedRemote]:
    with served(seller.app) as url:
        yield remote_to(database, clock, url, TOKEN, calls_per_s=SQUARE.calls_per_s)


def means(body: bytes, **mapping: Any) -> list[Action | Ask]:
    return list(SQUARE.actions(Stored(body), mapping))


def paid(**changes: Any) -> bytes:
    return event("payment.updated", "payment", PAYMENT | changes, "e1")


def test_the_address_that_is_signed_is_the_configured_one_and_never_the_host() -> None:
    call = sign(PAID_CALL, SECRET, START)
    elsewhere = {**call.headers, "x-tillpass-source-url": "https://evil.test/hooks/square"}
    unknown = {k: v for k, v in call.headers.items() if k != "x-tillpass-source-url"} | {"host": "cards.test"}

    SQUARE.verify(call, [SECRET], now=START)
    for headers in (elsewhere, unknown):
        with pytest.raises(HookRejected):
            SQUARE.verify(replace(call, headers=headers), [SECRET], now=START)


def test_a_repeat_is_known_by_the_signed_id_of_its_event() -> None:
    call = sign(PAID_CALL, SECRET, START)

    assert "id:6a8f5f28-54a1-4eb0-a98a-3111513fd4fc" == SQUARE.verify(call, [SECRET], now=START).dedup_key


@pytest.mark.parametrize(("currency", "amount"), [("USD", 1250), ("JPY", 1250), ("KWD", 12345)])
def test_amounts_are_whole_minor_units_of_every_currency(currency: str, amount: int) -> None:
    found = means(paid(amount_money={"amount": amount, "currency": currency}))

    assert [amount] == [each.body["amount_minor"] for each in found if isinstance(each, Action) and each.key]


def test_a_tip_counts_only_where_the_mapping_says_so() -> None:
    amounts = [
        each.body["amount_minor"]
        for tips in (False, True)
        for each in means(paid(), tips=tips)
        if isinstance(each, Action) and each.kind == "purchase"
    ]

    assert [1250, 1500] == amounts


@pytest.mark.parametrize(("refunded", "back"), [(300, 300), (1250, 1250), (1400, 1250), (1500, 1250)])
def test_what_is_back_never_exceeds_what_counted(refunded: int, back: int) -> None:
    found = means(paid(refunded_money={"amount": refunded, "currency": "USD"}))

    refunds = [each for each in found if isinstance(each, Action) and each.kind == "refund"]
    assert [back] == [each.body["refunded_minor"] for each in refunds]
    assert {} == faults_of_action(refunds[0])


@pytest.mark.parametrize("amount", ["1250", 12.5, True, -1, None, 10**13])
def test_an_amount_that_is_no_whole_number_is_refused(amount: Any) -> None:
    with pytest.raises(Invalid):
        means(paid(amount_money={"amount": amount, "currency": "USD"}))


def test_a_payment_of_nobody_does_nothing_and_a_guest_is_known_by_their_receipt() -> None:
    guest = means(paid(customer_id=None))

    assert [] == means(paid(customer_id=None, buyer_email_address=None))
    assert ["somebody@example.com"] * 2 == [each.body["email"] for each in guest if isinstance(each, Action)]


def test_the_receipts_address_never_changes_a_known_customer() -> None:
    (member, _) = means(paid())

    assert isinstance(member, Action) and {"external_id"} == set(member.body)


@pytest.mark.parametrize(("deleted", "kinds"), [("keep", []), ("block", ["status"]), ("erase", ["erase"])])
def test_a_deleted_customer_is_kept_blocked_or_erased_as_the_mapping_says(
    deleted: str, kinds: list[str]
) -> None:
    found = means(event("customer.deleted", "customer", CUSTOMER, "e2"), deleted=deleted)

    assert kinds == [each.kind for each in found if isinstance(each, Action)]


def test_where_another_system_gives_the_ids_people_are_known_by_their_address() -> None:
    found = [
        *means(paid(), ids=False),
        *means(event("customer.deleted", "customer", CUSTOMER, "e4"), ids=False),
        *means(event("customer.updated", "customer", CUSTOMER, "e5"), ids=False),
    ]

    bodies = [each.body for each in found if isinstance(each, Action)]
    assert 4 == len(bodies)
    assert all("email" in body and "external_id" not in body for body in bodies)
    assert [] == means(event("customer.updated", "customer", {"id": "C"}, "e6"), ids=False)


def test_a_customer_who_was_merged_into_another_is_not_blocked() -> None:
    told = json.loads(event("customer.deleted", "customer", CUSTOMER, "e3"))
    told["data"]["object"]["event_context"] = {"merge": {"from_customer_ids": ["a"], "to_customer_id": "b"}}

    assert [] == means(json.dumps(told).encode())


def test_a_return_is_read_from_its_payment(seller: SquareSeller, remote: PacedRemote) -> None:
    number = PAYMENT["id"]
    seller.put("payments", number, **PAYMENT | {"refunded_money": {"amount": 300, "currency": "USD"}})
    seller.put("payments", "odd", status="COMPLETED", customer_id="C", amount_money={"amount": "?"})

    found = SQUARE.read(remote, [f"payment:{number}", "payment:gone", "payment:odd"], {})

    assert ["member", "purchase", "refund"] == [each.kind for each in found[f"payment:{number}"]]
    assert [] == found["payment:gone"]
    assert {} != faults_of_action(found["payment:odd"][0])


def test_payments_returns_and_customers_that_changed_are_asked_for_on_all_pages(
    seller: SquareSeller, remote: PacedRemote, clock: Clock
) -> None:
    for index in range(5):
        seller.put("payments", f"p{index}", minutes_ago=5 - index, status="COMPLETED")
    seller.put("payments", "old", minutes_ago=600)
    seller.put("refunds", "r1", status="COMPLETED", payment_id="p1")
    seller.put("customers", "c1", minutes_ago=3)

    found = SQUARE.changed(remote, "", now=clock.now())
    asked = [means(each.body) for each in found.calls[-2:]]

    assert 7 == len(found.calls) == len({each.dedup_key for each in found.calls})
    assert [Ask("payment:p1")] == asked[0]
    assert ["member"] == [each.kind for each in asked[1] if isinstance(each, Action)]
    later = SQUARE.changed(remote, found.cursor, now=clock.now())
    assert {each.dedup_key for each in later.calls} == {each.dedup_key for each in found.calls}


def test_a_busy_vendor_is_asked_again_later(seller: SquareSeller, remote: PacedRemote, clock: Clock) -> None:
    seller.busy = 1

    with pytest.raises(DeliveryError) as refused:
        SQUARE.changed(remote, "", now=clock.now())

    assert not refused.value.permanent
    assert not SQUARE.changed(remote, "", now=clock.now()).calls
