"""The folding parts of the detailed form: what stands in which, what the customer will see, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.domain.design import Design
from app.web.model_form import Node, tree

Phones = Literal["both", "apple", "google"]
LOOKS = ("apple", "google")
ROOT = tree(Design, LOOKS)
ELSEWHERE = {"/palette", "/programme_name", "/logo_text", "/images", "/local_images"}
"""What the simple form and the page of pictures ask for."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the form: `pointers` are the places of the design that it holds; words are keys of
    translations.
    """

    key: str
    title: str
    sentence: str
    phones: Phones
    pointers: tuple[str, ...]


_PARTS = (
    Part(
        "fields",
        "What stands on the card",
        "The figures and words on the front and the back, in the order in which customers read them.",
        "both",
        tuple(f"/fields/{name}" for name in ("header", "primary", "secondary", "auxiliary", "back")),
    ),
    Part(
        "names",
        "Names and statuses",
        "Customers see the shop's name in notifications, and their status on the card.",
        "both",
        ("/organisation", "/description", "/tiers", "/tier_label", "/holder_label"),
    ),
    Part(
        "code",
        "Code for the till",
        "What the cashier scans: a QR code for most tills, a line code for older scanners.",
        "both",
        ("/barcode",),
    ),
    Part(
        "style",
        "Kind of card",
        "A shop's card, a coupon, a ticket: phones lay it out and sort it differently.",
        "both",
        ("/style", "/google/kind", "/progress", "/starter"),
    ),
    Part(
        "links",
        "Links and apps",
        "Customers tap them on the back of the card; your own app opens from there.",
        "both",
        (
            "/links",
            "/google/homepage",
            "/google/app",
            "/apple/associated_store_identifiers",
            "/apple/auxiliary_store_identifiers",
            "/apple/app_launch_url",
        ),
    ),
    Part(
        "nearby",
        "When the card shows itself",
        "Near a shop or on a day of yours the card lies on the lock screen by itself.",
        "both",
        ("/places", "/apple/max_distance", "/apple/relevant_dates", "/apple/beacons"),
    ),
    Part(
        "tap",
        "Tap and sign-up",
        "Customers hold the phone to a reader instead of showing the code, or sign up in the wallet.",
        "both",
        (
            "/apple/nfc",
            "/apple/personalisation",
            "/google/smart_tap",
            "/google/blocks_while_open",
            "/google/discoverable",
        ),
    ),
    Part(
        "holders",
        "Who may hold and see it",
        "Whether a card may be passed on, photographed or seen on a locked phone, and when phones buzz.",
        "both",
        (
            "/apple/sharing_prohibited",
            "/google/holders",
            "/google/unlock_to_see",
            "/google/screenshots",
            "/google/shimmer",
            "/google/save_only_by",
            "/google/announce",
            "/google/valid_from",
            "/google/quiet_end",
        ),
    ),
    Part(
        "groups",
        "Cards that belong together",
        "They lie next to each other in the customer's wallet.",
        "both",
        ("/google/grouping", "/google/linked", "/google/linked_offers", "/apple/grouping_identifier"),
    ),
    Part(
        "poster",
        "Poster and buttons",
        "The card fills the screen like a poster, with up to two buttons below it.",
        "apple",
        (
            "/apple/poster",
            "/apple/featured_actions",
            "/fields/footer",
            "/fields/additional",
            "/apple/logo_symbol_name",
            "/apple/footer_background_color",
            "/apple/use_automatic_colors",
            "/apple/suppress_header_darkening",
            "/apple/suppress_strip_shine",
        ),
    ),
    Part(
        "rows",
        "Google's own rows",
        "Number, name and balances have places of their own in Google Wallet.",
        "google",
        tuple(
            f"/google/{name}"
            for name in (
                "balance",
                "second_balance",
                "number",
                "number_label",
                "holder",
                "holder_label",
                "second_tier",
            )
        ),
    ),
    Part(
        "modules",
        "Texts, links, offers and pictures",
        "Customers find them below the card and among its details.",
        "google",
        tuple(
            f"/google/{name}"
            for name in ("texts", "links", "offers", "pictures", "hero", "own_hero", "logo", "wide_logo")
        ),
    ),
    Part(
        "template",
        "What stands where",
        "The rows of the card and the order of its details; left empty, Google and we choose.",
        "google",
        ("/google/template",),
    ),
    Part(
        "kinds",
        "Offers, gift cards and other kinds",
        "Filled in only if the card is an offer, a gift card or of another kind at Google.",
        "google",
        ("/google/offer", "/google/gift_card", "/google/generic"),
    ),
    Part(
        "tickets",
        "Tickets and travel",
        "Filled in only if the card is an event ticket or a boarding pass.",
        "apple",
        tuple(
            f"/apple/{name}"
            for name in (
                "transit_type",
                "preferred_style_schemes",
                "event_logo_text",
                "event_urls",
                "flight_urls",
                "contacts",
                "upcoming",
            )
        ),
    ),
    Part(
        "meaning",
        "For Siri and your own app",
        "Customers do not see it; Siri, the calendar and your app do.",
        "apple",
        ("/apple/semantics", "/apple/user_info"),
    ),
)


def _everything() -> set[str]:
    """All places of a design that a form should hold, looks and fields by their properties."""
    deep = {"fields", *LOOKS}
    shallow = {f"/{child.name}" for child in ROOT.children if child.name not in deep}
    return shallow | {f"/{name}/{each.name}" for name in deep for each in ROOT.child(name).children}


def _rest() -> tuple[str, ...]:
    held = {pointer for part in _PARTS for pointer in part.pointers}
    return tuple(sorted(_everything() - held - ELSEWHERE))


PARTS: tuple[Part, ...] = (
    *_PARTS,
    *(
        [Part("rest", "Everything else", "Settings that are seldom needed.", "both", _rest())]
        if _rest()
        else []
    ),
)
"""All parts; what a design learns anew stands in the last one until it is put in its place."""


def place(pointer: str) -> Node:
    """The place of a pointer in a design; KeyError if there is none."""
    node = ROOT
    for name in pointer.strip("/").split("/"):
        node = node.child(name)
    return node
