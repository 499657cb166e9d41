"""From a due card to Apple's answer, and what the database knows then; over the real wire."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.services.explain import explain
from tests.support.service import PASS_TYPE, Phone, Service, papers
from tests.support.service_fixtures import on_both_engines


@pytest.fixture
def service(chosen_service: Service) -> Service:
    """Apple's answers mean the same on both engines; what changes rows during a push runs on each."""
    return chosen_service


def told(service: Service, serial: str) -> dict[str, object]:
    deps = service.parts.deps
    with deps.read() as session:
        return explain(session, deps.wallets, service.card(serial), service.clock.now())


def is_in_step(service: Service, serial: str) -> bool:
    row = service.delivery(serial)
    return row.due_at is None and row.delivered_version == service.card(serial).version


def later(service: Service, **wait: float) -> None:
    service.clock.forward(**wait)
    service.works()


@on_both_engines
def test_a_push_that_was_taken_is_noted(service: Service) -> None:
    serial, phone = service.holder()
    service.shop.buys(serial, 1000)
    service.works()

    [row] = service.registrations(serial)
    assert (2, service.clock.now()) == (row.pushed_version, row.pushed_at)
    assert [(phone.push_token, 200)] == service.apns.answers
    assert is_in_step(service, serial)
    assert "not-asked" == told(service, serial)["code"]


def test_one_card_on_two_phones_is_two_pushes(service: Service) -> None:
    serial, anna = service.holder()
    vera = service.phone("Vera")
    vera.adds(serial)
    service.shop.buys(serial, 1000)
    service.works()

    assert {(anna.push_token, 200), (vera.push_token, 200)} == set(service.apns.answers)
    assert [2, 2] == [row.pushed_version for row in service.registrations(serial)]


def test_a_card_on_no_phone_is_no_push(service: Service) -> None:
    service.shop.buys(service.customer(), 1000)
    service.works()
    assert [] == service.apns.answers


@on_both_engines
def test_a_phone_that_is_gone_loses_its_registration(service: Service) -> None:
    serial, anna = service.holder()
    vera = service.phone("Vera")
    vera.adds(serial)
    service.apns.unregister(anna.push_token, at_ms=int(service.clock.forward(hours=1).timestamp() * 1000))
    service.shop.buys(serial, 1000)
    service.works()

    assert [vera.push_token] == [token for token, status in service.apns.answers if status == 200]
    assert 1 == len(service.registrations(serial))
    assert is_in_step(service, serial)


def test_a_phone_that_came_back_later_keeps_its_registration(service: Service) -> None:
    serial, phone = service.holder()
    gone_at = service.clock.now().timestamp() - 3600
    service.apns.unregister(phone.push_token, at_ms=int(gone_at * 1000))
    service.shop.buys(serial, 1000)
    service.works()

    assert 1 == len(service.registrations(serial))
    assert service.delivery(serial).due_at is not None


@on_both_engines
def test_a_new_token_that_came_during_the_push_is_not_dropped_with_the_old_one(service: Service) -> None:
    serial, phone = service.holder()
    gone_at = service.clock.forward(hours=1)
    service.apns.unregister(phone.push_token, at_ms=int(gone_at.timestamp() * 1000))
    service.shop.buys(serial, 1000)

    def takes_a_new_token() -> None:
        phone.push_token = "cd" * 32
        service.apns.register(phone.push_token, PASS_TYPE)
        assert 200 == phone.registers(serial)

    service.apns.meanwhile.append(takes_a_new_token)
    service.works()
    later(service, minutes=5)

    assert 1 == len(service.registrations(serial))
    assert ("cd" * 32, 200) == service.apns.answers[-1]
    assert is_in_step(service, serial)


@on_both_engines
def test_another_card_that_comes_during_the_push_keeps_its_device(service: Service) -> None:
    hers, phone = service.holder()
    second = service.customer("Vera")
    gone_at = service.clock.forward(hours=1)
    service.apns.unregister(phone.push_token, at_ms=int(gone_at.timestamp() * 1000))
    service.shop.buys(hers, 1000)
    service.apns.meanwhile.append(lambda: phone.adds(second))
    service.works()

    assert 1 == len(service.registrations(second))


def test_rejected_as_a_whole_deletes_nothing_and_says_so(service: Service) -> None:
    serials = []
    for number in range(30):
        serial, phone = service.customer(f"Anna {number}"), service.phone()
        phone.registers(serial)
        service.apns.faults.fail_token(phone.push_token, 400, "BadDeviceToken")
        serials.append(serial)
    service.works()

    assert 30 == sum(len(service.registrations(serial)) for serial in serials)
    assert all(service.delivery(serial).due_at for serial in serials)
    ready = service.app.test_client().get("/readyz")
    assert 503 == ready.status_code
    assert "apns-mass-rejection" in [finding["code"] for finding in ready.get_json()["findings"]]


def test_a_single_bad_token_is_dropped(service: Service) -> None:
    serial, phone = service.holder()
    service.apns.faults.fail_token(phone.push_token, 400, "BadDeviceToken")
    service.shop.buys(serial, 1000)
    service.works()
    assert [] == service.registrations(serial)
    assert "nowhere" == told(service, serial)["code"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (429, "TooManyRequests"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
        (403, "BadCertificate"),
        (400, "TopicDisallowed"),
        (418, "NeverHeardOf"),
    ],
)
def test_what_may_pass_is_tried_again(service: Service, status: int, reason: str) -> None:
    serial, phone = service.holder()
    service.apns.faults.fail_next(1, status, reason)
    service.shop.buys(serial, 1000)
    service.works()

    row = service.delivery(serial)
    assert row.due_at is not None and row.due_at > service.clock.now()
    assert reason in row.last_error
    assert 1 == len(service.registrations(serial))
    answer = told(service, serial)
    assert ("retrying", True) == (answer["code"], reason in str(answer["sentence"]))

    later(service, hours=2)
    assert (phone.push_token, 200) == service.apns.answers[-1]
    assert (True, "") == (is_in_step(service, serial), service.delivery(serial).last_error)


def test_apples_wish_when_to_come_back_is_respected(service: Service) -> None:
    serial, _ = service.holder()
    service.apns.faults.fail_next(1, 503, "ServiceUnavailable", retry_after_s=900)
    service.shop.buys(serial, 1000)
    service.works()
    due = service.delivery(serial).due_at
    assert due is not None
    assert 900 <= (due - service.clock.now()).total_seconds()


@on_both_engines
def test_one_of_two_phones_that_fails_is_not_forgotten(service: Service) -> None:
    serial, _ = service.holder()
    vera = service.phone("Vera")
    vera.adds(serial)
    service.apns.faults.fail_token(vera.push_token, 503, "ServiceUnavailable")
    service.shop.buys(serial, 1000)
    service.works()
    assert not is_in_step(service, serial)
    assert {"", "ServiceUnavailable"} == {row.push_error for row in service.registrations(serial)}

    service.apns.faults.heal(vera.push_token)
    later(service, hours=1)

    assert is_in_step(service, serial)
    assert [(2, ""), (2, "")] == [(r.pushed_version, r.push_error) for r in service.registrations(serial)]


def test_an_outage_loses_nothing(service: Service) -> None:
    held = [service.holder(f"Anna {number}") for number in range(12)]
    service.apns.faults.outage = True
    for serial, _ in held:
        service.shop.buys(serial, 1000)
    for _ in range(3):
        later(service, minutes=20)
    assert {503} == {status for _, status in service.apns.answers}

    service.apns.faults.outage = False
    later(service, hours=2)

    assert all(is_in_step(service, serial) for serial, _ in held)
    assert [[serial] for serial, _ in held] == [phone.catches_up() for _, phone in held]


@pytest.mark.parametrize("fault", ["goaway_every", "cut_every"])
def test_a_connection_that_ends_loses_nothing(service: Service, fault: str) -> None:
    held = [service.holder(f"Anna {number}") for number in range(12)]
    setattr(service.apns.faults, fault, 2)
    for serial, _ in held:
        service.shop.buys(serial, 1000)
    for _ in range(20):
        later(service, minutes=20)
    assert all(is_in_step(service, serial) for serial, _ in held)
    taken = {token for token, status in service.apns.answers if status == 200}
    assert {phone.push_token for _, phone in held} <= taken


def test_a_missing_certificate_is_visible_and_harmless(service: Service, tmp_path: Path) -> None:
    serial, phone = service.holder()
    service.signs_with(tmp_path)
    service.shop.buys(serial, 1000)
    service.works()
    answer = told(service, serial)
    assert ("retrying", True) == (answer["code"], PASS_TYPE in str(answer["sentence"]))
    assert 1 == len(service.registrations(serial))

    service.signs_with(papers().certs)
    later(service, hours=1)
    assert [(phone.push_token, 200)] == service.apns.answers


def test_a_certificate_that_apple_does_not_know_is_visible_and_harmless(
    service: Service, strangers: Path
) -> None:
    serial, _ = service.holder()
    service.signs_with(strangers)
    service.shop.buys(serial, 1000)
    service.works()
    answer = told(service, serial)
    assert ("retrying", True) == (answer["code"], "Apple's push service" in str(answer["sentence"]))
    assert 1 == len(service.registrations(serial))
    assert [] == service.apns.answers


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Papers of an authority that the push service does not trust."""
    from app.sandbox.certificates import DevelopmentAuthority
    from tests.support.service import utc_now

    home = tmp_path_factory.mktemp("strangers")
    DevelopmentAuthority(home / "authority", now=utc_now).issue(PASS_TYPE, home / "certs")
    return home / "certs"


def test_a_renewed_certificate_is_used_without_a_restart(service: Service, tmp_path: Path) -> None:
    shutil.copytree(papers().certs, tmp_path / "certs")
    service.signs_with(tmp_path / "certs")
    serial, phone = service.holder()
    for name in ("key.pem", "certificate.pem"):
        (tmp_path / "certs" / PASS_TYPE / name).unlink()
    service.shop.buys(serial, 1000)
    service.works()
    assert [] == service.apns.answers

    shutil.copytree(papers().certs, tmp_path / "certs", dirs_exist_ok=True)
    later(service, hours=1)
    assert [(phone.push_token, 200)] == service.apns.answers


def test_forty_phones_of_one_card_are_forty_pushes(sqlite_service: Service) -> None:
    service = sqlite_service
    serial = service.customer()
    phones: list[Phone] = [service.phone() for _ in range(40)]
    for phone in phones:
        phone.registers(serial)
    service.works()
    assert sorted(phone.push_token for phone in phones) == sorted(token for token, _ in service.apns.answers)
    assert {1} == {row.pushed_version for row in service.registrations(serial)}
