"""What a design writes on a card: fields, links, places, the barcode. Words and references, never pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from app.domain.text import TextInput
from app.domain.values import Frozen

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
BarcodeFormat = Literal[
    "qr", "code128", "pdf417", "aztec", "code39", "codabar", "ean13", "itf", "data_matrix", "ean8", "upca"
]
"""How a number may be drawn; a wallet that cannot draw one falls back to a QR code."""
DateStyle = Literal["none", "short", "medium", "long", "full"]
GROUPS = ("header", "primary", "secondary", "auxiliary", "back", "footer", "additional")
"""Groups of fields in reading order; `footer` and `additional` are those of a poster."""

PAGE = "page:"
"""As a link's address: the customer's own card page, whatever our public address is."""


def _web(url: str) -> str:
    known = url == PAGE or url.startswith(("https://", "http://", "tel:", "mailto:"))
    if not known or any(c.isspace() for c in url):
        raise ValueError(
            "a link starts with https://, tel: or mailto:, or is 'page:' for the card's own page"
        )
    return url


def _currency(code: str) -> str:
    if code not in ("", "programme") and not (len(code) == 3 and code.isascii() and code.isupper()):
        raise ValueError("'programme' or an ISO 4217 code such as 'EUR'")
    return code


Url = Annotated[str, Field(max_length=1000), AfterValidator(_web)]


class FieldSpec(Frozen):
    """A place for a value: `value` is text with `{placeholders}`; one lone placeholder of a number or a time
    stays one, and each phone formats it in its own way.

    `currency` makes money of minor units (`programme`: its own). With `date_style`, `time_style`,
    `number_style` or `currency` a named value (`{values.x}`) is read as a time (ISO 8601) or a whole number.
    `number_style` `percent` means whole percents. `detect`: what the phone makes tappable on the back (None:
    all). `link` makes the whole value a link. `row`: second row of an event ticket. `semantics` gives the
    field's meaning to the phone (tags of app/domain/semantics.py, values may have placeholders).
    """

    key: Key
    label: TextInput = Field(default_factory=dict)
    value: TextInput
    change_message: TextInput | None = None
    alignment: Literal["natural", "left", "center", "right"] = "natural"
    hide_when_empty: bool = True
    date_style: DateStyle | None = None
    time_style: DateStyle | None = None
    relative: bool = False
    ignores_time_zone: bool = False
    number_style: Literal["decimal", "percent", "scientific", "spell_out"] | None = None
    currency: Annotated[str, AfterValidator(_currency)] = ""
    detect: tuple[Literal["phone", "link", "address", "event"], ...] | None = None
    link: Annotated[str, Field(max_length=1000)] = ""
    row: Literal[0, 1] = 0
    semantics: dict[str, Any] = Field(default_factory=dict)


class LinkSpec(Frozen):
    """A link on the back of the card."""

    key: Key
    label: TextInput
    url: Url


class Place(Frozen):
    """A shop; near it the phone offers the card. Degrees, WGS 84; `altitude` in metres."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    altitude: Annotated[float, Field(ge=-500, le=9000)] | None = None
    text: TextInput = Field(default_factory=dict)


class Rotating(Frozen):
    """A barcode that changes by itself (RFC 6238), where the wallet can: a photograph of it soon is
    worthless.
    """

    period_s: Annotated[int, Field(ge=10, le=300)] = 30
    digits: Annotated[int, Field(ge=6, le=8)] = 8


class BarcodeSpec(Frozen):
    """How the card's number is drawn. `value` is what the till reads, a text with placeholders."""

    format: BarcodeFormat = "qr"
    show_number: bool = True
    value: Annotated[str, Field(min_length=1, max_length=200)] = "{number}"
    rotating: Rotating | None = None


class Fields(Frozen):
    """What stands where; a store card has one row for secondary and auxiliary together (at most four).

    `footer` and `additional` are drawn by posters alone. What a style has no room for goes to the back.
    """

    header: Annotated[tuple[FieldSpec, ...], Field(max_length=3)] = ()
    primary: Annotated[tuple[FieldSpec, ...], Field(max_length=4)] = ()
    secondary: Annotated[tuple[FieldSpec, ...], Field(max_length=4)] = ()
    auxiliary: Annotated[tuple[FieldSpec, ...], Field(max_length=8)] = ()
    back: Annotated[tuple[FieldSpec, ...], Field(max_length=40)] = ()
    footer: Annotated[tuple[FieldSpec, ...], Field(max_length=2)] = ()
    additional: Annotated[tuple[FieldSpec, ...], Field(max_length=40)] = ()

    def __iter__(self) -> Iterator[tuple[str, FieldSpec]]:  # type: ignore[override]
        """All fields with the name of their group."""
        for group in GROUPS:
            yield from ((group, spec) for spec in getattr(self, group))
