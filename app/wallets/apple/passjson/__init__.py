"""The card's face as Apple's pass.json and pass.strings. Pure: equal passes give equal bytes.

Numbers and dates stay what they are, so that each phone formats them in its own language. Follows Apple's
"Pass" (last checked 2026-08).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from app.domain.fields import Place
from app.domain.passes import Pass
from app.domain.text import LocalText
from app.wallets.apple.passjson.codes import codes
from app.wallets.apple.passjson.forms import rgb, w3c
from app.wallets.apple.passjson.groups import POSTER, poster_groups, style_groups
from app.wallets.apple.passjson.look import look_keys, nfc_of, scheme_of
from app.wallets.apple.personalisation import PERSONALIZATION, personalization_json
from app.wallets.apple.strings import Wording

__all__ = ["Issuer", "card_files", "may_personalise", "nfc_of", "pass_json", "scheme_of", "strings"]

PLACES_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues the pass, and where its phone asks for news. Addresses end without a slash.

    `nfc`: whether the certificate is one for NFC. Phones refuse a pass with NFC under any other, so it is
    left out.
    """

    pass_type_identifier: str
    team_identifier: str
    base_url: str
    web_service_url: str
    nfc: bool = True


def card_files(pass_: Pass, issuer: Issuer, *, authentication_token: str) -> dict[str, bytes]:
    """What a card adds to the prepared bundle: pass.json, a pass.strings for each language, and
    personalization.json while the customer may still sign up in Wallet.
    """
    content, wording = _compose(pass_, issuer, authentication_token)
    files = {"pass.json": orjson.dumps(content)}
    if may_personalise(pass_, content) and pass_.apple and (asked := pass_.apple.personalisation):
        files[PERSONALIZATION] = orjson.dumps(personalization_json(asked, wording.say))
    return files | {f"{locale}.lproj/pass.strings": data for locale, data in wording.files().items()}


def may_personalise(pass_: Pass, content: dict[str, Any]) -> bool:
    """Whether the phone is asked to sign its owner up: only at an NFC reader."""
    return pass_.personalise and "nfc" in content


def pass_json(pass_: Pass, issuer: Issuer, *, authentication_token: str) -> dict[str, Any]:
    """The content of pass.json, in the card's own language."""
    return _compose(pass_, issuer, authentication_token)[0]


def strings(pass_: Pass) -> dict[str, bytes]:
    """Language to pass.strings: the same keys in all, and only texts that differ."""
    return _compose(pass_, Issuer("", "", "", ""), "")[1].files()


def _compose(pass_: Pass, issuer: Issuer, token: str) -> tuple[dict[str, Any], Wording]:
    wording = Wording(pass_.locales, pass_.locale)
    drawn = codes(pass_.barcode, wording)
    scheme = scheme_of(pass_, nfc=issuer.nfc) if pass_.apple else ""
    content: dict[str, Any] = {
        "formatVersion": 1,
        "passTypeIdentifier": issuer.pass_type_identifier,
        "teamIdentifier": issuer.team_identifier,
        "serialNumber": pass_.serial,
        **_names(pass_, wording),
        "backgroundColor": rgb(pass_.palette.background),
        "foregroundColor": rgb(pass_.palette.foreground),
        "labelColor": rgb(pass_.palette.label),
        "webServiceURL": issuer.web_service_url,
        "authenticationToken": token,
        "barcodes": drawn,
        "barcode": drawn[-1],  # for readers older than iOS 9, which know no list
        "voided": pass_.voided,
        pass_.style: style_groups(
            pass_, drawn[0]["format"], issuer.base_url, wording, additional=bool(scheme)
        ),
    }
    if pass_.places:
        content["locations"] = [_location(place, wording) for place in pass_.places[:PLACES_LIMIT]]
    if pass_.expires_at:
        content["expirationDate"] = w3c(pass_.expires_at)
    if look := pass_.apple:
        content |= look_keys(pass_, look, wording, scheme, nfc=issuer.nfc)
        if look.poster:
            content[POSTER] = poster_groups(pass_, issuer.base_url, wording)
    return content, wording


def _names(pass_: Pass, wording: Wording) -> dict[str, str]:
    """Wallet refuses a pass without organisation or description, so each falls back to the next best name."""

    def name(text: LocalText) -> str:
        return wording.say(text) or wording.say(pass_.programme_name) or pass_.programme or pass_.serial

    names = {"organizationName": name(pass_.organisation), "description": name(pass_.description)}
    logo_text = wording.say(pass_.logo_text)
    return names | ({"logoText": logo_text} if logo_text else {})


def _location(place: Place, wording: Wording) -> dict[str, Any]:
    text = wording.say(place.text)
    where: dict[str, Any] = {"latitude": place.latitude, "longitude": place.longitude}
    if place.altitude is not None:
        where["altitude"] = place.altitude
    return where | ({"relevantText": text} if text else {})
