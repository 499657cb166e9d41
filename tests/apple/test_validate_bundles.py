"""The validator on bundles of passes, enrolment by NFC, pictures by style and language, and old papers."""

from __future__ import annotations

import io
import json
import time
import zipfile
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.wallets.apple.validate import Fault, inspect, verify
from app.wallets.apple.validate.bundles import MOST_PASSES
from tests.support.apple_certs import NOW, papers
from tests.support.apple_faults import TRUSTED, errors, good, signed, warnings, with_card, with_files
from tests.support.apple_nfc import NFC
from tests.support.apple_passes import card, dumps, members, pictures, rezip, signer, static_files

# -- bundles ---------------------------------------------------------------------------------------


def anna_and(serial: str) -> dict[str, bytes]:
    return {"anna.pkpass": good(), f"{serial}.pkpass": with_card(serialNumber=serial)}


def test_a_bundle_of_good_passes_has_no_faults_and_says_how_it_is_served():
    data = rezip(anna_and("0002"))

    assert set() == errors(data)
    assert {"bundle-media-type"} == {each.code for each in verify(data) if each.severity == "note"}
    assert ["anna.pkpass", "0002.pkpass"] == list(inspect(data).passes)


def test_a_fault_inside_a_bundle_says_in_which_pass():
    broken = rezip({**members(with_card(serialNumber="0002")), "logo.png": pictures()["icon.png"]})
    faults = verify(rezip({"a.pkpass": good(), "b.pkpass": broken}), trusted=TRUSTED)

    assert [("manifest-hash", "b.pkpass: logo.png")] == [
        (each.code, each.where) for each in faults if each.severity == "error"
    ]


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"a.pkpass": b"noise"}, "archive-unreadable"),
        ({"a.pkpass": b"", "readme.txt": b"hello"}, "bundle-stranger"),
        ({f"{n}.pkpass": b"" for n in range(MOST_PASSES + 1)}, "bundle-too-many"),
        ({"a.pkpass": b"", "A.pkpass": b""}, "member-twice"),
        ({"../a.pkpass": b"", "b.pkpass": b""}, "member-name"),
        ({"__MACOSX/._a.pkpass": b"", "b.pkpass": b""}, "member-litter"),
    ],
)
def test_what_a_bundle_may_not_hold_is_found(files, code):
    assert code in errors(rezip(files))


def test_a_bundle_within_a_bundle_is_no_pass():
    assert "pass-missing" in errors(rezip({"a.pkpass": rezip({"b.pkpass": good()})}))


def test_the_same_pass_twice_in_a_bundle_is_found():
    assert {"bundle-same-pass"} == errors(rezip({"a.pkpass": good(), "b.pkpass": good()}))


def test_only_ten_passes_of_a_bundle_are_looked_at():
    many = rezip({f"{n:03}.pkpass": b"" for n in range(300)})

    assert MOST_PASSES == len(inspect(many).passes)


def test_a_bomb_in_a_bundle_is_refused_before_it_is_unpacked():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.pkpass", bytes(51 << 20))

    assert "member-unreadable" in errors(target.getvalue())


# -- hostile input ---------------------------------------------------------------------------------


def test_an_archive_of_forty_thousand_names_is_refused_at_once():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for number in range(40_000):
            archive.writestr(f"{number}.pkpass", b"")
    begun = time.thread_time()

    assert {"archive-unreadable"} == errors(target.getvalue())
    assert time.thread_time() - begun < 1


def test_an_encrypted_member_is_refused():
    data = bytearray(good())
    place = data.rindex(b"PK\x01\x02")
    data[place + 8] |= 1

    assert "member-unreadable" in errors(bytes(data))


@pytest.mark.parametrize(
    "content",
    [
        {"storeCard": {"backFields": [{}] * 200_000}},
        {"storeCard": {f"k{n}": n for n in range(80_000)}},
        {"storeCard": {"backFields": [{"key": "k", "value": "v", "attributedValue": "<a " * 400_000}]}},
        {"storeCard": {"backFields": [{"key": "k", "value": "v", "attributedValue": "<" + " " * 900_000}]}},
        {"relevantDates": [{}] * 200_000},
        {"locations": [{}] * 200_000},
        {"semantics": {f"k{n}": n for n in range(80_000)}},
        {"featuredActions": [{}] * 200_000},
        {"barcodes": [{}] * 200_000},
        {"upcomingPassInformation": [{}] * 200_000},
    ],
)
def test_a_pass_full_of_entries_is_judged_in_time(content):
    data = signed({**static_files(), "pass.json": dumps(card(**content))})
    begun = time.thread_time()

    assert verify(data, trusted=TRUSTED)
    assert time.thread_time() - begun < 4


def test_a_key_that_comes_twice_among_very_many_is_found_in_time():
    pairs = ",".join(f'"k{n}":1' for n in range(100_000))
    data = rezip({**members(good()), "pass.json": f'{{{pairs},"k99999":2}}'.encode()})
    begun = time.thread_time()

    assert "json-key-twice" in errors(data)
    assert time.thread_time() - begun < 2


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_mutation_of_a_bundle_makes_it_raise(data):
    whole = bytearray(rezip({"a.pkpass": good()[-6_000:], "b.pkpass": b"x", "c.txt": b"y"}))
    for _ in range(data.draw(st.integers(1, 12))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))

    assert all(isinstance(fault, Fault) for fault in verify(bytes(whole), now=NOW))


# -- enrolment by NFC ------------------------------------------------------------------------------

ASKS = {
    "requiredPersonalizationFields": ["PKPassPersonalizationFieldName"],
    "description": "Join the club",
}
LOGO = {"personalizationLogo@2x.png": pictures()["logo.png"]}


def enrolling(asked: object = ASKS, *, nfc: bool = True, logo: bool = True, certified: bool = True) -> bytes:
    content = card(nfc=NFC, sharingProhibited=True) if nfc else card()
    files = {**static_files(), "pass.json": dumps(content), **(LOGO if logo else {})}
    own = type(signer())(**papers(nfc=True).arguments()) if certified else None
    return signed({**files, "personalization.json": json.dumps(asked).encode()}, own)


def test_a_pass_that_enrols_by_nfc_is_accepted():
    assert set() == errors(enrolling())


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (enrolling(nfc=False), {"personalization-nfc"}),
        (enrolling(logo=False), {"personalization-logo"}),
        (enrolling(certified=False), {"nfc-certificate", "personalization-certificate"}),
        (enrolling([]), {"json-not-object"}),
        (enrolling({}), {"personalization-missing"}),
        (enrolling(ASKS | {"description": 7}), {"personalization-wrong"}),
        (enrolling(ASKS | {"requiredPersonalizationFields": []}), {"personalization-wrong"}),
        (enrolling(ASKS | {"requiredPersonalizationFields": ["Name"]}), {"personalization-wrong"}),
        (enrolling(ASKS | {"requiredPersonalizationFields": [{}]}), {"personalization-wrong"}),
    ],
)
def test_an_enrolment_that_wallet_would_ignore_is_found(data, codes):
    assert codes == errors(data)


def test_a_logo_for_an_enrolment_that_is_not_there_is_a_warning():
    files = {**static_files(), "pass.json": dumps(card()), **LOGO}

    assert "personalization-logo-alone" in warnings(signed(files))


# -- pictures by style and language ----------------------------------------------------------------


def notes(data: bytes) -> set[str]:
    return {fault.code for fault in verify(data, trusted=TRUSTED) if fault.severity == "note"}


def test_a_picture_that_the_style_does_not_show_is_noted():
    assert {"image-style"} == notes(with_files(thumbnail__png=pictures()["logo.png"]))
    assert set() == notes(good())


def test_a_strip_hides_background_and_thumbnail_of_an_event_ticket():
    event = dumps(card(storeCard=None, eventTicket={}))

    assert {"image-style"} == notes(with_files(pass__json=event, background__png=pictures()["logo.png"]))


def test_a_poster_without_artwork_is_found():
    poster = dumps(card(posterGeneric={}))
    ticket = dumps(card(storeCard=None, eventTicket={}, preferredStyleSchemes=["posterEventTicket"]))

    assert "artwork-missing" in warnings(with_files(pass__json=poster))
    assert "poster-artwork" in errors(with_files(pass__json=ticket))


def test_a_picture_of_another_kind_is_a_warning():
    assert "image-not-read" in warnings(with_files(strip__jpg=b"\xff\xd8\xff"))
    assert "image-not-read" in warnings(with_files(thumbnail__PNG=pictures()["logo.png"]))


def test_a_language_without_the_others_pictures_is_found():
    translated = {"en.lproj/thumbnail__png": pictures()["logo.png"]}

    assert {"image-languages"} == errors(with_files(**translated))


def test_an_icon_in_one_resolution_only_is_a_warning():
    assert "icon-plain-missing" in warnings(with_files(icon__png=None))


# -- what the papers say today ---------------------------------------------------------------------


def ended(days: int) -> set[str]:
    faults = verify(good(), trusted=TRUSTED, now=NOW + timedelta(days=days))
    return {fault.code for fault in faults} - {"wwdr-development"}


def test_a_certificate_that_ends_is_told_in_time():
    assert set() == ended(0)
    assert {"certificate-ends-soon"} == ended(380)
    assert {"certificate-ended"} == ended(500)
    assert {"certificate-ended", "wwdr-ended"} <= ended(20_000)


def test_a_signature_from_the_future_is_a_warning():
    assert {"signing-time-ahead"} == ended(-3)


def test_the_certificates_facts_are_told():
    facts = inspect(good(), trusted=TRUSTED).certificate

    assert facts is not None
    assert ("pass.example.cafe", "CAFETEAM01", False) == (
        facts.pass_type_identifier,
        facts.team_identifier,
        facts.nfc,
    )
    assert (NOW, 394) == (facts.signed_at, facts.days_left(NOW))
