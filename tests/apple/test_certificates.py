"""The folder of certificates: found, renewed under way, and complained about in good time."""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from app.sandbox import certificates as made
from app.sandbox.certificates import DevelopmentAuthority
from app.wallets.apple.certificates import (
    APPLE_WWDR_G4,
    CertificateStore,
    UnknownPassType,
    pass_type_extension,
)
from app.wallets.apple.signing import CertificateError
from tests.support import apple_certs as certs
from tests.support.apple_certs import NOW, PASS_TYPE, TEAM, papers

BAR = "pass.example.bar"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    papers().write(tmp_path / PASS_TYPE)
    return tmp_path


def codes(store: CertificateStore, *, at=NOW) -> set[tuple[str, str]]:
    return {(finding.level, finding.code) for finding in store.check(at)}


def test_the_certificate_says_who_signs(folder):
    identity = CertificateStore(folder).identity(PASS_TYPE)

    assert (PASS_TYPE, TEAM) == (identity.pass_type_identifier, identity.team_identifier)
    assert made.ORGANISATION == identity.organisation
    assert NOW - made.BACKDATED + made.LEAF_LIFE == identity.not_after
    assert not identity.nfc
    assert folder / PASS_TYPE == identity.folder


def test_an_nfc_certificate_is_known_as_one(tmp_path):
    papers(nfc=True).write(tmp_path / PASS_TYPE)

    assert CertificateStore(tmp_path).only().nfc


def test_several_brands_lie_side_by_side(folder):
    papers(BAR, team="BARTEAM001").write(folder / BAR)
    (folder / "authority").mkdir()
    store = CertificateStore(folder)

    assert [BAR, PASS_TYPE] == store.names()
    assert "BARTEAM001" == store.identity(BAR).team_identifier
    with pytest.raises(UnknownPassType, match="several"):
        store.only()


def test_an_empty_or_missing_folder_has_no_pass_types(tmp_path):
    for store in (CertificateStore(tmp_path), CertificateStore(tmp_path / "nowhere")):
        assert [] == store.names()
        assert {("warning", "apple-no-certificate")} == codes(store)
        with pytest.raises(UnknownPassType):
            store.only()


@pytest.mark.parametrize(
    "name", ["pass.example.none", "../" + PASS_TYPE, "", ".", "..", "a/b", "x" * 300, "a\0b"]
)
def test_an_unknown_pass_type_is_refused_in_plain_words(folder, name):
    with pytest.raises(UnknownPassType):
        CertificateStore(folder).identity(name)


def test_the_same_papers_are_read_once(folder):
    store = CertificateStore(folder)

    assert store.identity(PASS_TYPE) is store.identity(PASS_TYPE)


def test_a_renewal_counts_without_a_restart(folder):
    store = CertificateStore(folder)
    before = store.identity(PASS_TYPE)
    papers(leaf_key="renewed").write(folder / PASS_TYPE)

    assert store.identity(PASS_TYPE).signer is not before.signer
    assert {("ok", "apple-certificate")} == codes(CertificateStore(folder, issue=lambda name: None))


def test_while_a_renewal_is_half_copied_the_earlier_papers_stay_in_use(folder):
    store = CertificateStore(folder)
    before = store.identity(PASS_TYPE)
    (folder / PASS_TYPE / "certificate.pem").write_bytes(papers(leaf_key="renewed").certificate)

    assert store.identity(PASS_TYPE) is before
    assert ("warning", "apple-renewal-unusable") in codes(store)

    (folder / PASS_TYPE / "key.pem").write_bytes(papers(leaf_key="renewed").key)
    assert store.identity(PASS_TYPE) is not before
    assert ("warning", "apple-renewal-unusable") not in codes(store)


@pytest.mark.parametrize("missing", ["key", "wwdr"])
def test_a_missing_file_is_named(folder, missing):
    (folder / PASS_TYPE / f"{missing}.pem").unlink()
    store = CertificateStore(folder)

    with pytest.raises(CertificateError, match=rf"^{missing}\.pem cannot be read"):
        store.identity(PASS_TYPE)
    assert {("broken", "apple-paper-missing")} == codes(store)


def test_a_certificate_of_another_kind_is_refused(folder):
    other = certs.made.subject(O="Stand-in", CN="Website")
    leaf = made.make_authority(
        other, certs.key("leaf"), issuer=certs.wwdr("wwdr").subject, signed_by=certs.key("wwdr"), now=NOW
    )
    (folder / PASS_TYPE / "certificate.pem").write_bytes(certs.pem(leaf))

    with pytest.raises(CertificateError, match="no pass certificate"):
        CertificateStore(folder).identity(PASS_TYPE)


@pytest.mark.parametrize(
    ("days_left", "level", "code"),
    [
        (60, "ok", "apple-certificate"),
        (59, "warning", "apple-certificate-ends-in-60-days"),
        (30, "warning", "apple-certificate-ends-in-60-days"),
        (29, "warning", "apple-certificate-ends-in-30-days"),
        (6, "warning", "apple-certificate-ends-in-7-days"),
        (0, "warning", "apple-certificate-ends-in-7-days"),
        (-1, "broken", "apple-certificate-expired"),
        (396, "broken", "apple-certificate-not-yet-valid"),
    ],
)
def test_the_end_is_told_in_good_time(folder, days_left, level, code):
    store = CertificateStore(folder, issue=lambda name: None)
    at = store.identity(PASS_TYPE).not_after - timedelta(days=days_left)

    assert {(level, code)} == codes(store, at=at)


def test_a_folder_under_the_wrong_name_is_broken(tmp_path):
    papers().write(tmp_path / BAR)

    assert ("broken", "apple-folder-mismatch") in codes(CertificateStore(tmp_path))


def test_an_extension_that_names_another_pass_type_is_broken(tmp_path):
    papers(extension=BAR).write(tmp_path / PASS_TYPE)

    assert ("broken", "apple-not-a-pass-certificate") in codes(CertificateStore(tmp_path))


def test_an_intermediate_that_is_not_apples_is_a_warning_outside_the_sandbox(folder):
    assert ("warning", "apple-wwdr-not-g4") in codes(CertificateStore(folder))
    assert {("ok", "apple-certificate")} == codes(CertificateStore(folder, issue=lambda name: None))


def test_an_expired_intermediate_is_broken(tmp_path):
    old = certs.wwdr("old", life=timedelta(days=30))
    fresh = papers(issuer="old")
    certs.Papers(fresh.certificate, fresh.key, certs.pem(old)).write(tmp_path / PASS_TYPE)

    assert ("broken", "apple-wwdr-expired") in codes(CertificateStore(tmp_path), at=NOW + timedelta(days=40))


def test_the_fingerprint_of_apples_intermediate_is_a_sha256():
    assert 32 == len(bytes.fromhex(APPLE_WWDR_G4))


def test_the_sandbox_makes_papers_for_any_pass_type_and_nobody_else_does(tmp_path):
    authority = DevelopmentAuthority(tmp_path, now=lambda: NOW)
    store = CertificateStore(tmp_path, issue=lambda name: authority.issue(name, tmp_path))

    assert BAR == store.identity(BAR).pass_type_identifier
    assert [BAR] == store.names()
    with pytest.raises(UnknownPassType):
        CertificateStore(tmp_path).identity(PASS_TYPE)
    with pytest.raises(UnknownPassType, match=r"begin with pass\."):
        store.identity("authority")


def test_many_threads_get_the_same_papers(folder):
    store, found, gate = CertificateStore(folder), [], threading.Barrier(8)

    def ask() -> None:
        gate.wait()
        found.append(store.identity(PASS_TYPE))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 8 == len(found)
    assert 1 == len({id(identity) for identity in found})


def test_the_fingerprints_in_use_are_known(folder):
    papers(BAR).write(folder / BAR)
    (folder / BAR / "key.pem").unlink()
    store = CertificateStore(folder)

    assert {certs.wwdr("wwdr").fingerprint(made.hashes.SHA256()).hex()} == store.wwdr_fingerprints()


def test_the_extension_is_read_as_apple_writes_it(folder):
    identity = CertificateStore(folder).only()

    assert PASS_TYPE == pass_type_extension(identity.signer.certificate)
    assert pass_type_extension(identity.signer.wwdr) is None


def test_a_store_survives_files_it_may_not_read(folder):
    if os.geteuid() == 0:  # root may read everything, so a folder stands in for the file
        (folder / PASS_TYPE / "key.pem").unlink()
        (folder / PASS_TYPE / "key.pem").mkdir()
    else:
        (folder / PASS_TYPE / "key.pem").chmod(0)

    with pytest.raises(CertificateError, match=r"key\.pem cannot be read"):
        CertificateStore(folder).identity(PASS_TYPE)
