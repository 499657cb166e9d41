"""A programme moves to another pass type, with phones that hold the old one; over the wire."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from app.services import pass_moves
from app.storage.tables import FormerPass
from tests.support import apple_certs
from tests.support.handset import Street, back, street
from tests.support.service import OTHER_PASS_TYPE, PASS_TYPE, Service, papers

OLD, NEW = PASS_TYPE, OTHER_PASS_TYPE


@pytest.fixture
def town(service: Service) -> Iterator[Street]:
    assert "cafe" == service.shop.slug  # which opens it
    with street(service) as made:
        yield made


def moves(service: Service, to: str = NEW) -> bool:
    return pass_moves.start(service.parts.deps.db, "cafe", to, now=service.clock.now())


def progress(service: Service) -> pass_moves.Progress:
    with service.parts.deps.read() as session:
        told = pass_moves.progress(session, "cafe")
    assert told is not None
    return told


def former(service: Service, serial: str) -> FormerPass:
    with service.parts.deps.read() as session:
        found = select(FormerPass).where(FormerPass.card_id == service.card(serial).id)
        return session.scalars(found).one()


def test_new_cards_are_issued_under_the_new_type_at_once(town: Street) -> None:
    assert moves(town.service)
    phone = town.phone()
    assert NEW == town.adds(phone, town.service.customer()).pass_type


def test_a_card_that_nobody_holds_just_switches_over(town: Street) -> None:
    serial = town.service.customer()
    moves(town.service)
    town.works()
    assert NEW == town.service.card(serial).pass_type_identifier
    assert 0 == progress(town.service).waiting


def test_an_old_pass_gets_the_way_to_the_new_one_and_goes_on(town: Street) -> None:
    serial, phone = town.service.customer(), town.phone()
    held = town.adds(phone, serial)
    moves(town.service)
    town.service.clock.forward(minutes=1)
    town.works()

    assert town.page(serial).removesuffix("/card.pkpass") in back(held)["new-card-link"]["attributedValue"]
    assert not held.bundle.pass_["voided"]
    town.service.shop.buys(serial, 1000)
    town.service.clock.forward(minutes=1)
    town.works()
    assert 100 == held.bundle.pass_["storeCard"]["headerFields"][0]["value"]
    assert OLD == held.pass_type
    assert [] == town.complaints(phone)
    assert (1, 0, 0) == (
        progress(town.service).waiting,
        progress(town.service).moved,
        progress(town.service).to_switch,
    )


def test_adding_the_new_one_retires_the_old_one(town: Street) -> None:
    serial, phone = town.service.customer(), town.phone()
    old = town.adds(phone, serial)
    town.service.shop.buys(serial, 1000)
    moves(town.service)
    town.service.clock.forward(minutes=1)
    town.works()
    new = town.adds(phone, serial)
    town.service.clock.forward(minutes=1)
    town.works()

    assert (OLD, NEW) == (old.pass_type, new.pass_type)
    assert {(OLD, serial), (NEW, serial)} == set(phone.cards)
    assert (True, False) == (old.bundle.pass_["voided"], new.bundle.pass_["voided"])
    assert "new-card" in back(old) and "new-card" not in back(new)
    assert 100 == new.bundle.pass_["storeCard"]["headerFields"][0]["value"]
    told = progress(town.service)
    assert (1, 0, 1, 0) == (told.cards, told.waiting, told.moved, told.registered)
    assert [NEW] == registered_under(town.service, serial)
    assert [] == town.complaints(phone)

    town.service.shop.buys(serial, 1000)
    town.service.clock.forward(minutes=1)
    town.works()
    assert 200 == new.bundle.pass_["storeCard"]["headerFields"][0]["value"]
    assert [] == town.complaints(phone)


def registered_under(service: Service, serial: str) -> list[str]:
    from app.storage.tables import AppleDevice, AppleRegistration

    with service.parts.deps.read() as session:
        rows = (
            select(AppleDevice.pass_type_identifier)
            .join(AppleRegistration, AppleRegistration.device_id == AppleDevice.id)
            .where(AppleRegistration.card_id == service.card(serial).id)
        )
        return list(session.scalars(rows.order_by(AppleRegistration.id)))


def test_taking_the_old_pass_away_leaves_the_new_one_alone(town: Street) -> None:
    serial, phone = town.service.customer(), town.phone()
    town.adds(phone, serial)
    moves(town.service)
    town.works()
    phone.add(town.page(serial))
    phone.remove(OLD, serial)
    town.works()

    assert [NEW] == registered_under(town.service, serial)
    assert [] == town.complaints(phone)
    assert [] == town.service.events("card.removed")


def test_an_old_pass_that_was_off_all_the_time_learns_it_in_one_go(town: Street) -> None:
    serial, anna, tablet = town.service.customer(), town.phone(), town.phone("Tablet")
    town.adds(anna, serial)
    old = town.adds(tablet, serial)
    tablet.set_offline(True)
    moves(town.service)
    town.works()
    town.adds(anna, serial)
    town.service.clock.forward(days=3)
    tablet.set_offline(False)
    town.works()

    assert old.bundle.pass_["voided"]
    assert [NEW] == registered_under(town.service, serial)
    assert [] == town.complaints(tablet)


def test_moving_twice_is_moving_once(town: Street) -> None:
    serial, phone = town.service.customer(), town.phone()
    held = town.adds(phone, serial)
    assert moves(town.service)
    town.works()
    assert not moves(town.service)
    town.works()
    assert 1 == former(town.service, serial).steps
    assert OLD == held.pass_type


def test_moving_back_makes_the_old_pass_the_present_one_again(town: Street) -> None:
    serial, phone = town.service.customer(), town.phone()
    held = town.adds(phone, serial)
    moves(town.service)
    town.service.clock.forward(minutes=1)
    town.works()
    moves(town.service, OLD)
    town.service.clock.forward(minutes=1)
    town.works()

    assert "new-card-link" not in back(held)
    assert OLD == town.service.card(serial).pass_type_identifier
    assert 0 == progress(town.service).waiting
    town.service.shop.buys(serial, 1000)
    town.service.clock.forward(minutes=1)
    town.works()
    assert 100 == held.bundle.pass_["storeCard"]["headerFields"][0]["value"]
    assert [] == town.complaints(phone)


def test_a_move_of_many_cards_goes_in_chunks_and_survives_a_restart(
    town: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pass_moves, "CHUNK", 2)
    service = town.service
    serials = [service.customer(f"Anna {number}") for number in range(5)]
    moves(service)
    deps = service.parts.deps
    assert pass_moves.step(deps.db, deps.read, service.clock.now())
    assert 3 == progress(service).to_switch
    service.worker_parts  # noqa: B018
    town.works()
    assert {NEW} == {service.card(serial).pass_type_identifier for serial in serials}
    assert 0 == progress(service).to_switch


def test_with_the_old_certificate_gone_old_passes_rest_and_the_new_ones_go_on(
    town: Street, tmp_path: Path
) -> None:
    service, anna, vera = town.service, town.phone(), town.phone("Vera")
    serial = service.customer()
    old = town.adds(anna, serial)
    moves(service)
    town.works()
    new = town.adds(vera, serial)
    shutil.copytree(papers().certs, tmp_path / "certs")
    shutil.rmtree(tmp_path / "certs" / OLD)
    service.signs_with(tmp_path / "certs")

    service.shop.buys(serial, 1000)
    service.clock.forward(minutes=1)
    town.works()
    assert 100 == new.bundle.pass_["storeCard"]["headerFields"][0]["value"]
    assert 0 == old.bundle.pass_["storeCard"]["headerFields"][0]["value"]
    assert service.delivery(serial).due_at is None
    assert "" == service.delivery(serial).last_error


def test_old_passes_that_no_longer_update_are_told_and_nothing_is_called_broken(
    town: Street, tmp_path: Path
) -> None:
    service, phone = town.service, town.phone()
    town.adds(phone, service.customer())
    moves(service)
    town.works()
    shutil.copytree(papers().certs, tmp_path / "certs")
    long_ago = apple_certs.papers(OLD, issued=datetime(2020, 1, 1, tzinfo=UTC))
    long_ago.write(tmp_path / "certs" / OLD)
    service.signs_with(tmp_path / "certs")

    told = service.apple.check(service.clock.now())
    [ended] = [finding for finding in told if finding.code == "apple-old-pass-type-ended"]
    assert ("warning", 1) == (ended.level, ended.facts["count"])
    assert "apple-certificate-expired" not in [finding.code for finding in told]


def test_the_card_page_offers_the_new_card_until_it_is_added(town: Street) -> None:
    service, phone = town.service, town.phone()
    serial = service.customer()
    town.adds(phone, serial)
    page = f"/c/{service.card(serial).link}"
    browser = service.app.test_client()
    assert "Your new card is ready" not in browser.get(page, query_string={"lang": "en"}).text
    moves(service)
    town.works()
    assert "Your new card is ready" in browser.get(page, query_string={"lang": "en"}).text
    assert "Ваша новая карта готова" in browser.get(page, query_string={"lang": "ru"}).text
    town.adds(phone, serial)
    assert "Your new card is ready" not in browser.get(page, query_string={"lang": "en"}).text


def test_a_wrong_token_opens_the_old_pass_no_more_than_the_new_one(town: Street) -> None:
    service, phone = town.service, town.service.phone()
    serial = service.customer()
    phone.adds(serial)
    moves(service)
    town.works()
    for pass_type in (OLD, NEW):
        path = f"/apple/v1/passes/{pass_type}/{serial}"
        assert 401 == phone.calls("GET", path, serial, token="x" * 43).status_code
        assert 200 == phone.calls("GET", path, serial).status_code
    assert 401 == phone.calls("GET", f"/apple/v1/passes/pass.example.none/{serial}", serial).status_code
