"""Bitrix24 across the wire: what is read, what is asked for, what is written back, within its limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from app.connectors.bitrix24 import Bitrix24
from app.domain.errors import Invalid
from app.services.ports import Action, Ask, DeliveryError, Stored
from app.services.remote import PacedRemote
from app.storage.database import Database
from tests.connectors.strictly import faults_of_action
from tests.support.clock import START as NOW
from tests.support.clock import Clock
from tests.support.crm_servers.bitrix24 import CODE, Portal
from tests.support.crm_servers.calling import remote_to
from tests.support.google_server import served

BITRIX = Bitrix24()
BACK = {"link": "UF_LINK", "points": "UF_POINTS", "tier": "UF_TIER", "number": "UF_NUMBER"}


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def portal(clock: Clock) -> Portal:
    return Portal(clock)


@pytest.fixture
def url(portal: Portal) -> Iterator[str]:
    with served(portal.app) as address:
        yield f"{address}/rest/1"


@pytest.fixture
def remote(database: Database, clock: Clock, url: str) -> PacedRemote:
    return calling(database, clock, url)


def calling(database: Database, clock: Clock, url: str, token: str = CODE, **settings: Any) -> PacedRemote:
    return remote_to(database, clock, url, token, calls_per_s=BITRIX.calls_per_s, settings=settings)


def anna(portal: Portal, number: str = "82", **fields: Any) -> None:
    person = {
        "NAME": "Анна",
        "LAST_NAME": "Берзиня",
        "BIRTHDATE": "1990-05-01T03:00:00+03:00",
        "PHONE": [{"VALUE": "n/a"}, {"VALUE": "+371 2000-0001", "VALUE_TYPE": "WORK"}],
        "EMAIL": [{"VALUE": "broken@"}, {"VALUE": "Anna@Example.com"}],
        "UTM_SOURCE": "yandex",
        "UTM_CAMPAIGN": "summer",
        "ASSIGNED_BY_ID": "6",
    }
    portal.contact(number, **{**person, **fields})


def read(
    remote: PacedRemote, *refs: str, mapping: Mapping[str, Any] | None = None
) -> dict[str, list[Action]]:
    found = BITRIX.read(remote, refs, mapping or {})
    actions = {ref: list(each) for ref, each in found.items()}
    assert [] == [faults for each in actions.values() for one in each if (faults := faults_of_action(one))]
    return actions


def kinds(actions: list[Action]) -> list[str]:
    return [each.kind for each in actions]


def test_a_contact_is_a_member_with_what_brought_them(portal: Portal, remote: PacedRemote) -> None:
    anna(portal)

    (member,) = read(remote, "contact:82")["contact:82"]

    assert {
        "external_id": "82",
        "given_name": "Анна",
        "family_name": "Берзиня",
        "birthday": "1990-05-01",
        "phone": "+37120000001",
        "email": "anna@example.com",
        "channel": {"utm_source": "yandex", "utm_campaign": "summer"},
    } == member.body
    assert ("contact:82", 1_772_442_000_000) == (member.ref, member.version)


def test_own_fields_become_attributes_values_and_the_tier(portal: Portal, remote: PacedRemote) -> None:
    anna(portal, UF_SIZE="42", UF_CAR="", UF_LEVEL=["45"], UF_CITY="Rīga")
    mapping = {
        "fields": {
            "UF_SIZE": "attributes.size",
            "UF_CAR": "values.car",
            "UF_LEVEL": "tier",
            "UF_CITY": "city",
            "UF_NONE": "attributes.none",
        },
        "words": {"UF_LEVEL": {"45": "gold"}},
    }

    member, values, status = read(remote, "contact:82", mapping=mapping)["contact:82"]

    assert ({"size": "42"}, "Rīga") == (member.body["attributes"], member.body["city"])
    assert {"external_id": "82", "values": {"car": None}} == values.body
    assert {"external_id": "82", "tier": "gold"} == status.body


def test_a_won_deal_is_a_purchase_of_its_contact_who_comes_first(
    portal: Portal, database: Database, clock: Clock, url: str
) -> None:
    anna(portal)
    portal.deal("7", STAGE_ID="C2:WON", CONTACT_ID="82", OPPORTUNITY="199.90", CURRENCY_ID="EUR")
    portal.rows["7"] = [
        {"PRODUCT_ID": "31", "PRODUCT_NAME": "Coat", "PRICE": 150, "QUANTITY": 1},
        {"PRODUCT_ID": 0, "PRODUCT_NAME": "Sewing", "PRICE": "24.95", "QUANTITY": "2"},
    ]

    member, purchase = read(calling(database, clock, url, items=True), "deal:7")["deal:7"]

    assert ("member", "purchase", "deal:7:won") == (member.kind, purchase.kind, purchase.key)
    assert {
        "external_id": "82",
        "receipt": "deal:7",
        "amount_minor": 19990,
        "currency": "EUR",
        "occurred_at": "2026-03-02T09:00:00+00:00",
        "items": [
            {"sku": "31", "quantity": 1, "amount_minor": 15000},
            {"sku": "Sewing", "quantity": 2, "amount_minor": 4990},
        ],
    } == purchase.body


def test_stages_of_the_shop_may_count_as_won_too(
    portal: Portal, database: Database, clock: Clock, url: str
) -> None:
    anna(portal)
    portal.deal("7", STAGE_ID="C2:PAID", CONTACT_ID="82", OPPORTUNITY="10.00", CURRENCY_ID="EUR")

    plain, ours = calling(database, clock, url), calling(database, clock, url, won=["C2:PAID"])

    assert ["refund"] == kinds(read(plain, "deal:7")["deal:7"])
    assert ["member", "purchase"] == kinds(read(ours, "deal:7")["deal:7"])


@pytest.mark.parametrize("stage", ["LOSE", "NEW", None])
def test_a_deal_that_is_won_no_more_gives_its_receipt_back(
    portal: Portal, remote: PacedRemote, clock: Clock, stage: str | None
) -> None:
    anna(portal)
    portal.deal("7", STAGE_ID="WON", CONTACT_ID="82", OPPORTUNITY="10.00", CURRENCY_ID="EUR")
    (_, before) = read(remote, "deal:7")["deal:7"]
    clock.forward(hours=1)
    portal.deal("7", STAGE_ID=stage) if stage else portal.delete("deal", "7")

    (refund,) = read(remote, "deal:7")["deal:7"]

    assert ("refund", "deal:7", "deal:7:back") == (refund.kind, refund.body["receipt"], refund.key)
    assert refund.body["if_known"]
    assert refund.version > before.version or stage is None


def test_a_deal_without_a_contact_sells_to_nobody(portal: Portal, remote: PacedRemote) -> None:
    portal.deal("7", STAGE_ID="WON", CONTACT_ID="0", OPPORTUNITY="10.00", CURRENCY_ID="EUR")
    portal.deal("8", STAGE_ID="WON", CONTACT_ID="99", OPPORTUNITY="10.00", CURRENCY_ID="EUR")

    assert {"deal:7": [], "deal:8": []} == read(remote, "deal:7", "deal:8")


def test_a_sum_that_is_none_is_refused_alone(portal: Portal, remote: PacedRemote) -> None:
    anna(portal)
    portal.deal("7", STAGE_ID="WON", CONTACT_ID="82", OPPORTUNITY="many", CURRENCY_ID="EUR")

    found = BITRIX.read(remote, ["deal:7", "contact:82"], {})

    assert {"/amount_minor": "should be a valid integer"} == faults_of_action(found["deal:7"][1])
    assert ["member"] == kinds(list(found["contact:82"]))


def test_a_deleted_contact_does_nothing_or_blocks_the_card(
    portal: Portal, database: Database, clock: Clock, url: str
) -> None:
    assert [] == read(calling(database, clock, url), "contact:82")["contact:82"]

    (action,) = read(calling(database, clock, url, deleted="block"), "contact:82")["contact:82"]

    assert ("status", {"external_id": "82", "status": "blocked"}) == (action.kind, action.body)


def test_a_thousand_things_are_read_in_twenty_calls_at_the_portals_pace(
    portal: Portal, remote: PacedRemote, clock: Clock
) -> None:
    for number in range(1, 1001):
        portal.contact(str(number), NAME=f"N{number}")
    began = clock.now()

    found = read(remote, *[f"contact:{number}" for number in range(1, 1001)])

    assert 1000 == sum(len(actions) for actions in found.values())
    assert 20 == portal.calls.count("batch")
    assert 9.5 <= (clock.now() - began).total_seconds() <= 10


def test_faster_than_the_portal_allows_is_tried_again_later(
    portal: Portal, database: Database, clock: Clock, url: str
) -> None:
    anna(portal)
    hasty = remote_to(database, clock, url, CODE, calls_per_s=1000.0)

    with pytest.raises(DeliveryError) as error:
        for _ in range(60):
            BITRIX.read(hasty, ["contact:82"], {})

    assert not error.value.permanent


@pytest.mark.parametrize(
    ("code", "permanent"),
    [("OPERATION_TIME_LIMIT", False), ("insufficient_scope", True), ("ACCESS_DENIED", True)],
)
def test_what_the_portal_refuses_is_no_empty_answer(
    portal: Portal, remote: PacedRemote, code: str, permanent: bool
) -> None:
    portal.broken["crm.contact.get"] = code

    with pytest.raises(DeliveryError, match=code) as error:
        BITRIX.read(remote, ["contact:82"], {})

    assert permanent is error.value.permanent


@pytest.mark.parametrize("token", ["", "wrong", "../../secret", "a/b"])
def test_a_wrong_code_is_a_permanent_error(
    portal: Portal, database: Database, clock: Clock, url: str, token: str
) -> None:
    with pytest.raises(DeliveryError) as error:
        BITRIX.read(calling(database, clock, url, token), ["contact:82"], {})

    assert error.value.permanent


def test_an_answer_that_says_nothing_never_means_deleted(portal: Portal, remote: PacedRemote) -> None:
    """Else a proxy's page would take every customer's points back."""
    portal.silent = True

    for call in (lambda: BITRIX.read(remote, ["deal:7"], {}), lambda: BITRIX.changed(remote, "", now=NOW)):
        with pytest.raises(DeliveryError) as error:
            call()
        assert not error.value.permanent


def test_what_no_call_told_of_is_found_by_looking(portal: Portal, remote: PacedRemote, clock: Clock) -> None:
    first = BITRIX.changed(remote, "", now=clock.now())
    clock.forward(minutes=15)
    anna(portal)
    portal.deal("7", STAGE_ID="NEW")
    clock.forward(minutes=1)

    second = BITRIX.changed(remote, first.cursor, now=clock.now())

    asked = [BITRIX.actions(Stored(call.body, call.topic, call.content_type), {}) for call in second.calls]
    assert ([], False, False) == (first.calls, first.more, second.more)
    assert [[Ask("contact:82")], [Ask("deal:7")]] == asked
    assert 1 == portal.calls[-3:].count("batch")


def test_every_change_is_found_once_page_by_page_even_while_more_come(
    portal: Portal, remote: PacedRemote, clock: Clock
) -> None:
    cursor = BITRIX.changed(remote, "", now=clock.now()).cursor
    for number in range(1, 131):  # an import: seventy of one second, the others later
        clock.forward(seconds=0 if number <= 70 else 1)
        portal.contact(str(number), NAME="N")
    seen: list[str] = []
    for look in range(20):
        found = BITRIX.changed(remote, cursor, now=clock.now())
        cursor, seen = found.cursor, seen + [call.dedup_key for call in found.calls]
        if look == 0:
            portal.contact("3", NAME="changed while we look")
        if not found.more:
            break

    numbers = [key.split(":")[2] for key in dict.fromkeys(seen)]
    assert {str(number) for number in range(1, 131)} == set(numbers)
    assert 131 == len(numbers)
    again = BITRIX.changed(remote, cursor, now=clock.now())
    assert {call.dedup_key for call in again.calls} <= set(seen)


@pytest.mark.parametrize("cursor", ["", "nonsense", "[]", '{"contact": {"since": 1}}', '{"deal": null}'])
def test_a_lost_cursor_begins_ten_minutes_ago(
    portal: Portal, remote: PacedRemote, clock: Clock, cursor: str
) -> None:
    portal.contact("1", NAME="old")
    clock.forward(minutes=11)
    portal.contact("2", NAME="new")

    found = BITRIX.changed(remote, cursor, now=clock.now())

    assert [b"event=ONCRMCONTACTUPDATE&data%5BFIELDS%5D%5BID%5D=2"] == [call.body for call in found.calls]


def card(points: int = 120, **changes: Any) -> dict[str, Any]:
    data = {
        "serial": "s1",
        "number": "1234",
        "external_id": "82",
        "tier": "gold",
        "balances": {"points": points},
        "links": {"page": "https://cards.example/c/x"},
    }
    return {"type": "card.updated", "data": {"card": {**data, **changes}}}


def test_the_card_is_written_into_the_contact_and_the_same_again_is_not(
    portal: Portal, database: Database, clock: Clock, url: str
) -> None:
    """Every write makes the portal call us: what did not differ would go round for ever."""
    anna(portal)
    remote = calling(database, clock, url, back=BACK)
    portal.hooks.clear()

    for _ in range(3):
        BITRIX.tell(remote, card())

    contact = portal.contacts["82"]
    assert ("https://cards.example/c/x", "120", "gold", "1234") == tuple(
        contact[name] for name in BACK.values()
    )
    assert [("ONCRMCONTACTUPDATE", "82")] == portal.hooks

    BITRIX.tell(remote, card(points=130))
    assert ("130", 2) == (portal.contacts["82"]["UF_POINTS"], len(portal.hooks))


@pytest.mark.parametrize("who", ["", "82 or 1=1", "../1", "-5", "404"])
def test_nobody_is_written_for_a_card_that_is_none_of_the_portals(
    portal: Portal, database: Database, clock: Clock, url: str, who: str
) -> None:
    BITRIX.tell(calling(database, clock, url, back=BACK), card(external_id=who))

    assert "crm.contact.update" not in portal.calls


def test_two_crms_of_one_programme_never_mean_the_same(
    portal: Portal, database: Database, clock: Clock, url: str
) -> None:
    """Each has somebody with that number; what is written back goes to its own."""
    anna(portal)
    portal.deal("7", STAGE_ID="WON", CONTACT_ID="82", OPPORTUNITY="1.00", CURRENCY_ID="EUR")
    remote = calling(database, clock, url, prefix="b-", deleted="block", back={"points": "UF_POINTS"})

    person, purchase = read(remote, "deal:7")["deal:7"]
    (blocked,) = read(remote, "contact:404")["contact:404"]
    BITRIX.tell(remote, {"data": {"card": {"external_id": "82", "balances": {"points": 1}}}})
    untouched = portal.calls.count("crm.contact.update")
    BITRIX.tell(remote, {"data": {"card": {"external_id": "b-82", "balances": {"points": 1}}}})

    assert ("b-82", "b-82", "b-deal:7", "b-404") == (
        person.body["external_id"],
        purchase.body["external_id"],
        purchase.body["receipt"],
        blocked.body["external_id"],
    )
    assert (0, 1) == (untouched, portal.calls.count("crm.contact.update"))


def test_settings_and_mappings_are_checked_when_they_are_typed() -> None:
    BITRIX.check_settings(
        {"url": "https://x.bitrix24.ru/rest/1", "won": ["C2:WON"], "back": {"link": "UF_1"}}
    )
    with pytest.raises(Invalid) as settings:
        BITRIX.check_settings({"won": "C2:WON", "deleted": "erase", "back": {"lnk": "UF_1"}})
    with pytest.raises(Invalid) as mapping:
        BITRIX.actions(Stored(b"{}"), {"fields": {"UF_1": "password"}})

    assert {"/settings/won", "/settings/deleted", "/settings/back/lnk"} == set(settings.value.faults)
    assert {"/mapping/fields/UF_1"} == set(mapping.value.faults)
