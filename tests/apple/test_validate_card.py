"""The rules of pass.json, one by one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.wallets.apple.validate import card_faults
from app.wallets.apple.validate.card import REQUIRED
from app.wallets.apple.validate.faults import Faults
from app.wallets.apple.validate.strict_json import parse_object
from tests.support.apple_passes import card, dumps


def found(severity: str = "error", **changes) -> set[str]:
    return {fault.code for fault in card_faults(card(**changes)) if fault.severity == severity}


def field(**keys) -> dict:
    """A store card with this one field in the header."""
    return {"storeCard": {"headerFields": [{"key": "k", "value": "v"} | keys]}}


def code(**keys) -> dict:
    """One barcode with these keys."""
    return {"barcodes": [{"format": "PKBarcodeFormatQR", "message": "1", "messageEncoding": "utf-8"} | keys]}


def fields(count: int) -> list[dict]:
    return [{"key": f"f{count}-{number}", "value": number} for number in range(count)]


def test_a_full_card_has_no_faults():
    assert set() == found()
    assert set() == found("warning")


@pytest.mark.parametrize("key", REQUIRED)
def test_a_missing_required_key_is_found(key):
    assert "key-missing" in found(**{key: None})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("formatVersion", 2),
        ("formatVersion", "1"),
        ("formatVersion", True),
        ("serialNumber", 17),
        ("serialNumber", ""),
        ("teamIdentifier", 123),
        ("description", " "),
        ("backgroundColor", "#ffffff"),
        ("backgroundColor", "rgb(1,2,256)"),
        ("labelColor", "red"),
        ("voided", "false"),
        ("maxDistance", "100"),
        ("maxDistance", 0),
        ("associatedStoreIdentifiers", ["123"]),
        ("barcodes", {"format": "PKBarcodeFormatQR"}),
        ("locations", "here"),
        ("expirationDate", "2027-01-31"),
        ("expirationDate", "2027-01-31T20:00:00"),
        ("expirationDate", "2027-01-31T20:00:00.000Z"),
        ("expirationDate", "2027-01-31T20:00:00+0200"),
        ("expirationDate", "2027-02-31T20:00:00Z"),
        ("expirationDate", 1769889600),
    ],
)
def test_a_value_of_the_wrong_kind_is_found(key, value):
    assert "value-wrong" in found(**{key: value})


@pytest.mark.parametrize("date", ["2027-01-31T20:00Z", "2027-01-31T20:00:00+02:00", "2027-01-31T20:00:00Z"])
def test_w3c_dates_are_accepted(date):
    assert set() == found(expirationDate=date)


def test_an_unknown_key_is_a_warning():
    assert {"key-unknown"} == found("warning", expiryDate="2027")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"webServiceURL": None}, "web-service-pair"),
        ({"authenticationToken": None}, "web-service-pair"),
        ({"authenticationToken": "short"}, "token-short"),
        ({"webServiceURL": "http://cards.example.com"}, "web-service-not-https"),
        ({"webServiceURL": "cards.example.com"}, "web-service-url"),
        ({"webServiceURL": "https://[::1"}, "web-service-url"),
        ({"webServiceURL": "https://cards.example.com/apple/v1/"}, "web-service-v1"),
        ({"appLaunchURL": "cafe://open"}, "key-missing"),
        ({"nfc": {"message": "x" * 65, "encryptionPublicKey": "k"}}, "nfc-message"),
        ({"nfc": {"message": "x"}}, "nfc-key"),
        ({"storeCard": None}, "style-count"),
        ({"generic": {}}, "style-count"),
        ({"storeCard": []}, "style-wrong"),
        ({"locations": [{"latitude": 1, "longitude": 2}] * 11}, "too-many-places"),
        ({"locations": [{"latitude": 91, "longitude": 2}]}, "place-wrong"),
        ({"locations": [{"latitude": "1", "longitude": 2}]}, "place-wrong"),
        ({"locations": [{"latitude": 1}]}, "place-wrong"),
        ({"beacons": [{"proximityUUID": "u", "major": 70000}]}, "place-wrong"),
        ({"beacons": [{}] * 11}, "too-many-places"),
    ],
)
def test_values_that_do_not_go_together_are_found(changes, code):
    assert code in found(**changes)


def test_the_sandboxs_own_address_is_only_a_warning():
    assert set() == found(webServiceURL="http://127.0.0.1:8000/apple")
    assert {"web-service-local"} == found("warning", webServiceURL="http://127.0.0.1:8000/apple")


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"key": None}, "field-key"),
        ({"key": 7}, "field-key"),
        ({"value": None}, "field-value"),
        ({"value": True}, "field-value"),
        ({"value": ["x"]}, "field-value"),
        ({"label": 7}, "field-text"),
        ({"changeMessage": "Points changed"}, "change-message"),
        ({"textAlignment": "left"}, "field-enum"),
        ({"numberStyle": "PKNumberStyleDecimal"}, "field-number"),
        ({"value": 1, "numberStyle": "PKNumberStyleDecimal", "currencyCode": "EUR"}, "field-number"),
        ({"value": 1, "currencyCode": "euro"}, "field-currency"),
        ({"dateStyle": "PKDateStyleShort"}, "field-date"),
        ({"value": "2027-01-31T20:00:00.5Z", "dateStyle": "PKDateStyleShort"}, "field-date"),
        ({"row": 1}, "field-row"),
        ({"dataDetectorTypes": ["Phone"]}, "field-detectors"),
        ({"attributedValue": "<b>bold</b>"}, "field-markup"),
    ],
)
def test_a_wrong_field_is_found(keys, code):
    assert code in found(**field(**keys))


def test_alignment_does_not_belong_on_primary_and_back():
    aligned = [{"key": "k", "value": "v", "textAlignment": "PKTextAlignmentLeft"}]

    assert {"field-alignment"} == found(storeCard={"backFields": aligned})
    assert set() == found(storeCard={"headerFields": aligned})


def test_two_fields_with_one_key_are_found_across_groups():
    same = [{"key": "k", "value": "v"}]

    assert {"field-key-twice"} == found(storeCard={"headerFields": same, "backFields": same})


@pytest.mark.parametrize(
    ("style", "group", "count"),
    [("storeCard", "headerFields", 4), ("storeCard", "primaryFields", 2), ("coupon", "secondaryFields", 5)],
)
def test_fields_that_are_not_drawn_are_found(style, group, count):
    other = {"storeCard": None} if style != "storeCard" else {}

    assert {"too-many-fields"} == found(**other, **{style: {group: fields(count)}})
    assert set() == found(**other, **{style: {group: fields(count - 1)}})


def test_a_store_card_has_one_row_for_secondary_and_auxiliary():
    assert {"too-many-fields"} == found(
        storeCard={"secondaryFields": fields(3), "auxiliaryFields": fields(2)}
    )
    assert set() == found(storeCard={"secondaryFields": fields(3), "auxiliaryFields": fields(1)})


def test_a_generic_card_has_one_row_only_beside_a_square_code():
    rows = {"storeCard": None, "generic": {"secondaryFields": fields(3), "auxiliaryFields": fields(4)}}

    assert {"too-many-fields"} == found(**rows)
    assert set() == found(**rows, **code(format="PKBarcodeFormatPDF417"))


def test_a_transit_type_is_for_boarding_passes_alone():
    assert {"transit-type"} == found(storeCard={"transitType": "PKTransitTypeAir"})
    assert {"transit-type"} == found(storeCard=None, boardingPass={})
    assert set() == found(storeCard=None, boardingPass={"transitType": "PKTransitTypeAir"})


@pytest.mark.parametrize(
    ("keys", "code_"),
    [
        ({"format": "QR"}, "barcode-format"),
        ({"format": None}, "barcode-format"),
        ({"format": "PKBarcodeFormatITF"}, "barcode-format"),
        ({"message": ""}, "barcode-message"),
        ({"message": 123}, "barcode-message"),
        ({"messageEncoding": None}, "barcode-encoding"),
        ({"messageEncoding": "idna"}, "barcode-encoding"),
        ({"messageEncoding": "iso-8859-1", "message": "Ж"}, "barcode-encoding"),
        ({"format": "PKBarcodeFormatEAN13", "message": "123"}, "barcode-message"),
        ({"format": "PKBarcodeFormatEAN13", "message": "4006381333932"}, "barcode-message"),
        ({"format": "PKBarcodeFormatI2of5", "message": "123"}, "barcode-message"),
        ({"format": "PKBarcodeFormatCode128", "message": "Ж"}, "barcode-message"),
        ({"message": "x" * 3000}, "barcode-too-long"),
        ({"altText": 5}, "barcode-alt-text"),
    ],
)
def test_a_barcode_that_cannot_be_drawn_is_found(keys, code_):
    assert {code_} == found(**code(**keys))


def test_barcodes_of_new_phones_alone_are_a_warning():
    ean = code(format="PKBarcodeFormatEAN13", message="4006381333931")

    assert set() == found(**ean)
    assert {"barcode-too-new"} == found("warning", **ean)


# -- strict JSON -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code_"),
    [
        (b'\xef\xbb\xbf{"a": 1}', "json-bom"),
        (b'{"a": 1,}', "json-unreadable"),
        (b'{"a": NaN}', "json-unreadable"),
        (b'{"a": "\xff"}', "json-unreadable"),
        (b'{"a": ' + b"9" * 5000 + b"}", "json-unreadable"),
        (b"[" * 100_000, "json-unreadable"),
        (b'{"a":' * 60 + b"1" + b"}" * 60, "json-unreadable"),
        (b'{"a": {"b": 1, "b": 2}}', "json-key-twice"),
        (b"[]", "json-not-object"),
        (b" " * (3 << 20), "json-unreadable"),
    ],
)
def test_json_that_a_phone_refuses_is_found(data, code_):
    faults = Faults()
    parse_object(data, "pass.json", faults)

    assert [code_] == [fault.code for fault in faults.found]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from([*sorted(card()), "nfc", "beacons", "generic", "userInfo", "maxDistance"])
GROUPS = st.sampled_from(
    ["headerFields", "primaryFields", "secondaryFields", "auxiliaryFields", "backFields"]
)
FIELD_KEYS = ["key", "value", "label", "changeMessage", "row", "dateStyle", "numberStyle", "attributedValue"]
NEARLY = st.lists(st.dictionaries(st.sampled_from(FIELD_KEYS), ANYTHING, max_size=5) | ANYTHING, max_size=4)


@given(st.dictionaries(KEYS, ANYTHING, max_size=6), st.dictionaries(GROUPS, NEARLY | ANYTHING, max_size=4))
def test_no_value_makes_the_rules_raise(changes, groups):
    whole = json.loads(json.dumps(card() | changes | {"storeCard": groups}))

    assert all(
        fault.code and fault.mend and fault.where.startswith("pass.json") for fault in card_faults(whole)
    )
    parse_object(dumps(whole), "pass.json", Faults())
