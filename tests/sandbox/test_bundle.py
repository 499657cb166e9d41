"""What an iPhone refuses, and the reason it gives."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sandbox.bundle import PassRefused, read_bundle
from app.sandbox.certificates import DevelopmentAuthority
from app.sandbox.pass_strings import StringsUnreadable, parse_strings
from app.sandbox.world import utc_now
from tests.support.passes import PASS_TYPE, Signer, archive, pass_json, picture, pkpass, zipped


def refusal(raw: bytes) -> str:
    with pytest.raises(PassRefused) as refused:
        read_bundle(raw)
    return str(refused.value)


def field(**parts: Any) -> dict[str, Any]:
    return {"storeCard": {"primaryFields": [parts]}}


def _code(form: str, message: str) -> dict[str, str]:
    return {
        "format": f"PKBarcodeFormat{form}",
        "message": message,
        "messageEncoding": "iso-8859-1",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"posterGeneric": {"headerFields": [{"key": "points", "value": 1}], "footerFields": []}},
        {"storeCard": None, "boardingPass": {"transitType": "PKTransitTypeBus"}},
        {"storeCard": None, "eventTicket": {"auxiliaryFields": [{"key": "a", "value": "b", "row": 1}]}},
        {"relevantDates": [{"startDate": "2026-01-01T10:00Z", "endDate": "2026-01-01T11:00Z"}]},
        {"barcodes": [_code("EAN13", "2001234567893"), _code("Code128", "2001234567893")]},
        {"maxDistance": 50, "voided": True, "semantics": {"balance": {}}},
    ],
)
def test_every_style_and_the_newer_keys_are_taken(signer: Signer, changes: dict[str, Any]) -> None:
    read = read_bundle(pkpass(signer, pass_json(signer, **changes))).pass_

    assert changes == {name: read.get(name) for name in changes}


def test_a_good_pass_is_read(signer: Signer) -> None:
    bundle = read_bundle(pkpass(signer, pass_json(signer), {"strip@2x.png": picture(750, 288)}))

    assert "S1" == bundle.pass_["serialNumber"]
    assert picture(750, 288) == bundle.image("strip", "en")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"description": None}, "description is missing"),
        ({"serialNumber": 7}, "serialNumber is missing or not text"),
        ({"formatVersion": "1"}, "formatVersion must be the number 1"),
        ({"coupon": {}}, "exactly one style"),
        ({"storeCard": None}, "exactly one style"),
        ({"webServiceURL": "https://shop.example"}, "go together"),
        ({"webServiceURL": "https://shop.example", "authenticationToken": "short"}, "shorter than 16"),
        ({"webServiceURL": "http://shop.example", "authenticationToken": "x" * 16}, "not https"),
        ({"expirationDate": "2030-01-01T00:00:00.000+0000"}, "Unable to parse expirationDate"),
        ({"nfc": {"message": "1"}}, "enhanced Passbook certificate"),
        ({"barcodes": {"format": "PKBarcodeFormatQR"}}, "not an array"),
        ({"barcodes": [{"format": "PKBarcodeFormatITF", "message": "1"}]}, "unknown barcode format"),
        ({"barcodes": [{"format": "PKBarcodeFormatQR", "message": 1}]}, "as text"),
        (field(key="a"), "no text, number or date"),
        (field(key="a", value=True), "no text, number or date"),
        (field(value="a"), "without a key"),
        (field(key="a", value="5", currencyCode="EUR"), "formatted as a number"),
        (field(key="a", value="soon", dateStyle="PKDateStyleShort"), "Unable to parse the date"),
        ({"storeCard": {"backFields": [{"key": "a", "value": 1}] * 2}}, "there twice"),
        ({"storeCard": {"backFields": {}}}, "not an array"),
        ({"storeCard": {"transitType": "PKTransitTypeAir"}}, "transitType is for boarding passes"),
        ({"storeCard": None, "boardingPass": {}}, "transitType is for boarding passes"),
        ({"storeCard": None, "posterGeneric": {}}, "exactly one style"),
        ({"posterGeneric": []}, "posterGeneric is not a dictionary"),
        ({"posterGeneric": {"footerFields": [{"key": "a"}]}}, "no text, number or date"),
        ({"maxDistance": "100"}, "maxDistance is not a number"),
        ({"voided": "yes"}, "voided is not true or false"),
        ({"semantics": []}, "semantics is not a dictionary"),
        ({"appLaunchURL": "shop://x"}, "needs associatedStoreIdentifiers"),
        ({"relevantDates": [{"date": "tomorrow"}]}, "Unable to parse relevantDates[0].date"),
        ({"relevantDates": [{}]}, "no date"),
        ({"barcodes": [_code("EAN13", "123")]}, "cannot say '123'"),
        ({"barcodes": [_code("I2of5", "123")]}, "cannot say '123'"),
        (field(key="a", value=1, currencyCode="EUR", numberStyle="PKNumberStylePercent"), "has both"),
        (field(key="a", value=1, numberStyle="Percent"), "has the numberStyle 'Percent'"),
        (field(key="a", value="b", changeMessage=1), "changeMessage of the field a is not text"),
        (field(key="a", value="b", dataDetectorTypes=["links"]), "unknown dataDetectorTypes"),
        (field(key="a", value="b", row=1), "which auxiliary fields alone have"),
        (field(key="a", value="b", semantics=[]), "are not a dictionary"),
    ],
)
def test_a_wrong_pass_is_refused_with_the_reason(
    signer: Signer, changes: dict[str, Any], reason: str
) -> None:
    assert reason in refusal(pkpass(signer, pass_json(signer, **changes)))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (lambda signer: b"<html>", "not a zip archive"),
        (lambda signer: zipped({"cafe/pass.json": b"{}"}), "lies in a folder"),
        (lambda signer: zipped({"a": b""}), "pass.json is missing"),
        (lambda signer: zipped({"pass.json": b"\xef\xbb\xbf{}"}), "byte order mark"),
        (lambda signer: zipped({"pass.json": b'{"a": 1,}'}), "not strict JSON"),
        (lambda signer: zipped({"pass.json": b'{"a": NaN}'}), "not strict JSON"),
        (lambda signer: zipped({"pass.json": b"[]"}), "not a dictionary"),
        (lambda signer: zipped({"pass.json": b"{}"}), "manifest.json is missing"),
        (lambda signer: archive(signer, {"pass.json": b"{}"}), "certificate is for pass.example.cafe"),
        (lambda signer: pkpass(signer, pass_json(signer), {"a.png": b"JFIF"}), "a.png is not a PNG"),
        (lambda signer: pkpass(signer, pass_json(signer), {"en.lproj/pass.strings": b"?"}), "cannot be read"),
        (lambda signer: zipped({f"{n}": b"" for n in range(500)}), "larger than any phone accepts"),
    ],
)
def test_a_broken_archive_is_refused_with_the_reason(
    signer: Signer, raw: Callable[[Signer], bytes], reason: str
) -> None:
    assert reason in refusal(raw(signer))


def without_icon(signer: Signer) -> bytes:
    return archive(signer, {"pass.json": json.dumps(pass_json(signer)).encode()})


def test_a_pass_without_an_icon_is_refused(signer: Signer) -> None:
    assert "icon.png is missing" == refusal(without_icon(signer))


def changed(raw: bytes, signer: Signer, **files: bytes | None) -> bytes:
    """The same archive with some files replaced, added or left out."""
    with zipfile.ZipFile(io.BytesIO(raw)) as one:
        content = {name: one.read(name) for name in one.namelist()}
    dotted = {name.replace("_", "."): data for name, data in files.items()}
    return zipped({name: data for name, data in (content | dotted).items() if data is not None})


def test_a_changed_file_is_refused(signer: Signer) -> None:
    good = pkpass(signer, pass_json(signer))

    assert "another hash for icon.png" in refusal(changed(good, signer, icon_png=picture(30, 30)))
    assert "names a file that is not there" in refusal(changed(good, signer, icon_png=None))
    assert "is not in manifest.json" in refusal(changed(good, signer, more_png=picture()))
    assert "signature is missing" in refusal(changed(good, signer, signature=None))
    assert "not PKCS #7" in refusal(changed(good, signer, signature=b"signed, honestly"))


def test_a_signature_over_another_manifest_is_refused(signer: Signer) -> None:
    good = pkpass(signer, pass_json(signer))

    assert "did not verify" in refusal(changed(good, signer, signature=signer.sign(b"{}")))


def test_a_certificate_of_another_pass_type_is_refused(signer: Signer, tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("other")
    issued = DevelopmentAuthority(folder, now=utc_now).issue("pass.example.other", folder / "certs")

    assert "the pass says pass.example.cafe" in refusal(pkpass(Signer(issued), pass_json(signer)))
    assert "of team" in refusal(pkpass(signer, pass_json(signer, teamIdentifier="ANOTHER123")))


def test_the_developer_switch_allows_http(signer: Signer) -> None:
    web = {"webServiceURL": "http://127.0.0.1:8000/apple", "authenticationToken": "x" * 16}

    assert (
        PASS_TYPE
        == read_bundle(pkpass(signer, pass_json(signer, **web)), plain_http=True).pass_["passTypeIdentifier"]
    )


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(raw: bytes) -> None:
    with pytest.raises(PassRefused):
        read_bundle(raw)


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=5), st.booleans())
def test_strings_come_back_as_they_were_written(texts: dict[str, str], wide: bool) -> None:
    def quoted(text: str) -> str:
        return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")

    lines = [f'/* a comment */ "{quoted(key)}" = "{quoted(value)}";' for key, value in texts.items()]
    file = "// made by hand\n" + "\n".join(lines)

    assert texts == parse_strings(file.encode("utf-16" if wide else "utf-8"))


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_strings_reader(raw: bytes) -> None:
    try:
        assert isinstance(parse_strings(raw), dict)
    except StringsUnreadable:
        assert raw
