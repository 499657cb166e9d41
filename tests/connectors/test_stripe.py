"""Stripe: several signatures, memberships by price, one payment once, test events kept out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.connectors.stripe import Stripe
from app.domain.errors import Invalid
from app.services.ports import Action, Ask, HookRejected, Stored
from tests.connectors.samples.stripe import CUSTOMER, INVOICE, LINE, SAMPLES, SECRET, SESSION, event, sign
from tests.connectors.strictly import faults_of_action
from tests.support.clock import START

STRIPE = Stripe()
CALL = sign(SAMPLES.genuine[0], SECRET, START)
GIVEN = CALL.headers["stripe-signature"]


def means(body: bytes, **mapping: Any) -> list[Action | Ask]:
    found = list(STRIPE.actions(Stored(body), SAMPLES.mapping | mapping))
    assert [{}] * len(found) == [faults_of_action(each) for each in found]
    return found


def payments(found: list[Action | Ask]) -> list[tuple[str, str, int]]:
    bodies = [each.body for each in found if isinstance(each, Action) and each.kind == "membership"]
    return [(each["membership"], each["payment"], each["periods"]) for each in bodies]


def signed(header: str) -> None:
    STRIPE.verify(replace(CALL, headers={**CALL.headers, "stripe-signature": header}), [SECRET], now=START)


def test_one_right_signature_of_several_is_enough() -> None:
    stamp, right, _ = GIVEN.split(",")

    signed(f"{stamp},v1={'0' * 64},{right},v0={'1' * 64}")


@pytest.mark.parametrize(
    "header",
    [
        GIVEN.replace("v1=", "v0="),
        GIVEN.replace("t=", "t=1"),
        f"{GIVEN},t=1",
        GIVEN.partition(",")[2],
        "t=1772442000,v1=,v1=zz",
        "",
    ],
)
def test_headers_that_prove_nothing_are_refused(header: str) -> None:
    with pytest.raises(HookRejected):
        signed(header)


def test_events_of_the_test_mode_are_put_aside_unless_the_mapping_allows_them() -> None:
    body = event("t1", "invoice.paid", INVOICE, livemode=False)

    with pytest.raises(Invalid) as refused:
        means(body)

    assert ["/livemode"] == list(refused.value.faults)
    assert [("club", INVOICE["id"], 1)] == payments(means(body, test_events=True))


def test_a_trial_and_the_settling_of_a_changed_plan_pay_no_period() -> None:
    settling = LINE | {"parent": {"subscription_item_details": {"proration": True}}}
    lines = [LINE | {"amount": 0}, LINE | {"amount": -900}, settling, LINE | {"proration": True}]

    assert [] == means(event("i9", "invoice.paid", INVOICE | {"lines": {"data": lines}}))


def test_two_lines_of_one_membership_are_two_periods_and_two_memberships_are_two_payments() -> None:
    other = LINE | {"pricing": {"price_details": {"price": "price_gold"}}}
    body = event("i8", "invoice.paid", INVOICE | {"lines": {"data": [LINE, LINE, other]}})

    found = means(body, prices=SAMPLES.mapping["prices"] | {"price_gold": "gold"})

    assert [("club", INVOICE["id"], 2), ("gold", f"{INVOICE['id']}:gold", 1)] == payments(found)


def test_the_same_invoice_under_another_event_is_the_same_payment() -> None:
    keys = [
        [each.key for each in means(event(number, "invoice.paid", INVOICE)) if isinstance(each, Action)]
        for number in ("a1", "a2")
    ]

    assert keys[0] == keys[1]


def test_money_on_its_way_pays_nothing_until_it_has_come() -> None:
    waiting = event("s2", "checkout.session.completed", SESSION | {"payment_status": "unpaid"})
    come = event("s3", "checkout.session.async_payment_succeeded", SESSION)

    assert [] == means(waiting)
    assert [("club", "cs_live_a1b2c3", 12)] == payments(means(come))


def test_a_subscriptions_checkout_is_paid_by_its_invoice_alone() -> None:
    assert [] == means(event("s4", "checkout.session.completed", SESSION | {"mode": "subscription"}))


def test_a_checkout_may_name_the_card_itself() -> None:
    session = SESSION | {"client_reference_id": "1234567890"}

    (paid,) = means(event("s5", "checkout.session.completed", session), reference="number")

    assert isinstance(paid, Action)
    assert ("membership", "1234567890") == (paid.kind, paid.body["number"])


def test_a_customer_is_found_by_their_address_where_customers_become_no_members() -> None:
    (paid,) = means(event("i7", "invoice.paid", INVOICE), members=False)

    assert isinstance(paid, Action)
    assert "anna@example.com" == paid.body["email"]
    assert [] == means(event("c7", "customer.created", CUSTOMER), members=False)


def test_where_another_system_gives_the_ids_people_are_known_by_their_address() -> None:
    found = [
        *means(event("i6", "invoice.paid", INVOICE), ids=False),
        *means(event("c6", "customer.updated", CUSTOMER), ids=False),
    ]

    assert ["member", "membership", "member"] == [each.kind for each in found if isinstance(each, Action)]
    assert all("external_id" not in each.body for each in found if isinstance(each, Action))


@pytest.mark.parametrize("locale", ["lv", "en-GB", "x", "EN", "en_US", 5, "../.."])
def test_a_strange_language_keeps_no_customer_out(locale: Any) -> None:
    assert 1 == len(means(event("c8", "customer.updated", CUSTOMER | {"preferred_locales": [locale]})))


def test_a_mapping_is_checked_where_it_is_typed() -> None:
    with pytest.raises(Invalid) as refused:
        STRIPE.actions(Stored(b"{}"), {"prices": {"price_1": {"membership": "club", "periods": 0}}, "x": 1})

    assert {"/mapping/prices/price_1/periods", "/mapping/x"} <= set(refused.value.faults)
