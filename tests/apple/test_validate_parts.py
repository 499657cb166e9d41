"""The validator on manifest, signature, pictures and translations: a clear fault for each silent refusal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from app.wallets.apple.signing import Signer
from app.wallets.apple.validate import verify
from tests.support import apple_certs as certs
from tests.support.apple_certs import NOW, papers
from tests.support.apple_faults import errors, good, signed, warnings, with_card, with_files
from tests.support.apple_passes import card, dumps, members, pictures, rezip, static_files, strings

# -- the manifest ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("manifest", "code"),
    [
        (b"[]", "json-not-object"),
        (b"{", "json-unreadable"),
        (b'{"pass.json": "zz"}', "manifest-hash-form"),
        (b'{"pass.json": 7}', "manifest-hash-form"),
        (b'{"signature": "00"}', "manifest-absent"),
        (b'{"a": "1", "a": "2"}', "json-key-twice"),
    ],
)
def test_a_broken_manifest_is_explained(manifest, code):
    assert code in errors(rezip({**members(good()), "manifest.json": manifest}))


@pytest.mark.parametrize("name", ["pass.json", "manifest.json", "signature"])
def test_a_missing_part_is_named(name):
    files = {key: each for key, each in members(good()).items() if key != name}

    assert f"{name.removesuffix('.json')}-missing" in errors(rezip(files))


# -- the signature ---------------------------------------------------------------------------------


def builder_signs(
    *options: pkcs7.PKCS7Options, wwdr: bool = True, digest: hashes.HashAlgorithm | None = None
) -> Callable:
    """Signs as other people's tools do, foot-guns included; the signing time is this machine's."""

    def sign(manifest: bytes) -> bytes:
        leaf = x509.load_pem_x509_certificate(live().certificate)
        builder = pkcs7.PKCS7SignatureBuilder().set_data(manifest)
        builder = builder.add_signer(leaf, certs.key("leaf"), digest or hashes.SHA256())
        if wwdr:
            builder = builder.add_certificate(certs.wwdr("wwdr"))
        return builder.sign(serialization.Encoding.DER, list(options))

    return sign


@cache
def live() -> certs.Papers:
    """A certificate that is valid whatever this machine's clock says."""
    return papers(life=timedelta(days=36_500), issued=NOW - timedelta(days=3_650))


DETACHED, BINARY = pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary
FILES = {**static_files(), "pass.json": dumps(card())}


def test_a_pass_signed_by_the_general_builder_is_accepted():
    assert not errors(signed(FILES, sign=builder_signs(DETACHED, BINARY))) - {"wwdr-not-valid"}


def test_an_attached_signature_is_found():
    assert "signature-attached" in errors(signed(FILES, sign=builder_signs(BINARY)))


def test_a_signature_without_signing_time_is_found():
    no_attributes = builder_signs(DETACHED, BINARY, pkcs7.PKCS7Options.NoAttributes)

    assert "signature-unreadable" in errors(signed(FILES, sign=no_attributes))


def test_a_signature_without_the_intermediate_is_found():
    assert "wwdr-missing" in errors(signed(FILES, sign=builder_signs(DETACHED, BINARY, wwdr=False)))


def test_the_foot_gun_of_text_mode_is_named():
    """Without Binary the builder signs CRLF, so a manifest with a newline never verifies."""
    listed = {name: hashlib.sha1(content).hexdigest() for name, content in FILES.items()}
    manifest = json.dumps(listed, indent=1).encode()
    files = {**FILES, "manifest.json": manifest}
    wrong = rezip({**files, "signature": builder_signs(DETACHED)(manifest)})
    right = rezip({**files, "signature": builder_signs(DETACHED, BINARY)(manifest)})

    (fault,) = [each for each in verify(wrong) if each.code == "signature-other-content"]
    assert "CRLF" in fault.message
    assert "signature-other-content" not in errors(right)


@pytest.mark.parametrize("days", [-2, 400])
def test_a_signing_time_outside_the_certificates_life_is_found(days):
    """The signer refuses to do so, so one is made to believe in a longer life."""
    twin = Signer(**papers().arguments())
    twin.valid_from, twin.valid_until = NOW - timedelta(days=999), NOW + timedelta(days=999)

    assert {"certificate-not-valid"} <= errors(signed(FILES, twin, NOW + timedelta(days=days)))


def test_an_expired_intermediate_is_found():
    own = Signer(**papers(issuer="brief").arguments() | {"wwdr": certs.pem(brief_wwdr())})

    assert "wwdr-not-valid" in errors(signed(FILES, own, NOW + timedelta(days=40)))


def brief_wwdr() -> x509.Certificate:
    return certs.wwdr("brief", life=timedelta(days=30))


def test_an_intermediate_that_is_not_apples_is_an_error_unless_it_is_trusted():
    assert "wwdr-unknown" in {fault.code for fault in verify(good()) if fault.severity == "error"}
    assert "wwdr-unknown" not in errors(good())


def test_a_pass_for_another_pass_type_or_team_is_found():
    assert {"passTypeIdentifier-mismatch"} == errors(with_card(passTypeIdentifier="pass.example.other"))
    assert {"teamIdentifier-mismatch"} == errors(with_card(teamIdentifier="OTHERTEAM1"))


def test_a_certificate_of_another_kind_is_found():
    own = Signer(**papers(extension="pass.example.other").arguments())

    assert "leaf-kind" in errors(signed(FILES, own))


def test_nfc_needs_an_nfc_certificate():
    nfc = {"message": "0001", "encryptionPublicKey": "MDkwEw=="}
    own = Signer(**papers(nfc=True).arguments())

    assert "nfc-certificate" in errors(with_card(nfc=nfc))
    assert "nfc-certificate" not in errors(signed({**static_files(), "pass.json": dumps(card(nfc=nfc))}, own))


# -- pictures and translations ---------------------------------------------------------------------


def test_a_missing_icon_is_found():
    icons = {name: None for name in pictures() if name.startswith("icon")}
    files = {**FILES, **icons}

    assert {"icon-missing"} == errors(
        signed({name: each for name, each in files.items() if each is not None})
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xff\xd8\xff\xe0JFIF", "image-not-png"),
        (b"", "image-not-png"),
        (b"\x89PNG\r\n\x1a\n", "image-damaged"),
        (pictures()["logo.png"][:-20], "image-damaged"),
        (pictures()["logo.png"].replace(b"IDAT", b"IDAX"), "image-damaged"),
    ],
)
def test_a_picture_that_is_none_is_found(content, code):
    assert {code} == errors(with_files(logo__png=content))


def test_a_large_picture_and_a_missing_sharp_one_are_warnings():
    assert "image-too-large" in warnings(with_files(logo__png=pictures()["logo@3x.png"]))
    assert "image-not-sharp" in warnings(with_files(**{"logo@3x__png": None}))


def test_translated_pictures_under_a_common_one_are_warned_of():
    assert "image-hidden" in warnings(with_files(**{"ru.lproj/logo__png": pictures()["logo.png"]}))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ('"Points" = "Баллы"'.encode("utf-16"), "strings-unreadable"),
        ('"Points" = "Ба"ллы";'.encode("utf-16"), "strings-unreadable"),
        ('"Points" = "Баллы";'.encode("utf-16-le"), "strings-unreadable"),
        ('"Points" = "Баллы";'.encode("cp1251"), "strings-unreadable"),
        (strings(Points="Баллы"), "strings-keys-differ"),
        (
            strings(Points="Баллы", Website="Сайт") + '"Points" = "x";'.encode("utf-16-le"),
            "strings-key-twice",
        ),
    ],
)
def test_translations_that_a_phone_cannot_use_are_found(content, code):
    assert {code} == errors(with_files(**{"ru.lproj/pass__strings": content}))


def test_comments_and_escapes_in_translations_are_fine():
    text = '/* words */\n"Points" = "\\"Баллы\\"\\n"; // more\n"Website" = "Сайт";'

    assert set() == errors(with_files(**{"ru.lproj/pass__strings": text.encode("utf-16")}))


def test_a_translation_of_nothing_is_a_warning():
    words = strings(Points="a", Website="b", Nowhere="c")
    both = {"en.lproj/pass__strings": words, "ru.lproj/pass__strings": words}

    assert "strings-unused" in warnings(with_files(**both))
