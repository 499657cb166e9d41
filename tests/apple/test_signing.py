"""The signer: its envelope against two oracles, and what it refuses."""

from __future__ import annotations

import logging
import pickle
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st

from app.wallets.apple import cms
from app.wallets.apple.der import OID
from app.wallets.apple.signing import CertificateError, Signer
from tests.support import apple_certs as certs
from tests.support.apple_certs import NOW, papers
from tests.support.apple_passes import openssl_accepts, signer

MANIFEST = b'{"icon.png":"0000000000000000000000000000000000000000"}'


def test_openssl_accepts_the_signature():
    assert openssl_accepts(signer().sign(MANIFEST, now=NOW), MANIFEST, papers().wwdr, at=int(NOW.timestamp()))


def test_openssl_accepts_a_manifest_with_newlines_of_every_kind():
    manifest = b'{\n  "icon.png": "00"\r\n}\r\n'

    assert openssl_accepts(signer().sign(manifest, now=NOW), manifest, papers().wwdr, at=int(NOW.timestamp()))


def test_openssl_refuses_another_manifest():
    signature = signer().sign(MANIFEST, now=NOW)

    assert not openssl_accepts(signature, MANIFEST + b"\n", papers().wwdr, at=int(NOW.timestamp()))


def test_leaf_and_wwdr_are_really_inside():
    found = pkcs7.load_der_pkcs7_certificates(signer().sign(MANIFEST, now=NOW))

    leaf = x509.load_pem_x509_certificate(papers().certificate)
    wwdr = x509.load_pem_x509_certificate(papers().wwdr)
    assert {leaf, wwdr} == set(found)


def test_the_signing_time_is_inside_to_the_second():
    later = NOW + timedelta(hours=1, microseconds=999_999)

    assert NOW + timedelta(hours=1) == cms.parse(signer().sign(MANIFEST, now=later)).signing_time


def test_from_2050_on_the_signing_time_is_still_read_right():
    far = datetime(2050, 1, 1, tzinfo=UTC)
    own = Signer(**papers(life=timedelta(days=36_500)).arguments())
    signature = own.sign(MANIFEST, now=far)

    assert far == cms.parse(signature).signing_time
    assert openssl_accepts(signature, MANIFEST, papers().wwdr, at=int(NOW.timestamp()) + 86_400 * 365)


def test_the_envelope_says_what_a_general_builder_says():
    """The attributes differ in time alone; everything else that a phone reads is the same."""
    ours = cms.parse(signer().sign(MANIFEST, now=NOW))
    theirs = cms.parse(_by_the_builder(MANIFEST))

    for part in ("detached", "issuer", "serial", "digest"):
        assert getattr(theirs, part) == getattr(ours, part), part
    assert set(theirs.certificates) == set(ours.certificates)
    for kind in (OID.CONTENT_TYPE, OID.MESSAGE_DIGEST):
        assert theirs.attributes[kind].whole == ours.attributes[kind].whole
    assert {OID.CONTENT_TYPE, OID.MESSAGE_DIGEST, OID.SIGNING_TIME} == set(ours.attributes)


def _by_the_builder(manifest: bytes) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(manifest)
    leaf = x509.load_pem_x509_certificate(papers().certificate)
    wwdr = x509.load_pem_x509_certificate(papers().wwdr)
    builder = builder.add_signer(leaf, certs.key("leaf"), hashes.SHA256()).add_certificate(wwdr)
    options = [
        pkcs7.PKCS7Options.DetachedSignature,
        pkcs7.PKCS7Options.Binary,
        pkcs7.PKCS7Options.NoCapabilities,
    ]
    return builder.sign(serialization.Encoding.DER, options)


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=2000), st.datetimes(NOW.replace(tzinfo=None), datetime(2027, 1, 1)))
def test_any_manifest_is_signed_byte_for_byte(manifest, when):
    signed = cms.parse(signer().sign(manifest, now=when.replace(tzinfo=UTC)))

    assert signed.covers(manifest)
    assert not signed.covers(manifest + b" ")
    assert signed.signed_by(certs.key("leaf").public_key())
    assert not signed.signed_by(certs.key("stranger").public_key())


def test_a_key_of_another_certificate_is_refused():
    stranger = certs.key_pem(certs.key("stranger"))

    with pytest.raises(CertificateError, match="does not belong"):
        Signer(**papers().arguments() | {"key": stranger})


def test_a_wwdr_of_another_name_is_refused():
    root = certs.made.subject(O="Stand-in", CN="Another")
    other = certs.made.make_authority(
        root, certs.key("other"), issuer=root, signed_by=certs.key("other"), now=NOW
    )

    with pytest.raises(CertificateError, match="did not issue"):
        Signer(**papers().arguments() | {"wwdr": certs.pem(other)})


def test_a_wwdr_of_the_right_name_and_the_wrong_generation_is_refused():
    """Apple's intermediates differ in little but their key, so the name alone proves nothing."""
    with pytest.raises(CertificateError, match="did not issue"):
        Signer(**papers().arguments() | {"wwdr": certs.pem(certs.wwdr("older"))})


def test_of_several_intermediates_the_one_that_issued_is_taken():
    both = certs.pem(certs.wwdr("older")) + papers().wwdr

    assert certs.wwdr("wwdr") == Signer(**papers().arguments() | {"wwdr": both}).wwdr


@pytest.mark.parametrize("part", ["certificate", "key", "wwdr"])
@pytest.mark.parametrize(
    "content", [b"", b"no PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_file_that_is_no_pem_is_named(part, content):
    with pytest.raises(CertificateError, match=rf"^{part}\.pem"):
        Signer(**papers().arguments() | {part: content})


def test_a_locked_key_is_refused_in_plain_words():
    locked = certs.key_pem(certs.key("leaf"), passphrase=b"secret")

    with pytest.raises(CertificateError, match="passphrase"):
        Signer(**papers().arguments() | {"key": locked})


def test_a_key_that_is_not_rsa_is_refused():
    private = ec.generate_private_key(ec.SECP256R1())
    text = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

    with pytest.raises(CertificateError, match="RSA"):
        Signer(**papers().arguments() | {"key": text})


@pytest.mark.parametrize(("days", "word"), [(-2, "begins"), (395, "ended")])
def test_an_expired_or_future_certificate_loads_but_signs_nothing(days, word):
    with pytest.raises(CertificateError, match=word):
        signer().sign(MANIFEST, now=NOW + timedelta(days=days))


def test_nothing_of_the_key_can_be_seen(caplog):
    caplog.set_level(logging.DEBUG)
    key = certs.key("leaf")
    secrets = [str(key.private_numbers().d), f"{key.private_numbers().d:x}", "PRIVATE"]
    shown = repr(signer()) + str(signer()) + caplog.text

    assert "pass.example.cafe" in shown
    assert [] == [secret for secret in secrets if secret in shown]
    with pytest.raises(TypeError):
        pickle.dumps(signer())


def test_a_broken_key_is_not_quoted_in_the_error():
    broken = papers().key.replace(b"\nMII", b"\nMIX", 1)
    with pytest.raises(CertificateError) as error:
        Signer(**papers().arguments() | {"key": broken})

    assert error.value.__cause__ is None
    assert broken.splitlines()[1].decode() not in str(error.value)
