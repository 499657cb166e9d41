"""The validator on dates, places, names, NFC, semantic tags and barcodes: each rule one by one."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.wallets.apple.validate.semantics import TAGS
from tests.support.apple_faults import card_codes as found
from tests.support.apple_nfc import NFC, terminal_key

# -- dates and places ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry",
    [
        {"relevantDate": "2026-09-01T19:00:00Z"},
        {"date": "2026-09-01T19:00:00+03:00"},
        {"date": "2026-09-01T19:00Z", "relevantDate": "2026-09-01T19:00Z"},
        {"startDate": "2026-09-01T19:00:00Z", "endDate": "2026-09-01T21:00:00Z"},
    ],
)
def test_each_form_of_a_relevant_date_is_accepted(entry):
    assert set() == found(relevantDates=[entry])


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"date": "2026-09-01T19:00:00.000Z"},
        {"date": "2026-09-01T19:00:00+0000"},
        {"date": "2026-09-01"},
        {"startDate": "2026-09-01T19:00:00Z"},
        {"endDate": "2026-09-01T19:00:00Z"},
        {"startDate": "2026-09-01T19:00:00Z", "endDate": "2026-09-01T18:00:00Z"},
        {"date": "2026-09-01T19:00Z", "startDate": "2026-09-01T19:00Z", "endDate": "2026-09-01T20:00Z"},
        {"date": "2026-09-01T19:00Z", "relevantDate": "2026-09-02T19:00Z"},
        {"date": "2026-09-01T19:00Z", "time": "19:00"},
    ],
)
def test_a_relevant_date_of_another_form_is_found(entry):
    assert {"relevant-date"} == found(relevantDates=[entry])


@pytest.mark.parametrize(
    "beacon",
    [
        {"proximityUUID": "not-a-uuid"},
        {"proximityUUID": "8deefbb9-f738-4297-8040-96668bb44281", "minor": 1},
        {"proximityUUID": "8deefbb9-f738-4297-8040-96668bb44281", "major": True},
    ],
)
def test_a_beacon_that_no_phone_hears_is_found(beacon):
    assert {"place-wrong"} == found(beacons=[beacon])


def test_a_distance_without_places_is_a_warning():
    assert {"distance-alone"} == found("warning", maxDistance=100, locations=None)


# -- names and the web service ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["com.example.cafe", "pass.", "pass.exa mple", "pass..x"])
def test_a_pass_type_that_apple_gives_nobody_is_found(name):
    assert {"pass-type-form"} == found(passTypeIdentifier=name)


def test_a_team_of_another_form_is_a_warning():
    assert {"team-form"} == found("warning", teamIdentifier="cafe")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"authenticationToken": "a token with many spaces"}, "token-form"),
        ({"authenticationToken": "токен-из-русских-букв"}, "token-form"),
        ({"webServiceURL": "https://cards.example.com/apple?x=1"}, "web-service-url"),
        ({"appLaunchURL": "no address", "associatedStoreIdentifiers": [1]}, "value-wrong"),
        ({"appLaunchURL": "cafe://open", "associatedStoreIdentifiers": []}, "key-missing"),
        ({"sellURL": "http://cafe.example.com"}, "value-wrong"),
        ({"contactVenueEmail": "nobody"}, "value-wrong"),
        ({"contactVenuePhoneNumber": "call us"}, "value-wrong"),
    ],
)
def test_an_address_that_leads_nowhere_is_found(changes, code):
    assert {code} == found(**changes)


# -- NFC -------------------------------------------------------------------------------------------


def test_a_terminals_key_is_accepted():
    assert set() == found(nfc=NFC, sharingProhibited=True)
    assert {"nfc-shared"} == found("warning", nfc=NFC)


@pytest.mark.parametrize(
    "key",
    [
        None,
        7,
        "",
        "not base64!",
        base64.b64encode(b"noise").decode(),
        terminal_key(compressed=False),
        terminal_key(ec.SECP384R1()),
    ],
)
def test_a_key_that_no_phone_can_encrypt_for_is_found(key):
    assert {"nfc-key"} == {
        code for code in found(nfc=NFC | {"encryptionPublicKey": key}) if code == "nfc-key"
    }


def test_nfc_values_have_kinds():
    assert {"nfc-value-wrong"} == found(nfc=NFC | {"requiresAuthentication": "yes"})
    assert "nfc-value-unknown" in found("warning", nfc=NFC | {"colour": "red"})


# -- semantics -------------------------------------------------------------------------------------

GOOD_TAGS = [
    ("balance", {"amount": "21.75", "currencyCode": "EUR"}),
    ("totalPrice", {"amount": "7", "currencyCode": "EUR"}),
    ("membershipProgramName", "Mint"),
    ("seats", [{"seatRow": "7", "seatSectionColor": "rgb(1,2,3)"}]),
    ("wifiAccess", [{"ssid": "mill", "password": "secret"}]),
    ("silenceRequested", True),
    ("duration", 60),
]
BAD_TAGS = [
    ("balance", "21.75"),
    ("balance", {"amount": 21.75, "currencyCode": "EUR"}),
    ("balance", {"amount": "21.75", "currencyCode": "euro"}),
    ("balance", {"amount": "21.75"}),
    ("seats", {"seatRow": "7"}),
    ("seats", [{"row": "7"}]),
    ("seats", [{"seatRow": 7}]),
    ("seats", [{"seatSectionColor": "red"}]),
    ("wifiAccess", [{"ssid": "mill"}]),
    ("silenceRequested", "no"),
    ("duration", "60"),
    ("flightNumber", "123"),
    ("eventType", "PKEventTypeParty"),
    ("eventStartDate", "2026-09-01"),
    ("eventStartDateInfo", {"timeZone": "Europe/Riga"}),
    ("departureAirportTimeZone", "Riga time"),
    ("passengerName", "Anna"),
    ("passengerName", {"first": "Anna"}),
    ("venueLocation", {"latitude": 1}),
    ("venuePhoneNumber", "call"),
    ("performerNames", "Anna"),
    ("airlineCode", 7),
    ("currentBoardingDate", "soon"),
]


@pytest.mark.parametrize(("tag", "value"), GOOD_TAGS)
def test_a_tag_of_the_right_kind_is_accepted(tag, value):
    assert set() == found(semantics={tag: value})
    assert set() == found("warning", semantics={tag: value})


@pytest.mark.parametrize(("tag", "value"), BAD_TAGS)
def test_a_tag_of_the_wrong_kind_is_found_on_the_pass_and_on_a_field(tag, value):
    field = {"key": "k", "value": "v", "semantics": {tag: value}}

    assert {"semantic-wrong"} == found(semantics={tag: value})
    assert {"semantic-wrong"} == found(storeCard={"headerFields": [field]})


def test_every_tag_refuses_nothing_at_all():
    assert [] == [tag for tag, kind in TAGS.items() if kind(None) is None]


def test_unknown_and_misplaced_tags_are_warnings():
    assert {"semantic-unknown"} == found("warning", semantics={"ballance": "1"})
    assert {"semantic-style"} == found("warning", semantics={"airlineCode": "EX"})
    assert {"semantic-style"} == found(
        "warning", storeCard=None, generic={}, semantics={"balance": {"amount": "1", "currencyCode": "EUR"}}
    )


def test_semantics_of_a_field_are_an_object():
    field = {"key": "k", "value": "v", "semantics": []}

    assert {"field-semantics"} == found(storeCard={"headerFields": [field]})


# -- barcodes --------------------------------------------------------------------------------------


def code(kind: str, message: str = "4006381333931") -> dict:
    return {"format": f"PKBarcodeFormat{kind}", "message": message, "messageEncoding": "iso-8859-1"}


def test_a_new_barcode_behind_an_older_one_is_never_drawn():
    assert {"barcode-order"} == found("warning", barcodes=[code("QR"), code("EAN13")])
    assert set() == found("warning", barcodes=[code("EAN13"), code("QR")])


def test_the_single_barcode_of_old_and_an_empty_list_are_warnings():
    assert {"barcode-alone"} == found("warning", barcodes=None)
    assert {"barcode-none"} == found("warning", barcodes=[])


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("Code39", "abc"),
        ("Codabar", "A12E"),
        ("EAN13", "40063813339"),
        ("I2of5", "12345"),
        ("EAN13", "x" * 12),
    ],
)
def test_each_new_barcode_has_rules_for_its_digits(kind, message):
    assert {"barcode-message"} == found(barcodes=[code(kind, message)])


@pytest.mark.parametrize(
    ("kind", "message"),
    [("Code39", "ABC-1"), ("Codabar", "A12345B"), ("EAN13", "400638133393"), ("I2of5", "123456")],
)
def test_each_new_barcode_is_accepted_when_its_rules_are_kept(kind, message):
    assert set() == found(barcodes=[code(kind, message), code("QR")])
