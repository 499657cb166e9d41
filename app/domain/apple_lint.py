"""What Apple would refuse, or never draw, of a design: in whole sentences, before it goes out."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.apple_look import NFC_BYTES, AppleLook
from app.domain.design import Design
from app.domain.semantics import BOARDING, EVENT, STORE, form_faults, lacking
from app.domain.text import fill, in_locale, plain

POSTER_STYLES = ("storeCard", "generic")
SCHEME_STYLES = {"posterEventTicket": "eventTicket", "semanticBoardingPass": "boardingPass"}
_OWN_TAGS = {"eventTicket": EVENT, "boardingPass": BOARDING, "storeCard": STORE}
_EVENT_PARTS = (
    *("event_logo_text", "use_automatic_colors", "footer_background_color", "suppress_header_darkening"),
    *("event_urls", "upcoming", "auxiliary_store_identifiers"),
)
_COMPRESSED_P256 = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")


def apple_faults(design: Design, known: Mapping[str, Any]) -> Iterator[str]:
    """One sentence for each; `known` holds sample values of the placeholders."""
    yield from _field_faults(design)
    look = design.apple or AppleLook()
    if design.style == "boardingPass" and look.transit_type is None:
        yield "A boarding pass needs its transit type (apple.transit_type), such as 'train'."
    if design.style != "boardingPass" and look.transit_type is not None:
        yield "Only a boarding pass has a transit type."
    if design.apple is not None:
        yield from _nfc_faults(look, known)
        yield from _poster_faults(design, look)
        yield from _scheme_faults(design, look)
        yield from _top_faults(design, look)


# -- fields ----------------------------------------------------------------------------------------


def _field_faults(design: Design) -> Iterator[str]:
    for group, spec in design.fields:
        name = f"The field '{spec.key}'"
        if spec.detect and group != "back":
            yield f"{name} asks for data detectors, which work on the back alone."
        if spec.row and (design.style, group) != ("eventTicket", "auxiliary"):
            yield f"{name} asks for a second row, which only auxiliary fields of an event ticket have."
        if spec.currency and spec.number_style:
            yield f"{name} is money and a number in one; Apple takes one of the two."
        if (spec.currency or spec.number_style) and (spec.date_style or spec.time_style):
            yield f"{name} is a number and a time in one; Apple takes one of the two."
        yield from (f"{name}: {fault}" for fault in form_faults(spec.semantics))
    rows = [spec.row for spec in design.fields.auxiliary] if design.style == "eventTicket" else []
    if rows.count(1) > 4:
        yield "The second row of an event ticket has room for four fields."


# -- NFC -------------------------------------------------------------------------------------------


def _nfc_faults(look: AppleLook, known: Mapping[str, Any]) -> Iterator[str]:
    if look.nfc is None:
        if look.personalisation:
            yield "Sign-up in Apple Wallet begins at an NFC reader, so the design needs nfc too."
        return
    message = in_locale(fill(plain(look.nfc.message), known, ("en",)), "en")
    if (size := len(message.encode())) > NFC_BYTES:
        yield f"The NFC message has {size} bytes with a sample card; the phone cuts it at {NFC_BYTES}."
    if not is_reader_key(look.nfc.encryption_public_key):
        yield "The NFC key is not the base64 of a P-256 public key (SPKI) with a compressed point."


def is_reader_key(key: str) -> bool:
    """Whether this is base64 of a SubjectPublicKeyInfo with a compressed point on the curve P-256."""
    try:
        der = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        return False
    point = der.removeprefix(_COMPRESSED_P256)
    return len(der) == 59 and len(point) == 33 and point[0] in (2, 3) and _on_curve(point[1:])


def _on_curve(x_bytes: bytes) -> bool:
    """Whether some point of P-256 has this x (Euler's criterion for x³ - 3x + b)."""
    p = 2**256 - 2**224 + 2**192 + 2**96 - 1
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    x = int.from_bytes(x_bytes)
    return x < p and pow(x**3 - 3 * x + b, (p - 1) // 2, p) in (0, 1)


# -- newer layouts ---------------------------------------------------------------------------------


def _poster_faults(design: Design, look: AppleLook) -> Iterator[str]:
    if look.poster and design.style not in POSTER_STYLES:
        yield f"A poster needs a store card or a generic pass behind it, not {design.style}."
    if look.featured_actions and not look.poster:
        yield "Featured actions are shown under a poster alone."
    names = [each.identifier or each.kind for each in look.featured_actions]
    if len(set(names)) < len(names):
        yield "Two featured actions have the same identifier."


def _scheme_faults(design: Design, look: AppleLook) -> Iterator[str]:
    scheme = look.preferred_style_schemes[0] if look.preferred_style_schemes else ""
    if scheme and SCHEME_STYLES[scheme] != design.style:
        yield f"{scheme} is a layout of {SCHEME_STYLES[scheme]}, not of {design.style}."
    elif scheme:
        missing = lacking(scheme, look.semantics)
        yield from (f"{scheme} needs the semantic tag {tag}." for tag in missing)
        if scheme == "posterEventTicket" and look.nfc is None:
            yield "posterEventTicket needs nfc."
    if scheme != "posterEventTicket":
        for part in _EVENT_PARTS:
            if getattr(look, part):
                yield f"apple.{part} works with the layout posterEventTicket alone."
    if scheme != "semanticBoardingPass" and look.flight_urls:
        yield "apple.flight_urls works with the layout semanticBoardingPass alone."
    if scheme == "posterEventTicket" and len(look.event_urls) == 1:
        yield "The event guide is shown from two links on."


# -- the rest --------------------------------------------------------------------------------------


def _top_faults(design: Design, look: AppleLook) -> Iterator[str]:
    yield from form_faults(look.semantics)
    for style, own in _OWN_TAGS.items():
        strange = sorted(own.keys() & look.semantics.keys()) if style != design.style else []
        yield from (f"The semantic tag '{tag}' means something on a {style} alone." for tag in strange)
    if look.app_launch_url and not look.associated_store_identifiers:
        yield "apple.app_launch_url needs the app's number in apple.associated_store_identifiers."
    if look.grouping_identifier and design.style not in SCHEME_STYLES.values():
        yield "Wallet groups event tickets and boarding passes alone."
    if look.max_distance is not None and not design.places:
        yield "apple.max_distance is for places, and the design has none."
    names = [each.identifier for each in look.upcoming]
    if len(set(names)) < len(names):
        yield "Two events to come have the same identifier."
