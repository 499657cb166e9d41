"""The validator: silent on a good pass, and one clear fault for each thing that a phone refuses."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st

from app.wallets.apple import zipfmt
from app.wallets.apple.bundle import build, prepare
from app.wallets.apple.certificates import fingerprint
from app.wallets.apple.signing import Signer
from app.wallets.apple.validate import Fault, verify, verify_file
from tests.support import apple_certs as certs
from tests.support.apple_certs import NOW, papers
from tests.support.apple_passes import card, dumps, members, pictures, rezip, signer, static_files, strings

TRUSTED = {fingerprint(certs.wwdr("wwdr"))}


@cache
def good() -> bytes:
    """Anna's card as we issue it."""
    return build(prepare(static_files()), {"pass.json": dumps(card())}, signer(), NOW)


def errors(data: bytes) -> set[str]:
    return {fault.code for fault in verify(data, trusted=TRUSTED) if fault.severity == "error"}


def warnings(data: bytes) -> set[str]:
    return {fault.code for fault in verify(data, trusted=TRUSTED) if fault.severity == "warning"}


def signed(
    files: dict[str, bytes], own: Signer | None = None, now=NOW, sign: Callable | None = None
) -> bytes:
    """A pass of exactly these members, with an honest manifest and signature, whatever is in it."""
    listed = {name: hashlib.sha1(content).hexdigest() for name, content in files.items()}
    manifest = json.dumps(listed).encode()
    signature = sign(manifest) if sign else (own or signer()).sign(manifest, now=now)
    return rezip({**files, "manifest.json": manifest, "signature": signature})


def with_card(**changes) -> bytes:
    return signed({**static_files(), "pass.json": dumps(card(**changes))})


def with_files(**files: bytes | None) -> bytes:
    """The good pass with members replaced; None takes one away. `__` in a name stands for a dot."""
    named = {name.replace("__", "."): content for name, content in files.items()}
    whole = {**static_files(), "pass.json": dumps(card()), **named}
    return signed({name: content for name, content in whole.items() if content is not None})


# -- good passes -----------------------------------------------------------------------------------


def test_our_own_pass_has_no_faults():
    assert set() == errors(good())
    assert {"wwdr-development"} == warnings(good())


def test_a_pass_of_the_standard_librarys_zip_has_no_faults_either():
    assert set() == errors(signed({**static_files(), "pass.json": dumps(card())}))


def test_a_deflated_pass_with_folders_in_it_is_fine():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("en.lproj/", b"")
        for name, content in members(good()).items():
            archive.writestr(name, content)

    assert set() == errors(target.getvalue())


def test_a_pass_on_disk_is_read(tmp_path):
    (tmp_path / "anna.pkpass").write_bytes(good())

    assert {"wwdr-unknown"} == {fault.code for fault in verify_file(tmp_path / "anna.pkpass")}
    with pytest.raises(OSError, match="nowhere"):
        verify_file(tmp_path / "nowhere")


# -- tampering -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(members(good())))
def test_one_changed_byte_in_any_member_is_found(name):
    files = members(good())
    for place in (0, len(files[name]) // 2, len(files[name]) - 1):
        changed = bytearray(files[name])
        changed[place] ^= 1

        assert errors(rezip({**files, name: bytes(changed)})), f"{name} at {place}"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_changed_byte_of_the_signature_is_found(data):
    files = members(good())
    changed = bytearray(files["signature"])
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    assert errors(rezip({**files, "signature": bytes(changed)}))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_input_makes_it_raise(data):
    original = bytearray(good()[-9_000:] if data.draw(st.booleans()) else good())
    for _ in range(data.draw(st.integers(1, 20))):
        original[data.draw(st.integers(0, len(original) - 1))] = data.draw(st.integers(0, 255))

    assert all(isinstance(fault, Fault) for fault in verify(bytes(original)))


@given(st.binary(max_size=300))
def test_noise_is_a_fault_and_no_error(noise):
    assert ["archive-unreadable"] == [fault.code for fault in verify(noise)]


def test_a_file_too_many_and_one_too_few_are_found():
    files = members(good())

    assert "manifest-unlisted" in errors(rezip({**files, "extra.txt": b"x"}))
    assert "manifest-absent" in errors(
        rezip({name: each for name, each in files.items() if name != "logo.png"})
    )


# -- hostile archives ------------------------------------------------------------------------------


def zipped(*pairs: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in pairs:
            archive.writestr(name, content)
    return target.getvalue()


@pytest.mark.parametrize("name", ["../up.png", "/root.png", "a/../../b", "C:x", "a\\..\\b", "a//b", "a\nb"])
def test_a_name_that_leads_outside_is_found(name):
    assert "member-name" in errors(zipped((name, b"x")))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_found():
    assert "member-twice" in errors(zipped(("pass.json", b"{}"), ("pass.json", b"[]")))
    assert "member-twice" in errors(zipped(("pass.json", b"{}"), ("Pass.json", b"[]")))


def test_a_symbolic_link_is_found():
    link = zipfile.ZipInfo("pass.json")
    link.create_system, link.external_attr = 3, 0o120777 << 16

    assert "member-link" in errors(zipped((link, b"/etc/passwd")))


def test_a_bomb_is_refused_before_it_is_unpacked():
    assert "member-unreadable" in errors(zipped(("bomb.bin", bytes(13 << 20))))


def test_many_members_that_are_large_together_are_refused():
    many = zipped(*((f"{number}.bin", bytes(11 << 20)) for number in range(7)))

    assert "member-unreadable" in errors(many)


def test_a_member_that_lies_about_its_size_is_refused():
    data = zipped(("pass.json", b"{" * 5000))
    lied = data.replace((5000).to_bytes(4, "little"), (50).to_bytes(4, "little"))

    assert "member-unreadable" in errors(lied)


def test_members_that_share_their_bytes_are_refused():
    """The trick of the bomb that no unpacking limit sees: a thousand names for one heap of data."""
    one = zipfmt.record("a.bin", bytes(1000))
    two = zipfmt.record("a.bin", bytes(1000))
    lines = one.directory_line(0) + two.directory_line(0)
    data = one.head + one.data + lines + zipfmt.end(2, len(lines), one.size)

    assert "member-overlap" in errors(data)


def test_too_many_members_are_refused_unread():
    assert {"archive-unreadable"} == errors(zipped(*((f"{number}.txt", b"") for number in range(501))))


@pytest.mark.parametrize("cut", [1, 30, 400])
def test_a_cut_file_is_found(cut):
    assert {"archive-unreadable"} == errors(good()[:-cut])


def test_a_huge_file_is_refused_unread():
    assert {"archive-too-large"} == errors(bytes((50 << 20) + 1))


def test_a_pass_inside_a_folder_is_explained():
    inside = rezip({f"card/{name}": content for name, content in members(good()).items()})

    assert "pass-in-folder" in errors(inside)


@pytest.mark.parametrize("name", ["__MACOSX/._icon.png", ".DS_Store", "en.lproj/.DS_Store", "._pass.json"])
def test_a_computers_litter_is_found(name):
    assert "member-litter" in errors(rezip({**members(good()), name: b"x"}))


def test_control_characters_in_names_do_not_reach_the_terminal():
    (fault,) = [each for each in verify(zipped(("\x1b[31m.png", b"x"))) if each.code == "member-name"]

    assert "\x1b" not in fault.where + fault.message


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
