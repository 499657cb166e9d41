"""A worker that stood still is too late, parked events keep their place, and no answer stops a source."""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.connectors.generic import Generic
from app.services.crm.applying import PARKED_S, _work
from app.services.crm.lanes import EVERYTHING
from app.services.crm.polling import poll_due
from app.services.crm.settling import MOST_KEYS, Outcome
from app.services.crm.taking import LEASE, SAFE_S, Fenced, Held, LeaseLost, Tools, take
from app.services.crm.targets import cards_named
from app.services.ports import Action, Ask, Changed, Remote, Stored
from app.storage.database import Database
from app.storage.tables import Card, HookEvent, HookSource, Member
from tests.crm.test_in_order import BOB, apply_with, states
from tests.support.api_shop import CAFE, PHONE, Sender, Shop, buys
from tests.support.clock import Clock


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """The engine makes no difference here."""
    return sqlite_database


def last_is(value: Any, **target: str) -> dict[str, Any]:
    return {"type": "values.set", "data": {**(target or {"phone": PHONE}), "values": {"last": value}}}


def shown(shop: Shop, serial: str) -> str:
    text: str = shop.owner.get(f"/cards/{serial}").get_json()["values"].get("last", "")
    return text


def tools_of(shop: Shop, connector: Any = None, **about: Any) -> Tools:
    known = {"generic": connector or Generic()}
    return Tools(shop.deps.db, known, shop.deps.unseal, shop.clock.now(), 1.0, None, "", **about)


def test_a_lease_begins_when_it_is_written_however_long_the_sources_before_took(
    shop: Shop, till: Sender
) -> None:
    till.send(last_is(1))
    assert take(tools_of(shop, began=time.monotonic() - 50), 10, set()) is not None

    with shop.database.read() as session:
        until = session.scalars(select(HookSource.lease_until)).one()
    assert until is not None and shop.clock.now() + LEASE + timedelta(seconds=49) < until


class Freezing(Generic):
    """A connector whose worker stands still in the middle of its work, and is overtaken."""

    held: Held

    def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Action]:
        return [Action(each.kind, _Freezing(each.body, self)) for each in super().actions(stored, mapping)]


class _Freezing(dict[str, Any]):
    def __init__(self, body: Mapping[str, Any], mine: Freezing) -> None:
        super().__init__(body)
        self.mine = mine

    def items(self) -> Any:
        self.mine.held.since = time.monotonic() - SAFE_S
        return super().items()


def test_what_a_worker_decided_before_it_stood_still_is_not_committed(shop: Shop, till: Sender) -> None:
    serial, connector = shop.card(), Freezing()
    till.send(last_is("old"), "e1")
    tools = tools_of(shop, connector)
    batch = take(tools, 10, set())
    assert batch is not None
    connector.held = Held(tools, batch, time.monotonic())
    with shop.database.write.begin() as session:  # the next worker is at it
        session.execute(update(HookSource).values(lease_token="theirs"))

    _work(connector.held)

    assert ("", ["received"]) == (shown(shop, serial), states(till))
    with shop.database.read() as session:
        assert "theirs" == session.scalars(select(HookSource.lease_token)).one()


def test_nothing_is_committed_without_a_lease_that_is_sure(shop: Shop, till: Sender) -> None:
    shop.card()
    till.send(last_is(1))
    tools = tools_of(shop)
    batch = take(tools, 10, set())
    assert batch is not None
    fresh, stale = Held(tools, batch, time.monotonic()), Held(tools, batch, time.monotonic() - SAFE_S)
    with pytest.raises(LeaseLost), Fenced(tools.db, stale).begin() as session:
        session.execute(update(Card).values(tier="lost"))
    with Fenced(tools.db, fresh).begin() as session:
        session.execute(update(Member).values(locale="lv"))

    with shop.database.read() as session:
        assert ("", "lv") == session.execute(select(Card.tier, Member.locale).join(Member)).one()


def test_whoever_lost_the_source_asks_its_system_no_more(shop: Shop, till: Sender) -> None:
    till.send(b"contact:1")
    calls: list[str] = []

    class Portal(Asking):
        def read(self, remote: Remote, refs: Sequence[str], mapping: Mapping[str, Any]) -> dict[str, Any]:
            calls.append(str(remote.settings))
            remote.call("GET", "contact")
            raise AssertionError("it was called")

    class System:
        settings, token = "theirs", ""

        def call(self, *about: Any) -> Any:
            raise AssertionError("it was called")

    tools = Tools(
        shop.deps.db,
        {"generic": Portal()},
        shop.deps.unseal,
        shop.clock.now(),
        1.0,
        lambda of: System(),  # type: ignore[arg-type,return-value]
        "",
    )
    batch = take(tools, 10, set())
    assert batch is not None
    with shop.database.write.begin() as session:
        session.execute(update(HookSource).values(lease_token="theirs"))

    _work(Held(tools, batch, time.monotonic() - SAFE_S))

    assert (["theirs"], ["received"], 0) == (calls, states(till), till.events()[0]["attempts"])


class Asking(Generic):
    """A connector of a system that only says what changed."""

    calls_per_s = 2.0

    def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Any]:
        return [Ask(stored.body.decode())] if stored.body != b"{}" else []


def test_one_thing_that_cannot_be_read_stops_no_other(shop: Shop, till: Sender) -> None:
    serial, other = shop.card(), shop.source("zeta")

    class Portal(Asking):
        def read(self, remote: Remote, refs: Sequence[str], mapping: Mapping[str, Any]) -> dict[str, Any]:
            if "bad" in refs:
                raise KeyError("FIELDS")
            return {ref: [Action("values", {"phone": PHONE, "values": {ref: 1}})] for ref in refs}

    till.send(b"bad", "e1")
    till.send(b"good", "e2")
    other.send(b"fine", "e1")
    apply_with(shop, Portal(), call_back=lambda of: None)

    assert (["received", "applied"], ["applied"]) == (states(till), states(other))
    values = shop.owner.get(f"/cards/{serial}").get_json()["values"]
    assert ({"good": "1", "fine": "1"}, "KeyError: 'FIELDS'") == (values, till.events()[1]["last_error"])


def test_what_waited_for_a_person_goes_before_what_came_after_it(shop: Shop) -> None:
    till = shop.source("wait", settings={"strangers": "wait"})
    till.send(last_is(1), "e1")
    shop.apply()
    till.send({"type": "member.upsert", "data": {"phone": PHONE}}, "e2")
    till.send(last_is(2), "e3")
    shop.apply()
    shop.apply()

    (card,) = shop.owner.get("/cards").get_json()["items"]
    assert ("2", {"applied"}) == (card["values"]["last"], set(states(till)))


def test_in_one_batch_too_what_waited_goes_before_what_came_after_it(shop: Shop) -> None:
    till = shop.source("wait", settings={"strangers": "wait"})
    for number, body in enumerate(
        (last_is(1), {"type": "member.upsert", "data": {"phone": PHONE}}, last_is(2))
    ):
        till.send(body, f"e{number}")
    shop.apply()

    (card,) = shop.owner.get("/cards").get_json()["items"]
    assert ("2", {"applied"}) == (card["values"]["last"], set(states(till)))


def test_what_waited_for_a_person_who_came_by_another_door_keeps_its_place(shop: Shop) -> None:
    till = shop.source("wait", settings={"strangers": "wait"})
    till.send(last_is(1), "e1")
    shop.apply()
    serial = shop.card()
    till.send(last_is(2), "e2")
    till.send(last_is(3, phone=BOB), "e3")
    shop.apply()
    shop.apply()

    assert ("2", ["applied", "applied", "received"]) == (shown(shop, serial), states(till))


def test_a_return_that_waits_is_not_put_aside_because_its_customer_buys_a_lot(
    shop: Shop, till: Sender
) -> None:
    serial = shop.card()
    till.send({"type": "refund", "data": {"receipt": "late", "amount_minor": 1000, "phone": PHONE}}, "back")
    for number in range(len(PARKED_S) + 3):
        till.send(buys(f"r{number}", 100), f"e{number}")
        shop.apply()
    till.send(buys("late", 1000), "sale")
    shop.apply()
    shop.apply()

    assert ({"applied"}, 10 * (len(PARKED_S) + 3)) == (set(states(till)), shop.balances(serial)["points"])


def test_what_waits_and_what_is_done_are_settled_together(postgres_database: Database, clock: Clock) -> None:
    shop = Shop(postgres_database, clock)
    shop.owner.post("/programmes", CAFE)
    serial, till = shop.card(), shop.source("till")
    for number in range(2):
        till.send({"type": "refund", "data": {"receipt": f"late-{number}"}}, f"back-{number}")
    till.send(buys("r1"), "sale")
    shop.apply()

    assert (["received", "received", "applied"], 100) == (states(till), shop.balances(serial)["points"])
    till.send(buys("late-1", 500), "later")
    shop.apply()
    shop.apply()
    assert (["received", "applied", "applied", "applied"], 100) == (
        states(till),
        shop.balances(serial)["points"],
    )


def test_a_return_belongs_to_the_card_of_its_receipt(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    till.send(buys("r1"))
    shop.apply()
    with shop.database.read() as session:
        card = session.scalars(select(Card).where(Card.serial == serial)).one()
        found = cards_named(session, card.programme_id, {"receipt:r1", "receipt:r2", "receipt:a\x00b"})
    assert {"receipt:r1": f"card:{card.id}"} == found


def test_a_crowd_of_calls_refuses_what_each_of_them_would_be_refused(shop: Shop, till: Sender) -> None:
    anna, bob = shop.card(), shop.card(phone=BOB)
    till.send(last_is(1, phone=PHONE, external_id="not hers"), "e1")
    till.send(last_is(1, phone=BOB), "e2")
    shop.apply()

    assert (["dead", "applied"], "", "1") == (states(till), shown(shop, anna), shown(shop, bob))


def test_an_event_that_names_a_crowd_holds_up_all_of_them() -> None:
    class Taken:
        id, due_at, attempts = 1, None, 0

    taken: Any = Taken()
    few, many = ({f"phone:{n}" for n in range(count)} for count in (MOST_KEYS, MOST_KEYS + 1))
    assert sorted(few) == Outcome.later(taken, "", taken.due_at, few).keys
    assert [EVERYTHING] == Outcome.later(taken, "", taken.due_at, many).keys


def test_a_system_that_always_has_more_but_never_moves_on_is_asked_in_its_turn(
    shop: Shop, till: Sender
) -> None:
    class Stuck(Generic):
        poll_every_s = 900.0

        def changed(self, remote: Remote, cursor: str, *, now: Any) -> Changed:
            return Changed([], "here", more=True)

    nobody: Any = None
    known = shop.deps

    def poll() -> bool:
        systems = {"generic": Stuck()}
        return poll_due(known.db, known.read, systems, lambda of: nobody, known.seal, now=shop.clock.now())

    with shop.database.write.begin() as session:
        session.execute(update(HookSource).values(poll_at=shop.clock.now()))
    assert [True, True, False] == [poll(), poll(), poll()]


def test_a_fault_of_the_database_names_nobody(shop: Shop, till: Sender) -> None:
    secret = "+37120009999"
    with pytest.raises(IntegrityError) as caught, shop.database.write.begin() as session:
        session.add(HookEvent(source_id=till.id, dedup_key=secret, body=None, received_at=shop.clock.now()))
    assert secret not in str(caught.value)

    class Failing(Generic):
        def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Action]:
            raise caught.value

    till.send(last_is(1))
    apply_with(shop, Failing())
    assert "IntegrityError" == till.events()[0]["last_error"]
