"""amoCRM across the wire: what is read, what is asked for, what is written back, at its pace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from app.connectors.amocrm import AmoCrm
from app.domain.errors import Invalid
from app.services.ports import Action, Ask, DeliveryError, Stored
from app.services.remote import PacedRemote
from app.storage.database import Database
from tests.connectors.strictly import faults_of_action
from tests.support.clock import START as NOW
from tests.support.clock import Clock
from tests.support.crm_servers.amocrm import TOKEN, Account, field
from tests.support.crm_servers.calling import remote_to
from tests.support.google_server import served

AMO = AmoCrm()
HOOK = "https://cards.example/hooks/amo"


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def account(clock: Clock) -> Account:
    return Account(clock)


@pytest.fixture
def url(account: Account) -> Iterator[str]:
    with served(account.app) as address:
        yield address


@pytest.fixture
def remote(database: Database, clock: Clock, url: str) -> PacedRemote:
    return calling(database, clock, url)


def calling(database: Database, clock: Clock, url: str, token: str = TOKEN, **settings: Any) -> PacedRemote:
    return remote_to(database, clock, url, token, calls_per_s=AMO.calls_per_s, settings=settings)


def anna(account: Account, number: int = 123, *more: dict[str, Any]) -> None:
    account.put(
        "contacts",
        number,
        name="Анна Берзиня",
        first_name="Анна",
        last_name="Берзиня",
        custom_fields_values=[
            field(55, ["нет", "+371 20000001"], "PHONE"),
            field(56, "Anna@Example.com", "EMAIL"),
            *more,
        ],
    )


def sold(account: Account, number: int = 4821, status: int = 142, **fields: Any) -> None:
    embedded = {"contacts": [{"id": 7, "is_main": False}, {"id": 123, "is_main": True}]}
    lead = {"price": 199, "closed_at": 1772442000, "_embedded": embedded, "custom_fields_values": None}
    account.put("leads", number, **{**lead, **fields, "status_id": status})


def read(
    remote: PacedRemote, *refs: str, mapping: Mapping[str, Any] | None = None
) -> dict[str, list[Action]]:
    actions = {ref: list(each) for ref, each in AMO.read(remote, refs, mapping or {}).items()}
    assert [] == [faults for each in actions.values() for one in each if (faults := faults_of_action(one))]
    return actions


def test_a_contact_is_a_member(account: Account, remote: PacedRemote) -> None:
    anna(account)
    account.put("contacts", 124, name="Café Riga", first_name="", last_name=None, custom_fields_values=None)

    found = read(remote, "contact:123", "contact:124")

    assert {
        "external_id": "123",
        "given_name": "Анна",
        "family_name": "Берзиня",
        "phone": "+37120000001",
        "email": "anna@example.com",
    } == found["contact:123"][0].body
    assert {"external_id": "124", "given_name": "Café Riga"} == found["contact:124"][0].body
    assert 1_772_442_000_000 == found["contact:123"][0].version


def test_own_fields_become_attributes_values_and_the_tier(account: Account, remote: PacedRemote) -> None:
    anna(account, 123, field(60, "42"), field(61, 641_520_000), field(62, True), field(63, "Золотой"))
    mapping = {
        "fields": {
            "60": "attributes.size",
            "61": "birthday",
            "62": "attributes.news",
            "63": "tier",
            "64": "values.car",
        },
        "words": {"63": {"Золотой": "gold"}},
    }

    member, values, status = read(remote, "contact:123", mapping=mapping)["contact:123"]

    assert ({"size": "42", "news": True}, "1990-05-01") == (
        member.body["attributes"],
        member.body["birthday"],
    )
    assert ({"car": None}, "gold") == (values.body["values"], status.body["tier"])


def test_a_won_lead_is_a_purchase_of_its_main_contact_and_says_what_brought_them(
    account: Account, remote: PacedRemote
) -> None:
    anna(account)
    tracked = [field(70, "yandex", "UTM_SOURCE"), field(71, "summer", "UTM_CAMPAIGN")]
    sold(account, custom_fields_values=tracked)

    member, purchase = read(remote, "lead:4821")["lead:4821"]

    assert {"utm_source": "yandex", "utm_campaign": "summer"} == member.body["channel"]
    assert {
        "external_id": "123",
        "receipt": "lead:4821",
        "amount_minor": 19900,
        "currency": "RUB",
        "occurred_at": "2026-03-02T09:00:00+00:00",
    } == purchase.body
    assert ("lead:4821", "lead:4821:won") == (purchase.ref, purchase.key)


@pytest.mark.parametrize("status", [143, 21, None])
def test_a_lead_that_is_won_no_more_gives_its_receipt_back(
    account: Account, remote: PacedRemote, clock: Clock, status: int | None
) -> None:
    anna(account)
    sold(account)
    before = read(remote, "lead:4821")["lead:4821"][1]
    clock.forward(hours=1)
    if status is None:
        del account.things["leads"][4821]
    else:
        sold(account, status=status)

    (refund,) = read(remote, "lead:4821")["lead:4821"]

    assert ("refund", "lead:4821", True) == (refund.kind, refund.body["receipt"], refund.body["if_known"])
    assert refund.version > before.version or status is None


def test_a_lead_without_a_contact_sells_to_nobody(account: Account, remote: PacedRemote) -> None:
    sold(account, 1, _embedded={"contacts": []})
    sold(account, 2)

    assert {"lead:1": [], "lead:2": []} == read(remote, "lead:1", "lead:2")


def test_a_deleted_contact_does_nothing_or_blocks_the_card(
    account: Account, database: Database, clock: Clock, url: str
) -> None:
    anna(account)
    account.put("contacts", 123, is_deleted=True)

    assert [] == read(calling(database, clock, url), "contact:123")["contact:123"]
    (action,) = read(calling(database, clock, url, deleted="block"), "contact:123")["contact:123"]
    assert ("status", {"external_id": "123", "status": "blocked"}) == (action.kind, action.body)


def test_five_hundred_things_of_both_kinds_are_read_in_a_few_calls(
    account: Account, remote: PacedRemote
) -> None:
    for number in range(1, 251):
        account.put("contacts", number, name=f"N{number}")
        sold(account, number, _embedded={"contacts": [{"id": number, "is_main": True}]})

    found = read(remote, *[f"{kind}:{number}" for number in range(1, 251) for kind in ("contact", "lead")])

    assert 500 == len(found)
    assert {"GET /api/v4/contacts", "GET /api/v4/leads"} == set(account.calls)
    assert 6 == len(account.calls)


def test_calls_keep_to_seven_a_second(account: Account, remote: PacedRemote, clock: Clock) -> None:
    anna(account)
    began = clock.now()

    for _ in range(22):
        read(remote, "contact:123")

    assert 2.9 <= (clock.now() - began).total_seconds() <= 3.1


@pytest.mark.parametrize(("status", "permanent"), [(401, True), (402, True), (403, False), (500, False)])
def test_what_the_account_refuses_is_no_empty_answer(
    account: Account, remote: PacedRemote, status: int, permanent: bool
) -> None:
    account.status = status

    with pytest.raises(DeliveryError, match=str(status)) as error:
        AMO.read(remote, ["contact:123"], {})

    assert permanent is error.value.permanent


def test_an_answer_that_says_nothing_never_means_deleted(account: Account, remote: PacedRemote) -> None:
    """Else a proxy's page would take every customer's points back."""
    account.silent = True

    for call in (lambda: AMO.read(remote, ["lead:4821"], {}), lambda: AMO.changed(remote, "", now=NOW)):
        with pytest.raises(DeliveryError) as error:
            call()
        assert not error.value.permanent


def test_what_no_call_told_of_is_found_by_looking(
    account: Account, remote: PacedRemote, clock: Clock
) -> None:
    first = AMO.changed(remote, "", now=clock.now())
    clock.forward(minutes=15)
    anna(account)
    sold(account)

    second = AMO.changed(remote, first.cursor, now=clock.now())

    asked = [AMO.actions(Stored(call.body, call.topic, call.content_type), {}) for call in second.calls]
    assert ([], False, False) == (first.calls, first.more, second.more)
    assert [[Ask("contact:123")], [Ask("lead:4821")]] == asked


def test_every_change_is_found_once_page_by_page(account: Account, remote: PacedRemote, clock: Clock) -> None:
    cursor = AMO.changed(remote, "", now=clock.now()).cursor
    for number in range(1, 621):  # an import: six hundred of one second, the others later
        clock.forward(seconds=0 if number <= 600 else 1)
        account.put("contacts", number, name="N")
    seen: list[str] = []
    for _ in range(10):
        found = AMO.changed(remote, cursor, now=clock.now())
        cursor, seen = found.cursor, seen + [call.dedup_key for call in found.calls]
        if not found.more:
            break

    assert 620 == len(set(seen))


def test_a_webhook_that_was_switched_off_is_put_on_again(
    account: Account, database: Database, clock: Clock, url: str
) -> None:
    ours = {"destination": f"{HOOK}?token=secret", "disabled": True, "settings": ["update_contact"]}
    theirs = {"destination": "https://other.example/hooks/amo", "disabled": True, "settings": ["add_lead"]}
    account.webhooks = [ours, theirs]

    AMO.changed(calling(database, clock, url), "", now=clock.now())
    assert [True, True] == [hook["disabled"] for hook in account.webhooks]
    AMO.changed(calling(database, clock, url, hook=HOOK), "", now=clock.now())

    assert [theirs, {**ours, "disabled": False}] == account.webhooks


def test_the_card_is_written_into_the_contact_and_the_same_again_is_not(
    account: Account, database: Database, clock: Clock, url: str
) -> None:
    anna(account, 123, field(80, "100"))
    remote = calling(database, clock, url, back={"points": "80", "link": "81"})
    card = {"external_id": "123", "balances": {"points": 120}, "links": {"page": "https://cards.example/c/x"}}

    for _ in range(3):
        AMO.tell(remote, {"type": "card.updated", "data": {"card": card}})

    known = account.things["contacts"][123]["custom_fields_values"]
    assert {80: "120", 81: "https://cards.example/c/x"} == {
        each["field_id"]: each["values"][0]["value"] for each in known if each["field_id"] >= 80
    }
    assert 1 == account.writes


@pytest.mark.parametrize("who", ["", "123/../1", "x", "404"])
def test_nobody_is_written_for_a_card_that_is_none_of_the_accounts(
    account: Account, database: Database, clock: Clock, url: str, who: str
) -> None:
    card = {"external_id": who, "balances": {"points": 120}}

    AMO.tell(calling(database, clock, url, back={"points": "80"}), {"data": {"card": card}})

    assert 0 == account.writes


def test_two_crms_of_one_programme_never_mean_the_same(
    account: Account, database: Database, clock: Clock, url: str
) -> None:
    """Each has somebody with that number; what is written back goes to its own."""
    anna(account)
    sold(account)
    remote = calling(database, clock, url, prefix="b-", deleted="block", back={"points": "80"})

    person, purchase = read(remote, "lead:4821")["lead:4821"]
    (blocked,) = read(remote, "contact:404")["contact:404"]
    AMO.tell(remote, {"data": {"card": {"external_id": "123", "balances": {"points": 1}}}})
    untouched = account.writes
    AMO.tell(remote, {"data": {"card": {"external_id": "b-123", "balances": {"points": 1}}}})

    assert ("b-123", "b-123", "b-lead:4821", "b-404") == (
        person.body["external_id"],
        purchase.body["external_id"],
        purchase.body["receipt"],
        blocked.body["external_id"],
    )
    assert (0, 1) == (untouched, account.writes)


def test_settings_and_mappings_are_checked_when_they_are_typed() -> None:
    AMO.check_settings({"url": "https://cafe.amocrm.ru", "won": [142], "currency": "EUR", "hook": HOOK})
    with pytest.raises(Invalid) as settings:
        AMO.check_settings({"won": ["142"], "currency": "euro", "token": "x"})
    with pytest.raises(Invalid) as mapping:
        AMO.actions(Stored(b"{}"), {"fields": {"60": "size"}})

    assert {"/settings/won/0", "/settings/currency", "/settings/token"} == set(settings.value.faults)
    assert {"/mapping/fields/60"} == set(mapping.value.faults)
