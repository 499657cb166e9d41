"""Events of one card wait for one another, and for nobody else; late and early ones end the same."""

import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.connectors.generic import Generic
from app.services import crm
from app.services.crm.applying import PARKED_S
from app.services.crm.inbox import KEPT, forget_old
from app.services.ports import (
    Action,
    Stored,
)
from app.storage.database import Database
from app.storage.tables import HookEvent, HookSource
from tests.support.api_shop import PHONE, Sender, Shop, buys, gets

BOB = "+37120000002"


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """The engine makes no difference to most of this."""
    return sqlite_database


class Moody(Generic):
    """A connector whose first actions are broken for one person."""

    def __init__(self, phone: str, times: int) -> None:
        self.phone, self.times = phone, times

    def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Action]:
        made = super().actions(stored, mapping)
        return [Action(each.kind, Broken(each.body, self)) for each in made]


class Broken(dict[str, Any]):
    """A body that breaks when it is used, for one person and so many times."""

    def __init__(self, body: Mapping[str, Any], mood: Moody) -> None:
        super().__init__(body)
        self.mood = mood

    def items(self) -> Any:
        if self.mood.times and self.get("phone") == self.mood.phone:
            self.mood.times -= 1
            raise RuntimeError("away")
        return super().items()


def apply_with(shop: Shop, connector: Any, **more: Any) -> int:
    known = {"generic": connector}
    return crm.apply_due(shop.deps.db, known, shop.deps.unseal, now=shop.clock.now(), jitter=1.0, **more)


def states(sender: Sender) -> list[str]:
    """Of the events, oldest first."""
    return [each["state"] for each in reversed(sender.events())]


def test_an_event_that_must_wait_holds_back_its_own_card_alone(shop: Shop, till: Sender) -> None:
    anna, bob = shop.card(phone=PHONE, external_id="a-1"), shop.card(phone=BOB)
    till.send({"type": "values.set", "data": {"phone": PHONE, "values": {"last": 1}}}, "e1")
    till.send({"type": "values.set", "data": {"phone": BOB, "values": {"last": 2}}}, "e2")
    till.send({"type": "values.set", "data": {"external_id": "a-1", "values": {"last": 3}}}, "e3")

    assert 2 == apply_with(shop, Moody(PHONE, 2))
    assert ["received", "applied", "received"] == states(till)
    till.send({"type": "values.set", "data": {"external_id": "a-1", "values": {"last": 4}}}, "e4")
    assert 0 == shop.apply()
    shop.clock.forward(minutes=2)

    shop.apply()
    shop.apply()
    values = [shop.owner.get(f"/cards/{each}").get_json()["values"]["last"] for each in (anna, bob)]
    assert (["4", "2"], {"applied"}) == (values, set(states(till)))


def test_a_return_that_comes_before_its_sale_waits_for_it(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    till.send({"type": "refund", "data": {"receipt": "r1", "amount_minor": 400}}, "back")
    till.send(gets(3), "gift")
    shop.apply()
    assert (["received", "applied"], 3) == (states(till), shop.balances(serial)["points"])
    assert "There is no receipt 'r1' yet." == till.events()[1]["last_error"]

    till.send(buys("r1", 1000), "sale")
    shop.clock.forward(seconds=PARKED_S[0] + 1)
    shop.apply()

    assert ({"applied"}, 63) == (set(states(till)), shop.balances(serial)["points"])


def test_a_return_whose_sale_never_comes_is_put_aside(shop: Shop, till: Sender) -> None:
    till.send({"type": "refund", "data": {"receipt": "r1"}}, "back")
    for wait in (*PARKED_S, 0):
        shop.apply()
        shop.clock.forward(seconds=wait + 1)

    assert ["dead"] == states(till)


def test_a_total_of_what_is_back_counts_once_however_often_it_is_told(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    till.send(buys("r1", 1000), "sale")
    for number, back in enumerate((300, 300, 700, 200, 1000, 1000)):
        told = {"receipt": "r1", "refunded_minor": back}
        till.send({"type": "refund", "data": told}, f"back-{number}")
        shop.apply()

    assert (0, {"applied"}) == (shop.balances(serial)["points"], set(states(till)))


def test_a_balance_is_brought_to_what_the_system_says_by_an_adjustment(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    till.send(gets(70), "gift")
    for number, wanted in enumerate((100, 100, 40)):
        data = {"phone": PHONE, "points": wanted, "reason": "nightly"}
        till.send({"type": "balance.set", "data": data}, f"b{number}")
    shop.apply()

    lines = shop.owner.get(f"/cards/{serial}/entries").get_json()["items"]
    assert [-60, 30, 70] == [line["amount"] for line in lines]
    assert "unchanged" in till.events()[1]["result"]["actions"][0]
    till.send({"type": "balance.set", "data": {"phone": PHONE, "stamps": 3}}, "b9")
    shop.apply()
    assert "dead" == till.events()[0]["state"]


def test_a_person_is_erased_by_event(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    till.send({"type": "member.erase", "data": {"phone": PHONE}}, "e1")
    shop.apply()

    card = shop.owner.get(f"/cards/{serial}").get_json()
    assert ("void", None) == (card["status"], card["member"])


def test_no_replay_brings_an_erased_person_back(shop: Shop, till: Sender) -> None:
    till.send({"type": "member.upsert", "data": {"phone": PHONE, "given_name": "Anna"}}, "e1")
    shop.apply()
    till.send(gets(5), "e2")
    till.send({"type": "member.erase", "data": {"phone": PHONE}}, "e3")
    shop.apply()
    till.send({"type": "member.upsert", "data": {"phone": BOB}}, "e4")
    shop.apply()

    assert ["", "", ""] == [each["body"] for each in reversed(till.events())][:3]
    assert 1 == crm.replay_many(shop.deps.db, till.id, now=shop.clock.now())
    assert 409 == shop.owner.post(f"/events/{till.events()[-1]['id']}/replay").status_code
    shop.apply()
    assert ["void", "active"] == [each["status"] for each in shop.owner.get("/cards").get_json()["items"]]


def test_a_call_that_waits_for_a_person_who_is_erased_is_over(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    till.send({"type": "values.set", "data": {"phone": PHONE, "values": {"last": 1}}}, "e1")
    apply_with(shop, Moody(PHONE, 1))
    assert ["received"] == states(till)
    shop.owner.call("DELETE", f"/cards/{serial}/member")

    (event,) = till.events()
    assert ("dead", "its person was erased", "") == (event["state"], event["last_error"], event["body"])


def test_strangers_are_refused_ignored_awaited_or_enrolled_as_the_source_says(shop: Shop) -> None:
    senders = {
        each: shop.source(f"s-{each}", settings={"strangers": each})
        for each in ("refuse", "ignore", "wait", "enrol")
    }
    for number, sender in enumerate(senders.values()):
        sender.send(buys(phone=f"+3712000010{number}"), "e1")
    shop.apply()

    assert {"refuse": ["dead"], "ignore": ["applied"], "wait": ["received"], "enrol": ["applied"]} == {
        name: states(sender) for name, sender in senders.items()
    }
    assert 1 == len(shop.owner.get("/cards").get_json()["items"])
    shop.card(phone="+37120000102")
    shop.clock.forward(seconds=PARKED_S[0] + 1)
    shop.apply()
    assert ["applied"] == states(senders["wait"])


def test_a_worker_that_dies_leaves_its_source_to_the_next_one(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    till.send(gets(5), "e1")
    with shop.database.write.begin() as session:  # somebody took it, and is no more
        until = shop.clock.now() + crm.LEASE
        session.execute(update(HookSource).values(lease_until=until, lease_token="gone"))
    assert 0 == shop.apply()
    shop.clock.forward(seconds=61)

    assert (1, 5) == (shop.apply(), shop.balances(serial)["points"])


def test_workers_at_once_keep_the_order_of_every_card(postgres_database: Database, clock: Any) -> None:
    shop = Shop(postgres_database, clock)
    shop.owner.post(
        "/programmes", {"slug": "cafe", "name": "Cafe", "rules": [{"kind": "points", "percent": 10}]}
    )
    phones = [f"+3712000020{number}" for number in range(3)]
    for phone in phones:
        shop.card(phone=phone)
    senders = [shop.source("one"), shop.source("two")]
    for number in range(8):
        for phone, sender in zip(phones, (senders * 2)[:3], strict=True):
            values = {"type": "values.set", "data": {"phone": phone, "values": {"last": number}}}
            sender.send(values, f"{phone}-{number}")
    workers = [threading.Thread(target=shop.apply) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    shop.apply()

    cards = shop.owner.get("/cards").get_json()["items"]
    assert ["7", "7", "7"] == [card["values"]["last"] for card in cards]
    assert {"applied"} == {state for sender in senders for state in states(sender)}


def test_a_replay_takes_many_and_all_since_a_time(shop: Shop, till: Sender) -> None:
    for number in range(3):
        till.send(buys(f"r{number}", 1000, phone=PHONE), f"e{number}")
        shop.clock.forward(minutes=1)
    shop.apply()
    assert {"dead"} == set(states(till))
    serial = shop.card()

    since = shop.clock.now() - timedelta(minutes=2, seconds=30)
    assert 2 == crm.replay_many(shop.deps.db, till.id, now=shop.clock.now(), since=since)
    shop.apply()
    assert (200, ["dead", "applied", "applied"]) == (shop.balances(serial)["points"], states(till))

    assert 1 == crm.replay_many(shop.deps.db, till.id, now=shop.clock.now(), state="dead")
    crm.replay_many(shop.deps.db, till.id, now=shop.clock.now())
    shop.apply()
    assert (300, {"applied"}) == (shop.balances(serial)["points"], set(states(till)))


def test_calls_are_forgotten_a_month_after_they_were_settled(shop: Shop, till: Sender) -> None:
    shop.card()
    till.send(gets(1), "e1")
    shop.apply()
    shop.clock.forward(seconds=KEPT.total_seconds() + 1)
    till.send(gets(1), "e2")

    assert 1 == forget_old(shop.deps.db, shop.deps.read, shop.clock.now())
    with shop.database.read() as session:
        assert ["id:e2"] == session.scalars(select(HookEvent.dedup_key)).all()


def test_a_crowd_of_people_is_brought_up_to_date_at_once_and_each_in_order(shop: Shop, till: Sender) -> None:
    serials = [shop.card(phone=f"+3712000030{number}") for number in range(4)]
    for step in range(2):
        for number in range(4):
            data = {"phone": f"+3712000030{number}", "values": {"last": step, "who": number}}
            till.send({"type": "values.set", "data": data}, f"v{step}-{number}")
    till.send({"type": "member.upsert", "data": {"phone": "+37120000300", "city": "Riga"}}, "m1")
    till.send({"type": "status.set", "data": {"serial": serials[1], "status": "blocked"}}, "s1")
    till.send({"type": "values.set", "data": {"phone": "+37120000302", "values": {"!": 1}}}, "bad")

    assert 11 == shop.apply()

    found = [shop.owner.get(f"/cards/{each}").get_json() for each in serials]
    assert [{"last": "1", "who": str(number)} for number in range(4)] == [each["values"] for each in found]
    assert ("Riga", "blocked", ["dead"]) == (
        found[0]["member"]["city"],
        found[1]["status"],
        [each for each in states(till) if each != "applied"],
    )
    assert [1, 2, 1, 1] == [each["version"] for each in found]  # what nobody sees pushes nothing


def test_a_call_that_cannot_be_opened_any_more_is_put_aside_with_the_reason(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    till.send(gets(1), "e1")
    till.send(gets(1), "e2")
    with shop.database.write.begin() as session:
        first = session.scalars(select(HookEvent).order_by(HookEvent.id)).first()
        assert first is not None
        first.body = b"sealed with another key"
    shop.apply()

    with shop.database.read() as session:
        found = [
            (row.state, row.last_error[:16])
            for row in session.scalars(select(HookEvent).order_by(HookEvent.id))
        ]
    assert ([("dead", "cannot be opened"), ("applied", "")], 1) == (found, shop.balances(serial)["points"])


def test_a_source_that_always_has_more_does_not_keep_the_others_waiting(shop: Shop, till: Sender) -> None:
    shop.card()
    other = shop.source("quiet")
    for number in range(60):
        till.send(gets(1), f"e{number}")
    other.send(gets(1), "o1")
    for _ in range(40):
        shop.apply(limit=1)

    assert ["applied"] == states(other)
