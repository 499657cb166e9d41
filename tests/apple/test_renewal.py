"""A certificate is renewed beside a running service: old passes keep updating, over a new connection."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509

from app.cli import papers as paper_room
from app.sandbox import certificates as made
from app.wallets.apple.certificates import APPLE_WWDR_G4, fingerprint
from app.wallets.apple.signing import CertificateError
from tests.support import apple_certs
from tests.support.handset import Street, street
from tests.support.service import PASS_TYPE, Service, papers


@pytest.fixture
def town(service: Service, tmp_path: Path) -> Iterator[Street]:
    shutil.copytree(papers().certs, tmp_path / "certs")
    service.signs_with(tmp_path / "certs")
    with street(service) as opened:
        yield opened


def renew(certs: Path, beside: Path) -> bytes:
    """What `tillpass certs import` does with Apple's new certificate: each file in one step, leaf last."""
    fresh = papers().authority.issue(PASS_TYPE, beside)
    for name in ("wwdr", "key", "certificate"):
        content = (fresh / f"{name}.pem").read_bytes()
        paper_room.write(certs / PASS_TYPE / f"{name}.pem", content, mode=0o600)
    return (fresh / "certificate.pem").read_bytes()


def test_old_passes_keep_updating_after_a_renewal(town: Street, tmp_path: Path) -> None:
    service, phone = town.service, town.phone()
    serial = service.customer()
    held = town.adds(phone, serial)
    service.shop.buys(serial, 1000)
    service.clock.forward(minutes=1)
    town.works()
    before, connections = service.apple.store.identity(PASS_TYPE), service.apns.opened

    renew(tmp_path / "certs", tmp_path / "apple")
    service.shop.buys(serial, 1000)
    service.clock.forward(minutes=1)
    town.works()

    after = service.apple.store.identity(PASS_TYPE)
    assert before.papers != after.papers
    assert 200 == held.bundle.pass_["storeCard"]["headerFields"][0]["value"]
    assert connections + 1 == service.apns.opened
    assert [] == [text for text in town.complaints(phone) if "unchanged" not in text]
    assert 2 == sum(status == 200 for _, status in service.apns.answers)


def test_a_half_copied_renewal_stops_nothing(town: Street, tmp_path: Path) -> None:
    service, phone = town.service, town.phone()
    serial = service.customer()
    held = town.adds(phone, serial)
    fresh = papers().authority.issue(PASS_TYPE, tmp_path / "apple")
    shutil.copy(fresh / "certificate.pem", tmp_path / "certs" / PASS_TYPE / "certificate.pem")

    service.shop.buys(serial, 1000)
    service.clock.forward(minutes=1)
    town.works()
    phone.refresh()

    assert 100 == held.bundle.pass_["storeCard"]["headerFields"][0]["value"]
    told = [finding.code for finding in service.apple.check(service.clock.now())]
    assert "apple-renewal-unusable" in told


# -- the intermediate --------------------------------------------------------------------------------------


@cache
def wwdr(generation: str) -> x509.Certificate:
    """A stand-in for one of Apple's intermediates."""
    root = made.subject(O="Stand-in", CN="Root")
    unit = "" if generation == "G1" else generation
    name = made.subject(O="Stand-in", OU=unit, CN="Stand-in Worldwide Developer Relations")
    key, signer = apple_certs.key(f"wwdr {generation}"), apple_certs.key("root")
    return made.make_authority(name, key, issuer=root, signed_by=signer, now=apple_certs.NOW)


def leaf(generation: str) -> x509.Certificate:
    return made.make_pass_certificate(
        PASS_TYPE,
        apple_certs.key("leaf"),
        issuer=wwdr(generation).subject,
        signed_by=apple_certs.key(f"wwdr {generation}"),
        now=apple_certs.NOW,
    )


def test_the_intermediate_that_comes_with_us_is_apples_g4() -> None:
    own = x509.load_pem_x509_certificate(paper_room.BUNDLED_WWDR.read_bytes())
    assert APPLE_WWDR_G4 == fingerprint(own)
    assert "G4" == paper_room.generation(own.subject)
    assert 2030 == own.not_valid_after_utc.year


def test_the_right_generation_is_picked_among_several(tmp_path: Path) -> None:
    for name in ("G1", "G3", "G4", "G6"):
        (tmp_path / f"AppleWWDRCA{name}.pem").write_bytes(apple_certs.pem(wwdr(name)))
    assert apple_certs.pem(wwdr("G4")) == paper_room.find_wwdr(leaf("G4"), [tmp_path])
    assert apple_certs.pem(wwdr("G1")) == paper_room.find_wwdr(leaf("G1"), [tmp_path])


@pytest.mark.parametrize("needed", ["G4", "G1"])
def test_a_wrong_generation_is_refused_with_the_name_of_the_needed_one(tmp_path: Path, needed: str) -> None:
    (tmp_path / "AppleWWDRCAG3.pem").write_bytes(apple_certs.pem(wwdr("G3")))
    with pytest.raises(CertificateError) as told:
        paper_room.find_wwdr(leaf(needed), [tmp_path])
    assert f"'Worldwide Developer Relations - {needed}'" in str(told.value)
    assert "only generation G3" in str(told.value)
