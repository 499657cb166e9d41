"""The card's face in Google's words: `Pass` -> `loyaltyObject`, a design's tier -> `loyaltyClass`. Pure.

Colour, logo and status live on Google's class, so there is one class a tier and a card changes its class when
it climbs; a new banner is one request for all cards. The picture of a card's own progress is the exception:
a hero image on the object wins over that of the class.

Vendor pages: developers.google.com/wallet/reference/rest/v1/loyaltyclass and …/loyaltyobject
(last checked 2026-08).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.fields import Place
from app.domain.passes import Artwork, Balance, Pass, PassField, PassLink
from app.domain.text import LocalText, in_locale, plain

from .localized import localized, shown, translations

Json = dict[str, Any]

OBJECT_FIELDS = (
    *("classId", "state", "accountId", "accountName", "loyaltyPoints", "secondaryLoyaltyPoints", "barcode"),
    *("textModulesData", "linksModuleData", "merchantLocations", "validTimeInterval", "heroImage"),
)
"""The fields of an object that are ours: what the body leaves out is cleared. Messages and links are not."""

SHOWN_BALANCES = ("loyaltyPoints", "secondaryLoyaltyPoints")
MOST_TEXT_MODULES = 10
MOST_PLACES = 10
_BARCODES = {"qr": "QR_CODE", "code128": "CODE_128", "pdf417": "PDF_417", "aztec": "AZTEC"}
_STATES = {"active": "ACTIVE", "blocked": "INACTIVE", "void": "INACTIVE", "expired": "EXPIRED"}
_INT32 = 2**31


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


def class_id(issuer_id: str, programme: str, tier: str = "") -> str:
    """`<issuer>.<programme>[.<tier>]`: the same for ever, as Google deletes nothing."""
    return f"{issuer_id}.{_suffix(programme)}" + (f".{_suffix(tier)}" if tier else "")


def object_id(issuer_id: str, serial: str) -> str:
    """`<issuer>.<serial>`."""
    return f"{issuer_id}.{_suffix(serial)}"


def pass_class_id(pass_: Pass, issuer_id: str) -> str:
    """The class that this card belongs to now."""
    return class_id(issuer_id, pass_.programme, pass_.tier.key if pass_.tier else "")


def loyalty_object(pass_: Pass, issuing: Issuing, *, notify: bool = False) -> Json:
    """The card as Google's object. `notify` asks for the phone to buzz, at most three times a day by Google.

    Set it only when a balance changed (`balance_changed`): it is never stored and must be sent anew.
    """
    links = pass_.resolved_links(issuing.base_url)
    body: Json = {
        "id": object_id(issuing.issuer_id, pass_.serial),
        "classId": pass_class_id(pass_, issuing.issuer_id),
        "state": _STATES[pass_.status],
        "accountId": pass_.number,
        "barcode": _barcode(pass_),
        **_balances(pass_),
        "textModulesData": text_modules(_fields(pass_), pass_.locales),
        "linksModuleData": {"uris": [_link(link, pass_.locales) for link in links]},
        "merchantLocations": places(pass_.places),
    }
    if pass_.holder:
        body["accountName"] = pass_.holder
    if pass_.expires_at:
        body["validTimeInterval"] = {"end": {"date": pass_.expires_at.isoformat(timespec="seconds")}}
    banner = pass_.pictures.get("banner")
    if banner and banner.progress:
        body["heroImage"] = image(issuing.url_for(banner), _progress_words(pass_), pass_.locales)
    if notify:
        body["notifyPreference"] = "NOTIFY_ON_UPDATE"
    return body


def balance_changed(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool:
    """Whether a shown balance differs between two bodies of the same object; a first body is no change."""
    if before is None:
        return False
    return any(_balance_of(before, name) != _balance_of(after, name) for name in SHOWN_BALANCES)


def image(url: str, description: LocalText, locales: Sequence[str]) -> Json:
    """A picture by its address, with words for those who cannot see it."""
    words = {"contentDescription": translations(description, locales)} if any(description.values()) else {}
    return {"sourceUri": {"uri": url}, **words}


def places(found: Iterable[Place]) -> list[Json]:
    """Shops near which the phone offers the card; Google refuses an eleventh."""
    return [{"latitude": one.latitude, "longitude": one.longitude} for one in found][:MOST_PLACES]


def text_modules(fields: Iterable[PassField], locales: Sequence[str]) -> list[Json]:
    """Fields as text modules, those that say something; Google shows ten."""
    made = (_text_module(one, locales) for one in fields)
    return [module for module in made if "body" in module][:MOST_TEXT_MODULES]


def module_id(key: str) -> str:
    """A field's key as a module id, which may have no dots."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", key)


def _text_module(one: PassField, locales: Sequence[str]) -> Json:
    return {
        "id": module_id(one.key),
        **localized("header", one.label, locales),
        **localized("body", shown(one.value, locales), locales),
    }


def _fields(pass_: Pass) -> Iterable[PassField]:
    """All fields in reading order but those that only repeat a balance, which has a place of its own."""
    balances = pass_.balances[: len(SHOWN_BALANCES)]
    for group in pass_.field_groups().values():
        yield from (one for one in group if not any(_repeats(one, balance) for balance in balances))


def _repeats(one: PassField, balance: Balance) -> bool:
    return one.value == balance.value and (one.key == balance.key or one.label == balance.label)


def _balances(pass_: Pass) -> Json:
    pairs = zip(SHOWN_BALANCES, pass_.balances, strict=False)
    return {name: _points(balance, pass_) for name, balance in pairs}


def _points(balance: Balance, pass_: Pass) -> Json:
    return {**localized("label", balance.label, pass_.locales), "balance": _amount(balance, pass_)}


def _amount(balance: Balance, pass_: Pass) -> Json:
    """A number stays a number; Google knows no translated balance, so words are in the holder's language."""
    if isinstance(balance.value, int) and -_INT32 <= balance.value < _INT32:
        return {"int": balance.value}
    return {"string": in_locale(shown(balance.value, pass_.locales), pass_.locale, pass_.locales[0])}


def _barcode(pass_: Pass) -> Json:
    code = {
        "type": _BARCODES[pass_.barcode.format],
        "value": pass_.barcode.message,
        "renderEncoding": "UTF_8",
    }
    return {**code, "alternateText": pass_.barcode.alt_text} if pass_.barcode.alt_text else code


def _link(link: PassLink, locales: Sequence[str]) -> Json:
    return {"id": module_id(link.key), "uri": link.url, **localized("description", link.label, locales)}


def _progress_words(pass_: Pass) -> LocalText:
    return pass_.progress_words if any(pass_.progress_words.values()) else plain("")


def _balance_of(body: Mapping[str, Any], name: str) -> Json:
    """Without the empty and the vendor's own keys, so that a reply compares with a request."""
    balance = (body.get(name) or {}).get("balance") or {}
    return {key: value for key, value in balance.items() if value is not None and key != "kind"}


def _suffix(text: str) -> str:
    """Kept where Google's letters allow it; else a digest, so that two names never fall together."""
    if re.fullmatch(r"[A-Za-z0-9._-]{1,120}", text, re.ASCII):
        return text
    return "x" + hashlib.sha256(text.encode()).hexdigest()[:40]
