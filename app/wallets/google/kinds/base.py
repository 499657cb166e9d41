"""What all kinds of cards have in common: ids, the parts that every class and every object may carry.

A part that a kind does not have is left out by Google's own schema, so that a kind's file says only what is
different there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from app.domain.codes import holds
from app.domain.design import Slot
from app.domain.google_look import KINDS, GoogleLook, Kind
from app.domain.google_parts import Picture
from app.domain.passes import Artwork, Barcode, Pass, PassField
from app.domain.text import LocalText, plain

from ..localized import localized
from ..schema import vendor_schema
from . import parts
from .parts import Json, said

KIND_NAMES: Mapping[str, str] = {
    "loyalty": "loyalty",
    "offer": "offer",
    "gift_card": "giftCard",
    "generic": "generic",
}
NOT_OURS = frozenset(
    {"id", "kind", "version", "review", "reviewStatus", "notifyPreference", "messages", "linkedObjectIds"}
    | {"classReference", "hasUsers", "hasLinkedDevice", "disableExpirationNotification", "infoModuleData"}
    | {"saveRestrictions", "discoverableProgram"}
)
"""Fields that we never clear: Google's own, those that each request says anew, messages (which have a life of
their own), links that Google never lets go of, and what must be enabled for an issuer before it may be named.
"""
_BARCODES = {
    "qr": "QR_CODE",
    "code128": "CODE_128",
    "pdf417": "PDF_417",
    "aztec": "AZTEC",
    "code39": "CODE_39",
    "codabar": "CODABAR",
    "ean13": "EAN_13",
    "itf": "ITF_14",
    "data_matrix": "DATA_MATRIX",
    "ean8": "EAN_8",
    "upca": "UPC_A",
}
_SQUARES = {"qr", "aztec", "pdf417", "data_matrix"}
_STATES = {"active": "ACTIVE", "blocked": "INACTIVE", "void": "INACTIVE", "expired": "EXPIRED"}
_HOLDERS = {
    "many": "MULTIPLE_HOLDERS",
    "one_person": "ONE_USER_ALL_DEVICES",
    "one_phone": "ONE_USER_ONE_DEVICE",
}
_NFC = {"payment": "BLOCK_PAYMENT", "closed_loop_transit": "BLOCK_CLOSED_LOOP_TRANSIT"}
NO_SECRET = "0" * 40


@dataclass(frozen=True, slots=True)
class Issuing:
    """Who issues, and where Google finds what it needs.

    `url_for` gives the public address of a picture (Google fetches it while it answers us, so it must be
    there already); `callback_url` is where saves and deletions are told.
    """

    issuer_id: str
    url_for: Callable[[Artwork], str]
    callback_url: str = ""
    base_url: str = ""
    country_code: str = ""


def look_of(face: Pass) -> GoogleLook:
    """Google's part of the card's design; what nothing is said of has its defaults."""
    return face.google or _PLAIN


_PLAIN = GoogleLook()


def kind_of(face: Pass) -> Kind:
    """What this card becomes when it is made at Google now."""
    return look_of(face).kind


def class_id(issuer_id: str, programme: str, tier: str = "", kind: Kind = "loyalty") -> str:
    """`<issuer>.<programme>[._<kind>][.<tier>]`: the same for ever, as Google deletes nothing."""
    between = "" if kind == "loyalty" else f"._{kind}"
    return f"{issuer_id}.{parts.suffix(programme)}{between}" + (f".{parts.suffix(tier)}" if tier else "")


def kind_of_class(id_: str) -> Kind:
    """The kind of a class that has one of our ids; neither programmes nor tiers have an underscore."""
    return next((kind for kind in KINDS if kind != "loyalty" and f"._{kind}" in id_), "loyalty")


def object_id(issuer_id: str, serial: str) -> str:
    """`<issuer>.<serial>`."""
    return f"{issuer_id}.{parts.suffix(serial)}"


def pass_class_id(face: Pass, issuer_id: str, kind: Kind | None = None) -> str:
    """The class that this card belongs to now."""
    return class_id(issuer_id, face.programme, face.tier.key if face.tier else "", kind or kind_of(face))


@cache
def properties(schema: str) -> frozenset[str]:
    """The names that Google's schema has now; what it calls deprecated is not among them."""
    found: Mapping[str, Json] = vendor_schema()["schemas"][schema]["properties"]
    return frozenset(name for name, spec in found.items() if not spec.get("deprecated"))


def schema_of(kind: Kind, what: str) -> str:
    """`("gift_card", "Object")` -> `GiftCardObject`."""
    name = KIND_NAMES[kind]
    return name[:1].upper() + name[1:] + what


@cache
def managed(kind: Kind, what: str) -> tuple[str, ...]:
    """The fields of a `Class` or `Object` that are ours: what a body leaves out of them is cleared."""
    return tuple(sorted(properties(schema_of(kind, what)) - NOT_OURS))


def kept(kind: Kind, what: str, body: Json) -> Json:
    """The body without what says nothing and without what this kind does not have."""
    known = properties(schema_of(kind, what))
    return {key: value for key, value in said(body).items() if key in known}


# --- classes ---


def name_of(face: Pass) -> LocalText:
    """What the programme is called: never nothing, because Google asks for a name."""
    return parts.in_words(face.programme_name, parts.in_words(face.organisation, plain(face.programme)))


def class_parts(face: Pass, issuing: Issuing) -> Json:
    """What a class of any kind may carry; `face` is that of a card that has nothing yet."""
    look, locales = look_of(face), face.locales
    return {
        **localized("issuerName", parts.in_words(face.organisation, name_of(face)), locales),
        "reviewStatus": "UNDER_REVIEW",
        "hexBackgroundColor": face.palette.background,
        "heroImage": picture(look.hero, face, issuing) or slot_image(face, "banner", issuing),
        "merchantLocations": parts.places(face.places),
        "callbackOptions": {"url": issuing.callback_url} if issuing.callback_url else None,
        "countryCode": face.country or issuing.country_code,
        "homepageUri": parts.uri(look.homepage, locales),
        **_modules(face, issuing, own=False),
        **_rules(look, issuing),
    }


def _rules(look: GoogleLook, issuing: Issuing) -> Json:
    """How the card may be held, seen and read."""
    tap = look.smart_tap
    return {
        "multipleDevicesAndHoldersAllowedStatus": _HOLDERS.get(look.holders),
        "viewUnlockRequirement": "UNLOCK_REQUIRED_TO_VIEW" if look.unlock_to_see else None,
        "securityAnimation": {"animationType": "FOIL_SHIMMER"} if look.shimmer else None,
        "enableSmartTap": True if tap else None,
        "redemptionIssuers": list(tap.issuers or (issuing.issuer_id,)) if tap else None,
    }


def slot_image(face: Pass, slot: Slot, issuing: Issuing) -> Json | None:
    """One of the design's own pictures as all cards share it: without anybody's progress."""
    art = face.pictures.get(slot)
    if art is None:
        return None
    return parts.image(issuing.url_for(replace(art, progress=None)), face.programme_name, face.locales)


def picture(one: Picture | None, face: Pass, issuing: Issuing) -> Json | None:
    """A picture of Google's part of the design, or None where it leads nowhere."""
    if one is None:
        return None
    about = parts.in_words(one.words, face.programme_name)
    if one.url:
        found = parts.web_address(one.url)
        return parts.image(found, about, face.locales) if found else None
    art = face.pictures.get(one.slot) if one.slot else None
    return parts.image(issuing.url_for(replace(art, progress=None)), about, face.locales) if art else None


def _modules(face: Pass, issuing: Issuing, *, own: bool) -> Json:
    """Pictures, texts, links, offers and the app: those of the look, or those of the card."""
    look, locales = look_of(face), face.locales
    pictures = ((one.key, picture(one.picture, face, issuing)) for one in look.pictures if one.own is own)
    offered = [one for one in look.offers if one.own is own]
    shop_links = (one for one in look.links if one.own is own)
    card_links = face.resolved_links(issuing.base_url) if own else ()
    app = look.app if look.app and look.app.own is own else None
    return {
        "imageModulesData": [
            {"id": parts.module_id(key), "mainImage": found} for key, found in pictures if found
        ],
        "textModulesData": parts.text_modules((one for one in look.texts if one.own is own), locales),
        "linksModuleData": parts.links((*card_links, *shop_links), locales),
        "valueAddedModuleData": parts.offers(
            offered, (picture(one.picture, face, issuing) for one in offered), locales
        ),
        "appLinkData": parts.app_link(app, locales) if app else None,
    }


# --- objects ---


def object_parts(
    face: Pass, issuing: Issuing, fields: Iterable[PassField], secret: str, known: Collection[str]
) -> Json:
    """What an object of any kind may carry. `secret` is the rotating barcode's key (base 16), `known` are ids
    of objects that may be linked.
    """
    look = look_of(face)
    own_texts = (one for one in look.texts if one.own)
    start = parts.read_moment(look.valid_from) if look.valid_from else None
    return {
        "state": _STATES[face.status],
        "barcode": barcode(face.barcode),
        "rotatingBarcode": rotating(face, secret),
        **_modules(face, issuing, own=True),
        "textModulesData": parts.text_modules((*fields, *own_texts), face.locales),
        "merchantLocations": parts.places(face.places),
        "validTimeInterval": _validity(start, face),
        "heroImage": _hero_for_now(face, issuing)
        or picture(look.own_hero, face, issuing)
        or _progress_hero(face, issuing),
        "groupingInfo": _grouping(look),
        "passConstraints": _constraints(look),
        "saveRestrictions": _restrictions(look),
        "smartTapRedemptionValue": _tap_value(look, face),
        "linkedObjectIds": [one for one in links_wanted(look.linked, face, issuing) if one in known],
        "linkedOfferIds": [one for one in links_wanted(look.linked_offers, face, issuing) if one in known],
    }


def _validity(start: datetime | None, face: Pass) -> Json | None:
    end = face.expires_at
    return parts.interval(start if start and (end is None or start < end) else None, end)


def fields_of(face: Pass) -> Iterator[PassField]:
    """All fields in reading order."""
    for group in face.field_groups().values():
        yield from group


def barcode(code: Barcode) -> Json:
    """The code as it stands; what a format cannot say becomes a QR code."""
    fits = holds(code.format, code.message) and (code.format != "itf" or len(code.message) == 14)
    return said(
        {
            "type": _BARCODES[code.format] if fits else "QR_CODE",
            "value": code.message,
            "renderEncoding": "UTF_8",
            "alternateText": code.alt_text,
        }
    ) | {"value": code.message}


def rotating(face: Pass, secret: str) -> Json | None:
    """A code that changes by itself (RFC 6238, HMAC-SHA-1), offline too."""
    rule = face.barcode.rotating
    if rule is None or not secret:
        return None
    square = face.barcode.format if face.barcode.format in _SQUARES else "qr"
    return said(
        {
            "type": _BARCODES[square],
            "renderEncoding": "UTF_8",
            "valuePattern": f"{face.number}-{{totp_value_0}}",
            "totpDetails": {
                "algorithm": "TOTP_SHA1",
                "periodMillis": str(rule.period_s * 1000),
                "parameters": [{"key": secret, "valueLength": rule.digits}],
            },
            "alternateText": face.barcode.alt_text,
        }
    )


def links_wanted(serials: Iterable[str], face: Pass, issuing: Issuing) -> list[str]:
    """The ids that a look wants linked: each once, the card itself never."""
    own = object_id(issuing.issuer_id, face.serial)
    found = (object_id(issuing.issuer_id, one.strip()) for one in serials if one.strip())
    return [one for one in dict.fromkeys(found) if one != own]


def all_links(face: Pass, issuing: Issuing) -> list[str]:
    """Every object that this card would be linked to, if it exists."""
    look = look_of(face)
    return links_wanted((*look.linked, *look.linked_offers), face, issuing)


def _hero_for_now(face: Pass, issuing: Issuing) -> Json | None:
    """A banner of some time or of some cards: the class, which all cards share, knows nothing of it."""
    if not face.banner or "banner" not in face.pictures:
        return None
    return parts.image(issuing.url_for(face.pictures["banner"]), face.programme_name, face.locales)


def _progress_hero(face: Pass, issuing: Issuing) -> Json | None:
    """The picture of the card's own progress wins over the banner of the class."""
    banner = face.pictures.get("banner")
    if banner is None or not banner.progress:
        return None
    about = face.progress_words if any(face.progress_words.values()) else plain("")
    return parts.image(issuing.url_for(banner), about, face.locales)


def _grouping(look: GoogleLook) -> Json | None:
    one = look.grouping
    if one is None or not one.key.strip():
        return None
    return said({"groupingId": one.key.strip(), "sortIndex": one.sort})


def _constraints(look: GoogleLook) -> Json | None:
    found = said(
        {
            "screenshotEligibility": "" if look.screenshots else "INELIGIBLE",
            "nfcConstraint": [_NFC[one] for one in dict.fromkeys(look.blocks_while_open)],
        }
    )
    return found or None


def _restrictions(look: GoogleLook) -> Json | None:
    digest = parts.email_hash(look.save_only_by)
    return {"restrictToEmailSha256": digest} if digest else None


def _tap_value(look: GoogleLook, face: Pass) -> str | None:
    if look.smart_tap is None:
        return None
    value = look.smart_tap.value.strip()
    return value if value and value.isascii() else face.number
