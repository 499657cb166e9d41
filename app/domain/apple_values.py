"""Kinds of values in Apple's part of a design: exact where the design says them, open where it has a
`{placeholder}` that each card fills.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

EventUrlKey = Literal[
    "accessibilityURL",
    "addOnURL",
    "bagPolicyURL",
    "contactVenueWebsite",
    "directionsInformationURL",
    "merchandiseURL",
    "orderFoodURL",
    "parkingInformationURL",
    "purchaseParkingURL",
    "sellURL",
    "transferURL",
    "transitInformationURL",
]
"""Links of the event guide, which a poster event ticket shows from two on."""
FlightUrlKey = Literal[
    "changeSeatURL",
    "entertainmentURL",
    "managementURL",
    "purchaseAdditionalBaggageURL",
    "purchaseLoungeAccessURL",
    "purchaseWifiURL",
    "registerServiceAnimalURL",
    "reportLostBagURL",
    "requestWheelchairURL",
    "transitProviderWebsiteURL",
    "upgradeURL",
]
"""Links of a semantic boarding pass."""
ContactKey = Literal[
    "contactVenueEmail",
    "contactVenuePhoneNumber",
    "transitProviderEmail",
    "transitProviderPhoneNumber",
]


def is_open(text: str) -> bool:
    """Whether the text is nothing yet: empty, or each card's own."""
    return not text or re.search(r"\{[a-z0-9_.]+\}", text) is not None


def is_https(text: str) -> bool:
    """Whether this is an address that a phone opens without doubt."""
    return re.fullmatch(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?#][^\s]*)?", text) is not None


def moment(text: str) -> datetime | None:
    """A date and time of ISO 8601 with its zone; None where it is no such thing."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when if when.tzinfo else None


def _https(text: str) -> str:
    if not is_open(text) and not is_https(text):
        raise ValueError("not an https address")
    return text


def _moment(text: str) -> str:
    if not is_open(text) and moment(text) is None:
        raise ValueError("not a date and time of ISO 8601 with its zone, such as 2026-12-31T20:00+02:00")
    return text


Https = Annotated[str, Field(max_length=1000), AfterValidator(_https)]
Moment = Annotated[str, Field(max_length=60), AfterValidator(_moment)]
Mark = Annotated[str, Field(max_length=100)]
