"""Semantic tags: what a pass and its fields mean to Siri, to the calendar and to the new poster layouts.

A tag of the wrong kind is dropped in silence, and a poster layout that lacks one falls back to the plain
style without a word. Follows Apple's "SemanticTags" (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.wallets.apple.validate import values as kinds
from app.wallets.apple.validate.faults import Faults

MEND = "See Apple's page on SemanticTags."
_EVENT_TYPES = ("Generic", "Movie", "Conference", "Convention", "Workshop", "SocialGathering", "Sports")
EVENT_TYPES = tuple(f"PKEventType{each}" for each in (*_EVENT_TYPES, "LivePerformance"))


def _names(names: str, kind: kinds.Kind) -> dict[str, kinds.Kind]:
    return dict.fromkeys(names.split(), kind)


_place = kinds.shaped(_names("latitude longitude altitude", kinds.number), ("latitude", "longitude"))
_money = kinds.shaped({"amount": kinds.amount, "currencyCode": kinds.currency}, ("amount", "currencyCode"))
_person = kinds.shaped(
    _names("familyName givenName middleName namePrefix nameSuffix nickname", kinds.words)
    | {"phoneticRepresentation": kinds.anything}
)
_seat = kinds.shaped(
    _names("seatDescription seatIdentifier seatNumber seatRow seatSection", kinds.words)
    | _names("seatAisle seatLevel seatType", kinds.words)
    | {"seatSectionColor": kinds.colour}
)
_wifi = kinds.shaped(_names("ssid password", kinds.text), ("ssid", "password"))
_date_info = kinds.shaped(
    {"date": kinds.moment, "ignoreTimeComponents": kinds.boolean, "timeZone": kinds.zone}
    | _names("unannounced undetermined", kinds.boolean),
    ("date",),
)
_airplay = kinds.shaped({"airplayDeviceGroupToken": kinds.text})

EVENT: Mapping[str, kinds.Kind] = {
    **_names("admissionLevel admissionLevelAbbreviation additionalTicketAttributes", kinds.text),
    **_names("attendeeName entranceDescription eventName eventLiveMessage genre", kinds.text),
    **_names("venueEntrance venueEntranceDoor venueEntranceGate venueEntrancePortal venueName", kinds.text),
    **_names("venueRegionName venueRoom venuePlaceID sportName leagueAbbreviation leagueName", kinds.text),
    **_names("awayTeamAbbreviation awayTeamLocation awayTeamName", kinds.text),
    **_names("homeTeamAbbreviation homeTeamLocation homeTeamName", kinds.text),
    **_names("eventStartDate eventEndDate venueBoxOfficeOpenDate venueCloseDate", kinds.moment),
    **_names("venueDoorsOpenDate venueFanZoneOpenDate venueGatesOpenDate", kinds.moment),
    **_names("venueOpenDate venueParkingLotsOpenDate", kinds.moment),
    **_names("albumIDs artistIDs performerNames playlistIDs", kinds.texts),
    "airplay": kinds.listed(_airplay),
    "eventType": kinds.one_of(*EVENT_TYPES),
    "eventStartDateInfo": _date_info,
    "tailgatingAllowed": kinds.boolean,
    "venueLocation": _place,
    "venuePhoneNumber": kinds.phone,
}
_ENDS = ("Gate", "Terminal", "Platform", "StationName", "LocationDescription", "CityName")
_AIRPORT = ("AirportCode", "AirportName")
BOARDING: Mapping[str, kinds.Kind] = {
    **{f"{end}{name}": kinds.text for end in ("departure", "destination") for name in (*_ENDS, *_AIRPORT)},
    **{f"{end}Location": _place for end in ("departure", "destination")},
    **{f"{end}AirportTimeZone": kinds.zone for end in ("departure", "destination")},
    **{f"{end}AirportSecurityPrograms": kinds.texts for end in ("departure", "destination")},
    **{
        f"{when}{what}Date": kinds.moment
        for when in ("current", "original")
        for what in ("Arrival", "Boarding", "Departure")
    },
    **_names(
        "airlineCode airlineLoungePlaceID boardingGroup boardingZone boardingSequenceNumber", kinds.text
    ),
    **_names("carNumber confirmationNumber flightCode priorityStatus securityScreening", kinds.text),
    **_names("ticketFareClass transitProvider transitStatus transitStatusReason", kinds.text),
    **_names("vehicleName vehicleNumber vehicleType loungePlaceIDs", kinds.text),
    **_names("internationalDocumentsVerifiedDeclarationName membershipProgramStatus", kinds.text),
    **_names("passengerCapabilities passengerAirlineSSRs passengerInformationSSRs", kinds.texts),
    **_names("passengerServiceSSRs passengerEligibleSecurityPrograms", kinds.texts),
    "flightNumber": kinds.whole,
    "internationalDocumentsAreVerified": kinds.boolean,
    "passengerName": _person,
}
GENERAL: Mapping[str, kinds.Kind] = {
    "balance": _money,
    "totalPrice": _money,
    "duration": kinds.positive,
    "membershipProgramName": kinds.text,
    "membershipProgramNumber": kinds.text,
    "seats": kinds.listed(_seat),
    "silenceRequested": kinds.boolean,
    "wifiAccess": kinds.listed(_wifi),
}
TAGS: Mapping[str, kinds.Kind] = {**EVENT, **BOARDING, **GENERAL}

_POSTER_NEEDS = ("eventName", "venueName")
_FLIGHT_NEEDS = (
    *("airlineCode", "flightNumber", "originalDepartureDate", "originalBoardingDate", "originalArrivalDate"),
    *("departureAirportTimeZone", "departureAirportCode", "destinationAirportCode", "passengerName"),
)
_FLIGHT_LIKES = ("departureCityName", "destinationAirportTimeZone", "destinationCityName", "seats")


def check_semantics(card: Mapping[str, Any], faults: Faults) -> None:
    """Check the pass's own tags (those of fields are checked with them), and what posters ask of them."""
    tags = card.get("semantics")
    if isinstance(tags, dict):
        check_tags(tags, "pass.json#/semantics", faults)
        _check_belonging(tags, card, faults)
    schemes = card.get("preferredStyleSchemes")
    if isinstance(schemes, list):
        said = tags if isinstance(tags, dict) else {}
        if "posterEventTicket" in schemes and "eventTicket" in card:
            _check_event(said, faults)
        if "semanticBoardingPass" in schemes and "boardingPass" in card:
            _demand(said, _FLIGHT_NEEDS, _FLIGHT_LIKES, "A semantic boarding pass", faults)


def check_tags(tags: Mapping[str, Any], where: str, faults: Faults) -> None:
    """Check the kinds of some tags."""
    kinds.check_keys(tags, TAGS, where, faults, code="semantic", mend=MEND)


def _check_belonging(tags: Mapping[str, Any], card: Mapping[str, Any], faults: Faults) -> None:
    for style, own in (("eventTicket", EVENT), ("boardingPass", BOARDING)):
        strange = sorted(own.keys() & tags.keys() - {"membershipProgramStatus"})
        if strange and style not in card:
            message = f"{strange[0]} means something on a pass of the style {style} alone."
            mend = "Leave it out, or choose that style."
            faults.warn("semantic-style", f"pass.json#/semantics/{strange[0]}", message, mend)
    if "balance" in tags and "storeCard" not in card:
        message = "balance means something on a store card alone."
        faults.warn("semantic-style", "pass.json#/semantics/balance", message, "Leave it out.")


def _check_event(tags: Mapping[str, Any], faults: Faults) -> None:
    name = "A poster event ticket"
    _demand(tags, _POSTER_NEEDS, ("eventStartDate", "seats"), name, faults)
    if tags.get("eventType") == "PKEventTypeSports":
        _demand(tags, ("awayTeamAbbreviation", "homeTeamAbbreviation"), (), "A sports ticket", faults)
    if tags.get("eventType") == "PKEventTypeLivePerformance":
        _demand(tags, ("performerNames",), ("artistIDs",), "A ticket to a live performance", faults)
    starts, ends = tags.get("eventStartDate"), tags.get("eventEndDate")
    dated = not kinds.moment(starts) and not kinds.moment(ends)
    if dated and datetime.fromisoformat(str(starts)) > datetime.fromisoformat(str(ends)):
        where = "pass.json#/semantics/eventEndDate"
        faults.warn("semantic-order", where, "The event ends before it starts.", "Mend the dates.")


def _demand(
    tags: Mapping[str, Any], needs: tuple[str, ...], likes: tuple[str, ...], what: str, faults: Faults
) -> None:
    where = "pass.json#/semantics"
    for key in needs:
        if not tags.get(key):
            message = f"{what} needs {key}; without it Wallet falls back to the plain style."
            faults.add("semantic-missing", f"{where}/{key}", message, "Add it to semantics.")
    for key in likes:
        if not tags.get(key):
            message = f"{what} shows more with {key}."
            faults.warn("semantic-missing", f"{where}/{key}", message, "Add it to semantics.")
