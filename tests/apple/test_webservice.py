"""Apple's web service as phones use it, line by line, over the whole service and on both engines."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from app.services import cards
from app.storage.tables import AppleDevice, AppleRegistration
from tests.support.service import OTHER_PASS_TYPE, PASS_TYPE, Phone, Service, pass_json, points_on

ODD_HEADERS = (
    None,
    "",
    "ApplePass",
    "ApplePass ",
    "Basic QW5uYTpwYXNz",
    "Bearer {token}",
    "applepass {token}",
    "ApplePass {token}x",
    "ApplePass  {token}",
    "ApplePass Ключ".encode().decode("latin-1"),
    "ApplePass " + "x" * 10_000,
)

NO_PUSH_TOKEN = (
    b"",
    b"{",
    b"[]",
    b"null",
    b'"aa"',
    b"{}",
    b'{"pushToken": null}',
    b'{"pushToken": 7}',
    b'{"pushToken": ""}',
    b'{"pushToken": ["aa"]}',
    b'{"pushToken": "a b"}',
    b'{"pushToken": "aa\\n"}',
    b'{"pushToken": "\\u0000"}',
    b'{"pushToken": "' + b"a" * 201 + b'"}',
    b"\xff\xfe\x00",
    b"[" * 4000,
    b'{"pushToken": "\\ud800"}',
)


def kept(service: Service, table: Any) -> int:
    with service.parts.deps.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


# --- registering ---


def test_a_new_registration_is_201_and_a_known_one_200(service: Service) -> None:
    serial, phone = service.customer(), service.phone()
    assert [201, 200, 200] == [phone.registers(serial) for _ in range(3)]
    assert 1 == kept(service, AppleRegistration)


def test_a_new_push_token_reaches_the_next_push(service: Service) -> None:
    serial, phone = service.holder()
    phone.push_token = "ab" * 32
    service.apns.register(phone.push_token, PASS_TYPE)
    assert 200 == phone.registers(serial)

    service.shop.buys(serial, 1000)
    service.works()

    assert [("ab" * 32, 200)] == service.apns.answers


def test_a_phone_that_registers_with_an_old_card_is_told_at_once(service: Service) -> None:
    serial, phone = service.customer(), service.phone()
    phone.fetches(serial)
    service.shop.buys(serial, 1000)
    phone.registers(serial)

    service.works()

    assert [(phone.push_token, 200)] == service.apns.answers
    assert [serial] == phone.catches_up()


def test_two_phones_hold_one_card_and_one_phone_holds_two(service: Service) -> None:
    hers, his = service.customer("Anna"), service.customer("Vera")
    anna, vera = service.phone("Anna"), service.phone("Vera")
    for phone, serial in ((anna, hers), (vera, hers), (vera, his)):
        phone.adds(serial)

    service.shop.buys(hers, 1000)
    service.works()

    assert {anna.push_token, vera.push_token} == {token for token, _ in service.apns.answers}
    assert ([hers], [hers]) == (anna.asks(), [serial for serial in vera.asks() if serial == hers])


def test_a_wrong_authorization_is_401_and_never_500(sqlite_service: Service) -> None:
    service = sqlite_service
    serial, phone = service.customer(), service.phone()
    calls = (
        ("POST", phone.registration(serial)),
        ("DELETE", phone.registration(serial)),
        ("GET", f"/apple/v1/passes/{PASS_TYPE}/{serial}"),
        ("HEAD", f"/apple/v1/passes/{PASS_TYPE}/{serial}"),
    )
    for header in ODD_HEADERS:
        headers = {} if header is None else {"Authorization": header.format(token=phone.token(serial))}
        for method, path in calls:
            answer = phone.calls(method, path, headers=headers, json={"pushToken": "aa"})
            assert (401, b"") == (answer.status_code, answer.data), (method, header)
    assert 0 == kept(service, AppleDevice)


def test_an_unknown_card_answers_like_a_wrong_token(service: Service) -> None:
    serial, phone = service.customer(), service.phone()
    token = phone.token(serial)
    paths = [
        f"/apple/v1/passes/{PASS_TYPE}/nobody",
        f"/apple/v1/passes/{OTHER_PASS_TYPE}/{serial}",
        f"/apple/v1/passes/{PASS_TYPE}/{serial}%00",
        f"/apple/v1/passes/%00/{serial}",
        f"/apple/v1/passes/{PASS_TYPE}/%FF%FE",
    ]
    headers = {"Authorization": f"ApplePass {token}"}
    assert [401] * 5 == [phone.calls("GET", path, headers=headers).status_code for path in paths]


def test_a_token_opens_its_own_card_only(service: Service) -> None:
    hers, his, phone = service.customer("Anna"), service.customer("Charlie"), service.phone()
    assert 401 == phone.registers(hers, token=phone.token(his))


def test_a_registration_without_a_push_token_is_400(sqlite_service: Service) -> None:
    service = sqlite_service
    serial, phone = service.customer(), service.phone()
    headers = {"Authorization": f"ApplePass {phone.token(serial)}", "Content-Type": "application/json"}
    for body in NO_PUSH_TOKEN:
        answer = phone.calls("POST", phone.registration(serial), data=body, headers=headers)
        assert 400 == answer.status_code, body
    assert 0 == kept(service, AppleDevice)


def test_a_registration_larger_than_any_phones_is_refused(sqlite_service: Service) -> None:
    serial, phone = sqlite_service.customer(), sqlite_service.phone()
    assert 413 == phone.registers(serial, body={"pushToken": "aa", "more": "x" * 5000})


def test_a_device_name_that_no_phone_has_is_400(service: Service) -> None:
    serial, phone = service.customer(), service.phone()
    for library_id in ("x" * 129, "%00", "a%00b"):
        phone.library_id = library_id
        assert 400 == phone.registers(serial)
        assert 200 == phone.unregisters(serial)
        assert [] == phone.asks()


def test_the_oldest_of_too_many_registrations_gives_way(sqlite_service: Service) -> None:
    service = sqlite_service
    serial = service.customer()
    phones = [service.phone() for _ in range(51)]
    assert {201} == {phone.registers(serial) for phone in phones}
    assert 50 == kept(service, AppleRegistration) == kept(service, AppleDevice)
    service.shop.buys(serial, 1000)
    assert ([], [serial]) == (phones[0].asks(), phones[-1].asks())


def test_a_phone_that_changed_its_name_replaces_itself(service: Service) -> None:
    serial, phone = service.holder()
    again = Phone(service, "another-name", phone.push_token)
    assert 201 == again.registers(serial)

    service.shop.buys(serial, 1000)
    service.works()

    assert [(phone.push_token, 200)] == service.apns.answers
    assert (1, 1) == (kept(service, AppleRegistration), kept(service, AppleDevice))


# --- asking ---


def test_without_a_tag_everything_unfetched_is_listed(service: Service) -> None:
    hers, second, phone = service.customer("Anna"), service.customer("Vera"), service.phone()
    for serial in (hers, second):
        phone.adds(serial)
    assert {hers, second} == set(phone.asks())


def test_only_what_changed_since_the_tag_is_listed(service: Service) -> None:
    hers, second, phone = service.customer("Anna"), service.customer("Vera"), service.phone()
    for serial in (hers, second):
        phone.adds(serial)
    phone.catches_up()

    service.shop.buys(second, 1000)
    assert [second] == phone.catches_up()
    service.shop.buys(hers, 1000)
    service.clock.forward(minutes=5)
    service.shop.buys(second, 1000)
    assert {hers, second} == set(phone.catches_up())
    assert [] == phone.asks()


def test_two_changes_in_one_second_are_both_seen(service: Service) -> None:
    serial, phone = service.holder()
    phone.catches_up()
    seen = []
    for _ in range(2):
        service.shop.buys(serial, 1000)
        assert [serial] == phone.asks()
        seen.append(points_on(phone.fetches(serial).data))
    assert [100, 200] == seen


def test_a_card_that_was_told_but_not_fetched_stays_listed(service: Service) -> None:
    serial, phone = service.holder()
    phone.catches_up()
    service.shop.buys(serial, 1000)
    assert [[serial]] * 4 == [phone.asks() for _ in range(4)]  # each under another tag
    phone.fetches(serial)
    assert [] == phone.asks()


def test_a_foreign_device_hears_nothing(service: Service) -> None:
    service.holder()
    assert [] == service.phone("Charlie").asks()


def test_a_list_holds_only_what_this_device_registered(service: Service) -> None:
    hers, anna = service.holder("Anna")
    _, vera = service.holder("Vera")
    service.shop.buys(hers, 1000)
    assert hers not in vera.asks()
    assert 200 == anna.unregisters(hers)
    assert [] == anna.asks()


def test_a_garbage_tag_lists_everything(service: Service) -> None:
    serial, phone = service.holder()
    for tag in ("", "1", "1.", "1.\0", "1.é", "1700000000", "x" * 5000, "1." + "A" * 3000):
        phone.tag = tag
        assert [serial] == phone.asks()


def test_a_restored_backup_is_told_of(service: Service) -> None:
    serial, phone = service.holder()
    before = service.card(serial)
    service.shop.buys(serial, 1000)
    phone.catches_up()

    with service.parts.deps.db.begin() as session:  # yesterday's dump: version and all that depends on it
        row = session.merge(before)
        row.served_version = before.version

    assert [serial] == phone.asks()


def test_a_device_with_more_cards_than_a_tag_holds_hears_of_all(sqlite_service: Service) -> None:
    service, phone = sqlite_service, sqlite_service.phone()
    serials = {service.customer(f"Anna {number}") for number in range(52)}
    assert {201} == {phone.registers(serial) for serial in serials}
    assert serials == set(phone.asks())
    assert serials == set(phone.asks())


# --- fetching ---


def test_a_pass_comes_with_its_headers(service: Service) -> None:
    serial, phone = service.customer(), service.phone()
    answer = phone.fetches(serial)
    assert (200, "application/vnd.apple.pkpass") == (answer.status_code, answer.content_type)
    changed_at = parsedate_to_datetime(answer.headers["Last-Modified"])
    assert service.card(serial).changed_at.replace(microsecond=0) == changed_at
    assert serial == pass_json(answer.data)["serialNumber"]


def test_an_unchanged_pass_is_304_and_a_change_in_the_same_second_200(service: Service) -> None:
    serial, phone = service.customer(), service.phone()
    first = phone.fetches(serial).headers["Last-Modified"]
    same = phone.fetches(serial, since=first)
    assert (304, b"") == (same.status_code, same.data)

    service.shop.buys(serial, 1000)
    changed = phone.fetches(serial, since=first)
    service.shop.buys(serial, 1000)
    again = phone.fetches(serial, since=changed.headers["Last-Modified"])

    assert [(200, 100), (200, 200)] == [(r.status_code, points_on(r.data)) for r in (changed, again)]


def test_an_odd_if_modified_since_gets_the_pass(sqlite_service: Service) -> None:
    serial, phone = sqlite_service.customer(), sqlite_service.phone()
    for since in ("", "yesterday", "0", "Mon, 02 Mar 2099 09:00:00 GMT", "é", "x" * 9000):
        assert 200 == phone.fetches(serial, since=since).status_code


def test_head_has_the_same_headers_and_fetches_nothing(service: Service) -> None:
    serial, phone = service.customer(), service.phone()
    head = phone.fetches(serial, method="HEAD")
    assert (200, b"", 0) == (head.status_code, head.data, service.card(serial).served_version)
    full = phone.fetches(serial)
    names = ("Content-Type", "Last-Modified")
    assert [full.headers[name] for name in names] == [head.headers[name] for name in names]
    assert 304 == phone.fetches(serial, method="HEAD", since=full.headers["Last-Modified"]).status_code


@pytest.mark.parametrize("status", ["void", "blocked"])
def test_a_card_that_ended_is_served_as_such(service: Service, status: str) -> None:
    serial, phone = service.holder()
    phone.catches_up()
    cards.change(service.parts.deps.db, serial, now=service.clock.now(), status=status)
    service.works()

    assert [serial] == phone.asks()
    answer = phone.fetches(serial)

    assert (200, True) == (answer.status_code, pass_json(answer.data)["voided"])
    assert 200 == phone.registers(serial)


def test_an_expired_card_is_served_as_expired(service: Service) -> None:
    serial, phone = service.holder()
    end = service.clock.forward(hours=1)
    cards.change(service.parts.deps.db, serial, now=service.clock.now(), expires_at=end)
    service.clock.forward(hours=1)
    service.works()

    assert [serial] == phone.asks()
    card = pass_json(phone.fetches(serial).data)

    assert (True, end.isoformat()) == (card["voided"], card["expirationDate"].replace("Z", "+00:00"))


def test_token_and_serial_never_change(service: Service) -> None:
    serial, phone = service.customer(), service.phone()
    before = pass_json(phone.fetches(serial).data)
    service.shop.buys(serial, 1000)
    after = pass_json(phone.fetches(serial).data)
    names = ("authenticationToken", "serialNumber", "passTypeIdentifier", "webServiceURL")
    assert [before[name] for name in names] == [after[name] for name in names]
    assert f"{service.url}/apple" == after["webServiceURL"]


def test_a_pass_that_cannot_be_signed_is_503_and_not_noted_as_served(
    sqlite_service: Service, tmp_path: Any
) -> None:
    serial, phone = sqlite_service.customer(), sqlite_service.phone()
    sqlite_service.signs_with(tmp_path / "nothing")
    answer = phone.fetches(serial)
    assert (503, "300", 0) == (
        answer.status_code,
        answer.headers["Retry-After"],
        sqlite_service.card(serial).served_version,
    )


# --- leaving ---


def test_unregistering_twice_is_no_fault_and_the_last_card_takes_the_device_along(service: Service) -> None:
    hers, second, phone = service.customer("Anna"), service.customer("Vera"), service.phone()
    for serial in (hers, second):
        phone.adds(serial)
    assert [200, 200] == [phone.unregisters(hers) for _ in range(2)]
    assert (1, 1) == (kept(service, AppleRegistration), kept(service, AppleDevice))
    phone.unregisters(second)
    assert (0, 0) == (kept(service, AppleRegistration), kept(service, AppleDevice))
    service.shop.buys(hers, 1000)
    service.works()
    assert [] == service.apns.answers


def test_unregistering_what_never_was_is_no_fault(service: Service) -> None:
    assert 200 == service.phone().unregisters(service.customer())
