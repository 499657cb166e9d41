"""From the till to the phone in the customer's hand over real sockets; the phones are the sandbox's."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from app.sandbox.android import Android
from app.sandbox.apns import Push
from app.sandbox.fleet import Fleet
from app.sandbox.iphone import IPhone
from app.sandbox.phones import Phones
from app.sandbox.world import PooledSchedule, PooledSend, World
from app.services import access
from tests.support.google_server import ISSUER
from tests.support.service import PASS_TYPE, Service, utc_now

CAFE: dict[str, Any] = {
    "slug": "cafe",
    "name": "Кофе и мята",
    "currency": "EUR",
    "locales": ["en", "ru"],
    "time_zone": "Europe/Riga",
    "rules": [{"kind": "points", "percent": 10}],
    "apple": {"pass_type_identifier": PASS_TYPE},
}
ANNA = {"phone": "+37120000001", "given_name": "Аня", "locale": "ru"}


class Program:
    """A program with an owner's key, as the contract's smallest one; it speaks HTTP."""

    def __init__(self, service: Service) -> None:
        deps = service.parts.deps
        self._key = access.create_key(deps.db, role="owner", now=deps.now(), name="till")
        self._url, self._send, self._number = service.url, PooledSend(), 0

    def posts(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        import orjson

        self._number += 1
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"k{self._number}",
        }
        reply = self._send("POST", f"{self._url}/api/v1{path}", headers=headers, body=orjson.dumps(body))
        assert reply.status in (200, 201), reply.body
        answer: dict[str, Any] = orjson.loads(reply.body)
        return answer


@contextmanager
def world(service: Service) -> Iterator[World]:
    """The network and the time of phones; what APNs delivers wakes them."""
    send, schedule = PooledSend(), PooledSchedule()
    yield World(send, schedule, service.apns, now=utc_now, head_every=0, retry_waits_s=(0.2,) * 10)
    schedule.stop()
    send.close()


@contextmanager
def woken(service: Service, wake: Callable[[str], None]) -> Iterator[None]:
    """Pushes that Apple accepts reach these phones, for the length of the block."""

    def pushed(push: Push) -> None:
        wake(push.token)

    service.apns.hearers.append(pushed)
    try:
        yield
    finally:
        service.apns.hearers.remove(pushed)


def wait_until(true: Callable[[], bool], *, most_s: float = 30.0) -> bool:
    waiting = threading.Event()
    for _ in range(int(most_s / 0.05)):
        if true():
            return True
        waiting.wait(0.05)
    return False


def points_of(phone: IPhone) -> list[Any]:
    """What the customer reads on each card."""
    fields = [field for held in phone.cards.values() for field in held.bundle.fields()]
    return [field["value"] for field in fields if field["key"] == "points"]


def test_a_purchase_is_seen_on_both_phones(service: Service) -> None:
    program = Program(service)
    with world(service) as around:
        phones = Phones(replace(around, apns=service.apns), service.google.state)
        stop = service.google.state.subscribe(phones.google_changed)
        anna = phones.create("iphone", name="Anna’s iPhone", locale="ru")
        boris = phones.create("android", name="Anna’s Android", locale="ru")
        assert isinstance(anna, IPhone) and isinstance(boris, Android)
        program.posts("/programmes", CAFE)
        card = program.posts("/cards", {"programme": "cafe", "member": ANNA})
        with woken(service, phones.pushed):
            anna.add(card["links"]["apple"])
            boris.add(card["links"]["google"])
            assert [0] == points_of(anna)
            service.works()

            body = {"amount_minor": 12340, "currency": "EUR", "receipt": "r1"}
            bought = program.posts(f"/cards/{card['serial']}/purchases", body)
            service.works()

            assert {"points": 1234} == bought["earned"]
            assert wait_until(lambda: [1234] == points_of(anna)), list(anna.log)
        stop()
        shown = service.google.state.view(f"{ISSUER}.{card['serial']}")["object"]
        assert 1234 == shown["loyaltyPoints"]["balance"]["int"]
        assert ["1"] == [str(len(one.notifications)) for one in (anna,)]
        assert [] == [line for line in anna.log if line["kind"] == "complaint"]
        assert 1 == len(boris.notifications)
    assert [] == service.events("delivery.repaired")


FAULTS: dict[str, Callable[[Service], None]] = {
    "outage": lambda service: setattr(service.apns.faults, "outage", True),
    "goaway": lambda service: setattr(service.apns.faults, "goaway_every", 7),
    "cut": lambda service: setattr(service.apns.faults, "cut_every", 11),
    "some 503": lambda service: service.apns.faults.fail_next(30, 503, "ServiceUnavailable"),
    "throttled": lambda service: service.apns.faults.fail_next(10, 429, "TooManyRequests"),
    "google down": lambda service: service.google.state.modes.change({"error_rate": 1.0}),
}


def test_forty_phones_converge_whatever_happened(sqlite_service: Service) -> None:
    """Random purchases while Apple and Google are in trouble, one trouble after another."""
    service, chance = sqlite_service, random.Random(7)
    serials = [service.customer(f"Anna {number}") for number in range(40)]
    packages = [service.apple.package(service.card(serial).id)[0] for serial in serials]
    with world(service) as around:
        fleet = Fleet(around, 40)
        with woken(service, fleet.pushed):
            for phone, package in zip(fleet.phones, packages, strict=True):
                phone.add(package)
            for name in FAULTS:
                service.apns.faults.clear()
                FAULTS[name](service)
                for serial in chance.sample(serials, 15):
                    service.shop.buys(serial, chance.choice((1000, 2500, 990)))
                service.works()
                service.clock.forward(seconds=chance.uniform(0, 90))
            service.apns.faults.clear()
            for _ in range(4):
                service.clock.forward(hours=1)
                service.works()
            wrong = differing(service, fleet, serials)
            assert wait_until(lambda: not wrong(), most_s=60), wrong()
    assert [] == service.events("delivery.repaired")
    # A change between a phone's list and its fetch is fetched early: told of it later, the phone says so.
    said = [line["text"] for phone in fleet.phones for line in phone.log if line["kind"] == "complaint"]
    assert [] == [text for text in said if "the pass was unchanged" not in text]


def differing(service: Service, fleet: Fleet, serials: list[str]) -> Callable[[], list[str]]:
    """The cards whose phone shows something else than the ledger says."""
    true = {serial: service.shop.balance(serial, "points") for serial in serials}

    def wrong() -> list[str]:
        shown = {held.serial: held for phone in fleet.phones for held in phone.cards.values()}
        assert shown.keys() == true.keys()
        return [serial for serial, held in shown.items() if true[serial] != _points(held)]

    return wrong


def _points(held: Any) -> int:
    return int(next(field["value"] for field in held.bundle.fields() if field["key"] == "points"))
