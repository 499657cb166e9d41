"""The card's face as Apple's pass.json and pass.strings. Pure: equal passes give equal bytes.

Numbers and dates stay what they are, so that each phone formats them in its own language. What a style has
no room for goes to the back instead of vanishing. Follows Apple's "Pass" and "PassFieldContent" (last
checked 2026-07).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

import orjson

from app.domain.fields import Place
from app.domain.passes import Barcode, Pass, PassField, PassLink
from app.domain.text import LocalText
from app.wallets.apple.strings import Wording, clean

HEADER_LIMIT, PRIMARY_LIMIT, ROW_LIMIT = 3, 1, 4
PLACES_LIMIT = 10

_BARCODES = {
    "qr": "PKBarcodeFormatQR",
    "code128": "PKBarcodeFormatCode128",
    "pdf417": "PKBarcodeFormatPDF417",
    "aztec": "PKBarcodeFormatAztec",
}
_ALIGNMENTS = {
    "left": "PKTextAlignmentLeft",
    "center": "PKTextAlignmentCenter",
    "right": "PKTextAlignmentRight",
}
_SCHEME = re.compile(r"^(?:https?://|tel:|mailto:)")


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues the pass, and where its phone asks for news. Addresses end without a slash."""

    pass_type_identifier: str
    team_identifier: str
    base_url: str
    web_service_url: str


def card_files(pass_: Pass, issuer: Issuer, *, authentication_token: str) -> dict[str, bytes]:
    """What a card adds to the prepared bundle: pass.json, and a pass.strings for each language."""
    content, wording = _compose(pass_, issuer, authentication_token)
    words = {f"{locale}.lproj/pass.strings": data for locale, data in wording.files().items()}
    return {"pass.json": orjson.dumps(content), **words}


def pass_json(pass_: Pass, issuer: Issuer, *, authentication_token: str) -> dict[str, Any]:
    """The content of pass.json, in the card's own language."""
    return _compose(pass_, issuer, authentication_token)[0]


def strings(pass_: Pass) -> dict[str, bytes]:
    """Language to pass.strings: the same keys in all, and only texts that differ."""
    return _compose(pass_, Issuer("", "", "", ""), "")[1].files()


def _compose(pass_: Pass, issuer: Issuer, token: str) -> tuple[dict[str, Any], Wording]:
    wording = Wording(pass_.locales, pass_.locale)
    codes = [_barcode(code, wording) for code in _codes(pass_.barcode)]
    content: dict[str, Any] = {
        "formatVersion": 1,
        "passTypeIdentifier": issuer.pass_type_identifier,
        "teamIdentifier": issuer.team_identifier,
        "serialNumber": pass_.serial,
        **_names(pass_, wording),
        "backgroundColor": _rgb(pass_.palette.background),
        "foregroundColor": _rgb(pass_.palette.foreground),
        "labelColor": _rgb(pass_.palette.label),
        "webServiceURL": issuer.web_service_url,
        "authenticationToken": token,
        "barcodes": codes,
        "barcode": codes[-1],  # for readers older than iOS 9, which know no Code 128
        "voided": pass_.voided,
        pass_.style: _groups(pass_, issuer, wording),
    }
    if pass_.places:
        content["locations"] = [_location(place, wording) for place in pass_.places[:PLACES_LIMIT]]
    if pass_.expires_at:
        content["expirationDate"] = _w3c(pass_.expires_at)
    return content, wording


def _names(pass_: Pass, wording: Wording) -> dict[str, str]:
    """Wallet refuses a pass without organisation or description, so each falls back to the next best name."""

    def name(text: LocalText) -> str:
        return wording.say(text) or wording.say(pass_.programme_name) or pass_.programme or pass_.serial

    names = {"organizationName": name(pass_.organisation), "description": name(pass_.description)}
    logo_text = wording.say(pass_.logo_text)
    return names | ({"logoText": logo_text} if logo_text else {})


# -- fields ----------------------------------------------------------------------------------------


def _groups(pass_: Pass, issuer: Issuer, wording: Wording) -> dict[str, list[dict[str, Any]]]:
    room = _front(pass_)
    shown = {name: fields for name, fields in room.items() if fields}
    taken: set[str] = set()
    groups = {
        f"{name}Fields": [
            _field(each, wording, taken, aligned=name not in ("primary", "back")) for each in fields
        ]
        for name, fields in shown.items()
    }
    links = [_link(link, wording, taken) for link in pass_.resolved_links(issuer.base_url)]
    return groups | ({"backFields": [*groups.get("backFields", []), *links]} if links else {})


def _front(pass_: Pass) -> dict[str, tuple[PassField, ...]]:
    """The fields by group, within what the style draws; the rest leads the back."""
    squeezed = pass_.style == "storeCard" or pass_.barcode.format in ("qr", "aztec")
    secondary = pass_.secondary[:ROW_LIMIT]
    beside = ROW_LIMIT - len(secondary) if squeezed else ROW_LIMIT
    front = {
        "header": pass_.header[:HEADER_LIMIT],
        "primary": pass_.primary[:PRIMARY_LIMIT],
        "secondary": secondary,
        "auxiliary": pass_.auxiliary[:beside],
    }
    rest = [each for name, kept in front.items() for each in getattr(pass_, name)[len(kept) :]]
    return {**front, "back": (*rest, *pass_.back)}


def _field(field: PassField, wording: Wording, taken: set[str], *, aligned: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"key": _unique(field.key, taken), **_value(field, wording)}
    if label := wording.say(field.label):
        made["label"] = label
    if field.change_message and (message := wording.say(_with_value(field.change_message))):
        made["changeMessage"] = message
    if aligned and field.alignment in _ALIGNMENTS:
        made["textAlignment"] = _ALIGNMENTS[field.alignment]
    return made


def _value(field: PassField, wording: Wording) -> dict[str, Any]:
    if isinstance(field.value, datetime):
        styles = {"dateStyle": "PKDateStyleMedium", "timeStyle": "PKDateStyleNone"}
        return {"value": _w3c(field.value), **styles}
    if isinstance(field.value, int):
        return {"value": field.value, "numberStyle": "PKNumberStyleDecimal"}
    return {"value": wording.say(field.value)}


def _with_value(message: LocalText) -> LocalText:
    """Apple's `%@` stands for the new value; a message without it is completed, an empty one stays silent."""
    if not any(said.strip() for said in message.values()):
        return {}
    return {locale: said if "%@" in said else f"{said} %@".strip() for locale, said in message.items()}


def _link(link: PassLink, wording: Wording, taken: set[str]) -> dict[str, Any]:
    url = clean(link.url)
    shown = _SCHEME.sub("", url).rstrip("/")
    made = {"key": _unique(link.key, taken), "value": shown}
    made["attributedValue"] = f'<a href="{escape(url)}">{escape(shown)}</a>'
    return made | ({"label": label} if (label := wording.say(link.label)) else {})


def _unique(key: str, taken: set[str]) -> str:
    """Two fields with one key make Wallet refuse the pass."""
    number, name = 1, key
    while name in taken:
        number += 1
        name = f"{key}-{number}"
    taken.add(name)
    return name


# -- the rest --------------------------------------------------------------------------------------


def _codes(barcode: Barcode) -> Iterable[Barcode]:
    """The code as designed; a Code 128 is followed by a QR code for watches, which draw no Code 128."""
    yield barcode
    if barcode.format == "code128":
        yield Barcode("qr", barcode.message, barcode.alt_text)


def _barcode(barcode: Barcode, wording: Wording) -> dict[str, str]:
    made = {"format": _BARCODES[barcode.format], "message": barcode.message}
    made["messageEncoding"] = "iso-8859-1" if _is_latin(barcode.message) else "utf-8"
    return made | ({"altText": wording.say(barcode.alt_text)} if barcode.alt_text else {})


def _is_latin(text: str) -> bool:
    return all(ord(letter) < 256 for letter in text)


def _location(place: Place, wording: Wording) -> dict[str, Any]:
    text = wording.say(place.text)
    where = {"latitude": place.latitude, "longitude": place.longitude}
    return where | ({"relevantText": text} if text else {})


def _rgb(colour: str) -> str:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return f"rgb({red},{green},{blue})"


def _w3c(when: datetime) -> str:
    """Wallet reads no fractions of a second, and an offset only with its colon."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
