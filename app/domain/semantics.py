"""Apple's semantic tags: what a pass and its fields mean to Siri, the calendar and the newer layouts.

A design writes a tag by Apple's name; the kinds say what stands behind it. Vendor page:
developer.apple.com/documentation/walletpasses/semantictags (last checked 2026-08).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

Kind = Literal[
    "text",
    "texts",
    "number",
    "flag",
    "date",
    "zone",
    "phone",
    "money",
    "place",
    "person",
    "seats",
    "wifi",
    "airplay",
    "date_info",
    "event_type",
]


def _all(kind: Kind, names: str) -> dict[str, Kind]:
    return dict.fromkeys(names.split(), kind)


_ENDS = ("departure", "destination")
_AT_ENDS = [
    "Gate",
    "Terminal",
    "Platform",
    "StationName",
    "LocationDescription",
    "CityName",
    "AirportCode",
    "AirportName",
]
GENERAL: Mapping[str, Kind] = {
    **_all("money", "totalPrice"),
    **_all("number", "duration"),
    **_all("text", "membershipProgramName membershipProgramNumber membershipProgramStatus"),
    **_all("seats", "seats"),
    **_all("flag", "silenceRequested"),
    **_all("wifi", "wifiAccess"),
}
STORE: Mapping[str, Kind] = {"balance": "money"}
EVENT: Mapping[str, Kind] = {
    **_all("text", "admissionLevel admissionLevelAbbreviation additionalTicketAttributes attendeeName"),
    **_all("text", "entranceDescription eventName eventLiveMessage genre venueEntrance venueEntranceDoor"),
    **_all("text", "venueEntranceGate venueEntrancePortal venueName venueRegionName venueRoom venuePlaceID"),
    **_all("text", "sportName leagueAbbreviation leagueName awayTeamAbbreviation awayTeamLocation"),
    **_all("text", "awayTeamName homeTeamAbbreviation homeTeamLocation homeTeamName"),
    **_all("date", "eventStartDate eventEndDate venueBoxOfficeOpenDate venueCloseDate venueDoorsOpenDate"),
    **_all("date", "venueFanZoneOpenDate venueGatesOpenDate venueOpenDate venueParkingLotsOpenDate"),
    **_all("texts", "albumIDs artistIDs performerNames playlistIDs"),
    **_all("airplay", "airplay"),
    **_all("event_type", "eventType"),
    **_all("date_info", "eventStartDateInfo"),
    **_all("flag", "tailgatingAllowed"),
    **_all("place", "venueLocation"),
    **_all("phone", "venuePhoneNumber"),
}
BOARDING: Mapping[str, Kind] = {
    **{f"{end}{name}": "text" for end in _ENDS for name in _AT_ENDS},
    **{f"{end}Location": "place" for end in _ENDS},
    **{f"{end}AirportTimeZone": "zone" for end in _ENDS},
    **{f"{end}AirportSecurityPrograms": "texts" for end in _ENDS},
    **{
        f"{when}{what}Date": "date"
        for when in ("current", "original")
        for what in ("Arrival", "Boarding", "Departure")
    },
    **_all("text", "airlineCode airlineLoungePlaceID boardingGroup boardingZone boardingSequenceNumber"),
    **_all("text", "carNumber confirmationNumber flightCode priorityStatus securityScreening vehicleType"),
    **_all("text", "ticketFareClass transitProvider transitStatus transitStatusReason vehicleName"),
    **_all("text", "vehicleNumber loungePlaceIDs internationalDocumentsVerifiedDeclarationName"),
    **_all("texts", "passengerCapabilities passengerAirlineSSRs passengerInformationSSRs"),
    **_all("texts", "passengerServiceSSRs passengerEligibleSecurityPrograms"),
    **_all("number", "flightNumber"),
    **_all("flag", "internationalDocumentsAreVerified"),
    **_all("person", "passengerName"),
}
TAGS: Mapping[str, Kind] = {**GENERAL, **STORE, **EVENT, **BOARDING}
"""Tag to kind."""

_SHAPES: Mapping[Kind, tuple[frozenset[str], frozenset[str]]] = {
    "money": (frozenset({"amount_minor", "currency"}), frozenset({"amount_minor", "currency"})),
    "place": (frozenset({"latitude", "longitude"}), frozenset({"latitude", "longitude", "altitude"})),
    "person": (
        frozenset(),
        frozenset(["familyName", "givenName", "middleName", "namePrefix", "nameSuffix", "nickname"]),
    ),
    "date_info": (
        frozenset({"date"}),
        frozenset(["date", "ignoreTimeComponents", "timeZone", "unannounced", "undetermined"]),
    ),
}
"""Kinds that are objects: keys that must be there, and all that may."""
_SEAT = frozenset(
    {"seatDescription", "seatIdentifier", "seatNumber", "seatRow", "seatSection"}
    | {"seatAisle", "seatLevel", "seatType", "seatSectionColor"}
)
_ENTRIES: Mapping[Kind, tuple[frozenset[str], frozenset[str]]] = {
    "seats": (frozenset(), _SEAT),
    "wifi": (frozenset({"ssid", "password"}), frozenset({"ssid", "password"})),
    "airplay": (frozenset({"airplayDeviceGroupToken"}), frozenset({"airplayDeviceGroupToken"})),
}
"""Kinds that are lists of objects."""
EVENT_TYPES = (
    *("Generic", "Movie", "Conference", "Convention", "Workshop", "SocialGathering", "Sports"),
    "LivePerformance",
)
MOST_ENTRIES = 40
ROOM = 20_000
"""Characters that all tags of one place may have together."""


def form_faults(tags: Mapping[str, Any]) -> list[str]:
    """What is wrong with the tags' names and forms, in whole sentences; values may be `{placeholders}`."""
    faults = [fault for tag, value in tags.items() for fault in _faults(tag, value)]
    return faults if len(str(tags)) <= ROOM else [*faults, "The semantic tags are too long together."]


def _faults(tag: str, value: Any) -> Iterator[str]:
    kind = TAGS.get(tag)
    if kind is None:
        yield f"Apple knows no semantic tag '{tag}'."
    elif kind in _SHAPES:
        yield from _shape_faults(tag, value, *_SHAPES[kind])
    elif kind in _ENTRIES or kind == "texts":
        if not isinstance(value, list | tuple) or len(value) > MOST_ENTRIES:
            yield f"The semantic tag '{tag}' is a list of at most {MOST_ENTRIES}."
        else:
            yield from _entry_faults(tag, kind, value)
    elif isinstance(value, dict | list | tuple) or value is None:
        yield f"The semantic tag '{tag}' is one value, not an object or a list."


def _entry_faults(tag: str, kind: Kind, entries: list[Any] | tuple[Any, ...]) -> Iterator[str]:
    for each in entries:
        if kind in _ENTRIES:
            yield from _shape_faults(tag, each, *_ENTRIES[kind])
        elif not isinstance(each, str):
            yield f"The semantic tag '{tag}' is a list of texts."


def _shape_faults(tag: str, value: Any, needs: frozenset[str], known: frozenset[str]) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"The semantic tag '{tag}' is an object with {', '.join(sorted(known))}."
        return
    yield from (f"The semantic tag '{tag}' lacks {key}." for key in sorted(needs - value.keys()))
    yield from (f"The semantic tag '{tag}' has no {key}." for key in sorted(value.keys() - known))
    for key in sorted(value.keys() & known):
        if isinstance(value[key], dict | list | tuple) or value[key] is None:
            yield f"In the semantic tag '{tag}', {key} is one value."


# -- what the newer layouts ask --------------------------------------------------------------------

POSTER_TICKET = ("eventName", "venueName")
FLIGHT = (
    *("airlineCode", "flightNumber", "originalDepartureDate", "originalBoardingDate", "originalArrivalDate"),
    *("departureAirportTimeZone", "departureAirportCode", "destinationAirportCode", "passengerName"),
)
_BY_EVENT = {
    "Sports": ("awayTeamAbbreviation", "homeTeamAbbreviation"),
    "LivePerformance": ("performerNames",),
}


def lacking(scheme: str, tags: Mapping[str, Any]) -> list[str]:
    """The tags without which Wallet falls back to the plain style."""
    if scheme == "semanticBoardingPass":
        return [tag for tag in FLIGHT if not tags.get(tag)]
    event = re.sub("^PKEventType", "", str(tags.get("eventType", "")))
    return [tag for tag in (*POSTER_TICKET, *_BY_EVENT.get(event, ())) if not tags.get(tag)]
