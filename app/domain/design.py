"""How a programme's cards look: immutable once published, in words and references, never in pixels."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from app.domain.apple_look import AppleLook
from app.domain.fields import BarcodeSpec, Fields, LinkSpec, Place
from app.domain.google_look import GoogleLook
from app.domain.text import TextInput
from app.domain.values import Frozen

Style = Literal["storeCard", "coupon", "generic", "eventTicket", "boardingPass"]
Slot = Literal[
    "icon",
    "logo",
    "banner",
    "thumbnail",
    "background",
    "artwork",
    "footer",
    "primary_logo",
    "secondary_logo",
    "personalisation_logo",
]
"""What a picture is for. `icon`: square mark (notifications, round logo); `logo`: wide mark; `banner`:
strip and hero; `artwork`: a poster's whole face.
"""
SLOTS: tuple[Slot, ...] = get_args(Slot)
Hex = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
Locale = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Palette(Frozen):
    """Card colours; `foreground` is for values, `label` for the small words above them, `accent` for
    progress.
    """

    background: Hex
    foreground: Hex
    label: Hex
    accent: Hex


class TierLook(Frozen):
    """A status: its name on the card and, if it has one, a palette of its own."""

    key: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    name: TextInput
    palette: Palette | None = None


class Design(Frozen):
    """One version of a card's look. `images` maps a slot to the SHA-256 of an uploaded picture.

    `progress` draws the mechanic's progress into the banner: `auto` as the mechanic says, `none` leaves the
    banner as it is.
    `starter` names the starter design whose art fills slots without a picture. `local_images` replaces
    pictures for one language. `apple` and `google` hold what only that vendor knows.
    """

    style: Style = "storeCard"
    starter: Literal["stamp-cafe", "points-shop", "discount-club"] = "points-shop"
    palette: Palette
    organisation: TextInput
    programme_name: TextInput
    logo_text: TextInput = Field(default_factory=dict)
    description: TextInput = Field(default_factory=dict)
    fields: Fields = Fields()
    barcode: BarcodeSpec = BarcodeSpec()
    images: dict[Slot, Sha256] = Field(default_factory=dict)
    local_images: dict[Locale, dict[Slot, Sha256]] = Field(default_factory=dict)
    progress: Literal["auto", "none"] = "auto"
    tiers: Annotated[tuple[TierLook, ...], Field(max_length=12)] = ()
    tier_label: TextInput = Field(default_factory=lambda: {"en": "Status", "ru": "Статус"})
    holder_label: TextInput = Field(default_factory=lambda: {"en": "Name", "ru": "Имя"})
    links: Annotated[tuple[LinkSpec, ...], Field(max_length=10)] = ()
    places: Annotated[tuple[Place, ...], Field(max_length=10)] = ()
    apple: AppleLook | None = None
    google: GoogleLook | None = None

    def tier(self, key: str) -> TierLook | None:
        """The look of a status, if the design knows it."""
        return next((tier for tier in self.tiers if tier.key == key), None)

    def palette_for(self, tier: str) -> Palette:
        """Colours of a card of that tier."""
        look = self.tier(tier)
        return look.palette if look and look.palette else self.palette


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio of two `#rrggbb` colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
