"""Systems that only say what changed are read, once a batch; what they never told is asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import update

from app.connectors.generic import Generic
from app.services import crm
from app.services.crm.polling import poll_due
from app.services.ports import Action, Ask, Changed, DeliveryError, Polled, Remote, Stored
from app.storage.database import Database
from app.storage.tables import HookSource
from tests.crm.test_in_order import BOB, apply_with, states
from tests.support.api_shop import PHONE, Sender, Shop


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """The engine makes no difference here."""
    return sqlite_database


class Portal(Generic):
    """A connector of a CRM that says which person changed, and tells of them when it is asked."""

    kind = "generic"
    calls_per_s = 2.0
    poll_every_s = 900.0

    def __init__(self, people: dict[str, dict[str, Any]]) -> None:
        self.people = people
        self.reads: list[list[str]] = []
        self.asked: list[str] = []
        self.away = 0

    def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Any]:
        return [Ask(stored.body.decode())] if stored.body != b"{}" else []

    def read(
        self, remote: Remote, refs: Sequence[str], mapping: Mapping[str, Any]
    ) -> dict[str, list[Action]]:
        self.reads.append(list(refs))
        if self.away:
            self.away -= 1
            raise DeliveryError("busy", retry_after_s=30)
        return {ref: [_person(ref, self.people[ref])] for ref in refs if ref in self.people}

    def changed(self, remote: Remote, cursor: str, *, now: Any) -> Changed:
        self.asked.append(cursor)
        if self.away:
            self.away -= 1
            raise DeliveryError("busy")
        if cursor == "end":
            return Changed([], "end")
        return Changed([Polled(f"poll:{ref}", ref.encode()) for ref in self.people], "end")


def _person(ref: str, about: Mapping[str, Any]) -> Action:
    return Action("member", {k: v for k, v in about.items() if k != "at"}, ref, about["at"])


def ask_back(shop: Shop, portal: Portal) -> int:
    return apply_with(shop, portal, call_back=lambda of: None)


def test_a_hundred_calls_about_one_person_are_one_read(shop: Shop, till: Sender) -> None:
    portal = Portal({"contact:82": {"phone": PHONE, "given_name": "Anna", "at": 5}})
    for number in range(30):
        till.send(b"contact:82", f"e{number}")
    till.send(b"contact:99", "gone")

    assert 31 == ask_back(shop, portal)

    assert [["contact:82", "contact:99"]] == portal.reads
    assert {"applied"} == set(states(till))
    (card,) = shop.owner.get("/cards").get_json()["items"]
    assert "Anna" == card["member"]["given_name"]


def test_what_is_older_than_what_was_applied_changes_nothing(shop: Shop, till: Sender) -> None:
    portal = Portal({"contact:82": {"phone": PHONE, "given_name": "Anna", "at": 5}})
    till.send(b"contact:82", "e1")
    ask_back(shop, portal)
    portal.people["contact:82"] = {"phone": PHONE, "given_name": "Old", "at": 4}
    till.send(b"contact:82", "e2")
    ask_back(shop, portal)

    (card,) = shop.owner.get("/cards").get_json()["items"]
    assert "Anna" == card["member"]["given_name"]
    assert "skipped" in till.events()[0]["result"]["actions"][0]


def test_a_system_that_does_not_answer_is_asked_again_later(shop: Shop, till: Sender) -> None:
    portal = Portal({"contact:82": {"phone": PHONE, "at": 5}})
    portal.away = 1
    till.send(b"contact:82", "e1")
    ask_back(shop, portal)
    assert ["received"] == states(till)
    shop.clock.forward(seconds=29)
    assert 0 == ask_back(shop, portal)
    shop.clock.forward(seconds=2)

    assert 1 == ask_back(shop, portal)
    assert ["applied"] == states(till)


def poll(shop: Shop, portal: Portal) -> bool:
    known, systems = shop.deps, {"generic": portal}
    nobody: Any = None  # this one answers without being called
    return poll_due(known.db, known.read, systems, lambda of: nobody, known.seal, now=shop.clock.now())


def test_what_was_never_told_is_asked_for_once_and_from_where_it_was(shop: Shop, till: Sender) -> None:
    portal = Portal({"contact:82": {"phone": PHONE, "at": 5}, "contact:83": {"phone": BOB, "at": 5}})
    assert not poll(shop, portal)
    with shop.database.write.begin() as session:
        session.execute(update(HookSource).values(poll_at=shop.clock.now()))
    portal.away = 1
    assert poll(shop, portal)
    assert not poll(shop, portal)
    shop.clock.forward(minutes=6)
    crm.pause(shop.deps.db, till.id, now=shop.clock.now())
    assert not poll(shop, portal)
    crm.resume(shop.deps.db, till.id)

    assert poll(shop, portal)
    ask_back(shop, portal)
    shop.clock.forward(seconds=901)
    assert poll(shop, portal)

    assert ["", "", "end"] == portal.asked
    assert (2, ["applied", "applied"]) == (len(shop.owner.get("/cards").get_json()["items"]), states(till))
