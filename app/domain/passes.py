"""The card's face: one wallet-neutral snapshot between the business and every wallet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from pydantic_core import to_json

from app.domain.apple_look import AppleLook
from app.domain.design import Palette, Slot, Style
from app.domain.fields import GROUPS, PAGE, BarcodeFormat, Place, Rotating
from app.domain.google_look import GoogleLook
from app.domain.mechanics.base import Progress, Reward
from app.domain.text import LocalText, plain

Status = Literal["active", "blocked", "void", "expired"]


@dataclass(frozen=True, slots=True)
class Artwork:
    """What a picture shows, before anyone draws it: equal values are equal pictures, byte for byte.

    `source` is the SHA-256 of an uploaded image; without one the starter design's own art is drawn in
    `palette`.
    """

    slot: Slot
    starter: str
    palette: Palette
    source: str | None = None
    progress: Progress | None = None
    mark: str = ""
    """One or two letters for a drawn logo."""

    def key(self) -> str:
        """A short stable name for caches."""
        return _key(self)


@lru_cache(maxsize=4096)
def _key(art: Artwork) -> str:
    """Kept, because a roll-out asks for the same few pictures with every card."""
    shown = {"kind": art.progress.kind, **_steps(art.progress)} if art.progress else None
    parts = [art.slot, art.starter, art.palette.model_dump(), art.source, shown, art.mark]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _steps(progress: Progress) -> dict[str, int]:
    if progress.kind == "line":
        return {"percent": progress.percent}
    return {"done": progress.done, "goal": progress.goal}


@dataclass(frozen=True, slots=True)
class Showing:
    """How the phone formats a value and what it may do with it; see `FieldSpec`, whose settings these are.

    `currency` is an ISO 4217 code and the value is in its minor units; `link` is a whole address.
    """

    date_style: str | None = None
    time_style: str | None = None
    relative: bool = False
    ignores_time_zone: bool = False
    number_style: str | None = None
    currency: str = ""
    detect: tuple[str, ...] | None = None
    link: str = ""
    row: int = 0
    semantics: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PassField:
    """One value on the card. Numbers and times stay what they are, so that the phone formats them."""

    key: str
    label: LocalText
    value: LocalText | int | datetime
    change_message: LocalText | None = None
    alignment: str = "natural"
    showing: Showing | None = None


@dataclass(frozen=True, slots=True)
class PassLink:
    """A link on the back; `url` is `page:` for the card's own page (see `Pass.resolved_links`)."""

    key: str
    label: LocalText
    url: str


@dataclass(frozen=True, slots=True)
class Barcode:
    """What a till reads: `message` in `format`, with `alt_text` (may be empty) in human letters below.

    `rotating`: the wallets that can add a code that changes by itself.
    """

    format: BarcodeFormat
    message: str
    alt_text: str
    rotating: Rotating | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """The card's status."""

    key: str
    name: LocalText
    label: LocalText


@dataclass(frozen=True, slots=True)
class Balance:
    """A figure that a wallet shows in a place of its own (Google's points rows)."""

    key: str
    label: LocalText
    value: int | LocalText


@dataclass(frozen=True, slots=True)
class Message:
    """What the shop says on the back: `key` never changes; `loud` asks the phone to show it at once.

    `purpose`: `service` concerns this card, `news` is for those who allowed it.
    """

    key: str
    header: LocalText
    body: LocalText
    purpose: Literal["service", "news"]
    loud: bool
    at: datetime
    ends_at: datetime
    everyone: bool = False
    """Said to all cards of the programme at once."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Everything a wallet shows of one card, in every language of its programme. `version` and
    `changed_at` are not shown.
    """

    serial: str
    number: str
    link: str
    programme: str
    pass_type_identifier: str
    style: Style
    status: Status
    organisation: LocalText
    programme_name: LocalText
    logo_text: LocalText
    description: LocalText
    palette: Palette
    barcode: Barcode
    header: tuple[PassField, ...] = ()
    primary: tuple[PassField, ...] = ()
    secondary: tuple[PassField, ...] = ()
    auxiliary: tuple[PassField, ...] = ()
    back: tuple[PassField, ...] = ()
    footer: tuple[PassField, ...] = ()
    additional: tuple[PassField, ...] = ()
    links: tuple[PassLink, ...] = ()
    places: tuple[Place, ...] = ()
    pictures: Mapping[Slot, Artwork] = field(default_factory=dict)
    local_pictures: Mapping[str, Mapping[Slot, Artwork]] = field(default_factory=dict)
    """Pictures of one language that replace those of the same slot."""
    progress: Progress | None = None
    progress_words: LocalText = field(default_factory=lambda: plain(""))
    balances: tuple[Balance, ...] = ()
    rewards: tuple[Reward, ...] = ()
    tier: Tier | None = None
    holder: str = ""
    holder_label: LocalText = field(default_factory=lambda: plain(""))
    locales: tuple[str, ...] = ("en",)
    locale: str = "en"
    expires_at: datetime | None = None
    messages: tuple[Message, ...] = ()
    """Those that are shown now, the newest first."""
    apple: AppleLook | None = None
    google: GoogleLook | None = None
    personalise: bool = False
    """Whether the customer may still sign up in Apple Wallet."""
    country: str = ""
    banner: str = ""
    """The picture that stands in the banner's place for a while; it is among `pictures` already."""
    version: int = 0
    changed_at: datetime | None = None

    @property
    def voided(self) -> bool:
        """Whether the card may not be used now (blocked, void or expired)."""
        return self.status != "active"

    def resolved_links(self, base_url: str) -> tuple[PassLink, ...]:
        """The links with real addresses; `base_url` is our public address without a slash at the end."""
        page = f"{base_url}/c/{self.link}"
        return tuple(
            PassLink(each.key, each.label, page if each.url == PAGE else each.url) for each in self.links
        )

    def field_groups(self) -> Mapping[str, tuple[PassField, ...]]:
        """Front and back fields by group, in reading order."""
        return {name: getattr(self, name) for name in GROUPS}


_UNSEEN = ("version", "changed_at", "progress", "banner")
_SHOWN = tuple(each.name for each in fields(Pass) if each.name not in _UNSEEN)
_OF_FIELD = tuple(each.name for each in fields(PassField))


def face_hash(pass_: Pass) -> str:
    """A hash of all that anybody can see of the card, and of nothing else (hex SHA-256).

    Texts of a design stand in the order of the programme's locales already; those that do not are sorted.
    """
    shown: dict[str, Any] = {name: getattr(pass_, name) for name in _SHOWN}
    for group in GROUPS:  # as they would be written anyway, in half the time
        shown[group] = [{name: getattr(each, name) for name in _OF_FIELD} for each in shown[group]]
    shown |= {
        "places": [
            (each.latitude, each.longitude, each.altitude, sorted(each.text.items())) for each in pass_.places
        ],
        "rewards": [(each.key, sorted(each.name.items()), each.count) for each in pass_.rewards],
        "pictures": {slot: art.key() for slot, art in pass_.pictures.items()},
        "local_pictures": {
            locale: {slot: art.key() for slot, art in found.items()}
            for locale, found in pass_.local_pictures.items()
        },
        "apple": pass_.apple and pass_.apple.key,
        "google": pass_.google and pass_.google.key,
    }
    return hashlib.sha256(to_json(shown)).hexdigest()
