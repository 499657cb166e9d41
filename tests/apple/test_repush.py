"""Phones that were told and never came: one later knock, never two; counted, and asleep after a month."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import pairwise

import pytest

from app.services.phones import silences, silent_phones
from app.storage.tables import AppleDevice, Chore
from app.wallets.apple import repush
from tests.support.service import Phone, Service
from tests.support.service_fixtures import on_both_engines


@pytest.fixture
def service(chosen_service: Service) -> Service:
    """Whom to wake is the same on both engines; what two do at once, and a crash, run on each."""
    return chosen_service


def pushes(service: Service, phone: Phone) -> int:
    return [token for token, status in service.apns.answers if status == 200].count(phone.push_token)


def later(service: Service, **wait: float) -> None:
    service.clock.forward(**wait)
    service.works()


def silent(service: Service) -> tuple[str, Phone]:
    """A phone that was pushed and does not come."""
    serial, phone = service.holder()
    service.shop.buys(serial, 1000)
    service.works()
    return serial, phone


@on_both_engines
def test_a_phone_that_does_not_come_is_pushed_once_more_after_six_hours(service: Service) -> None:
    serial, phone = silent(service)
    later(service, hours=5)
    assert 1 == pushes(service, phone)
    later(service, hours=2)
    assert 2 == pushes(service, phone)
    assert [2] == [row.repushed_version for row in service.registrations(serial)]
    for _ in range(10):
        later(service, hours=7)
    assert 2 == pushes(service, phone)


def test_the_next_version_has_a_later_push_of_its_own(service: Service) -> None:
    serial, phone = silent(service)
    later(service, hours=7)
    service.shop.buys(serial, 1000)
    service.works()
    assert 3 == pushes(service, phone)
    later(service, hours=7)
    later(service, hours=1)  # rounds are half an hour apart
    assert 4 == pushes(service, phone)


def test_a_phone_that_came_is_left_in_peace(service: Service) -> None:
    _, phone = silent(service)
    phone.catches_up()
    later(service, hours=8)
    assert 1 == pushes(service, phone)


def test_a_phone_that_asked_and_did_not_fetch_counts_too(service: Service) -> None:
    _, phone = silent(service)
    phone.asks()
    later(service, hours=8)
    assert 2 == pushes(service, phone)


def test_a_phone_asleep_is_left_asleep(service: Service) -> None:
    serial, phone = service.holder()
    service.clock.forward(days=31)
    service.shop.buys(serial, 1000)
    service.works()
    later(service, hours=8)
    assert 1 == pushes(service, phone)
    with service.parts.deps.read() as session:
        [counted] = silences(session, None, service.clock.now())
        [row] = silent_phones(session, None, service.clock.now(), limit=10)
    assert (1, 0, 1) == (counted.phones, counted.waiting, counted.asleep)
    assert row.asleep
    assert serial == row.serial


def test_a_token_that_died_meanwhile_is_forgotten(service: Service) -> None:
    serial, phone = silent(service)
    gone_at = service.clock.forward(hours=1)
    service.apns.unregister(phone.push_token, at_ms=int(gone_at.timestamp() * 1000))
    later(service, hours=7)
    assert [] == service.registrations(serial)


def test_a_later_push_that_fails_is_written_down_and_not_repeated(service: Service) -> None:
    serial, phone = silent(service)
    service.apns.faults.fail_token(phone.push_token, 503, "ServiceUnavailable")
    later(service, hours=7)
    [row] = service.registrations(serial)
    assert ("ServiceUnavailable", 2) == (row.push_error, row.repushed_version)
    service.apns.faults.heal(phone.push_token)
    later(service, hours=7)
    assert 1 == pushes(service, phone)


@on_both_engines
def test_a_crash_after_marking_costs_the_push_and_never_makes_two(service: Service) -> None:
    _, phone = silent(service)
    service.clock.forward(hours=7)
    deps = service.parts.deps
    assert repush._claim(deps.db, service.clock.now())  # and then the process dies
    for _ in range(5):
        later(service, hours=7)
    assert 1 == pushes(service, phone)


@on_both_engines
def test_two_workers_at_once_push_once(service: Service) -> None:
    _, phone = silent(service)
    service.clock.forward(hours=7)
    deps, now = service.parts.deps, service.clock.now()
    workers = [
        threading.Thread(target=repush.step, args=(deps.db, deps.read, service.apple.clients, now))
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert 2 == pushes(service, phone)


def test_the_round_takes_its_time(sqlite_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most so many at once, then a rest; all in the end."""
    service = sqlite_service
    monkeypatch.setattr(repush, "AT_ONCE", 3)
    monkeypatch.setattr(repush, "WINDOW", 4)
    serial = service.customer()
    phones = [service.phone() for _ in range(8)]
    for phone in phones:
        phone.registers(serial)
    service.works()
    before = len(service.apns.answers)
    later(service, hours=7)
    sent = [len(service.apns.answers) - before]
    for _ in range(5):
        later(service, seconds=repush.REST.total_seconds())
        sent.append(len(service.apns.answers) - before)
    assert 3 == sent[0]
    assert all(after - earlier <= 3 for earlier, after in pairwise(sent))
    assert 8 == sent[-1]
    with service.parts.deps.read() as session:
        chore = session.get_one(Chore, repush.NAME)
    assert chore.next_at is not None
    assert service.clock.now() + timedelta(minutes=25) < chore.next_at


def test_phones_of_other_apps_are_not_apples_to_wake(sqlite_service: Service) -> None:
    service = sqlite_service
    _, phone = silent(service)
    with service.parts.deps.db.begin() as session:
        session.query(AppleDevice).update({"scheme": "walletpasses"})
    later(service, hours=8)
    assert 1 == pushes(service, phone)
