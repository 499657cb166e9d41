"""Apple's push service out of reach, unwell, or refusing us; and a fuse that every process knows of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from app.services.ports import Finding
from app.storage.tables import Chore
from app.wallets.apple import health
from app.wallets.apple.apns_replies import Reply
from app.wallets.apple.pushing import Clients
from tests.support.front import answering, fronted, web_papers
from tests.support.provoked import provokes, troubles
from tests.support.service import PASS_TYPE, Service, papers


def clients(service: Service, url: str = "", ca: Path | None = None) -> Clients:
    """Clients of another process; by default they reach the stand-in."""
    url = url or service.apns.url
    return Clients(url, ca or papers().authority.root, service.apple.store, service.clock.now)


def knocked(service: Service, status: int = 0, reason: str = "") -> list[Finding]:
    """What a knock at the door says when Apple answers so."""
    if status:
        service.apns.faults.fail_next(10, status, reason)
    return [*service.apple.probe(service.clock.now())]


def test_a_door_that_opens_is_told_for_each_pass_type(sqlite_service: Service) -> None:
    assert [("ok", "apns")] * 2 == [(each.level, each.code) for each in knocked(sqlite_service)]


def test_knocking_says_nothing_of_real_tokens(sqlite_service: Service) -> None:
    """However often somebody asks from outside, the fuse of the real pushes stays whole."""
    for _ in range(3):
        knocked(sqlite_service)

    assert {} == sqlite_service.apple.clients.breakers()
    assert {} == sqlite_service.apple.clients.refusals()


@provokes("apns-certificate-refused")
def test_a_certificate_that_apple_refuses(sqlite_service: Service) -> Iterable[Finding]:
    return knocked(sqlite_service, 403, "BadCertificate")


@provokes("apns-topic-refused")
def test_a_topic_that_is_not_ours(sqlite_service: Service) -> Iterable[Finding]:
    return knocked(sqlite_service, 400, "TopicDisallowed")


@provokes("apns-environment")
def test_a_certificate_for_another_environment(sqlite_service: Service) -> Iterable[Finding]:
    return knocked(sqlite_service, 403, "BadCertificateEnvironment")


@provokes("apns-token-refused")
def test_a_provider_token_that_apple_refuses(sqlite_service: Service) -> Iterable[Finding]:
    return knocked(sqlite_service, 403, "InvalidProviderToken")


@provokes("apns-refused")
def test_a_refusal_that_has_no_word_of_its_own(sqlite_service: Service) -> Iterable[Finding]:
    return knocked(sqlite_service, 404, "BadPath")


@provokes("apns-unwell")
def test_apple_is_down(sqlite_service: Service) -> Iterable[Finding]:
    sqlite_service.apns.faults.outage = True
    return knocked(sqlite_service)


@provokes("apns-unresolved")
def test_a_push_service_without_an_address(sqlite_service: Service) -> Iterable[Finding]:
    lost = clients(sqlite_service, f"https://{'x' * 64}.example.com")
    return health.probe(sqlite_service.apple.store, lost)


@provokes("apns-blocked")
def test_a_firewall_before_the_push_service(sqlite_service: Service) -> Iterable[Finding]:
    return health.probe(sqlite_service.apple.store, clients(sqlite_service, "https://127.0.0.1:1"))


@provokes("apns-not-trusted")
def test_somebody_else_answers_for_the_push_service(
    sqlite_service: Service, tmp_path: Path
) -> Iterable[Finding]:
    with fronted(answering("200 OK"), web_papers(tmp_path)) as url:
        return health.probe(sqlite_service.apple.store, clients(sqlite_service, url))


@provokes("apns-no-http2")
def test_a_box_in_between_that_speaks_only_old_http(
    sqlite_service: Service, tmp_path: Path
) -> Iterable[Finding]:
    made = web_papers(tmp_path)
    with fronted(answering("200 OK"), made) as url:
        return health.probe(sqlite_service.apple.store, clients(sqlite_service, url, made.root))


@provokes("apns-not-production")
def test_pushes_to_apples_sandbox(sqlite_service: Service) -> Iterable[Finding]:
    there = clients(sqlite_service, "https://api.sandbox.push.apple.com")
    store, read = sqlite_service.apple.store, sqlite_service.parts.deps.read
    return health.findings(store, there, read, sqlite_service.clock.now())


# -- the fuse --------------------------------------------------------------------------------------


def blow(service: Service) -> None:
    """The worker's fuse has blown, and it has said so."""
    breaker = service.apple.clients.breaker(PASS_TYPE)
    for _ in range(21):
        breaker.note(Reply(400, "BadDeviceToken"))
    health.keep_fuses(service.parts.deps.db, service.apple.clients, service.clock.now())


def push_to_strangers(service: Service) -> None:
    """Apple calls the tokens of 21 phones bad: the worker's fuse blows."""
    for number in range(21):
        serial, phone = service.customer(f"Guest {number}"), service.phone()
        assert 201 == phone.registers(serial)
        service.shop.buys(serial, 1000)
    service.apns.faults.fail_next(100, 400, "BadDeviceToken")
    service.works()


def elsewhere(service: Service) -> list[Finding]:
    """What a process says that has never pushed."""
    store, read = service.apple.store, service.parts.deps.read
    return [*health.findings(store, clients(service), read, service.clock.now())]


@provokes("apns-mass-rejection")
def test_a_web_process_knows_of_the_workers_fuse(service: Service) -> Iterable[Finding]:
    push_to_strangers(service)
    found = elsewhere(service)
    told = next(each for each in found if each.code == "apns-mass-rejection")
    assert (PASS_TYPE, "BadDeviceToken") == (told.facts["pass_type"], told.facts["reason"])
    assert 503 == service.app.test_client().get("/readyz").status_code
    return found


def test_the_alarm_ends_once_pushes_are_taken_again(sqlite_service: Service) -> None:
    blow(sqlite_service)
    sqlite_service.apns.faults.clear()
    breaker = sqlite_service.apple.clients.breaker(PASS_TYPE)
    breaker.note_taken(breaker.window)

    health.keep_fuses(sqlite_service.parts.deps.db, sqlite_service.apple.clients, sqlite_service.clock.now())

    assert "apns-mass-rejection" not in troubles(elsewhere(sqlite_service))


def test_a_restarted_worker_does_not_take_the_alarm_back_before_it_knows(sqlite_service: Service) -> None:
    blow(sqlite_service)
    fresh = clients(sqlite_service)
    fresh.breaker(PASS_TYPE)

    health.keep_fuses(sqlite_service.parts.deps.db, fresh, sqlite_service.clock.now())

    assert "apns-mass-rejection" in troubles(elsewhere(sqlite_service))


def test_an_alarm_that_nobody_renews_ends_by_itself(sqlite_service: Service) -> None:
    blow(sqlite_service)

    sqlite_service.clock.forward(days=3)

    assert "apns-mass-rejection" not in troubles(elsewhere(sqlite_service))


def test_the_fuse_is_written_once_and_not_at_every_round(sqlite_service: Service) -> None:
    blow(sqlite_service)
    with sqlite_service.parts.deps.read() as session:
        first = session.get_one(Chore, f"apns:{PASS_TYPE}").last_at

    sqlite_service.clock.forward(minutes=1)
    health.keep_fuses(sqlite_service.parts.deps.db, sqlite_service.apple.clients, sqlite_service.clock.now())

    with sqlite_service.parts.deps.read() as session:
        assert first == session.get_one(Chore, f"apns:{PASS_TYPE}").last_at


@pytest.mark.parametrize("reason", ["BadCertificate", "Forbidden"])
def test_what_apple_refused_last_is_told_without_asking(sqlite_service: Service, reason: str) -> None:
    serial, _ = sqlite_service.holder()
    sqlite_service.apns.faults.fail_next(1, 403, reason)
    sqlite_service.shop.buys(serial, 1000)
    sqlite_service.works()

    assert "apns-refused" in troubles(sqlite_service.apple.check(sqlite_service.clock.now()))
