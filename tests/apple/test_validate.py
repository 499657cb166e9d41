"""The validator: silent on a good pass, and never fooled, hurt or made to raise by a bad one."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.wallets.apple import zipfmt
from app.wallets.apple.validate import Fault, verify, verify_file
from tests.support.apple_faults import errors, good, signed, warnings
from tests.support.apple_passes import card, dumps, members, rezip, static_files

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


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_changed_byte_of_the_signature_is_found(data):
    files = members(good())
    changed = bytearray(files["signature"])
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    assert errors(rezip({**files, "signature": bytes(changed)}))


@settings(max_examples=50, deadline=None)
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
