"""The served pass, held against OpenSSL and against our strictest reader, for each look that we ship."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from app.rendering.starters import starters
from app.services import programmes
from app.services.enrolment import Enrol, enrol
from app.wallets.apple.validate import verify
from tests.support.service import PASS_TYPE, Service, papers


def issued(service: Service, starter: str) -> str:
    """The serial of a card with this starter's look."""
    found, deps = starters()[starter], service.parts.deps
    apple = found.programme.apple.model_copy(update={"pass_type_identifier": PASS_TYPE})
    programme = found.programme.model_copy(update={"apple": apple})
    programmes.create(deps.db, programme, now=deps.now(), fit_starter=deps.fit_starter, design=found.design)
    cmd = Enrol(programme.slug, {"given_name": "Анна", "phone": "+37120000001", "locale": "ru"})
    return enrol(deps.db, cmd, now=deps.now()).serial


@pytest.mark.parametrize("starter", sorted(starters()))
def test_a_served_pass_is_what_openssl_and_wallet_accept(
    sqlite_service: Service, tmp_path: Path, starter: str
) -> None:
    serial = issued(sqlite_service, starter)
    package = sqlite_service.phone().fetches(serial).data

    assert [] == [f for f in verify(package, trusted=wwdr_print()) if f.severity == "error"]
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files["manifest.json"])
    rest = files.keys() - {"manifest.json", "signature"}
    assert {name: hashlib.sha1(files[name]).hexdigest() for name in rest} == manifest
    for name in ("manifest.json", "signature"):
        (tmp_path / name).write_bytes(files[name])
    assert "Verification successful" in openssl(tmp_path, "cms", "-verify", *SIGNATURE, *CHAIN)
    assert "signingTime" in openssl(tmp_path, "asn1parse", "-inform", "DER", "-in", "signature")


SIGNATURE = ("-inform", "DER", "-in", "signature", "-binary", "-content", "manifest.json", "-out", "signed")
CHAIN = ("-CAfile", str(papers().authority.wwdr), "-partial_chain", "-purpose", "any")


def openssl(folder: Path, *words: str) -> str:
    done = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, text=True, timeout=30)
    assert 0 == done.returncode, done.stderr
    return done.stdout + done.stderr


def wwdr_print() -> frozenset[str]:
    from app.wallets.apple.certificates import CertificateStore

    return CertificateStore(papers().certs).wwdr_fingerprints()
