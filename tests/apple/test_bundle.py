"""The bundle: laid out as Wallet expects, and never let out when anything is wrong with it."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.wallets.apple import bundle
from app.wallets.apple.bundle import BrokenPass, assemble, build, prepare, self_check
from app.wallets.apple.signing import CertificateError, Signer
from tests.support import apple_certs as certs
from tests.support.apple_certs import NOW
from tests.support.apple_passes import (
    card,
    dumps,
    members,
    openssl_accepts_pass,
    pictures,
    rezip,
    signer,
    static_files,
)

PREPARED = prepare(static_files())
AT = int(NOW.timestamp())


def anna(**changes) -> bytes:
    """Anna's card, signed and checked."""
    return build(PREPARED, {"pass.json": dumps(card(**changes))}, signer(), NOW)


def test_the_pass_holds_every_file_unchanged():
    files = members(anna())

    assert {**static_files(), "pass.json": dumps(card())} == {
        name: data for name, data in files.items() if name not in ("manifest.json", "signature")
    }


def test_the_manifest_lists_every_file_but_itself_and_the_signature():
    files = members(anna())
    listed = {
        name: hashlib.sha1(data).hexdigest()
        for name, data in files.items()
        if name not in ("manifest.json", "signature")
    }

    assert listed == json.loads(files["manifest.json"])


def test_openssl_accepts_the_pass():
    assert openssl_accepts_pass(anna(), at=AT)


def test_everything_is_stored_and_the_static_part_comes_first():
    data = anna()

    assert data.startswith(PREPARED.body)
    assert len(data) > sum(map(len, pictures().values()))


def test_the_same_card_in_the_same_second_gives_the_same_bytes():
    assert anna() == anna()


def test_two_cards_of_one_design_share_nothing_but_the_design():
    one, other = members(anna(serial="0001")), members(anna(serial="0002"))

    assert {"pass.json", "manifest.json", "signature"} == {name for name in one if one[name] != other[name]}


def test_a_card_may_bring_its_own_translations():
    pictures_only = prepare(pictures())
    dynamic = {"pass.json": dumps(card()), "en.lproj/pass.strings": "\ufeff".encode("utf-16-le")}
    data = build(pictures_only, dynamic, signer(), NOW)

    assert "en.lproj/pass.strings" in json.loads(members(data)["manifest.json"])
    assert openssl_accepts_pass(data, at=AT)


UNSAFE = ["../icon.png", "/icon.png", "a\\b.png", "a//b.png", "en.lproj/../x", ".DS_Store", "a/.hidden", ""]
UNSAFE += ["i\n.png", "ico\u0430.png", 'a".png', "x" * 200, "a/b/c/d/e.png"]


@pytest.mark.parametrize("name", UNSAFE)
def test_a_name_that_is_no_plain_path_is_refused(name):
    with pytest.raises(BrokenPass):
        prepare({**pictures(), name: b""})
    with pytest.raises(BrokenPass):
        assemble(PREPARED, {"pass.json": b"{}", name: b""}, signer(), NOW)


@pytest.mark.parametrize("name", ["pass.json", "manifest.json", "signature"])
def test_what_differs_from_card_to_card_cannot_be_prepared(name):
    with pytest.raises(BrokenPass, match="prepared"):
        prepare({**pictures(), name: b"{}"})


@pytest.mark.parametrize("name", ["manifest.json", "signature", "icon.png", "ICON.png"])
def test_a_card_cannot_replace_what_is_not_its_own(name):
    with pytest.raises(BrokenPass):
        assemble(PREPARED, {"pass.json": b"{}", name: b"{}"}, signer(), NOW)


def test_a_card_without_pass_json_is_refused():
    with pytest.raises(BrokenPass, match=r"pass\.json"):
        assemble(PREPARED, {}, signer(), NOW)


def test_names_that_differ_in_case_alone_are_refused():
    with pytest.raises(BrokenPass, match="capital"):
        prepare({**pictures(), "Icon.png": b""})


def test_a_design_without_an_icon_is_refused():
    with pytest.raises(BrokenPass, match="icon"):
        prepare({"logo.png": pictures()["logo.png"]})


def test_an_expired_certificate_lets_no_pass_out():
    with pytest.raises(CertificateError, match="ended"):
        build(PREPARED, {"pass.json": dumps(card())}, signer(), NOW + timedelta(days=400))


@pytest.mark.parametrize(
    "changes",
    [{"passTypeIdentifier": "pass.example.other"}, {"teamIdentifier": "OTHER"}, {"teamIdentifier": None}],
)
def test_a_pass_for_another_certificate_does_not_leave(changes):
    with pytest.raises(BrokenPass, match="certificate for"):
        anna(**changes)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{", b"\xff"])
def test_a_pass_json_that_is_no_object_does_not_leave(content):
    with pytest.raises(BrokenPass):
        build(PREPARED, {"pass.json": content}, signer(), NOW)


def test_a_pass_signed_by_another_key_does_not_leave():
    other = Signer(**certs.papers(leaf_key="stranger").arguments())
    data = assemble(PREPARED, {"pass.json": dumps(card())}, other, NOW)

    with pytest.raises(BrokenPass):
        self_check(data, PREPARED, signer())


def test_an_archive_written_by_somebody_else_is_not_taken_for_ours():
    with pytest.raises(BrokenPass):
        self_check(rezip(members(anna())), PREPARED, signer())


def test_a_member_too_many_does_not_leave():
    """The directory of a finished pass is rewritten to name one member twice."""
    data = anna()
    directory = bundle.zipfmt.find_directory(data)
    entries = data[directory.start : directory.stop]
    extra = entries[len(PREPARED.directory) :]
    closing = bundle.zipfmt.end(directory.members + 3, len(entries + extra), directory.start)

    with pytest.raises(BrokenPass):
        self_check(data[: directory.start] + entries + extra + closing, PREPARED, signer())


def _marks(data: bytes) -> list[int]:
    """A place inside each member, each header and the directory."""
    entries = bundle.zipfmt.read_entries(data, bundle.zipfmt.find_directory(data))
    inside = [entry.offset + 30 + len(entry.name) + entry.size // 2 for entry in entries]
    return [*inside, *(entry.offset + 14 for entry in entries), len(data) - 10]


@pytest.mark.parametrize("place", range(len(_marks(anna()))))
def test_one_changed_byte_anywhere_keeps_a_pass_in(place):
    data = bytearray(anna())
    data[_marks(bytes(data))[place]] ^= 1

    with pytest.raises(BrokenPass):
        self_check(bytes(data), PREPARED, signer())


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_changed_byte_of_the_card_or_its_signature_slips_through(data):
    """Every byte of what differs between cards is covered: by a hash, the signature, or a comparison."""
    original = anna()
    place = data.draw(st.integers(len(PREPARED.body), len(original) - 1))
    changed = bytearray(original)
    changed[place] ^= 1 << data.draw(st.integers(0, 7))

    if place in _unread(original):
        return
    with pytest.raises(BrokenPass):
        self_check(bytes(changed), PREPARED, signer())


def _unread(data: bytes) -> set[int]:
    """Bytes of the card's own ZIP records that no reader acts on: versions, dates, and attributes."""
    zipfmt, found = bundle.zipfmt, set()
    directory = zipfmt.find_directory(data)
    at = directory.start + len(PREPARED.directory)
    for entry in zipfmt.read_entries(data, directory, skip=len(PREPARED.directory)):
        local = {*range(4, 8), *range(10, 14)}
        found |= {entry.offset + byte for byte in local}
        found |= {at + byte for byte in {*range(4, 10), *range(12, 16), *range(34, 42)}}
        at += 46 + len(entry.name)
    return found
