"""What only Apple Wallet knows of a design. Texts may have `{placeholders}`; each card's are filled.

Vendor page: developer.apple.com/documentation/walletpasses/pass (last checked 2026-08).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from app.domain.apple_events import Upcoming
from app.domain.apple_values import (
    ContactKey,
    EventUrlKey,
    FlightUrlKey,
    Https,
    Mark,
    Moment,
    is_open,
    moment,
)
from app.domain.semantics import form_faults
from app.domain.text import TextInput
from app.domain.values import Frozen, Look

NFC_BYTES = 64
"""So much of an NFC message reaches the reader; the phone cuts the rest."""
Scheme = Literal["posterEventTicket", "semanticBoardingPass"]
TransitType = Literal["air", "boat", "bus", "generic", "train"]
ActionKind = Literal[
    "membershipBenefits",
    "viewOffersRewards",
    "addToBalance",
    "shop",
    "order",
    "call",
    "place",
    "bookAppointment",
    "viewSchedule",
    "watchTrailer",
    "listenToMusic",
    "bookCar",
    "bookFlight",
    "bookStay",
]


class Nfc(Frozen):
    """What a contactless reader gets: at most 64 bytes; the key is base64 of a compressed P-256 SPKI."""

    message: Annotated[str, Field(min_length=1, max_length=200)] = "{number}"
    encryption_public_key: Annotated[str, Field(min_length=40, max_length=200)]
    requires_authentication: bool = False


class Personalisation(Frozen):
    """Sign-up in Wallet by a tap on a reader: what the customer is asked."""

    fields: Annotated[
        tuple[Literal["name", "postal_code", "email", "phone"], ...], Field(min_length=1, max_length=4)
    ]
    description: TextInput
    terms: TextInput = Field(default_factory=dict)

    @model_validator(mode="after")
    def _askable(self) -> Self:
        if len(set(self.fields)) < len(self.fields):
            raise ValueError("nothing is asked twice")
        if not all(said.strip() for said in self.description.values()) or not self.description:
            raise ValueError("a phone that asks says what for: give a description")
        return self


class Poster(Frozen):
    """A `posterGeneric` face (iOS 27) beside the pass's own style, which older phones go on showing.

    It shows one header, four primary and two footer fields, and `additional` ones behind a button. Where the
    design has no footer fields, the first of the lower rows stand there.
    """


def _address(text: str) -> str:
    if not is_open(text) and (not re.match(r"[a-z][a-z0-9+.-]{0,30}:.", text) or re.search(r"\s", text)):
        raise ValueError("not an address with a scheme, such as https:// or tel:")
    return text


Address = Annotated[str, Field(max_length=1000), AfterValidator(_address)]


class FeaturedAction(Frozen):
    """A button under a poster; `identifier` keeps two of one kind apart. A place has Apple's place ID, all
    others an address.
    """

    kind: ActionKind
    url: Address = ""
    place_identifier: Annotated[str, Field(max_length=200)] = ""
    identifier: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,60}$")] = ""

    @model_validator(mode="after")
    def _aimed(self) -> Self:
        if not (self.place_identifier if self.kind == "place" else self.url):
            raise ValueError("a place needs place_identifier, every other action its url")
        return self


class Beacon(Frozen):
    """A Bluetooth sender in a shop; near it the phone offers the card."""

    proximity_uuid: Annotated[
        str, Field(pattern=r"^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$", max_length=36)
    ]
    major: Annotated[int, Field(ge=0, le=65535)] | None = None
    minor: Annotated[int, Field(ge=0, le=65535)] | None = None
    text: TextInput = Field(default_factory=dict)

    @model_validator(mode="after")
    def _nested(self) -> Self:
        if self.minor is not None and self.major is None:
            raise ValueError("minor counts within a major, which is missing")
        return self


class Relevant(Frozen):
    """When the phone offers the card by itself: one moment, or from a start to an end (ISO 8601 and zone)."""

    at: Moment | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        interval = (self.starts_at is not None, self.ends_at is not None)
        if interval[0] != interval[1] or (self.at is not None) == interval[0]:
            raise ValueError("give at, or starts_at and ends_at")
        starts, ends = moment(self.starts_at or ""), moment(self.ends_at or "")
        if starts and ends and starts > ends:
            raise ValueError("it ends before it starts")
        return self


def _small(value: dict[str, Any]) -> dict[str, Any]:
    written = json.dumps(value, default=str, allow_nan=False, ensure_ascii=False)
    if len(written.encode()) > 20_000:
        raise ValueError("too much: 20,000 bytes at most")
    if any(abs(each) > 2**53 for each in _whole_numbers(value)):
        raise ValueError("a whole number that JSON cannot carry safely")
    return value


def _whole_numbers(node: Any) -> Iterator[int]:
    if isinstance(node, dict | list | tuple):
        for each in node.values() if isinstance(node, dict) else node:
            yield from _whole_numbers(each)
    elif isinstance(node, int):
        yield node


def _tags(value: dict[str, Any]) -> dict[str, Any]:
    if faults := form_faults(value):
        raise ValueError(" ".join(faults))
    return value


StoreIds = Annotated[tuple[Annotated[int, Field(ge=1, le=10**15)], ...], Field(max_length=20)]


class AppleLook(Look):
    """Apple's own part of a design; what a style does not know is not written to its passes.

    `semantics` are the pass's own tags (see app/domain/semantics.py). `preferred_style_schemes` asks for the
    newer layout of an event ticket or boarding pass; a card that lacks what the layout needs keeps the plain
    one. `max_distance` is in metres.
    """

    exact: ClassVar[bool] = True

    transit_type: TransitType | None = None
    poster: Poster | None = None
    featured_actions: Annotated[tuple[FeaturedAction, ...], Field(max_length=2)] = ()
    logo_symbol_name: Mark = ""
    nfc: Nfc | None = None
    personalisation: Personalisation | None = None
    semantics: Annotated[dict[str, Any], AfterValidator(_tags)] = Field(default_factory=dict)
    beacons: Annotated[tuple[Beacon, ...], Field(max_length=10)] = ()
    max_distance: Annotated[float, Field(gt=0, le=100_000)] | None = None
    relevant_dates: Annotated[tuple[Relevant, ...], Field(max_length=20)] = ()
    associated_store_identifiers: StoreIds = ()
    auxiliary_store_identifiers: StoreIds = ()
    app_launch_url: Address = ""
    sharing_prohibited: bool = False
    suppress_strip_shine: bool = False
    grouping_identifier: Mark = ""
    preferred_style_schemes: Annotated[tuple[Scheme, ...], Field(max_length=1)] = ()
    event_logo_text: TextInput = Field(default_factory=dict)
    use_automatic_colors: bool = False
    footer_background_color: Annotated[str, Field(pattern=r"^(#[0-9a-f]{6})?$")] = ""
    suppress_header_darkening: bool = False
    event_urls: dict[EventUrlKey, Https] = Field(default_factory=dict)
    flight_urls: dict[FlightUrlKey, Https] = Field(default_factory=dict)
    contacts: dict[ContactKey, Annotated[str, Field(max_length=200)]] = Field(default_factory=dict)
    upcoming: Annotated[tuple[Upcoming, ...], Field(max_length=20)] = ()
    user_info: Annotated[dict[str, Any], AfterValidator(_small)] = Field(default_factory=dict)
