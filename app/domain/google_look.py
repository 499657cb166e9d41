"""What only Google Wallet knows of a design. Texts may have `{placeholders}`; each card's are filled.

Google has a class (the look, shared by all its cards) and an object (one card). What is the same for all
stands on the class, where one request changes everybody's card; parts marked `own` stand on the card.

Vendor page: developers.google.com/wallet/reference/rest (last checked 2026-08).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from app.domain.google_parts import (
    App,
    Discoverable,
    Figure,
    Grouping,
    Line,
    Link,
    LinkPart,
    Offer,
    Picture,
    PicturePart,
    SecondTier,
    SmartTap,
    Template,
    TextPart,
    Words,
)
from app.domain.values import Frozen, Look

Kind = Literal["loyalty", "offer", "gift_card", "generic"]
KINDS: tuple[Kind, ...] = ("loyalty", "offer", "gift_card", "generic")
GenericType = Literal[
    "loyalty_card",
    "membership_card",
    "gym_membership",
    "library_membership",
    "voucher",
    "season_pass",
    "reservations",
    "receipt",
    "barcode_pass",
    "student_card",
    "parking_pass",
    "entry_ticket",
    "business_card",
    "utility_bills",
    "auto_insurance",
    "home_insurance",
    "transit_pass",
    "vehicle_registration",
    "other",
]


class OfferFace(Frozen):
    """An offer: what is given, by whom, where it may be used. Empty: programme and shop of the design."""

    title: Words = Field(default_factory=dict)
    short_title: Words = Field(default_factory=dict)
    provider: Words = Field(default_factory=dict)
    details: Words = Field(default_factory=dict)
    fine_print: Words = Field(default_factory=dict)
    channel: Literal["in_store", "online", "both", "temporary_price_reduction"] = "both"
    help: Link | None = None


class GiftCardFace(Frozen):
    """A gift card. `balance` is money in minor units of its `currency`, most often `{points}` or a named
    value; without one none is shown. Empty: the shop is the merchant, the card's number its number.
    """

    merchant: Words = Field(default_factory=dict)
    card_number: Line = ""
    pin: Line = ""
    event_number: Line = ""
    balance: Figure | None = None
    number_label: Words = Field(default_factory=dict)
    pin_label: Words = Field(default_factory=dict)
    event_label: Words = Field(default_factory=dict)
    barcode_redeems: bool | None = None
    """Whether the barcode pays at the till; None leaves it unsaid."""


class GenericFace(Frozen):
    """A pass for anything else. Empty: `title` is the shop, `header` the programme."""

    type: GenericType = "loyalty_card"
    title: Words = Field(default_factory=dict)
    header: Words = Field(default_factory=dict)
    subheader: Words = Field(default_factory=dict)
    expiry_notice: bool = False
    """A notice of Google's two days before the end."""
    upcoming_notice: bool = False
    """A notice of Google's a day before the beginning."""


class GoogleLook(Look):
    """Google's own part of a design.

    `kind` is what new cards become; a card keeps the kind it was made with. `announce`: when phones buzz for
    a change of ours, which Google allows for balances, a programme's name and its statuses alone.
    """

    kind: Kind = "loyalty"
    offer: OfferFace = OfferFace()
    gift_card: GiftCardFace = GiftCardFace()
    generic: GenericFace = GenericFace()

    number: Line = ""
    """Instead of the card's number; `holder` instead of the member's name."""
    number_label: Words = Field(default_factory=dict)
    holder: Line = ""
    holder_label: Words = Field(default_factory=dict)
    balance: Figure | None = None
    second_balance: Figure | None = None
    second_tier: SecondTier | None = None

    hero: Picture | None = None
    """Instead of the design's banner; `own_hero` is each card's own: its address may have placeholders."""
    own_hero: Picture | None = None
    logo: Picture | None = None
    wide_logo: Picture | None = None
    pictures: Annotated[tuple[PicturePart, ...], Field(max_length=2)] = ()
    texts: Annotated[tuple[TextPart, ...], Field(max_length=20)] = ()
    links: Annotated[tuple[LinkPart, ...], Field(max_length=20)] = ()
    offers: Annotated[tuple[Offer, ...], Field(max_length=15)] = ()
    homepage: Link | None = None
    app: App | None = None
    template: Template = Template()

    valid_from: Line = ""
    """A time (ISO 8601) before which the card is not valid yet."""
    holders: Literal["", "many", "one_person", "one_phone"] = ""
    unlock_to_see: bool = False
    shimmer: bool = False
    screenshots: bool = True
    blocks_while_open: tuple[Literal["payment", "closed_loop_transit"], ...] = ()
    """What contactless use the phone refuses while this card is open."""
    save_only_by: Line = ""
    """The one e-mail address whose account may save the card (Google must enable it for the issuer)."""
    grouping: Grouping | None = None
    linked: Annotated[tuple[Line, ...], Field(max_length=50)] = ()
    """Serials of other cards of the same customer that come along, such as `{values.voucher}`. Google never
    lets go of a linked card."""
    linked_offers: Annotated[tuple[Line, ...], Field(max_length=50)] = ()
    """Serials of offers that a loyalty card shows below itself."""
    smart_tap: SmartTap | None = None
    discoverable: Discoverable | None = None
    announce: Literal["nothing", "balance", "everything"] = "balance"
    quiet_end: bool = False
    """Whether Google should leave out its own notice before an offer ends."""
