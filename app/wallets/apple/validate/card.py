"""The rules of pass.json: required keys and kinds of values here, the rest in rooms of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.wallets.apple.validate import values as kinds
from app.wallets.apple.validate.barcodes import check_barcodes
from app.wallets.apple.validate.faults import Fault, Faults
from app.wallets.apple.validate.nearby import check_nfc
from app.wallets.apple.validate.newer import EVENT_URLS, FLIGHT_URLS, check_newer
from app.wallets.apple.validate.relevance import check_relevance
from app.wallets.apple.validate.semantics import check_semantics
from app.wallets.apple.validate.styles import STYLES, check_style
from app.wallets.apple.validate.web_service import check_web_service

_WHERE = "pass.json#"
_PASS_TYPE = re.compile(r"pass\.[A-Za-z0-9-]+(?:\.[A-Za-z0-9_-]+)*\Z")
_TEAM = re.compile(r"[A-Z0-9]{10}\Z")

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
    _check_names(card, faults)
    for key, value in card.items():
        if problem := KINDS[key](value) if key in KINDS else None:
            faults.add("value-wrong", f"{_WHERE}/{key}", f"{key} {problem}.", "See Apple's page on Pass.")
        elif key not in KINDS and key not in STYLES:
            mend = "Look for a slip of the pen, or move it to userInfo."
            message = f"Wallet knows no key {key!r} and passes over it."
            faults.warn("key-unknown", f"{_WHERE}/{key}", message, mend)
    for check in (check_web_service, check_relevance, check_nfc, check_barcodes, check_style):
        check(card, faults)
    check_semantics(card, faults)
    check_newer(card, faults)
    return faults.found


def _names(names: str, kind: kinds.Kind) -> dict[str, kinds.Kind]:
    return dict.fromkeys(names.split(), kind)


KINDS: Mapping[str, kinds.Kind] = {
    "formatVersion": kinds.one_of(1),
    **dict.fromkeys(REQUIRED[1:], kinds.text),
    **_names("logoText groupingIdentifier authenticationToken eventLogoText", kinds.text),
    **_names("logoSymbolName webServiceURL", kinds.text),
    **_names("backgroundColor foregroundColor labelColor stripColor footerBackgroundColor", kinds.colour),
    **_names("expirationDate relevantDate", kinds.moment),
    **_names("voided sharingProhibited suppressStripShine useAutomaticColors", kinds.boolean),
    **_names("suppressHeaderDarkening suppressesHeaderDarkening", kinds.boolean),
    **_names("associatedStoreIdentifiers auxiliaryStoreIdentifiers", kinds.wholes),
    **_names("barcodes beacons locations relevantDates", kinds.mappings),
    **_names("featuredActions upcomingPassInformation", kinds.mappings),
    **_names("barcode nfc semantics", kinds.mapping),
    **dict.fromkeys((*EVENT_URLS, *FLIGHT_URLS), kinds.https),
    **_names("contactVenueEmail transitProviderEmail", kinds.email),
    **_names("contactVenuePhoneNumber transitProviderPhoneNumber", kinds.phone),
    "appLaunchURL": kinds.address,
    "maxDistance": kinds.positive,
    "preferredStyleSchemes": kinds.texts,
    "userInfo": kinds.anything,
}


def _check_required(card: Mapping[str, Any], faults: Faults) -> None:
    for key in REQUIRED:
        if key not in card:
            mend = "Wallet refuses a pass without it."
            faults.add("key-missing", f"{_WHERE}/{key}", f"{key} is missing.", mend)
    if "appLaunchURL" in card and not card.get("associatedStoreIdentifiers"):
        message = "appLaunchURL works only with associatedStoreIdentifiers."
        mend = "Name the app, or leave both out."
        faults.add("key-missing", f"{_WHERE}/associatedStoreIdentifiers", message, mend)


def _check_names(card: Mapping[str, Any], faults: Faults) -> None:
    """Identifiers that no certificate of Apple's can carry."""
    pass_type, team = card.get("passTypeIdentifier"), card.get("teamIdentifier")
    if isinstance(pass_type, str) and pass_type.strip() and not _PASS_TYPE.match(pass_type):
        message = f"{pass_type!r} is no pass type identifier."
        mend = "It begins with pass. as in pass.com.example.card."
        faults.add("pass-type-form", f"{_WHERE}/passTypeIdentifier", message, mend)
    if isinstance(team, str) and team.strip() and not _TEAM.match(team):
        message = f"{team!r} is no team identifier of Apple's: ten capital letters and digits."
        mend = "Copy it from the developer account."
        faults.add("team-form", f"{_WHERE}/teamIdentifier", message, mend, "warning")
