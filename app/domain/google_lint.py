"""What Google would refuse, leave out or cut off of a design: in whole sentences, before it goes out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from app.domain.design import Design
from app.domain.google_look import GoogleLook
from app.domain.google_parts import Picture, Shown
from app.domain.text import LocalText

_PLACEHOLDER = re.compile(r"\{([a-z0-9_.]+)\}")
_DRAWN = {"icon", "logo", "banner"}
_PLACES = {
    "loyalty": "balance second_balance tier second_tier number holder programme shop ends",
    "offer": "title programme shop details fine_print ends",
    "gift_card": "balance number pin event_number shop programme ends",
    "generic": "title shop programme subheader ends",
}
LENGTHS = {"name": 20, "number_label": 15, "points_label": 9, "balance": 7, "tier": 7, "tier_label": 9}
"""Letters that Google shows of a text; more may be cut off (last checked 2026-08)."""
PART_LENGTHS = {"header": 35, "body": 500, "link": 20, "app": 30, "offer_header": 60, "offer_body": 50}


def google_faults(design: Design, known: Mapping[str, object]) -> Iterator[str]:
    """What must be mended, one sentence each; `known` holds the placeholders that work."""
    look = design.google
    if look is None:
        return
    yield from _unknown_placeholders(look, known)
    yield from _shared_with_placeholders(look)
    yield from _keys(design, look)
    yield from _refs(design, look)
    yield from _pictures(design, look)
    yield from _gaps(look)


def google_advice(design: Design) -> Iterator[str]:
    """What may be cut off on Android phones, or is good to know; nothing of it stops a design."""
    look = design.google or GoogleLook()
    if look.kind != "loyalty":
        yield (
            f"Customers who add the card from now on get Google's kind '{look.kind}'; cards that are already"
            " in Google Wallet keep the kind they were made with."
        )
    if look.linked:
        yield "Google never lets go of a linked card: a wrong link stays."
    for what, text, most in (*_front_texts(design, look), *_part_texts(look)):
        longest = max((len(_PLACEHOLDER.sub("", each)) for each in text.values()), default=0)
        if longest > most:
            yield f"Google Wallet may cut off {what}: {longest} letters, where it shows about {most}."


def _unknown_placeholders(look: GoogleLook, known: Mapping[str, object]) -> Iterator[str]:
    for name in sorted(set(_PLACEHOLDER.findall(look.model_dump_json()))):
        if name not in known and not name.startswith("values."):
            yield f"Google's part uses {{{name}}}, which no rule of this programme fills."


def _shared_with_placeholders(look: GoogleLook) -> Iterator[str]:
    """The look is one for all cards: what differs from card to card cannot stand there."""
    shared = {
        **{f"text '{one.key}'": one for one in look.texts if not one.own},
        **{f"link '{one.key}'": one for one in look.links if not one.own},
        **{f"picture '{one.key}'": one for one in look.pictures if not one.own},
        **{f"offer {number}": one for number, one in enumerate(look.offers, 1) if not one.own},
        **({"app": look.app} if look.app and not look.app.own else {}),
    }
    for what, part in shared.items():
        if _PLACEHOLDER.search(part.model_dump_json()):
            yield f"Google's {what} stands on every card alike: for placeholders, mark it as each card's own."
    wholly = {"homepage", "hero", "logo", "wide_logo", "second_tier", "number_label", "holder_label"}
    if look.kind == "generic":  # whose pictures stand on each card
        wholly -= {"hero", "logo", "wide_logo"}
    for name in sorted(wholly):
        if _PLACEHOLDER.search(look.model_dump_json(include={name})):
            yield f"Google's {name} is the same on every card: it may have no placeholders."


def _keys(design: Design, look: GoogleLook) -> Iterator[str]:
    """Texts of the card and fields of the design stand in one list at Google."""
    taken = [spec.key for _, spec in design.fields] + [one.key for one in look.texts]
    for key in sorted({key for key in taken if taken.count(key) > 1}):
        yield f"The key '{key}' is used twice among fields and Google's texts."


def _refs(design: Design, look: GoogleLook) -> Iterator[str]:
    places = {f"@{name}" for name in _PLACES[look.kind].split()}
    known = places | {spec.key for _, spec in design.fields} | {one.key for one in look.texts}
    for one in _shown(look):
        for ref in one.refs:
            if ref not in known:
                yield f"Google's template names '{ref}', which a card of kind '{look.kind}' does not have."


def _shown(look: GoogleLook) -> Iterator[Shown]:
    chosen = look.template
    for row in chosen.rows:
        yield from row
    yield from (*chosen.details, *chosen.in_list, *chosen.above_barcode)
    if chosen.below_barcode:
        yield chosen.below_barcode


def _pictures(design: Design, look: GoogleLook) -> Iterator[str]:
    named: dict[str, Picture | None] = {
        "hero": look.hero,
        "own_hero": look.own_hero,
        "logo": look.logo,
        "wide_logo": look.wide_logo,
        **{f"picture '{one.key}'": one.picture for one in look.pictures},
        **{f"offer {number}": one.picture for number, one in enumerate(look.offers, 1)},
    }
    for what, one in named.items():
        if one is None:
            continue
        if bool(one.slot) == bool(one.url):
            yield f"Google's {what} needs a slot of the design or an address, and not both."
        elif one.slot and one.slot not in _DRAWN and one.slot not in design.images:
            yield f"Google's {what} shows the design's {one.slot}, of which there is no picture."


def _gaps(look: GoogleLook) -> Iterator[str]:
    app = look.app
    if app and not (app.android_package or app.android_url or app.ios_url or app.web_url):
        yield "Google's app opens nothing: give a package or an address."
    money = look.gift_card.balance
    if look.kind == "gift_card" and money and not money.currency:
        yield "A gift card's balance needs its currency, such as 'EUR'."
    if look.discoverable and look.kind != "loyalty":
        yield "Only loyalty programmes can be found and joined in Google Wallet."
    if look.discoverable and look.discoverable.state != "disabled" and not look.discoverable.sign_up_url:
        yield "A programme that can be joined in Google Wallet needs the address of its sign-up."
    if sum(1 for one in look.pictures if one.own) > 1 or sum(1 for one in look.pictures if not one.own) > 1:
        yield "Google shows one picture of the look and one of the card among the details."


def _front_texts(design: Design, look: GoogleLook) -> Iterator[tuple[str, LocalText, int]]:
    yield "the programme's name", design.programme_name, LENGTHS["name"]
    yield "the shop's name", design.organisation, LENGTHS["name"]
    yield "the label of the number", look.number_label, LENGTHS["number_label"]
    yield "the label of statuses", design.tier_label if design.tiers else {}, LENGTHS["tier_label"]
    for tier in design.tiers:
        yield f"the status '{tier.key}'", tier.name, LENGTHS["tier"]
    for what, figure in (("first", look.balance), ("second", look.second_balance)):
        if figure is not None:
            yield f"the label of the {what} balance", figure.label, LENGTHS["points_label"]
            yield f"the {what} balance", {"*": figure.value}, LENGTHS["balance"]


def _part_texts(look: GoogleLook) -> Iterator[tuple[str, LocalText, int]]:
    for text in look.texts:
        yield f"the heading of '{text.key}'", text.header, PART_LENGTHS["header"]
        yield f"the text '{text.key}'", text.body, PART_LENGTHS["body"]
    for link in look.links:
        yield f"the words of the link '{link.key}'", link.words, PART_LENGTHS["link"]
    if look.app:
        yield "the words of the app's button", look.app.words, PART_LENGTHS["app"]
    for number, offer in enumerate(look.offers, 1):
        yield f"the heading of offer {number}", offer.header, PART_LENGTHS["offer_header"]
        yield f"the text of offer {number}", offer.body, PART_LENGTHS["offer_body"]
