"""HubSpot: both ways to sign, contacts and won deals in batches, search without gaps, writing back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from app.connectors.hubspot import HubSpot
from app.domain.errors import Invalid
from app.services.ports import Action, Ask, DeliveryError, HookRejected, Inbound, Stored
from app.services.remote import PacedRemote
from app.storage.database import Database
from tests.connectors.samples.hubspot import CHANGED, SAMPLES, SECRET, URL, event, sign
from tests.connectors.strictly import faults_of_action
from tests.support.clock import START, Clock
from tests.support.crm_servers.calling import remote_to
from tests.support.crm_servers.hubspot import TOKEN, Portal
from tests.support.google_server import served

HUBSPOT = HubSpot()
CALL = sign(SAMPLES.genuine[0], SECRET, START)
V1_BODY = (
    b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,'
    b'"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM",'
    b'"changeFlag":"NEW","appId":54321}]'
)
V1_HASH = "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de"
"""The example of the vendor's own page, with the secret of our samples."""


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def portal(clock: Clock) -> Portal:
    return Portal(clock)


@pytest.fixture
def remote(portal: Portal, database: Database, clock: Clock) -> Iterator[PacedRemote]:
    with served(portal.app) as url:
        back = {"back": {"link": "tillpass_card", "points": "tillpass_points", "tier": "tillpass_tier"}}
        yield remote_to(database, clock, url, TOKEN, calls_per_s=HUBSPOT.calls_per_s, settings=back)


def read(remote: PacedRemote, *refs: str, **mapping: Any) -> Mapping[str, list[Action]]:
    return {ref: list(each) for ref, each in HUBSPOT.read(remote, refs, mapping).items()}


def kinds(actions: list[Action]) -> list[str]:
    return [each.kind for each in actions]


def told(external_id: str) -> dict[str, Any]:
    """A payload as our own webhooks have it."""
    card = {"tier": "gold", "balances": {"points": 120}, "links": {"page": "https://cards.test/c/x"}}
    return {"type": "card.updated", "data": {"card": card, "member": {"external_id": external_id}}}


def anna(portal: Portal, number: str = "5", **properties: str) -> None:
    person = {
        "email": "Anna@Example.com",
        "firstname": "Anna",
        "phone": "n/a",
        "mobilephone": "+371 20000001",
    }
    portal.put("contacts", number, **person | properties)


def test_the_older_signature_is_that_of_the_vendors_own_example_and_needs_leave() -> None:
    call = Inbound({"x-hubspot-signature": V1_HASH, "x-hubspot-signature-version": "v1"}, V1_BODY, {})

    known = HUBSPOT.verify(call, [SECRET], now=START)

    assert "v1" == known.topic
    with pytest.raises(Invalid):
        HUBSPOT.actions(Stored(V1_BODY, known.topic), {})
    assert [Ask("contact:123")] == HUBSPOT.actions(Stored(V1_BODY, known.topic), {"v1": True})


def test_a_wrong_newer_signature_is_not_mended_by_a_right_older_one() -> None:
    older = hashlib.sha256(SECRET.encode() + CALL.body).hexdigest()
    given = {
        **CALL.headers,
        "x-hubspot-signature": older,
        "x-hubspot-signature-v3": base64.b64encode(b"x" * 32).decode(),
    }

    with pytest.raises(HookRejected):
        HUBSPOT.verify(replace(CALL, headers=given), [SECRET], now=START)


def test_the_address_that_is_signed_is_the_configured_one() -> None:
    with pytest.raises(HookRejected):
        elsewhere = {**CALL.headers, "x-tillpass-source-url": "https://evil.test/hooks/hubspot"}
        HUBSPOT.verify(replace(CALL, headers=elsewhere), [SECRET], now=START)


def test_letters_that_the_vendor_signs_decoded_are_decoded_and_others_are_not() -> None:
    configured, signed = f"{URL}?a=%3a%2F%40%21&b=%20%25", f"{URL}?a=:/@!&b=%20%25"
    stamp = CALL.headers["x-hubspot-request-timestamp"]
    content = b"POST" + signed.encode() + CALL.body + stamp.encode()
    proof = base64.b64encode(hmac.new(SECRET.encode(), content, hashlib.sha256).digest()).decode()
    headers = {**CALL.headers, "x-hubspot-signature-v3": proof, "x-tillpass-source-url": configured}

    assert HUBSPOT.verify(replace(CALL, headers=headers), [SECRET], now=START)


def test_another_attempt_with_the_same_events_is_the_same_call() -> None:
    bodies = [json.dumps([CHANGED | {"attemptNumber": attempt}]).encode() for attempt in (0, 3)]
    calls = [sign(replace(SAMPLES.genuine[0], body=body), SECRET, START) for body in bodies]

    assert 1 == len({HUBSPOT.verify(each, [SECRET], now=START).dedup_key for each in calls})


def test_a_contact_is_a_member_with_the_number_that_is_one(portal: Portal, remote: PacedRemote) -> None:
    anna(portal, hs_email_optout="true", date_of_birth="1990-05-01")

    (member,) = read(remote, "contact:5")["contact:5"]

    assert {
        "external_id": "hubspot:5",
        "email": "anna@example.com",
        "phone": "+37120000001",
        "birthday": "1990-05-01",
        "given_name": "Anna",
        "consents": [{"purpose": "marketing", "granted": False}],
    } == member.body
    assert ("contact:5", int(START.timestamp() * 1000)) == (member.ref, member.version)


def test_a_won_deal_is_a_purchase_of_its_primary_contact(portal: Portal, remote: PacedRemote) -> None:
    anna(portal)
    anna(portal, "6", email="boris@example.com")
    portal.put("deals", "9", amount="199.9", deal_currency_code="EUR", hs_is_closed_won="true")
    portal.put("deals", "10", amount="5", deal_currency_code="EUR", dealstage="appointmentscheduled")
    portal.people = {"9": [("6", "Other"), ("5", "Primary contact")], "10": [("5", "")]}

    found = read(remote, "deal:9", "deal:10", "deal:11", "contact:6")

    assert ["member", "purchase"] == kinds(found["deal:9"])
    sale = found["deal:9"][1]
    assert ("hubspot:5", 19990, "deal:9:won") == (
        sale.body["external_id"],
        sale.body["amount_minor"],
        sale.key,
    )
    assert {} == faults_of_action(sale)
    assert [["refund"], [], ["member"]] == [kinds(found[ref]) for ref in ("deal:10", "deal:11", "contact:6")]
    lost = found["deal:10"][0]
    assert ("hubspot:10", True) == (lost.body["receipt"], lost.body["if_known"])
    assert {} == faults_of_action(lost)
    assert 3 == len(portal.calls)


@pytest.mark.parametrize(
    ("currency", "amount", "minor"), [("JPY", "1500", 1500), ("KWD", "1.5", 1500), ("", "2", 200)]
)
def test_money_of_deals_is_exact_and_the_mapping_names_a_missing_currency(
    portal: Portal, remote: PacedRemote, currency: str, amount: str, minor: int
) -> None:
    anna(portal)
    portal.put("deals", "9", amount=amount, deal_currency_code=currency, dealstage="closedwon")
    portal.people = {"9": [("5", "")]}

    sale = read(remote, "deal:9", currency="EUR")["deal:9"][1]

    assert minor == sale.body["amount_minor"]


def test_a_deal_without_money_that_makes_sense_is_refused_alone(portal: Portal, remote: PacedRemote) -> None:
    anna(portal)
    portal.put("deals", "8", amount="1", dealstage="closedwon")
    portal.put("deals", "9", amount="a lot", deal_currency_code="EUR", dealstage="closedwon")
    portal.people = {"8": [("5", "")], "9": [("5", "")]}

    found = read(remote, "deal:8", "deal:9", "contact:5")

    assert ["/currency"] == list(faults_of_action(found["deal:8"][1]))
    assert ["/amount_minor"] == list(faults_of_action(found["deal:9"][1]))
    assert ["member"] == kinds(found["contact:5"])


def test_more_than_a_hundred_contacts_are_read_in_as_few_calls_as_may_be(
    portal: Portal, remote: PacedRemote
) -> None:
    for number in range(1, 121):
        anna(portal, str(number))

    found = read(remote, *(f"contact:{number}" for number in range(1, 121)))

    assert 120 == sum(len(each) for each in found.values())
    assert 2 == len(portal.calls)


def test_only_contacts_in_the_named_stages_become_members(portal: Portal, remote: PacedRemote) -> None:
    anna(portal, lifecyclestage="customer")
    anna(portal, "6", lifecyclestage="lead")

    found = read(remote, "contact:5", "contact:6", stages=["customer"])

    assert [["member"], []] == [kinds(found[ref]) for ref in ("contact:5", "contact:6")]


def test_changes_that_were_never_told_are_searched_for_without_gaps(
    portal: Portal, remote: PacedRemote, clock: Clock
) -> None:
    for number in range(1, 9):
        anna(portal, str(number))
        portal.put("contacts", str(number), minutes_ago=9 - number)
    for number in range(20, 24):
        anna(portal, str(number))
        portal.put("contacts", str(number), minutes_ago=4)
    portal.put("deals", "9", minutes_ago=2)
    portal.put("deals", "1", minutes_ago=600)

    found = HUBSPOT.changed(remote, "", now=clock.now())
    asked = {
        ask.ref
        for each in found.calls
        for ask in HUBSPOT.actions(Stored(each.body), {})
        if isinstance(ask, Ask)
    }

    assert {f"contact:{number}" for number in (*range(1, 9), *range(20, 24))} | {"deal:9"} == asked
    assert not found.more


def test_the_properties_that_the_settings_name_are_written_into_the_contact(
    portal: Portal, remote: PacedRemote
) -> None:
    anna(portal)
    for who in ("hubspot:5", "1c:5", "hubspot:6"):
        HUBSPOT.tell(remote, told(who))

    written = portal.things["contacts"]["5"]["properties"]
    assert ["https://cards.test/c/x", "120", "gold"] == [
        written[f"tillpass_{name}"] for name in ("card", "points", "tier")
    ]
    assert 2 == len(portal.calls)


def test_an_external_id_never_becomes_a_path(portal: Portal, remote: PacedRemote) -> None:
    HUBSPOT.tell(remote, told("hubspot:5/../../settings"))

    assert [] == portal.calls


def test_a_token_that_was_taken_back_is_a_lasting_fault(remote: PacedRemote) -> None:
    with pytest.raises(DeliveryError) as refused:
        read(replace(remote, token="old"), "contact:5")

    assert refused.value.permanent


def test_a_person_to_be_forgotten_is_newer_than_all_that_was_said_of_them() -> None:
    body = json.dumps([event(1, "contact.privacyDeletion", objectId=5)]).encode()

    (erase,) = HUBSPOT.actions(Stored(body), {})

    assert isinstance(erase, Action) and ("contact:5", 1772355600000) == (erase.ref, erase.version)


def test_settings_and_mappings_are_checked_where_they_are_typed() -> None:
    with pytest.raises(Invalid) as settings_refused:
        HUBSPOT.check_settings({"back": {"email": "x"}})
    with pytest.raises(Invalid) as mapping_refused:
        HUBSPOT.actions(Stored(b"{}"), {"currency": "euro"})

    assert ["/settings/back/email"] == list(settings_refused.value.faults)
    assert ["/mapping/currency"] == list(mapping_refused.value.faults)
