"""Reading a card's bytes as an iPhone does: accept what iOS accepts, refuse what it refuses, and say why.

iOS itself says nothing to a customer who opens a broken pass; a developer sees the reason only in a Mac's
console. So the phone on screen speaks it. Facts follow Apple's Wallet Passes documentation (pass, pass
fields, building a pass), last checked in 2026-07.
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.sandbox.pass_strings import StringsUnreadable, parse_strings
from app.sandbox.signature import SignatureRefused, check_signature, is_enhanced

PERSONALIZATION = "personalization.json"
PASS_MEDIA_TYPE = "application/vnd.apple.pkpass"
STYLES = ("storeCard", "coupon", "eventTicket", "generic", "boardingPass")
SECTIONS = ("headerFields", "primaryFields", "secondaryFields", "auxiliaryFields", "backFields")
LARGEST_FILE_BYTES = 10 * 1024 * 1024
MOST_FILES = 400

_REQUIRED_TEXTS = ("passTypeIdentifier", "serialNumber", "teamIdentifier", "organizationName", "description")
_PNG = b"\x89PNG\r\n\x1a\n"
_W3C_DATE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$")
_BARCODES = {
    f"PKBarcodeFormat{name}"
    for name in ("QR", "PDF417", "Aztec", "Code128", "Code39", "Codabar", "EAN13", "I2of5")
}


class PassRefused(Exception):
    """The phone will not add or keep this pass; the text says why, for a developer."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """An accepted pass: its parsed pass.json, its files by name, and a digest of all but the signature."""

    pass_: dict[str, Any]
    files: Mapping[str, bytes]
    digest: str

    @property
    def style(self) -> str:
        return next(style for style in STYLES if style in self.pass_)

    def strings(self, locale: str) -> dict[str, str]:
        """The translations a phone set to `locale` uses; empty where the pass has none for it."""
        for folder in (locale, locale.replace("_", "-"), re.split("[-_]", locale)[0]):
            if raw := self.files.get(f"{folder}.lproj/pass.strings"):
                return parse_strings(raw)
        return {}

    def image(self, slot: str, locale: str) -> bytes | None:
        """The sharpest picture of a slot; a top-level one hides localised ones, as on the phone."""
        folders = ("", f"{locale}.lproj/", f"{re.split('[-_]', locale)[0]}.lproj/")
        names = (f"{folder}{slot}{scale}.png" for folder in folders for scale in ("@3x", "@2x", ""))
        return next((self.files[name] for name in names if name in self.files), None)

    def fields(self) -> Iterator[dict[str, Any]]:
        """All fields of all sections, front and back."""
        for section in SECTIONS:
            yield from self.pass_[self.style].get(section) or []


def read_bundle(raw: bytes, *, plain_http: bool = False, signed: bool = True) -> Bundle:
    """Parse and judge a .pkpass.

    `plain_http` is the developer switch that allows http web services; `signed=False` skips the signature's
    mathematics (for fleets of thousands). Raises PassRefused.
    """
    files = _unzip(raw)
    pass_ = _pass_json(files)
    _check_manifest(files)
    if signed:
        _check_signature(files, pass_)
        _check_enhanced(files, pass_)
    _check_pictures(files)
    _check_top_level(pass_, plain_http=plain_http)
    bundle = Bundle(pass_, files, hashlib.sha256(files["manifest.json"]).hexdigest())
    _check_fields(bundle)
    _check_strings(bundle)
    return bundle


def _unzip(raw: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > LARGEST_FILE_BYTES:
                raise PassRefused("the archive is larger than any phone accepts")
            files = {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError) as fault:
        raise PassRefused(f"not a zip archive: {fault}") from fault
    except Exception as fault:  # zlib.error has no common base with the rest
        raise PassRefused(f"the archive is damaged: {fault}") from fault
    return files


def _pass_json(files: Mapping[str, bytes]) -> dict[str, Any]:
    raw = files.get("pass.json")
    if raw is None:
        nested = next((name for name in files if name.endswith("/pass.json")), None)
        where = f"pass.json lies in a folder ({nested})" if nested else "pass.json is missing"
        raise PassRefused(f"{where}; it must be at the root of the archive")
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise PassRefused("pass.json begins with a byte order mark")
    try:
        pass_ = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as fault:
        raise PassRefused(f"pass.json is not strict JSON: {fault}") from fault
    if not isinstance(pass_, dict):
        raise PassRefused("pass.json is not a dictionary")
    return pass_


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _check_manifest(files: Mapping[str, bytes]) -> None:
    if "manifest.json" not in files:
        raise PassRefused("manifest.json is missing")
    try:
        manifest = json.loads(files["manifest.json"])
    except (ValueError, RecursionError) as fault:
        raise PassRefused("manifest.json is not JSON") from fault
    if not isinstance(manifest, dict):
        raise PassRefused("manifest.json is not a dictionary")
    content = {name: data for name, data in files.items() if name not in ("manifest.json", "signature")}
    if missing := sorted(set(manifest) - set(content)):
        raise PassRefused(f"manifest.json names a file that is not there: {missing[0]}")
    if extra := sorted(set(content) - set(manifest)):
        raise PassRefused(f"a file is not in manifest.json: {extra[0]}")
    for name, data in content.items():
        if hashlib.sha1(data, usedforsecurity=False).hexdigest() != manifest[name]:
            raise PassRefused(f"manifest.json has another hash for {name}")


def _check_signature(files: Mapping[str, bytes], pass_: Mapping[str, Any]) -> None:
    if not files.get("signature"):
        raise PassRefused("the signature is missing")
    try:
        check_signature(
            files["signature"],
            files["manifest.json"],
            pass_type=str(pass_.get("passTypeIdentifier")),
            team=str(pass_.get("teamIdentifier")),
        )
    except SignatureRefused as fault:
        raise PassRefused(str(fault)) from fault


def _check_enhanced(files: Mapping[str, bytes], pass_: Mapping[str, Any]) -> None:
    """The words are those of a real phone's log."""
    if ("nfc" in pass_ or PERSONALIZATION in files) and not is_enhanced(files["signature"]):
        raise PassRefused(
            "Passes with an NFC dictionary or a Personalization JSON file must be signed with an enhanced "
            "Passbook certificate"
        )


def _check_pictures(files: Mapping[str, bytes]) -> None:
    if not any(re.search(r"(^|/)icon(@[23]x)?\.png$", name) for name in files):
        raise PassRefused("icon.png is missing")
    for name, data in files.items():
        if name.endswith(".png") and not data.startswith(_PNG):
            raise PassRefused(f"{name} is not a PNG")


def _check_top_level(pass_: Mapping[str, Any], *, plain_http: bool) -> None:
    if pass_.get("formatVersion") != 1 or pass_.get("formatVersion") is True:
        raise PassRefused("formatVersion must be the number 1")
    for name in _REQUIRED_TEXTS:
        if not isinstance(pass_.get(name), str) or not pass_[name]:
            raise PassRefused(f"{name} is missing or not text")
    styles = [style for style in STYLES if style in pass_]
    if len(styles) != 1 or not isinstance(pass_[styles[0]], dict):
        raise PassRefused("a pass needs exactly one style, such as storeCard")
    for name in ("expirationDate", "relevantDate"):
        if name in pass_ and not _W3C_DATE.match(str(pass_[name])):
            raise PassRefused(f"Unable to parse {name} {pass_[name]}: a W3C date time stamp is expected")
    _check_web_service(pass_, plain_http=plain_http)
    _check_barcodes(pass_)


def _check_web_service(pass_: Mapping[str, Any], *, plain_http: bool) -> None:
    url, token = pass_.get("webServiceURL"), pass_.get("authenticationToken")
    if url is None and token is None:
        return
    if not isinstance(url, str) or not isinstance(token, str):
        raise PassRefused("webServiceURL and authenticationToken go together, both as text")
    if len(token) < 16:
        raise PassRefused("authenticationToken is shorter than 16 characters")
    if not url.startswith("https://") and not (plain_http and url.startswith("http://")):
        raise PassRefused("webServiceURL is not https")


def _check_barcodes(pass_: Mapping[str, Any]) -> None:
    barcodes = pass_.get("barcodes", [])
    if not isinstance(barcodes, list):
        raise PassRefused("barcodes is not an array")
    for barcode in barcodes:
        if not isinstance(barcode, dict) or barcode.get("format") not in _BARCODES:
            raise PassRefused(f"unknown barcode format in {barcode!r:.80}")
        if not isinstance(barcode.get("message"), str) or not isinstance(barcode.get("messageEncoding"), str):
            raise PassRefused("a barcode needs message and messageEncoding as text")


def _check_fields(bundle: Bundle) -> None:
    for section in SECTIONS:
        if not isinstance(bundle.pass_[bundle.style].get(section, []), list):
            raise PassRefused(f"{section} is not an array")
    seen: set[str] = set()
    for field in bundle.fields():
        if not isinstance(field, dict) or not isinstance(field.get("key"), str):
            raise PassRefused(f"a field without a key: {field!r:.80}")
        if field["key"] in seen:
            raise PassRefused(f"the field key {field['key']} is there twice")
        seen.add(field["key"])
        _check_value(field)


def _check_value(field: Mapping[str, Any]) -> None:
    value = field.get("value")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise PassRefused(f"the field {field['key']} has no text, number or date as its value")
    if ("currencyCode" in field or "numberStyle" in field) and isinstance(value, str):
        raise PassRefused(f"the field {field['key']} is formatted as a number but its value is text")
    if ("dateStyle" in field or "timeStyle" in field) and not _W3C_DATE.match(str(value)):
        raise PassRefused(f"Unable to parse the date of the field {field['key']}: {value}")


def _check_strings(bundle: Bundle) -> None:
    for name, raw in bundle.files.items():
        if name.endswith(".lproj/pass.strings"):
            try:
                parse_strings(raw)
            except StringsUnreadable as fault:
                raise PassRefused(f"{name}: {fault}") from fault
