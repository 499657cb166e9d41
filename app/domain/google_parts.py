"""The pieces that Google's part of a design is made of: texts, links, pictures, modules, rows.

A link begins with its scheme in plain letters and may have placeholders after it, so that no filled-in value
can turn it into another sort of address. Once the placeholders of a card are filled in, nothing is checked
again: a value that makes no sense there is left out by the wallet, and the card goes on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from app.domain.fields import Key
from app.domain.text import ANY
from app.domain.values import Frozen

LONGEST_TEXT = 1000
LONGEST_LINE = 300
_WEB = ("https://", "http://")
_ANY_LINK = (*_WEB, "tel:", "mailto:", "geo:")

ImageSlot = Literal["icon", "logo", "banner", "thumbnail", "background", "artwork"]


def is_filled(info: ValidationInfo) -> bool:
    """Whether this is a checked look, with the values of one card in it."""
    return bool(info.context and info.context.get("filled"))


def _words(value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
    for locale, text in value.items():
        if locale != ANY and not (locale.replace("-", "").isalnum() and locale[:1].islower()):
            raise ValueError(f"'{locale}' is not a language tag such as 'en'")
        if len(text) > LONGEST_TEXT and not is_filled(info):
            raise ValueError(f"a text may have {LONGEST_TEXT:,} characters at most")
    return value


def _line(value: str, info: ValidationInfo) -> str:
    if len(value) > LONGEST_LINE and not is_filled(info):
        raise ValueError(f"at most {LONGEST_LINE} characters")
    return value


def _begins(value: str, schemes: tuple[str, ...], info: ValidationInfo) -> str:
    if is_filled(info) or not value:
        return value
    if len(value) > LONGEST_TEXT or not value.startswith(schemes) or any(char.isspace() for char in value):
        raise ValueError(f"must begin with {schemes[0]} (placeholders may follow) and have no spaces")
    return value


def _web(value: str, info: ValidationInfo) -> str:
    return _begins(value, _WEB, info)


def _link(value: str, info: ValidationInfo) -> str:
    return _begins(value, _ANY_LINK, info)


Words = Annotated[
    dict[str, str],
    BeforeValidator(lambda value: {ANY: value} if isinstance(value, str) else value),
    AfterValidator(_words),
]
"""A text in several languages, or one for all."""
Line = Annotated[str, AfterValidator(_line)]
"""One line with placeholders, the same in every language."""
WebLink = Annotated[str, AfterValidator(_web)]
AnyLink = Annotated[str, AfterValidator(_link)]
Ref = Annotated[str, Field(pattern=r"^@?[a-z][a-z0-9_-]{0,39}$")]
"""What a template shows: the key of one of our fields or texts, or `@name` for a place of Google's own
(`@balance`, `@second_balance`, `@tier`, `@second_tier`, `@number`, `@holder`, `@programme`, `@shop`, `@ends`,
`@pin`, `@event_number`, `@title`, `@details`, `@fine_print`, `@subheader`).
"""


class Picture(Frozen):
    """A picture: one of the design's own by its slot, or a public address."""

    slot: ImageSlot | None = None
    url: WebLink = ""
    words: Words = Field(default_factory=dict)
    """For those who cannot see it."""


class Link(Frozen):
    """An address with the words that stand for it."""

    url: AnyLink
    words: Words = Field(default_factory=dict)


class TextPart(Frozen):
    """A heading and a text below it. `own`: each card has its own, and placeholders are the card's."""

    key: Key
    header: Words = Field(default_factory=dict)
    body: Words
    own: bool = False


class LinkPart(Frozen):
    """A link among the details of the card."""

    key: Key
    url: AnyLink
    words: Words = Field(default_factory=dict)
    own: bool = False


class PicturePart(Frozen):
    """A large picture among the details: Google shows one of the look and one of the card."""

    key: Key
    picture: Picture
    own: bool = False


class Offer(Frozen):
    """A value-added module: an offer, game or survey below the card, shown from `starts_at` to `ends_at`."""

    header: Words
    body: Words = Field(default_factory=dict)
    picture: Picture | None = None
    url: WebLink
    sort: Annotated[int, Field(ge=0, le=10_000)] = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    own: bool = False


class App(Frozen):
    """The shop's own app or page behind a button of the card: at least one of the three."""

    android_package: Annotated[str, Field(pattern=r"^([A-Za-z]\w*(\.[A-Za-z]\w*)+)?$", max_length=200)] = ""
    android_url: AnyLink = ""
    ios_url: WebLink = ""
    web_url: WebLink = ""
    words: Words = Field(default_factory=dict)
    own: bool = False


class Figure(Frozen):
    """A balance in Google's own place: `value` with placeholders; with `currency` it is money in minor
    units.
    """

    label: Words = Field(default_factory=dict)
    value: Line
    currency: Annotated[str, Field(pattern=r"^([A-Z]{3})?$")] = ""


class SecondTier(Frozen):
    """A second status that all cards of the look have."""

    name: Words
    label: Words = Field(default_factory=dict)


class Shown(Frozen):
    """One value of a template, or two with a stroke between them; `dates` says how times are written."""

    refs: Annotated[tuple[Ref, ...], Field(min_length=1, max_length=2)]
    dates: Literal["", "date_time", "date", "time", "date_time_year", "date_year", "month", "day"] = ""


Row = Annotated[tuple[Shown, ...], Field(min_length=1, max_length=3)]


class Template(Frozen):
    """What stands where; an empty part is left to Google, `rows` to us."""

    rows: Annotated[tuple[Row, ...], Field(max_length=3)] = ()
    details: Annotated[tuple[Shown, ...], Field(max_length=20)] = ()
    in_list: Annotated[tuple[Shown, ...], Field(max_length=2)] = ()
    above_barcode: Annotated[tuple[Shown, ...], Field(max_length=2)] = ()
    below_barcode: Shown | None = None


class SmartTap(Frozen):
    """A contactless reader gets `value` (ASCII; empty: the card's number) by a tap; `issuers`: whose keys
    open it, ours where empty.
    """

    value: Line = ""
    issuers: Annotated[tuple[Annotated[str, Field(pattern=r"^[0-9]{1,20}$")], ...], Field(max_length=20)] = ()


SharedData = Literal[
    "first_name",
    "last_name",
    "street_address",
    "address_line_1",
    "address_line_2",
    "address_line_3",
    "city",
    "state",
    "zipcode",
    "country",
    "email",
    "phone",
]


class Discoverable(Frozen):
    """Sign-up from inside Google Wallet (Google must enable it): where, and what Google hands over."""

    state: Literal["trusted_testers", "live", "disabled"] = "trusted_testers"
    sign_up_url: WebLink = ""
    sign_in_url: WebLink = ""
    shares: tuple[SharedData, ...] = ()


class Grouping(Frozen):
    """Cards with the same key lie together in the customer's wallet, the lowest `sort` first."""

    key: Line
    sort: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
