"""Styles and their groups of fields: Wallet shows one style, and drops in silence what it has no room for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.wallets.apple.validate.faults import Faults
from app.wallets.apple.validate.fields import check_field

STYLES = ("boardingPass", "coupon", "eventTicket", "generic", "storeCard", "posterGeneric")
GROUPS = ("headerFields", "primaryFields", "secondaryFields", "auxiliaryFields", "backFields")
POSTER = "posterGeneric"
_MORE_GROUPS = {
    "footerFields": (POSTER,),
    "additionalInfoFields": (POSTER, "eventTicket", "boardingPass"),
}
"""Groups of newer layouts, and the styles that draw them."""
LIMITS = {
    "boardingPass": (3, 2, 4, 5),
    "coupon": (3, 1, 4, 4),
    "eventTicket": (3, 1, 4, 8),
    "generic": (3, 1, 4, 4),
    "storeCard": (3, 1, 4, 4),
    POSTER: (1, 4, 0, 0),
}
_FOOTER_LIMIT = 2
ONE_ROW = 4
_MOST_FIELDS = 250
"""Of each group so many are looked at, which is more than anybody reads."""
_SQUARE = ("PKBarcodeFormatQR", "PKBarcodeFormatAztec")
_TRANSIT = tuple(f"PKTransitType{each}" for each in ("Air", "Boat", "Bus", "Generic", "Train"))


def check_style(card: Mapping[str, Any], faults: Faults) -> None:
    """Exactly one style (a poster style may stand beside one), its groups, and all their fields."""
    styles = [style for style in STYLES if style in card]
    _check_count(styles, faults)
    keys: set[str] = set()
    for style in styles:
        if not isinstance(card[style], dict):
            message, mend = "The style is not an object.", "Put the field groups in."
            faults.add("style-wrong", f"pass.json#/{style}", message, mend)
            continue
        _check_groups(style, card, faults)
        # A poster shows the same card in another form, so its keys may be those of the plain style.
        _check_fields(style, card[style], keys if style != POSTER else set(), faults)
        _check_transit(style, card[style], faults)


def _check_count(styles: list[str], faults: Faults) -> None:
    plain = [style for style in styles if style != POSTER]
    if not plain and styles:
        message = "Phones before iOS 27 do not know posterGeneric, and there is no other style beside it."
        faults.add("poster-without-fallback", "pass.json#", message, "Add storeCard or generic.")
    elif len(plain) != 1:
        message = f"The pass has {len(plain)} styles ({', '.join(plain) or 'none'}); Wallet wants one."
        faults.add("style-count", "pass.json#", message, f"Keep one of {', '.join(STYLES[:5])}.")


def _check_transit(style: str, content: Mapping[str, Any], faults: Faults) -> None:
    known = content.get("transitType") in _TRANSIT
    if (style == "boardingPass") != known or (style != "boardingPass" and "transitType" in content):
        message = "Only a boarding pass has a transitType, and it needs one."
        mend = f"Use one of {', '.join(_TRANSIT)} on a boarding pass, and none elsewhere."
        faults.add("transit-type", f"pass.json#/{style}/transitType", message, mend)


def _check_groups(style: str, card: Mapping[str, Any], faults: Faults) -> None:
    content, where = card[style], f"pass.json#/{style}"
    for group in content:
        if group not in (*GROUPS, *_MORE_GROUPS, "transitType"):
            mend = "Look for a slip of the pen."
            faults.warn("group-unknown", f"{where}/{group}", f"Wallet knows no group {group!r}.", mend)
        elif group in _MORE_GROUPS and style not in _MORE_GROUPS[group]:
            message = f"{group} is drawn on {' and '.join(_MORE_GROUPS[group])} alone."
            faults.warn("group-style", f"{where}/{group}", message, "Move the fields to another group.")
    counts = [_count(content, group) for group in GROUPS[:4]]
    for group, count, most in zip(GROUPS, counts, LIMITS[style], strict=False):
        if count > most:
            _crowded(f"{where}/{group}", f"{count} fields, but a {style} draws {most}.", faults)
    if (footer := _count(content, "footerFields")) > _FOOTER_LIMIT and style == POSTER:
        message = f"{footer} fields, but the footer draws {_FOOTER_LIMIT}."
        _crowded(f"{where}/footerFields", message, faults)
    if squeezed(style, card) and counts[2] + counts[3] > ONE_ROW:
        message = f"Secondary and auxiliary fields together draw {ONE_ROW}, not {counts[2] + counts[3]}."
        _crowded(where, message, faults)


def squeezed(style: str, card: Mapping[str, Any]) -> bool:
    """Whether secondary and auxiliary fields share one row: beside a square code they often do."""
    return style == "storeCard" or (style in ("coupon", "generic") and _first_format(card) in _SQUARE)


def _count(content: Mapping[str, Any], group: str) -> int:
    return len(content[group]) if isinstance(content.get(group), list) else 0


def _crowded(where: str, message: str, faults: Faults) -> None:
    faults.add("too-many-fields", where, message, "Move the others to the back.")


def _first_format(card: Mapping[str, Any]) -> Any:
    codes = card.get("barcodes")
    first = codes[0] if isinstance(codes, list) and codes else card.get("barcode")
    return first.get("format") if isinstance(first, dict) else None


def _check_fields(style: str, content: Mapping[str, Any], keys: set[str], faults: Faults) -> None:
    for group in (*GROUPS, *_MORE_GROUPS):
        fields, where = content.get(group, []), f"pass.json#/{style}/{group}"
        if not isinstance(fields, list):
            faults.add("group-wrong", where, "The group is not a list.", "Write it in [ ].")
            continue
        for place, field in enumerate(fields[:_MOST_FIELDS]):
            check_field(field, keys, style=style, group=group, where=f"{where}/{place}", faults=faults)
