"""Apple's papers with every fault that keeps a pass from opening, and passes that a phone would refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import update

from app.services.ports import Finding
from app.storage.tables import Card, ProgrammeRow
from app.wallets.apple import health
from app.wallets.apple.bundle import BrokenPass
from app.wallets.apple.certificates import CertificateStore
from tests.support import apple_certs
from tests.support.apple_certs import NOW, PASS_TYPE, papers
from tests.support.provoked import provokes, troubles
from tests.support.service import OTHER_PASS_TYPE, Service


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of one pass type, all in order."""
    return papers().write(tmp_path / PASS_TYPE)


def seen(folder: Path, *, days: float = 1) -> list[Finding]:
    """What a store says of its papers so long after they were issued."""
    return CertificateStore(folder.parent).check(NOW + timedelta(days=days))


@provokes("apple-no-certificate")
def test_no_certificate_at_all(tmp_path: Path) -> Iterable[Finding]:
    return CertificateStore(tmp_path).check(NOW)


@pytest.mark.parametrize("name", ["key", "wwdr"])
@provokes("apple-paper-missing")
def test_a_file_that_is_not_there(folder: Path, name: str) -> Iterable[Finding]:
    (folder / f"{name}.pem").unlink()
    return seen(folder)


@provokes("apple-key-mismatch")
def test_a_key_of_another_certificate(folder: Path) -> Iterable[Finding]:
    (folder / "key.pem").write_bytes(apple_certs.key_pem(apple_certs.key("another")))
    return seen(folder)


@provokes("apple-key-locked")
def test_a_key_behind_a_passphrase(folder: Path) -> Iterable[Finding]:
    (folder / "key.pem").write_bytes(apple_certs.key_pem(apple_certs.key("leaf"), passphrase=b"sesame"))
    return seen(folder)


@provokes("apple-wwdr-wrong")
def test_an_intermediate_of_another_generation(folder: Path) -> Iterable[Finding]:
    (folder / "wwdr.pem").write_bytes(apple_certs.pem(apple_certs.wwdr("old")))
    return seen(folder)


@provokes("apple-certificate-unusable")
def test_a_certificate_that_is_none(folder: Path) -> Iterable[Finding]:
    (folder / "certificate.pem").write_text("not a certificate")
    return seen(folder)


def test_a_key_that_is_not_rsa_is_unusable(folder: Path) -> None:
    curve: Any = ec.generate_private_key(ec.SECP256R1())
    (folder / "key.pem").write_bytes(apple_certs.key_pem(curve))

    assert {"apple-certificate-unusable"} == troubles(seen(folder))


@provokes("apple-certificate-expired")
def test_a_certificate_that_has_ended(folder: Path) -> Iterable[Finding]:
    return seen(folder, days=800)


@provokes("apple-certificate-not-yet-valid")
def test_a_certificate_from_tomorrow(folder: Path) -> Iterable[Finding]:
    return seen(folder, days=-30)


def with_days_left(folder: Path, days: int) -> list[Finding]:
    store = CertificateStore(folder.parent)
    return store.check(store.only().not_after - timedelta(days=days))


@provokes("apple-certificate-ends-in-7-days")
def test_a_certificate_in_its_last_week(folder: Path) -> Iterable[Finding]:
    return with_days_left(folder, 5)


@provokes("apple-certificate-ends-in-30-days")
def test_a_certificate_in_its_last_month(folder: Path) -> Iterable[Finding]:
    return with_days_left(folder, 20)


@provokes("apple-certificate-ends-in-60-days")
def test_a_certificate_in_its_last_two_months(folder: Path) -> Iterable[Finding]:
    return with_days_left(folder, 45)


@provokes("apple-folder-mismatch")
def test_a_certificate_in_the_folder_of_another(tmp_path: Path) -> Iterable[Finding]:
    return seen(papers().write(tmp_path / "pass.example.bar"))


@provokes("apple-not-a-pass-certificate")
def test_a_certificate_whose_extension_names_another_type(tmp_path: Path) -> Iterable[Finding]:
    return seen(papers(extension="pass.example.bar").write(tmp_path / PASS_TYPE))


@provokes("apple-wwdr-expired")
def test_an_intermediate_that_has_ended(folder: Path) -> Iterable[Finding]:
    life = timedelta(days=60)
    (folder / "wwdr.pem").write_bytes(apple_certs.pem(apple_certs.wwdr("wwdr", life=life)))
    return seen(folder, days=90)


@provokes("apple-wwdr-not-g4")
def test_an_intermediate_that_is_not_apples(folder: Path) -> Iterable[Finding]:
    return seen(folder)


@provokes("apple-renewal-unusable")
def test_a_renewal_that_was_copied_by_half(folder: Path) -> Iterable[Finding]:
    store = CertificateStore(folder.parent)
    store.only()
    (folder / "key.pem").write_bytes(apple_certs.key_pem(apple_certs.key("another")))
    return store.check(NOW + timedelta(days=1))


@provokes("apple-push-key-unusable")
def test_a_push_key_that_is_none(folder: Path) -> Iterable[Finding]:
    (folder / "AuthKey_ABCDE12345.p8").write_text("not a key")
    return seen(folder)


# -- sample cards ----------------------------------------------------------------------------------


def programme(service: Service, **apple: str) -> None:
    """Name another pass type in the programme."""
    with service.parts.deps.db.begin() as session:
        row = session.get_one(ProgrammeRow, service.shop.programme_id)
        row.body = {**row.body, "apple": apple}


def inspected(service: Service) -> list[Finding]:
    return [*service.apple.inspect(service.clock.now())]


def test_a_card_that_a_phone_takes_is_told(sqlite_service: Service) -> None:
    sqlite_service.customer()

    assert [("ok", "apple-pass")] == [(each.level, each.code) for each in inspected(sqlite_service)]


@provokes("apple-pass-type-missing")
def test_a_programme_whose_pass_type_has_no_papers(sqlite_service: Service) -> Iterable[Finding]:
    programme(sqlite_service, pass_type_identifier="pass.example.nobody")
    return inspected(sqlite_service)


@provokes("apple-pass-type-unnamed")
def test_a_programme_that_names_none_of_several(sqlite_service: Service) -> Iterable[Finding]:
    programme(sqlite_service)
    return inspected(sqlite_service)


@provokes("apple-pass-refused")
def test_a_design_that_a_phone_would_refuse(sqlite_service: Service) -> Iterable[Finding]:
    """A certificate of another issuer signed it, as after a move: what is made now is not trusted."""
    sqlite_service.customer()
    strangers = CertificateStore(Path("nowhere"))
    found = [*health.inspect(strangers, sqlite_service.parts.deps.read, package_of(sqlite_service))]
    assert "pass.example" not in found[0].mend
    return found


def package_of(service: Service) -> Callable[[int], bytes]:
    return lambda card_id: service.apple.signed(card_id).body


def test_a_pass_that_cannot_be_made_is_told_with_the_reason(sqlite_service: Service) -> None:
    sqlite_service.customer()

    def broken(card_id: int) -> bytes:
        raise BrokenPass("icon.png is missing")

    found = [*health.inspect(sqlite_service.apple.store, sqlite_service.parts.deps.read, broken)]

    assert {"apple-pass-refused"} == troubles(found)
    assert "icon.png is missing" in found[0].message


@provokes("apple-team-changed")
def test_a_renewal_from_another_team(sqlite_service: Service, tmp_path: Path) -> Iterable[Finding]:
    who, serial = sqlite_service.parts.deps.health, sqlite_service.customer()
    assert who is not None
    served(sqlite_service, serial)
    who.remember()
    issued = sqlite_service.clock.now() - timedelta(days=1)
    papers(team="ANOTHER001", issued=issued).write(tmp_path / PASS_TYPE)
    sqlite_service.signs_with(tmp_path)
    return who.ready()


def served(service: Service, serial: str) -> None:
    """The pass has left for a phone."""
    with service.parts.deps.db.begin() as session:
        session.execute(update(Card).where(Card.serial == serial).values(served_version=1))


def test_a_second_pass_type_does_not_hide_the_first(sqlite_service: Service) -> None:
    assert {PASS_TYPE, OTHER_PASS_TYPE} <= set(sqlite_service.apple.store.names())
