"""What an iPhone asks of pass.json: kinds, enumerations, dates, styles, and what belongs together.

Facts follow Apple's "Pass", "PassFields" and "PassFieldContent" (last checked 2026-08).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

STYLES = ("storeCard", "coupon", "eventTicket", "generic", "boardingPass")
POSTER = "posterGeneric"
SECTIONS = (
    *("headerFields", "primaryFields", "secondaryFields", "auxiliaryFields", "backFields"),
    *("footerFields", "additionalInfoFields"),
)
_REQUIRED_TEXTS = ("passTypeIdentifier", "serialNumber", "teamIdentifier", "organizationName", "description")
_W3C_DATE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$")
_MESSAGES = {
    **dict.fromkeys(("QR", "PDF417", "Aztec", "Code128", "Code39", "Codabar"), r"(?s).+"),
    "EAN13": r"\d{12,13}",
    "I2of5": r"(\d\d)+",
}
_TRANSIT = {f"PKTransitType{each}" for each in ("Air", "Boat", "Bus", "Generic", "Train")}
_STYLES_OF_TIME = {f"PKDateStyle{each}" for each in ("None", "Short", "Medium", "Long", "Full")}
_ENUMS = {
    "textAlignment": {f"PKTextAlignment{each}" for each in ("Left", "Center", "Right", "Natural")},
    "dateStyle": _STYLES_OF_TIME,
    "timeStyle": _STYLES_OF_TIME,
    "numberStyle": {f"PKNumberStyle{each}" for each in ("Decimal", "Percent", "Scientific", "SpellOut")},
}
_DETECTORS = {f"PKDataDetectorType{each}" for each in ("PhoneNumber", "Link", "Address", "CalendarEvent")}
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("barcodes", "locations", "beacons", "relevantDates", "featuredActions"), list),
    **dict.fromkeys(("preferredStyleSchemes", "associatedStoreIdentifiers"), list),
    **dict.fromkeys(("upcomingPassInformation", "auxiliaryStoreIdentifiers"), list),
    **dict.fromkeys(("voided", "sharingProhibited", "suppressStripShine", "useAutomaticColors"), bool),
    **dict.fromkeys(("logoText", "groupingIdentifier", "appLaunchURL", "eventLogoText"), str),
    **dict.fromkeys(("semantics", "nfc"), dict),
    "maxDistance": (int, float),
}
_NAMES = {list: "an array", bool: "true or false", str: "text", dict: "a dictionary"}


class PassRefused(Exception):
    """The phone will not add or keep this pass; the text says why, for a developer."""


def check_top_level(pass_: Mapping[str, Any], *, plain_http: bool) -> None:
    """Everything but the styles. Raises PassRefused."""
    if pass_.get("formatVersion") != 1 or pass_.get("formatVersion") is True:
        raise PassRefused("formatVersion must be the number 1")
    for name in _REQUIRED_TEXTS:
        if not isinstance(pass_.get(name), str) or not pass_[name]:
            raise PassRefused(f"{name} is missing or not text")
    for name, kind in _KINDS.items():
        if name in pass_ and (
            not isinstance(pass_[name], kind) or (kind is not bool and pass_[name] is True)
        ):
            raise PassRefused(f"{name} is not {_NAMES.get(kind, 'a number')}")  # type: ignore[arg-type]
    _check_dates(pass_)
    if "appLaunchURL" in pass_ and not pass_.get("associatedStoreIdentifiers"):
        raise PassRefused("appLaunchURL needs associatedStoreIdentifiers")
    _check_web_service(pass_, plain_http=plain_http)
    _check_barcodes(pass_)


def _check_dates(pass_: Mapping[str, Any]) -> None:
    dates = {name: pass_[name] for name in ("expirationDate", "relevantDate") if name in pass_}
    for place, each in enumerate(pass_.get("relevantDates", [])):
        if not isinstance(each, dict) or not each:
            raise PassRefused("relevantDates holds something that is no date")
        dates |= {f"relevantDates[{place}].{name}": value for name, value in each.items()}
    for name, value in dates.items():
        if not isinstance(value, str) or not _W3C_DATE.match(value):
            raise PassRefused(f"Unable to parse {name} {value}: a W3C date time stamp is expected")


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
    for barcode in pass_.get("barcodes", []):
        form = str(barcode.get("format")) if isinstance(barcode, dict) else ""
        fitting = _MESSAGES.get(form.removeprefix("PKBarcodeFormat"))
        if fitting is None or not form.startswith("PKBarcodeFormat"):
            raise PassRefused(f"unknown barcode format in {barcode!r:.80}")
        if not isinstance(barcode.get("message"), str) or not isinstance(barcode.get("messageEncoding"), str):
            raise PassRefused("a barcode needs message and messageEncoding as text")
        if not re.fullmatch(fitting, barcode["message"]):
            raise PassRefused(f"{form} cannot say {barcode['message']!r:.80}")


# --- styles and fields ------------------------------------------------------------------------------------


def check_styles(pass_: Mapping[str, Any]) -> None:
    """One style, a poster at most beside it, and the fields of both. Raises PassRefused."""
    styles = [style for style in STYLES if style in pass_]
    if len(styles) != 1 or not isinstance(pass_[styles[0]], dict):
        raise PassRefused("a pass needs exactly one style, such as storeCard")
    transit = pass_[styles[0]].get("transitType")
    if (styles[0] == "boardingPass") != (transit in _TRANSIT) or (styles[0] != "boardingPass" and transit):
        raise PassRefused("transitType is for boarding passes, which need one")
    for style in (*styles, *(POSTER for _ in range(POSTER in pass_))):
        if not isinstance(pass_[style], dict):
            raise PassRefused(f"{style} is not a dictionary")
        _check_fields(pass_[style])


def _check_fields(groups: Mapping[str, Any]) -> None:
    seen: set[str] = set()
    for section, field in _fields(groups):
        if not isinstance(field, dict) or not isinstance(field.get("key"), str):
            raise PassRefused(f"a field without a key: {field!r:.80}")
        if field["key"] in seen:
            raise PassRefused(f"the field key {field['key']} is there twice")
        seen.add(field["key"])
        _check_value(field)
        _check_behaviour(field, section)


def _fields(groups: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for section in SECTIONS:
        listed = groups.get(section, [])
        if not isinstance(listed, list):
            raise PassRefused(f"{section} is not an array")
        yield from ((section, field) for field in listed)


def _check_value(field: Mapping[str, Any]) -> None:
    value = field.get("value")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise PassRefused(f"the field {field['key']} has no text, number or date as its value")
    if ("currencyCode" in field or "numberStyle" in field) and isinstance(value, str):
        raise PassRefused(f"the field {field['key']} is formatted as a number but its value is text")
    if "currencyCode" in field and "numberStyle" in field:
        raise PassRefused(f"the field {field['key']} has both currencyCode and numberStyle")
    if ("dateStyle" in field or "timeStyle" in field) and not _W3C_DATE.match(str(value)):
        raise PassRefused(f"Unable to parse the date of the field {field['key']}: {value}")


def _check_behaviour(field: Mapping[str, Any], section: str) -> None:
    for name, known in _ENUMS.items():
        if name in field and field[name] not in known:
            raise PassRefused(f"the field {field['key']} has the {name} {field[name]!r:.60}")
    for name in ("label", "changeMessage"):
        if not isinstance(field.get(name, ""), str):
            raise PassRefused(f"the {name} of the field {field['key']} is not text")
    detectors = field.get("dataDetectorTypes", [])
    if not isinstance(detectors, list) or not _DETECTORS.issuperset(map(str, detectors)):
        raise PassRefused(f"the field {field['key']} has unknown dataDetectorTypes")
    if "row" in field and (section != "auxiliaryFields" or field["row"] not in (0, 1)):
        raise PassRefused(f"the field {field['key']} has a row, which auxiliary fields alone have")
    if not isinstance(field.get("semantics", {}), dict):
        raise PassRefused(f"the semantics of the field {field['key']} are not a dictionary")
