"""RetailCRM across the wire: what is read, what is found in its histories, what is written back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from app.connectors.retailcrm import RetailCrm
from app.domain.errors import Invalid
from app.services.ports import Action, Ask, DeliveryError, Inbound, Stored
from app.services.remote import PacedRemote
from app.storage.database import Database
from tests.connectors.strictly import faults_of_action
from tests.support.clock import START as NOW
from tests.support.clock import Clock
from tests.support.crm_servers.calling import remote_to
from tests.support.crm_servers.retailcrm import KEY, Account
from tests.support.google_server import served

RETAIL = RetailCrm()


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


def calling(database: Database, clock: Clock, url: str, token: str = KEY, **settings: Any) -> PacedRemote:
    return remote_to(database, clock, url, token, calls_per_s=RETAIL.calls_per_s, settings=settings)


def anna(account: Account, **fields: Any) -> None:
    person = {
        "firstName": "Анна",
        "lastName": "Берзиня",
        "birthday": "1990-05-01",
        "email": "Anna@Example.com",
        "phones": [{"number": "1"}, {"number": "+371 20000001"}],
        "address": {"city": "Рига"},
        "customFields": [],
    }
    account.put("customers", 978, **{**person, **fields})


def order(account: Account, number: int = 727, status: str = "complete", **fields: Any) -> None:
    known = {
        "customer": {"type": "customer", "id": 978},
        "totalSumm": 2199.9,
        "summ": 1999.9,
        "currency": "RUB",
        "statusUpdatedAt": account.now(),
        "source": {"source": "yandex", "campaign": "summer", "keyword": "coat"},
        "items": [
            {"offer": {"externalId": "31"}, "initialPrice": 1000, "discountTotal": 0.05, "quantity": 2},
            {"offer": {"name": "Sewing", "id": 9}, "initialPrice": 0, "quantity": 1},
        ],
    }
    account.put("orders", number, **{**known, **fields, "status": status})


def read(
    remote: PacedRemote, *refs: str, mapping: Mapping[str, Any] | None = None
) -> dict[str, list[Action]]:
    actions = {ref: list(each) for ref, each in RETAIL.read(remote, refs, mapping or {}).items()}
    assert [] == [faults for each in actions.values() for one in each if (faults := faults_of_action(one))]
    return actions


def test_a_customer_is_a_member_with_what_the_mapping_names(account: Account, remote: PacedRemote) -> None:
    anna(account, customFields={"size": 42, "level": "zoloto", "club": True})
    mapping = {
        "fields": {
            "size": "attributes.size",
            "level": "tier",
            "club": "attributes.club",
            "car": "values.car",
        },
        "words": {"level": {"zoloto": "gold"}},
    }

    member, values, status = read(remote, "customer:978", mapping=mapping)["customer:978"]

    assert {
        "external_id": "978",
        "given_name": "Анна",
        "family_name": "Берзиня",
        "birthday": "1990-05-01",
        "phone": "+37120000001",
        "email": "anna@example.com",
        "city": "Рига",
        "attributes": {"size": "42", "club": True},
    } == member.body
    assert ({"car": None}, "gold") == (values.body["values"], status.body["tier"])


def test_a_completed_order_is_a_purchase_and_says_what_brought_the_customer(
    account: Account, remote: PacedRemote
) -> None:
    anna(account)
    order(account)

    member, purchase = read(remote, "order:727")["order:727"]

    assert {"utm_source": "yandex", "utm_campaign": "summer", "utm_term": "coat"} == member.body["channel"]
    assert {
        "external_id": "978",
        "receipt": "order:727",
        "amount_minor": 219990,
        "currency": "RUB",
        "occurred_at": "2026-03-02T09:00:00+00:00",
        "items": [
            {"sku": "31", "quantity": 2, "amount_minor": 199990},
            {"sku": "Sewing", "quantity": 1, "amount_minor": 0},
        ],
    } == purchase.body
    assert ("order:727", "order:727:sold", 1_772_442_000_000) == (
        purchase.ref,
        purchase.key,
        purchase.version,
    )


def test_a_companys_order_is_its_contacts_purchase(account: Account, remote: PacedRemote) -> None:
    anna(account)
    order(account, customer={"type": "customer_corporate", "id": 5}, contact={"id": 978})

    assert "978" == read(remote, "order:727")["order:727"][1].body["external_id"]


def test_the_shops_own_statuses_and_sums_count(
    account: Account, database: Database, clock: Clock, url: str
) -> None:
    anna(account)
    order(account, status="paid")
    ours = calling(database, clock, url, sold=["paid"], amount="summ", time_zone="UTC")

    assert [] == read(calling(database, clock, url), "order:727")["order:727"]
    purchase = read(ours, "order:727")["order:727"][1]
    assert (199990, "2026-03-02T12:00:00+00:00") == (
        purchase.body["amount_minor"],
        purchase.body["occurred_at"],
    )


@pytest.mark.parametrize("status", ["cancel-other", "no-product", None])
def test_a_cancelled_order_gives_its_receipt_back(
    account: Account, remote: PacedRemote, clock: Clock, status: str | None
) -> None:
    anna(account)
    order(account)
    before = read(remote, "order:727")["order:727"][1]
    clock.forward(hours=1)
    if status:
        order(account, status=status)
    else:
        account.delete("orders", 727)

    (refund,) = read(remote, "order:727")["order:727"]

    assert ("refund", "order:727", True) == (refund.kind, refund.body["receipt"], refund.body["if_known"])
    assert refund.version > before.version or status is None


def test_an_order_on_its_way_or_of_nobody_does_nothing(account: Account, remote: PacedRemote) -> None:
    anna(account)
    order(account, 1, status="new")
    order(account, 2, customer={"type": "customer", "id": 404})
    order(account, 3, customer=None)

    assert {"order:1": [], "order:2": [], "order:3": []} == read(remote, "order:1", "order:2", "order:3")


def test_a_deleted_customer_does_nothing_or_blocks_the_card(
    account: Account, database: Database, clock: Clock, url: str
) -> None:
    assert [] == read(calling(database, clock, url), "customer:978")["customer:978"]

    (action,) = read(calling(database, clock, url, deleted="block"), "customer:978")["customer:978"]

    assert ("status", {"external_id": "978", "status": "blocked"}) == (action.kind, action.body)


def test_two_hundred_customers_are_read_in_two_calls(account: Account, remote: PacedRemote) -> None:
    for number in range(1, 201):
        account.put("customers", number, firstName="N")

    assert 200 == len(read(remote, *[f"customer:{number}" for number in range(1, 201)]))
    assert 2 == len(account.calls)


@pytest.mark.parametrize(("status", "permanent"), [(403, True), (400, True), (503, False)])
def test_what_the_account_refuses_is_no_empty_answer(
    account: Account, remote: PacedRemote, status: int, permanent: bool
) -> None:
    account.status = status

    with pytest.raises(DeliveryError, match=str(status)) as error:
        RETAIL.read(remote, ["customer:978"], {})

    assert permanent is error.value.permanent


def test_an_answer_that_says_nothing_never_means_deleted(account: Account, remote: PacedRemote) -> None:
    """Else a proxy's page would take every customer's points back."""
    account.silent = True

    for call in (lambda: RETAIL.read(remote, ["order:727"], {}), lambda: RETAIL.changed(remote, "", now=NOW)):
        with pytest.raises(DeliveryError) as error:
            call()
        assert not error.value.permanent


def test_what_no_trigger_told_of_is_found_in_the_histories(
    account: Account, remote: PacedRemote, clock: Clock
) -> None:
    account.put("customers", 1, firstName="long ago")
    clock.forward(minutes=11)
    first = RETAIL.changed(remote, "", now=clock.now())
    anna(account)
    anna(account, firstName="Anna")
    order(account)

    second = RETAIL.changed(remote, first.cursor, now=clock.now())
    third = RETAIL.changed(remote, second.cursor, now=clock.now())

    asked = [RETAIL.actions(Stored(call.body, call.topic, call.content_type), {}) for call in second.calls]
    assert [[Ask("customer:978")], [Ask("order:727")]] == asked
    assert ([], [], False) == (first.calls, third.calls, second.more)


def test_every_change_is_found_once_page_by_page(account: Account, remote: PacedRemote, clock: Clock) -> None:
    cursor = RETAIL.changed(remote, "", now=clock.now()).cursor
    for number in range(1, 251):
        account.put("customers", number, firstName="N")
    seen: list[str] = []
    looks = 0
    more = True
    while more:
        found = RETAIL.changed(remote, cursor, now=clock.now())
        cursor, more, looks = found.cursor, found.more, looks + 1
        seen += [call.dedup_key for call in found.calls]

    assert (250, 250, 3) == (len(seen), len(set(seen)), looks)


@pytest.mark.parametrize("cursor", ["", "nonsense", "[]", '{"customer": null}', '{"customer": true}'])
def test_a_lost_cursor_begins_ten_minutes_ago(
    account: Account, remote: PacedRemote, clock: Clock, cursor: str
) -> None:
    account.put("customers", 1, firstName="old")
    clock.forward(minutes=11)
    account.put("customers", 2, firstName="new")

    (call,) = RETAIL.changed(remote, cursor, now=clock.now()).calls

    assert [Ask("customer:2")] == RETAIL.actions(Stored(call.body), {})


def test_two_changes_that_look_the_same_are_both_heard(clock: Clock) -> None:
    """A trigger's author may leave the time out: then nothing tells the second change from a repeat."""
    call = Inbound({"x-tillpass-token": "s"}, b'{"event": "customer.changed", "id": 978}', {})
    first = RETAIL.verify(call, ["s"], now=clock.now())
    later = RETAIL.verify(call, ["s"], now=clock.forward(seconds=5))

    assert first.dedup_key != later.dedup_key


def test_the_secret_may_stand_in_the_address(clock: Clock) -> None:
    call = Inbound({}, b'{"event": "customer.changed", "id": 978, "at": 1}', {"token": "s"})

    assert RETAIL.verify(call, ["old", "s"], now=clock.now()).dedup_key


def test_the_card_is_written_into_the_customer_and_the_same_again_is_not(
    account: Account, database: Database, clock: Clock, url: str
) -> None:
    anna(account, customFields={"size": "42"})
    remote = calling(database, clock, url, back={"points": "bonus", "link": "karta"})
    card = {"balances": {"points": 120}, "links": {"page": "https://cards.example/c/x"}}
    cursor = RETAIL.changed(remote, "", now=clock.now()).cursor

    for _ in range(3):
        RETAIL.tell(remote, {"data": {"card": card, "member": {"external_id": "978"}}})

    written = {"size": "42", "bonus": "120", "karta": "https://cards.example/c/x"}
    assert (written, 1) == (account.things["customers"][978]["customFields"], account.edits)
    assert [] == RETAIL.changed(remote, cursor, now=clock.now()).calls


@pytest.mark.parametrize("who", ["", "978/edit", "x", "404"])
def test_nobody_is_written_for_a_card_that_is_none_of_the_accounts(
    account: Account, database: Database, clock: Clock, url: str, who: str
) -> None:
    card = {"external_id": who, "balances": {"points": 120}}

    RETAIL.tell(calling(database, clock, url, back={"points": "bonus"}), {"data": {"card": card}})

    assert 0 == account.edits


def test_two_crms_of_one_programme_never_mean_the_same(
    account: Account, database: Database, clock: Clock, url: str
) -> None:
    """Each has somebody with that number; what is written back goes to its own."""
    anna(account)
    order(account)
    remote = calling(database, clock, url, prefix="b-", deleted="block", back={"points": "bonus"})

    person, purchase = read(remote, "order:727")["order:727"]
    (blocked,) = read(remote, "customer:404")["customer:404"]
    RETAIL.tell(remote, {"data": {"card": {"external_id": "978", "balances": {"points": 1}}}})
    untouched = account.edits
    RETAIL.tell(remote, {"data": {"card": {"external_id": "b-978", "balances": {"points": 1}}}})

    assert ("b-978", "b-978", "b-order:727", "b-404") == (
        person.body["external_id"],
        purchase.body["external_id"],
        purchase.body["receipt"],
        blocked.body["external_id"],
    )
    assert (0, 1) == (untouched, account.edits)


def test_settings_and_mappings_are_checked_when_they_are_typed() -> None:
    RETAIL.check_settings({"url": "https://cafe.retailcrm.ru", "sold": ["paid"], "time_zone": "Asia/Omsk"})
    with pytest.raises(Invalid) as settings:
        RETAIL.check_settings({"sold": "paid", "time_zone": "../../etc/passwd", "amount": "all"})
    with pytest.raises(Invalid) as mapping:
        RETAIL.actions(Stored(b"{}"), {"field": {}})

    assert {"/settings/sold", "/settings/time_zone", "/settings/amount"} == set(settings.value.faults)
    assert {"/mapping/field"} == set(mapping.value.faults)
