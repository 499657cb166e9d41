"""The development authority: in Apple's image, made once, renewed in time, safe where two start at once."""

from __future__ import annotations

import ssl
import stat
import subprocess
import threading
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
from cryptography import x509

from app.clock import utc_now
from app.sandbox.certificates import LEAF_LIFE, DevelopmentAuthority
from app.wallets.apple.certificates import read_identity
from tests.support.apple_certs import NOW, PASS_TYPE, papers

AT = ["-attime", str(int(NOW.timestamp()))]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("authority")


@pytest.fixture(scope="module")
def authority(home: Path) -> DevelopmentAuthority:
    return DevelopmentAuthority(home, now=lambda: NOW)


def openssl(*arguments: str | Path) -> str:
    return subprocess.run(
        ["openssl", *map(str, arguments)], capture_output=True, text=True, check=False
    ).stdout


def test_openssl_accepts_the_leaf_as_a_tls_client(authority, home):
    folder = authority.issue(PASS_TYPE, home)
    chain = ["-x509_strict", "-CAfile", authority.root, "-untrusted", folder / "wwdr.pem"]

    assert "OK" in openssl("verify", *AT, *chain, "-purpose", "sslclient", folder / "certificate.pem")


def test_openssl_accepts_the_server_on_this_machine(authority):
    certificate, _ = authority.apns_server()
    check = ["-x509_strict", "-CAfile", authority.root, "-purpose", "sslserver", "-verify_ip", "127.0.0.1"]

    assert "OK" in openssl("verify", *AT, *check, certificate)


def test_a_client_with_a_pass_certificate_meets_the_server_over_tls(home):
    """With the clock of this machine, as in the sandbox."""
    live = DevelopmentAuthority(home / "live", now=utc_now)
    folder, (certificate, key) = live.issue(PASS_TYPE, home / "live"), live.apns_server()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(live.clients_ca))
    server.load_cert_chain(certificate, key)
    server.verify_mode = ssl.CERT_REQUIRED
    client = ssl.create_default_context(cafile=str(live.root))
    client.load_cert_chain(folder / "certificate.pem", folder / "key.pem")

    _shake_hands(server, client)


def _shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        server.wrap_bio(to_server, to_client, server_side=True),
        client.wrap_bio(to_client, to_server, server_hostname="localhost"),
    ]
    done: set[int] = set()
    for _ in range(10):
        for number, side in enumerate(sides):
            try:
                side.do_handshake()
                done.add(number)
            except ssl.SSLWantReadError:
                continue
    assert {0, 1} == done


def test_asking_again_changes_nothing(authority, home):
    folder = authority.issue(PASS_TYPE, home)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    assert folder == DevelopmentAuthority(home, now=lambda: NOW).issue(PASS_TYPE, home)
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_ageing_certificate_is_renewed_with_the_same_key(tmp_path):
    now = [NOW]
    authority = DevelopmentAuthority(tmp_path, now=lambda: now[0])
    folder = authority.issue(PASS_TYPE, tmp_path)
    key, before = (folder / "key.pem").read_bytes(), read_identity(folder)
    now[0] = before.not_after - timedelta(days=60)

    authority.issue(PASS_TYPE, tmp_path)
    certificate, _ = authority.apns_server()
    assert key == (folder / "key.pem").read_bytes()
    assert read_identity(folder).not_after > now[0] + LEAF_LIFE / 2
    assert (
        x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc > now[0] + LEAF_LIFE / 2
    )


def test_a_certificate_from_elsewhere_is_never_touched(authority, home):
    folder = papers("pass.example.real").write(home / "pass.example.real")
    DevelopmentAuthority(home, now=lambda: NOW + timedelta(days=390)).issue("pass.example.real", home)

    assert papers("pass.example.real").certificate == (folder / "certificate.pem").read_bytes()


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "a/b", ".hidden", "a b", "x" * 300, "pass.", "authority", "pass"]
)
def test_a_name_that_is_no_pass_type_is_refused(authority, home, name):
    with pytest.raises(ValueError, match="pass type"):
        authority.issue(name, home)


def test_a_pass_type_longer_than_a_common_name_may_be_still_gets_its_certificate(authority, home):
    name = "pass.com.example." + "long-" * 12 + "name"

    assert name == read_identity(authority.issue(name, home)).pass_type_identifier


def test_keys_are_readable_by_their_owner_alone(authority, home):
    folder = authority.issue(PASS_TYPE, home)

    assert 0o600 == stat.S_IMODE((folder / "key.pem").stat().st_mode)


def _issue(place: str) -> bytes:
    authority = DevelopmentAuthority(Path(place), now=lambda: NOW)
    return (authority.issue(PASS_TYPE, Path(place)) / "certificate.pem").read_bytes()


def test_two_processes_at_once_end_with_the_same_papers(tmp_path):
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = set(pool.map(_issue, [str(tmp_path)] * 4))

    assert 1 == len(found)
    assert PASS_TYPE == read_identity(tmp_path / PASS_TYPE).pass_type_identifier
    assert {"authority", PASS_TYPE} == {path.name for path in tmp_path.iterdir()}


def test_two_threads_at_once_end_with_the_same_papers(tmp_path):
    gate, found = threading.Barrier(2), []

    def issue() -> None:
        gate.wait()
        found.append(_issue(str(tmp_path)))

    threads = [threading.Thread(target=issue) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 == len(set(found))
    assert PASS_TYPE == read_identity(tmp_path / PASS_TYPE).pass_type_identifier
