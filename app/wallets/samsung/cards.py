"""The card's face in Samsung's words: `Pass` -> a loyalty card of Samsung Wallet. Pure.

Samsung knows no field for a balance, so the first one stands under the title, and all fields stand in the
list and in the notice. Whatever is too long is cut, or left out as a whole where half of it would be wrong.

Vendor pages: developer.samsung.com/wallet/addtosamsungwallet/walletcards/loyalty.html,
…/barcodeqrcodepresentation.html, …/references/helpfulresources.html (last checked 2026-08).
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from app.domain.passes import Artwork, Pass
from app.domain.text import LocalText
from app.wallets.samsung.words import cut, number, said, shown

Json = dict[str, Any]

CARD_TYPE, CARD_SUBTYPE = "loyalty", "others"
SHORT, NOTICE, LIST, PLACES, CONTACT = 32, 5000, 1024, 1024, 512
"""Samsung's lengths, in characters."""
_CODES: Mapping[str, tuple[str, str]] = {
    "qr": ("QRCODE", "QR_CODE"),
    "aztec": ("QRCODE", "AZTEC"),
    "data_matrix": ("QRCODE", "DATA_MATRIX"),
    "pdf417": ("BARCODE", "PDF_417"),
    "code128": ("BARCODE", "CODE_128"),
    "code39": ("BARCODE", "CODE_39"),
    "codabar": ("BARCODE", "CODABAR"),
    "ean13": ("BARCODE", "EAN_13"),
    "ean8": ("BARCODE", "EAN_8"),
    "itf": ("BARCODE", "ITF"),
    "upca": ("BARCODE", "UPC_A"),
}
_STATUS_WORDS: Mapping[str, LocalText] = {
    "blocked": {"en": "This card is blocked", "ru": "Карта заблокирована"},
    "expired": {"en": "This card has expired", "ru": "Срок карты истёк"},
    "void": {"en": "This card is over", "ru": "Карта недействительна"},
}


@dataclass(frozen=True, slots=True)
class Issuing:
    """`url_for` gives the public address of a picture, `base_url` is ours, without a slash at the end."""

    url_for: Callable[[Artwork], str]
    base_url: str


def samsung_card(pass_: Pass, ref_id: str, issuing: Issuing, created_at: datetime) -> Json:
    """`{card: …}`: the first language is the default, the others carry the texts that differ."""
    first, *others = pass_.locales
    common, texts = _common(pass_, issuing), _texts(pass_, first, issuing)
    data = {
        "refId": ref_id,
        "createdAt": _ms(created_at),
        "updatedAt": _ms(pass_.changed_at or created_at),
        "language": first.split("-")[0],
        "attributes": {**common, **texts},
        "localization": list(_translations(pass_, texts, others, issuing)),
    }
    if not data["localization"]:
        del data["localization"]
    return {"card": {"type": CARD_TYPE, "subType": CARD_SUBTYPE, "data": [data]}}


def _translations(pass_: Pass, texts: Json, others: Iterable[str], issuing: Issuing) -> Iterator[Json]:
    spoken = {pass_.locales[0].split("-")[0]}
    for locale in others:
        language = locale.split("-")[0]
        mine = _texts(pass_, locale, issuing)
        different = {name: text for name, text in mine.items() if texts.get(name) != text}
        if different and language not in spoken:
            yield {"language": language, "attributes": different}
        spoken.add(language)


def _common(pass_: Pass, issuing: Issuing) -> Json:
    """What is the same in every language."""
    logo = issuing.url_for(pass_.pictures["icon" if "icon" in pass_.pictures else "logo"])
    found: Json = {
        "groupingId": cut(pass_.programme, 36),
        "logoImage": logo,
        "appLinkLogo": logo,
        "appLinkData": f"{issuing.base_url}/c/{pass_.link}",
        "bgColor": pass_.palette.background,
        "fontColor": "light" if _is_light(pass_.palette.foreground) else "dark",
        "locations": _places(pass_),
        "csInfo": _contact(pass_, issuing.base_url),
        **_barcode(pass_),
    }
    if banner := pass_.pictures.get("banner"):
        found["bgImage"] = issuing.url_for(banner)
    if pass_.expires_at:
        found["endDate"] = _ms(pass_.expires_at)
    return {name: value for name, value in found.items() if value != ""}


def _texts(pass_: Pass, locale: str, issuing: Issuing) -> Json:
    """What is said in this language."""

    def words(text: LocalText) -> str:
        return cut(said(text, locale, pass_.locales), SHORT)

    shop = words(pass_.organisation) or words(pass_.programme_name) or pass_.programme[:SHORT]
    rows = list(_rows(pass_, locale))
    found = {
        "title": words(pass_.programme_name) or shop,
        "providerName": shop,
        "appLinkName": shop,
        "subtitle1": cut(_subtitle(pass_, locale), SHORT),
        "extendedFields": _list(rows),
        "noticeDesc": _notice(rows),
    }
    return {name: text for name, text in found.items() if text}


def _subtitle(pass_: Pass, locale: str) -> str:
    """The state of a card that cannot be used; else its first figure."""
    if pass_.status in _STATUS_WORDS:
        return said(_STATUS_WORDS[pass_.status], locale, ("en",))
    if not pass_.balances:
        return said(pass_.tier.name, locale, pass_.locales) if pass_.tier else ""
    first = pass_.balances[0]
    value = (
        number(first.value, locale)
        if isinstance(first.value, int)
        else said(first.value, locale, pass_.locales)
    )
    label = said(first.label, locale, pass_.locales)
    return f"{label}: {value}" if label else value


def _rows(pass_: Pass, locale: str) -> Iterator[tuple[str, str]]:
    """Label and value of all that the card says, the front first."""
    if pass_.tier:
        label, name = pass_.tier.label, pass_.tier.name
        yield said(label, locale, pass_.locales), said(name, locale, pass_.locales)
    if pass_.holder:
        yield said(pass_.holder_label, locale, pass_.locales), pass_.holder
    for group in pass_.field_groups().values():
        for one in group:
            if value := shown(one, locale, pass_.locales):
                yield said(one.label, locale, pass_.locales), value


def _list(rows: Iterable[tuple[str, str]]) -> str:
    """Rows as JSON text, as many as fit."""
    kept: list[Json] = []
    for label, value in rows:
        row = {"label": cut(label, 64) or "·", "value": cut(value, 200), "order": len(kept) + 1}
        if len(_json([*kept, row])) > LIST:
            break
        kept.append(row)
    return _json(kept) if kept else ""


def _notice(rows: Iterable[tuple[str, str]]) -> str:
    """Rows as HTML, as many as fit: half a tag would be worse than a missing row."""
    kept = ""
    for label, value in rows:
        title = f"<b>{html.escape(label)}</b><br>" if label else ""
        row = f"{title}{html.escape(value)}<br>"
        if len(kept) + len(row) > NOTICE:
            break
        kept += row
    return kept


def _barcode(pass_: Pass) -> Json:
    """With the number in letters below, where it is what the code says."""
    code = pass_.barcode
    kind, form = _CODES.get(code.format, _CODES["qr"])
    spelt = code.alt_text and code.alt_text.replace(" ", "") == code.message.replace(" ", "")
    return {
        "barcode.value": code.message,
        "barcode.serialType": kind,
        "barcode.ptFormat": f"{kind}SERIAL" if spelt else kind,
        "barcode.ptSubFormat": form,
    }


def _places(pass_: Pass) -> str:
    kept: list[Json] = []
    for place in pass_.places:
        one: Json = {"lat": place.latitude, "lng": place.longitude}
        if words := said(place.text, pass_.locales[0], pass_.locales):
            one["name"] = cut(words, 64)
        if len(_json([*kept, one])) > PLACES:
            break
        kept.append(one)
    return _json(kept) if kept else ""


def _contact(pass_: Pass, base_url: str) -> str:
    """Samsung has one place each for a number, an address and a page: the first link of each kind."""
    kinds = (("tel:", "call"), ("mailto:", "email"), ("http", "website"))
    found: dict[str, str] = {}
    for link in pass_.resolved_links(base_url):
        for start, name in kinds:
            if link.url.startswith(start) and name not in found:
                found[name] = link.url.removeprefix(start) if start != "http" else link.url
    text = _json(found) if found else ""
    return text if len(text) <= CONTACT else ""


def _is_light(colour: str) -> bool:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return (299 * red + 587 * green + 114 * blue) / 1000 > 128


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
