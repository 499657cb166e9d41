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

from app.domain.design import PAGE, Palette, Place, Slot
from app.domain.mechanics.base import Progress, Reward
from app.domain.text import LocalText, plain

Status = Literal["active", "blocked", "void", "expired"]
BarcodeFormat = Literal["qr", "code128", "pdf417", "aztec"]


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
class PassField:
    """One value on the card. Numbers stay numbers so that the phone formats them; `currency` makes money
    of minor units.
    """

    key: str
    label: LocalText
    value: LocalText | int | datetime
    change_message: LocalText | None = None
    alignment: str = "natural"


@dataclass(frozen=True, slots=True)
class PassLink:
    """A link on the back; `url` is `page:` for the card's own page (see `Pass.resolved_links`)."""

    key: str
    label: LocalText
    url: str


@dataclass(frozen=True, slots=True)
class Barcode:
    """What a till reads: `message` in `format`, with `alt_text` (may be empty) in human letters below."""

    format: BarcodeFormat
    message: str
    alt_text: str


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
class Pass:
    """Everything a wallet shows of one card, in every language of its programme. `version` and
    `changed_at` are not shown.
    """

    serial: str
    number: str
    link: str
    programme: str
    pass_type_identifier: str
    style: Literal["storeCard", "generic"]
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
    links: tuple[PassLink, ...] = ()
    places: tuple[Place, ...] = ()
    pictures: Mapping[Slot, Artwork] = field(default_factory=dict)
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
        names = ("header", "primary", "secondary", "auxiliary", "back")
        return {name: getattr(self, name) for name in names}


_SHOWN = tuple(each.name for each in fields(Pass) if each.name not in ("version", "changed_at", "progress"))


def face_hash(pass_: Pass) -> str:
    """A hash of all that anybody can see of the card, and of nothing else (hex SHA-256).

    Texts of a design stand in the order of the programme's locales already; those that do not are sorted.
    """
    shown: dict[str, Any] = {name: getattr(pass_, name) for name in _SHOWN} | {
        "places": [(each.latitude, each.longitude, sorted(each.text.items())) for each in pass_.places],
        "rewards": [(each.key, sorted(each.name.items()), each.count) for each in pass_.rewards],
        "pictures": {slot: art.key() for slot, art in pass_.pictures.items()},
    }
    return hashlib.sha256(to_json(shown)).hexdigest()
