"""What newer phones know: poster layouts, actions under the card, an event guide, upcoming passes.

Follows Apple's "Pass", "Defining the metadata of your Wallet pass" and "UpcomingPassInformationEntry" (last
checked 2026-08).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.wallets.apple.validate import values as kinds
from app.wallets.apple.validate.faults import MOST_ENTRIES, Faults
from app.wallets.apple.validate.semantics import check_tags

_WHERE = "pass.json#"
_MOST_ACTIONS = 2
_MOST_IMAGE_BYTES = 2 << 20
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}\Z")
ACTIONS = (
    *("membershipBenefits", "viewOffersRewards", "addToBalance", "shop", "order", "call", "place"),
    *("bookAppointment", "viewSchedule", "watchTrailer", "listenToMusic", "bookCar", "bookFlight"),
    "bookStay",
)
SCHEMES = {
    "eventTicket": ("posterEventTicket", "eventTicket"),
    "boardingPass": ("semanticBoardingPass", "boardingPass"),
}
EVENT_URLS = (
    *("accessibilityURL", "addOnURL", "bagPolicyURL", "contactVenueWebsite", "directionsInformationURL"),
    *("merchandiseURL", "orderFoodURL", "parkingInformationURL", "purchaseParkingURL", "sellURL"),
    *("transferURL", "transitInformationURL"),
)
FLIGHT_URLS = (
    *("changeSeatURL", "entertainmentURL", "managementURL", "purchaseAdditionalBaggageURL"),
    *("purchaseLoungeAccessURL", "purchaseWifiURL", "registerServiceAnimalURL", "reportLostBagURL"),
    *("requestWheelchairURL", "transitProviderWebsiteURL", "upgradeURL"),
)
_EVENT_ONLY = (
    *EVENT_URLS,
    *("contactVenueEmail", "contactVenuePhoneNumber", "eventLogoText", "footerBackgroundColor"),
    *("suppressHeaderDarkening", "useAutomaticColors", "auxiliaryStoreIdentifiers"),
)
_FLIGHT_ONLY = (*FLIGHT_URLS, "transitProviderEmail", "transitProviderPhoneNumber")


def check_newer(card: Mapping[str, Any], faults: Faults) -> None:
    """Check schemes, keys that need them, grouping, actions and upcoming passes."""
    schemes = card.get("preferredStyleSchemes")
    listed = schemes if isinstance(schemes, list) else []
    chosen = [each for each in listed if isinstance(each, str)]
    _check_schemes(chosen, card, faults)
    _check_belonging(chosen, card, faults)
    _check_actions(chosen, card, faults)
    _check_upcoming(chosen, card, faults)
    if "posterEventTicket" in chosen and "eventTicket" in card:
        _check_poster(card, faults)
    if "groupingIdentifier" in card and not {"boardingPass", "eventTicket"} & card.keys():
        message = "Wallet groups boarding passes and event tickets alone."
        faults.add("grouping-style", f"{_WHERE}/groupingIdentifier", message, "Leave it out.")


def _check_schemes(chosen: list[str], card: Mapping[str, Any], faults: Faults) -> None:
    where = f"{_WHERE}/preferredStyleSchemes"
    fitting = [scheme for style, schemes in SCHEMES.items() if style in card for scheme in schemes]
    for scheme in chosen:
        if scheme not in fitting:
            message = (
                f"{scheme!r} is no scheme of this style; only event tickets and boarding passes have any."
            )
            mend = f"Use {' and '.join(fitting)}." if fitting else "Leave preferredStyleSchemes out."
            faults.add("style-scheme", where, message, mend)
    if chosen and fitting and set(chosen) <= set(fitting) and fitting[1] not in chosen:
        message = f"Older phones do not know {fitting[0]}."
        faults.warn("style-scheme-alone", where, message, f"List {fitting[1]} behind it.")


def _check_belonging(chosen: list[str], card: Mapping[str, Any], faults: Faults) -> None:
    for scheme, only in (("posterEventTicket", _EVENT_ONLY), ("semanticBoardingPass", _FLIGHT_ONLY)):
        for key in only:
            if key in card and scheme not in chosen:
                message = f"{key} works on a pass with the scheme {scheme} alone."
                mend = "Leave it out, or name the scheme in preferredStyleSchemes."
                faults.warn("key-without-scheme", f"{_WHERE}/{key}", message, mend)


def _check_poster(card: Mapping[str, Any], faults: Faults) -> None:
    nfc = card.get("nfc")
    if not isinstance(nfc, dict) or "requiresAuthentication" not in nfc:
        message = "A poster event ticket needs nfc with requiresAuthentication."
        faults.add("poster-nfc", f"{_WHERE}/nfc", message, "Add both, or leave the scheme out.")
    if len([key for key in EVENT_URLS if key in card]) == 1:
        message = "The event guide is shown from two links on."
        faults.warn("event-guide", _WHERE, message, "Add a second link.")


def _check_actions(chosen: list[str], card: Mapping[str, Any], faults: Faults) -> None:
    actions, where = card.get("featuredActions"), f"{_WHERE}/featuredActions"
    if not isinstance(actions, list) or kinds.mappings(actions):
        return
    if len(actions) > _MOST_ACTIONS:
        message = f"Wallet shows {_MOST_ACTIONS} actions, not {len(actions)}."
        faults.add("too-many-actions", where, message, "Keep the two that matter.")
    if {"posterEventTicket", "semanticBoardingPass"} & set(chosen):
        message = "Poster tickets and semantic boarding passes show no featured actions."
        faults.warn("action-style", where, message, "Leave them out.")
    known = {"identifier": kinds.text, "type": kinds.one_of(*ACTIONS), "url": kinds.address}
    known["placeIdentifier"] = kinds.text
    for place, action in enumerate(actions[:MOST_ENTRIES]):
        needs = ("identifier", "type", "placeIdentifier" if action.get("type") == "place" else "url")
        for said in kinds.problems(action, known, needs):
            mend = "Give identifier, type and url (for a place: placeIdentifier)."
            faults.add("action-wrong", f"{where}/{place}", f"The action {said}.", mend)
    _check_unique(actions, where, "action-twice", faults)


def _check_unique(entries: list[Any], where: str, code: str, faults: Faults) -> None:
    named = [each["identifier"] for each in entries if isinstance(each.get("identifier"), str)]
    if len(set(named)) != len(named):
        faults.add(code, where, "Two of them have the same identifier.", "Give each one of its own.")


# -- upcoming passes -------------------------------------------------------------------------------


def _sha256(value: Any) -> str | None:
    fits = isinstance(value, str) and _SHA256.match(value)
    return None if fits else "is no SHA-256 in hex"


def _image_size(value: Any) -> str | None:
    too_large = "is more than the 2 megabytes that Wallet fetches"
    return kinds.whole(value) or (None if 0 <= value <= _MOST_IMAGE_BYTES else too_large)


def _image(value: Any) -> str | None:
    if said := _IMAGE(value):
        return said
    both = bool(value.get("reuseExisting")) == ("URLs" in value)
    return "needs either URLs or reuseExisting" if both else None


_IMAGE_URL = kinds.shaped(
    {"URL": kinds.https, "SHA256": _sha256, "scale": kinds.one_of(1, 2, 3), "size": _image_size},
    ("URL", "SHA256"),
)
_IMAGE = kinds.shaped({"URLs": kinds.listed(_IMAGE_URL), "reuseExisting": kinds.boolean})
_URLS = kinds.shaped(
    dict.fromkeys(EVENT_URLS, kinds.https)
    | {"contactVenueEmail": kinds.email, "contactVenuePhoneNumber": kinds.phone}
)
_FLAGS = ("ignoreTimeComponents", "isAllDay", "isUnannounced", "isUndetermined")
_DATE = kinds.shaped({"date": kinds.moment, "timeZone": kinds.zone} | dict.fromkeys(_FLAGS, kinds.boolean))
_UPCOMING: Mapping[str, kinds.Kind] = {
    "type": kinds.one_of("event"),
    "identifier": kinds.text,
    "name": kinds.text,
    "isActive": kinds.boolean,
    "URLs": _URLS,
    "additionalInfoFields": kinds.mappings,
    "backFields": kinds.mappings,
    "auxiliaryStoreIdentifiers": kinds.wholes,
    "dateInformation": _DATE,
    "images": kinds.shaped({"headerImage": _image, "venueMap": _image}),
    "semantics": kinds.mapping,
}


def _check_upcoming(chosen: list[str], card: Mapping[str, Any], faults: Faults) -> None:
    entries, where = card.get("upcomingPassInformation"), f"{_WHERE}/upcomingPassInformation"
    if not isinstance(entries, list) or kinds.mappings(entries):
        return
    if "posterEventTicket" not in chosen or "eventTicket" not in card:
        message = "Only a poster event ticket tells of upcoming passes."
        faults.add("upcoming-style", where, message, "Leave it out, or name the scheme posterEventTicket.")
    for place, entry in enumerate(entries[:MOST_ENTRIES]):
        for said in kinds.problems(entry, _UPCOMING, ("type", "identifier", "name")):
            mend = "See Apple's page on UpcomingPassInformationEntry."
            faults.add("upcoming-wrong", f"{where}/{place}", f"The entry {said}.", mend)
        if isinstance(entry.get("semantics"), dict):
            check_tags(entry["semantics"], f"{where}/{place}/semantics", faults)
    _check_unique(entries, where, "upcoming-twice", faults)
