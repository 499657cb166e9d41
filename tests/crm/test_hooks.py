"""A webhook is kept once, answered at once, and applied once: after a crash, a repeat, and by two workers."""

import json
import secrets
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.connectors.generic import Generic
from app.services import crm
from app.services.ports import Stored, Verified
from app.storage import queries
from app.storage.database import Database
from app.storage.tables import Consent, Delivery, HookEvent
from tests.crm.test_mapping import JSON
from tests.support.api_shop import PHONE as ANNA
from tests.support.api_shop import Sender, Shop, buys, gets

on_both_engines = pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)
"""Where rows are locked, keys collide or odd texts are kept."""


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Database:
    """SQLite; in tests that are marked `on_both_engines`, each of them."""
    opened: Database = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_database")
    return opened


@on_both_engines
def test_an_event_is_kept_and_then_applied(shop: Shop, till: Sender) -> None:
    serial = shop.card()

    answer = till.send(buys())

    assert (202, {"stored": True, "repeated": False}) == (answer.status_code, answer.get_json())
    assert 0 == shop.balances(serial)["points"]
    assert 1 == shop.apply()
    assert 100 == shop.balances(serial)["points"]
    (event,) = till.events()
    assert ("applied", serial) == (event["state"], event["result"]["actions"][0]["serial"])
    assert 0 == shop.apply()


@on_both_engines
def test_a_genuine_event_that_makes_no_sense_is_put_aside_with_its_reason(shop: Shop, till: Sender) -> None:
    shop.card()
    hopeless = {
        "not-json": b"\xff",
        "type": {"type": "buy", "data": {}},
        "nobody": buys(phone="+37120000009"),
        "no-target": {"type": "stamps", "data": {}},
        "fields": {"type": "purchase", "data": {"phone": ANNA, "amount_minor": "1", "x": 1}},
        "too-much": gets(-50),
        "two-people": {"type": "stamps", "data": {"phone": ANNA, "external_id": "other"}},
        "too-big": gets(10**30),
        "zero": {"type": "values.set", "data": {"phone": ANNA, "values": {"a": "\x00"}}},
        "phone": {"type": "stamps", "data": {"phone": "call me"}},
    }
    for event, body in hopeless.items():
        assert 202 == till.send(body, event).status_code

    assert len(hopeless) == shop.apply()

    told = {event["key"].removeprefix("id:"): event for event in till.events()}
    assert {"dead"} == {event["state"] for event in told.values()}
    assert told["nobody"]["last_error"].startswith("not-found")
    assert told["too-much"]["last_error"].startswith("insufficient-balance")
    assert "/amount_minor" in told["fields"]["last_error"] and "/x" in told["fields"]["last_error"]
    assert 0 == shop.apply()


def test_a_member_is_made_and_then_kept_up_to_date(shop: Shop, till: Sender) -> None:
    consents = [{"purpose": "marketing", "granted": True}]
    data = {"external_id": "c-1", "phone": ANNA, "given_name": "Anna", "consents": consents}
    till.send({"type": "member.upsert", "data": data}, "e1")
    till.send({"type": "member.upsert", "data": {"external_id": "c-1", "given_name": "Anya"}}, "e2")
    till.send({"type": "member.upsert", "data": {"given_name": "Nobody"}}, "e3")
    shop.apply()

    (card,) = shop.owner.get("/cards").get_json()["items"]
    assert ("c-1", ANNA, "Anya") == tuple(
        card["member"][name] for name in ("external_id", "phone", "given_name")
    )
    with shop.database.read() as session:
        assert ["marketing"] == [row.purpose for row in session.scalars(select(Consent))]
    assert ["dead", "applied", "applied"] == [event["state"] for event in till.events()]


def test_every_kind_of_action_reaches_the_card(shop: Shop, till: Sender) -> None:
    serial = shop.card(phone=ANNA, email="anna@example.com", external_id="c-1")
    number = shop.owner.get(f"/cards/{serial}").get_json()["number"]
    till.send(
        [
            {"type": "status.set", "data": {"serial": serial, "tier": "gold"}},
            {"type": "values.set", "data": {"email": "Anna@example.com", "values": {"bonus": 12}}},
            {"type": "adjust", "data": {"external_id": "c-1", "points": 7}},
            buys(number=f"{number[:8].lower()} {number[8:]}"),
            {"type": "status.set", "data": {"phone": "2000 0001", "status": "blocked"}},
        ]
    )

    shop.apply()

    card = shop.owner.get(f"/cards/{serial}").get_json()
    assert ("blocked", "gold", {"bonus": "12"}, 107) == (
        card["status"],
        card["tier"],
        card["values"],
        card["balances"]["points"],
    )
    bakery = shop.card("bakery")
    shop.source("visits", "bakery").send({"type": "stamps", "data": {"phone": ANNA, "stamps": 2}})
    shop.apply()
    assert 2 == shop.balances(bakery)["stamps"]


def test_a_source_reaches_no_card_of_another_programme(shop: Shop, till: Sender) -> None:
    serial = shop.card("bakery")

    till.send({"type": "status.set", "data": {"serial": serial, "status": "void"}}, "e1")
    till.send({"type": "status.set", "data": {"phone": ANNA, "status": "void"}}, "e2")
    shop.apply()

    assert ["dead", "dead"] == [event["state"] for event in till.events()]
    assert "active" == shop.owner.get(f"/cards/{serial}").get_json()["status"]


@on_both_engines
def test_a_crash_between_applying_and_settling_applies_once(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    till.send([gets(5), buys()])
    crash_after = shop.clock.now()
    with shop.database.write.begin() as session:
        before = session.scalars(select(HookEvent)).one()
        kept = {name: getattr(before, name) for name in ("state", "due_at", "attempts", "applied_at")}
    shop.apply()
    assert 105 == shop.balances(serial)["points"]

    with shop.database.write.begin() as session:  # the settling never happened: the row is as it was, leased
        row = session.scalars(select(HookEvent)).one()
        for name, value in kept.items():
            setattr(row, name, value)
        row.due_at = crash_after + crm.LEASE
    assert 0 == shop.apply()
    shop.clock.forward(seconds=61)

    assert 1 == shop.apply()
    assert 105 == shop.balances(serial)["points"]
    (event,) = till.events()
    assert [True, True] == [each["replayed"] for each in event["result"]["actions"]]


def test_a_replay_does_what_is_missing_and_nothing_twice(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    till.send([gets(5), gets(-50)])
    shop.apply()
    (dead,) = till.events()
    assert ("dead", 1) == (dead["state"], len(dead["result"]["actions"]))
    shop.owner.post(f"/cards/{serial}/adjustments", {"points": 100, "reason": "gift"}, key="k1")

    again = shop.owner.post(f"/events/{dead['id']}/replay")
    shop.apply()

    assert (202, "received") == (again.status_code, again.get_json()["state"])
    assert "applied" == till.events()[0]["state"]
    assert 55 == shop.balances(serial)["points"]
    shop.owner.post(f"/events/{dead['id']}/replay")
    shop.apply()
    assert 55 == shop.balances(serial)["points"]
    assert 404 == shop.owner.post("/events/999/replay").status_code


class Stumbling(Generic):
    """A connector with a fault of our own in it."""

    def __init__(self, times: int) -> None:
        self.times = times

    def actions(self, stored: Stored, mapping: Any) -> Any:
        if self.times:
            self.times -= 1
            raise RuntimeError("out of order")
        return super().actions(stored, mapping)


def apply_with(shop: Shop, connector: Generic) -> int:
    connectors = {"generic": connector}
    return crm.apply_due(shop.deps.db, connectors, shop.deps.unseal, now=shop.clock.now(), jitter=1.0)


def test_later_events_of_a_source_wait_for_an_earlier_one(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    till.send({"type": "status.set", "data": {"phone": ANNA, "status": "blocked"}}, "e1")
    till.send({"type": "status.set", "data": {"phone": ANNA, "status": "active"}}, "e2")

    assert 1 == apply_with(shop, Stumbling(1))
    assert ["received", "received"] == [event["state"] for event in till.events()]
    assert 0 == shop.apply()
    shop.clock.forward(minutes=2)

    assert 2 == shop.apply()
    assert "active" == shop.owner.get(f"/cards/{serial}").get_json()["status"]
    assert ["applied", "applied"] == [event["state"] for event in till.events()]


def test_a_poisonous_event_gives_way_at_last_and_says_why(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    till.send(gets(1), "e1")
    till.send(gets(2), "e2")
    connector = Stumbling(crm.MOST_ATTEMPTS)

    for _ in range(crm.MOST_ATTEMPTS):
        apply_with(shop, connector)
        shop.clock.forward(minutes=2)
    apply_with(shop, connector)

    assert ["applied", "dead"] == [event["state"] for event in till.events()]
    assert "RuntimeError: out of order" == till.events()[1]["last_error"]
    assert 2 == shop.balances(serial)["points"]


def test_a_source_that_is_stuck_holds_back_no_other(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    other = shop.source("shop")
    till.send(gets(1), "e1")
    apply_with(shop, Stumbling(1))
    other.send(gets(2), "e1")

    assert 1 == shop.apply()
    assert 2 == shop.balances(serial)["points"]


@on_both_engines
def test_two_workers_apply_each_event_once_and_in_order(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    for index in range(12):
        till.send({"type": "values.set", "data": {"phone": ANNA, "values": {"last": index}}}, f"v{index}")
        till.send(gets(1), f"p{index}")
    done: list[int] = []
    workers = [threading.Thread(target=lambda: done.append(shop.apply())) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    shop.apply()

    card = shop.owner.get(f"/cards/{serial}").get_json()
    assert ({"last": "11"}, 12) == (card["values"], card["balances"]["points"])
    assert {"applied"} == {event["state"] for event in till.events()}


@on_both_engines
def test_a_receipt_from_till_and_webhook_counts_once(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    bought = {"amount_minor": 1000, "currency": "EUR", "receipt": "r1"}
    shop.owner.post(f"/cards/{serial}/purchases", bought, key="k1")

    till.send(buys("r1"))
    shop.apply()

    assert 100 == shop.balances(serial)["points"]
    assert "applied" == till.events()[0]["state"]


def test_an_applied_event_makes_the_phones_due(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    with shop.database.write.begin() as session:
        card_id = queries.card_by_serial(session, serial).id
        session.add(Delivery(card_id=card_id, wallet="apple", delivered_version=1))
    till.send(buys())
    shop.apply()

    with shop.database.read() as session:
        assert shop.clock.now() == session.scalars(select(Delivery)).one().due_at


@on_both_engines
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    kind=st.sampled_from(["member.upsert", "purchase", "status.set", "adjust", "stamps", "values.set"]),
    data=JSON,
)
def test_no_genuine_event_leaves_a_source_stuck(shop: Shop, kind: str, data: Any) -> None:
    shop.card()
    with shop.database.read() as session:
        known = crm.source_called(session, "any")
    source_id = known.id if known else shop.source("any").id
    body = {"type": kind, "data": {"phone": ANNA, **data} if isinstance(data, dict) else data}
    crm.store(
        shop.deps.db,
        source_id,
        Verified(secrets.token_hex(8), ""),
        json.dumps(body).encode(),
        shop.deps.seal,
        now=shop.clock.now(),
    )
    shop.apply()

    with shop.database.read() as session:
        states = session.scalars(select(HookEvent.state)).all()
        errors = session.scalars(select(HookEvent.last_error)).all()
    assert "received" not in states
    assert not any("Error:" in error for error in errors)
