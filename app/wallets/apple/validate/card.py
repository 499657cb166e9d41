"""The rules of pass.json: required keys, types, dates, colours, places, the web service, and one style."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from app.wallets.apple.validate.barcodes import check_barcodes
from app.wallets.apple.validate.faults import Fault, Faults
from app.wallets.apple.validate.fields import STYLES, check_style

_WHERE = "pass.json#"
_W3C = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)\Z")
_RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)\Z")
_SHORTEST_TOKEN = 16
_MOST_PLACES = 10
_NFC_BYTES = 64

REQUIRED = (
    "formatVersion",
    "passTypeIdentifier",
    "serialNumber",
    "teamIdentifier",
    "organizationName",
    "description",
)


def card_faults(card: Mapping[str, Any]) -> list[Fault]:
    """The faults of a parsed pass.json on its own."""
    faults = Faults()
    _check_required(card, faults)
    for key, value in card.items():
        if problem := KINDS[key](value) if key in KINDS else None:
            faults.add("value-wrong", f"{_WHERE}/{key}", f"{key} {problem}.", "See Apple's page on Pass.")
        elif key not in KINDS and key not in STYLES:
            message = f"Wallet knows no key {key!r} and passes over it."
            faults.warn(
                "key-unknown",
                f"{_WHERE}/{key}",
                message,
                "Look for a slip of the pen, or move it to userInfo.",
            )
    _check_web_service(card, faults)
    _check_places(card, faults)
    _check_nfc(card, faults)
    check_barcodes(card, faults)
    check_style(card, faults)
    return faults.found


# -- kinds of values: each says what is wrong, or nothing ------------------------------------------

Kind = Callable[[Any], str | None]


def text(value: Any) -> str | None:
    """Text that is not empty."""
    if not isinstance(value, str):
        return "is not text"
    return None if value.strip() else "is empty"


def _words(value: Any) -> str | None:
    return None if isinstance(value, str) else "is not text"


def number(value: Any) -> str | None:
    """A number, which true and false are not."""
    return None if isinstance(value, int | float) and not isinstance(value, bool) else "is not a number"


def boolean(value: Any) -> str | None:
    """True or false."""
    return None if isinstance(value, bool) else "is neither true nor false"


def moment(value: Any) -> str | None:
    """A W3C date with its zone."""
    if not isinstance(value, str) or not _W3C.match(value):
        return "is no W3C date with a zone, without fractions (2026-12-31T20:00:00+02:00)"
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return "is no date of the calendar"
    return None


def _colour(value: Any) -> str | None:
    parts = _RGB.match(value) if isinstance(value, str) else None
    fits = parts and all(int(part) <= 255 for part in parts.groups())
    return None if fits else "is no colour like rgb(20,60,50)"


def _numbers(value: Any) -> str | None:
    whole = isinstance(value, list) and all(
        isinstance(each, int) and not isinstance(each, bool) for each in value
    )
    return None if whole else "is not a list of whole numbers"


def _objects(value: Any) -> str | None:
    fits = isinstance(value, list) and all(isinstance(each, dict) for each in value)
    return None if fits else "is not a list of objects"


def _object(value: Any) -> str | None:
    return None if isinstance(value, dict) else "is not an object"


def _texts(value: Any) -> str | None:
    fits = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return None if fits else "is not a list of texts"


def _version(value: Any) -> str | None:
    return None if value == 1 and number(value) is None else "is not 1"


def _positive(value: Any) -> str | None:
    return number(value) or (None if value > 0 else "is not above zero")


def _https(value: Any) -> str | None:
    """An address; `webServiceURL` has rules of its own."""
    return None if isinstance(value, str) and value.startswith("https://") else "is not an https address"


def _free(_value: Any) -> str | None:
    return None


KINDS: Mapping[str, Kind] = {
    "formatVersion": _version,
    **dict.fromkeys(REQUIRED[1:], text),
    **dict.fromkeys(
        ("logoText", "groupingIdentifier", "appLaunchURL", "authenticationToken", "eventLogoText"), text
    ),
    **dict.fromkeys(("logoSymbolName", "webServiceURL"), text),
    **dict.fromkeys(
        ("backgroundColor", "foregroundColor", "labelColor", "stripColor", "footerBackgroundColor"), _colour
    ),
    **dict.fromkeys(("expirationDate", "relevantDate"), moment),
    **dict.fromkeys(("voided", "sharingProhibited", "suppressStripShine", "useAutomaticColors"), boolean),
    **dict.fromkeys(("suppressHeaderDarkening", "suppressesHeaderDarkening"), boolean),
    **dict.fromkeys(("associatedStoreIdentifiers", "auxiliaryStoreIdentifiers"), _numbers),
    **dict.fromkeys(("barcodes", "beacons", "locations", "relevantDates"), _objects),
    **dict.fromkeys(("featuredActions", "upcomingPassInformation"), _objects),
    **dict.fromkeys(("barcode", "nfc", "semantics"), _object),
    **dict.fromkeys(
        (
            *(
                "accessibilityURL",
                "addOnURL",
                "bagPolicyURL",
                "changeSeatURL",
                "contactVenueWebsite",
                "directionsInformationURL",
            ),
            *("entertainmentURL", "managementURL", "merchandiseURL", "orderFoodURL", "parkingInformationURL"),
            *(
                "purchaseAdditionalBaggageURL",
                "purchaseLoungeAccessURL",
                "purchaseParkingURL",
                "purchaseWifiURL",
            ),
            *(
                "registerServiceAnimalURL",
                "reportLostBagURL",
                "requestWheelchairURL",
                "sellURL",
                "trackBagsURL",
            ),
            *("transferURL", "transitInformationURL", "transitProviderWebsiteURL", "upgradeURL"),
        ),
        _https,
    ),
    **dict.fromkeys(("contactVenueEmail", "contactVenuePhoneNumber", "transitProviderEmail"), text),
    "transitProviderPhoneNumber": text,
    "maxDistance": _positive,
    "preferredStyleSchemes": _texts,
    "userInfo": _free,
}


# -- rules between values --------------------------------------------------------------------------


def _check_required(card: Mapping[str, Any], faults: Faults) -> None:
    for key in REQUIRED:
        if key not in card:
            faults.add(
                "key-missing", f"{_WHERE}/{key}", f"{key} is missing.", "Wallet refuses a pass without it."
            )
    if "appLaunchURL" in card and "associatedStoreIdentifiers" not in card:
        message = "appLaunchURL works only with associatedStoreIdentifiers."
        faults.add(
            "key-missing", f"{_WHERE}/associatedStoreIdentifiers", message, "Name the app, or leave both out."
        )


def _check_web_service(card: Mapping[str, Any], faults: Faults) -> None:
    url, token = card.get("webServiceURL"), card.get("authenticationToken")
    if (url is None) != (token is None):
        message = "webServiceURL and authenticationToken come together or not at all."
        faults.add(
            "web-service-pair", f"{_WHERE}/webServiceURL", message, "Add the other one, or leave both out."
        )
    if isinstance(token, str) and len(token) < _SHORTEST_TOKEN:
        message = f"The token has fewer than {_SHORTEST_TOKEN} characters."
        faults.add("token-short", f"{_WHERE}/authenticationToken", message, "Make a longer random one.")
    if isinstance(url, str):
        _check_url(url, faults)


def _check_url(url: str, faults: Faults) -> None:
    where = f"{_WHERE}/webServiceURL"
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = None, None
    if parts is None or parts.scheme not in ("http", "https") or not host:
        faults.add("web-service-url", where, "This is no web address.", "Write https:// and the public host.")
        return
    if parts.scheme == "http" and _is_here(host):
        message = "The address is this machine's own, and not https: no customer's phone can ask it."
        faults.warn(
            "web-service-local",
            where,
            message,
            "Fine in the sandbox; set the public https address elsewhere.",
        )
    elif parts.scheme == "http":
        faults.add("web-service-not-https", where, "The address is not https.", "Serve it over https.")
    if re.search(r"/v1/?$", parts.path):
        message = "The address ends in /v1, which the phone adds by itself."
        faults.add("web-service-v1", where, message, "Leave /v1 away.")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _check_places(card: Mapping[str, Any], faults: Faults) -> None:
    for key in ("locations", "beacons"):
        places = card.get(key)
        if not isinstance(places, list) or _objects(places):
            continue
        if len(places) > _MOST_PLACES:
            message = f"Wallet looks at {_MOST_PLACES} {key} at most."
            faults.add("too-many-places", f"{_WHERE}/{key}", message, "Keep the nearest ten.")
        for place, each in enumerate(places):
            if problem := _location(each) if key == "locations" else _beacon(each):
                faults.add(
                    "place-wrong", f"{_WHERE}/{key}/{place}", f"{problem}.", "See Apple's page on Pass."
                )


def _location(place: Mapping[str, Any]) -> str | None:
    for key, most in (("latitude", 90), ("longitude", 180)):
        if number(place.get(key)) or not -most <= place[key] <= most:
            return f"{key} is no number from -{most} to {most}"
    if "relevantText" in place and _words(place["relevantText"]):
        return "relevantText is not text"
    return "altitude is not a number" if "altitude" in place and number(place["altitude"]) else None


def _beacon(place: Mapping[str, Any]) -> str | None:
    if text(place.get("proximityUUID")):
        return "proximityUUID is missing"
    for key in ("major", "minor"):
        if key in place and (not isinstance(place[key], int) or not 0 <= place[key] <= 0xFFFF):
            return f"{key} is no whole number up to 65535"
    return None


def _check_nfc(card: Mapping[str, Any], faults: Faults) -> None:
    nfc = card.get("nfc")
    if not isinstance(nfc, Mapping):
        return
    message = nfc.get("message")
    if not isinstance(message, str) or text(message) or len(message.encode("utf-8", "replace")) > _NFC_BYTES:
        what = f"The NFC message must be text of at most {_NFC_BYTES} bytes; the rest is cut."
        faults.add("nfc-message", f"{_WHERE}/nfc/message", what, "Shorten it.")
    if text(nfc.get("encryptionPublicKey")):
        what = "encryptionPublicKey is missing."
        faults.add("nfc-key", f"{_WHERE}/nfc/encryptionPublicKey", what, "Add the P-256 key (SPKI, base64).")
