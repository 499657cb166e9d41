"""How a programme's cards look: immutable once published, in words and references, never in pixels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from app.domain.text import TextInput
from app.domain.values import Frozen

Slot = Literal["icon", "logo", "banner", "thumbnail", "background"]
"""What a picture is for. `icon`: square mark (notifications, round logo); `logo`: wide mark; `banner`:
strip and hero.
"""
SLOTS: tuple[Slot, ...] = ("icon", "logo", "banner", "thumbnail", "background")
Hex = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
LIMITS = {"header": 3, "primary": 1, "secondary": 4, "auxiliary": 4, "back": 40}


PAGE = "page:"
"""As a link's address: the customer's own card page, whatever our public address is."""


def _web(url: str) -> str:
    known = url == PAGE or url.startswith(("https://", "http://", "tel:", "mailto:"))
    if not known or any(c.isspace() for c in url):
        raise ValueError(
            "a link starts with https://, tel: or mailto:, or is 'page:' for the card's own page"
        )
    return url


class Palette(Frozen):
    """Card colours; `foreground` is for values, `label` for the small words above them, `accent` for
    progress.
    """

    background: Hex
    foreground: Hex
    label: Hex
    accent: Hex


class FieldSpec(Frozen):
    """A place for a value: `value` is text with `{placeholders}`; one lone numeric placeholder stays a
    number.
    """

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    label: TextInput = Field(default_factory=dict)
    value: TextInput
    change_message: TextInput | None = None
    alignment: Literal["natural", "left", "center", "right"] = "natural"
    hide_when_empty: bool = True


class LinkSpec(Frozen):
    """A link on the back of the card."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    label: TextInput
    url: Annotated[str, Field(max_length=1000), AfterValidator(_web)]


class Place(Frozen):
    """A shop; near it the phone offers the card. Degrees, WGS 84."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    text: TextInput = Field(default_factory=dict)


class BarcodeSpec(Frozen):
    """How the card's number is drawn."""

    format: Literal["qr", "code128", "pdf417", "aztec"] = "qr"
    show_number: bool = True


class TierLook(Frozen):
    """A status: its name on the card and, if it has one, a palette of its own."""

    key: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    name: TextInput
    palette: Palette | None = None


class Fields(Frozen):
    """What stands where; a store card has one row for secondary and auxiliary together (at most four)."""

    header: Annotated[tuple[FieldSpec, ...], Field(max_length=3)] = ()
    primary: Annotated[tuple[FieldSpec, ...], Field(max_length=1)] = ()
    secondary: Annotated[tuple[FieldSpec, ...], Field(max_length=4)] = ()
    auxiliary: Annotated[tuple[FieldSpec, ...], Field(max_length=4)] = ()
    back: Annotated[tuple[FieldSpec, ...], Field(max_length=40)] = ()

    def __iter__(self) -> Iterator[tuple[str, FieldSpec]]:  # type: ignore[override]
        """All fields with the name of their group."""
        for group in LIMITS:
            yield from ((group, spec) for spec in getattr(self, group))


class Design(Frozen):
    """One version of a card's look. `images` maps a slot to the SHA-256 of an uploaded picture.

    `progress` draws the mechanic's progress into the banner: `auto` as the mechanic says, `none` leaves the
    banner as it is.
    `starter` names the starter design whose art fills slots without a picture.
    """

    style: Literal["storeCard", "generic"] = "storeCard"
    starter: Literal["stamp-cafe", "points-shop", "discount-club"] = "points-shop"
    palette: Palette
    organisation: TextInput
    programme_name: TextInput
    logo_text: TextInput = Field(default_factory=dict)
    description: TextInput = Field(default_factory=dict)
    fields: Fields = Fields()
    barcode: BarcodeSpec = BarcodeSpec()
    images: dict[Slot, Sha256] = Field(default_factory=dict)
    progress: Literal["auto", "none"] = "auto"
    tiers: Annotated[tuple[TierLook, ...], Field(max_length=12)] = ()
    tier_label: TextInput = Field(default_factory=lambda: {"en": "Status", "ru": "Статус"})
    holder_label: TextInput = Field(default_factory=lambda: {"en": "Name", "ru": "Имя"})
    links: Annotated[tuple[LinkSpec, ...], Field(max_length=10)] = ()
    places: Annotated[tuple[Place, ...], Field(max_length=10)] = ()

    def tier(self, key: str) -> TierLook | None:
        """The look of a status, if the design knows it."""
        return next((tier for tier in self.tiers if tier.key == key), None)

    def palette_for(self, tier: str) -> Palette:
        """Colours of a card of that tier."""
        look = self.tier(tier)
        return look.palette if look and look.palette else self.palette


def lint(design: Design, known: Mapping[str, object]) -> list[str]:
    """What a marketer should mend before publishing, one sentence each; `known` holds the placeholders
    that work.
    """
    return [
        *_count_faults(design),
        *_key_faults(design),
        *_contrast_faults(design),
        *_placeholder_faults(design, known),
    ]


def _count_faults(design: Design) -> list[str]:
    row = len(design.fields.secondary) + len(design.fields.auxiliary)
    crowded = design.style == "storeCard" and row > 4
    return ["A store card has room for four secondary and auxiliary fields together."] if crowded else []


def _key_faults(design: Design) -> list[str]:
    keys = [spec.key for _, spec in design.fields] + [link.key for link in design.links]
    return [f"The key '{key}' is used twice." for key in sorted({k for k in keys if keys.count(k) > 1})]


def _contrast_faults(design: Design) -> list[str]:
    palettes = [design.palette, *(tier.palette for tier in design.tiers if tier.palette)]
    faults = []
    for palette in palettes:
        for name, colour in (("text", palette.foreground), ("label", palette.label)):
            ratio = contrast(colour, palette.background)
            if ratio < 3:
                faults.append(
                    f"The {name} colour {colour} is hard to read on {palette.background} ({ratio:.1f} to 1)."
                )
    return faults


def _placeholder_faults(design: Design, known: Mapping[str, object]) -> list[str]:
    faults = []
    for _, spec in design.fields:
        for text in spec.value.values():
            for name in re.findall(r"\{([^}]*)\}", text):
                if name not in known and not name.startswith("values."):
                    faults.append(
                        f"The field '{spec.key}' uses {{{name}}}, which no rule of this programme fills."
                    )
    return sorted(set(faults))


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio of two `#rrggbb` colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
