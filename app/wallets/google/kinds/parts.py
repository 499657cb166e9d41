"""Small pieces of Google's bodies, made from ours; each is empty where there is nothing to say.

What a card's own values made of a text or address may be anything: a piece that Google would refuse is left
out here, because for one wrong field it refuses the whole card.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from app.domain.fields import Place
from app.domain.google_parts import App, Figure, Link, LinkPart, Offer, TextPart
from app.domain.money import EXPONENTS
from app.domain.passes import PassField, PassLink
from app.domain.text import LocalText

from ..localized import localized, shown, translations

Json = dict[str, Any]
MOST_TEXT_MODULES = 10
MOST_PLACES = 10
MOST_OFFERS = 15
INT32 = 2**31
INT64 = 2**63
_LEFT_ALONE = "!#$%&'()*+,/:;=?@[]~"
_SMALLEST_TIME = datetime(1971, 1, 1, tzinfo=UTC)


def suffix(text: str) -> str:
    """The part of an id that is ours: kept where Google's letters allow it, else a digest, so that two names
    never fall together.
    """
    if re.fullmatch(r"[A-Za-z0-9._-]{1,120}", text, re.ASCII):
        return text
    return "x" + hashlib.sha256(text.encode()).hexdigest()[:40]


def said(body: Json) -> Json:
    """The body without what says nothing; zero and False say something."""
    return {key: value for key, value in body.items() if value not in (None, "", [], {}, ())}


def words(text: LocalText, locales: Sequence[str]) -> Json | None:
    """A LocalizedString, or None for an empty text."""
    return translations(text, locales) if any(each.strip() for each in text.values()) else None


def address(url: str) -> str:
    """An address as Google takes it; empty where there is none left."""
    tidy = quote(url.strip(), safe=_LEFT_ALONE)
    try:
        parts = urlsplit(tidy)
    except ValueError:
        return ""
    if parts.scheme in ("http", "https"):
        return tidy if parts.hostname else ""
    return tidy if parts.scheme in ("tel", "mailto", "geo") and parts.path else ""


def web_address(url: str) -> str:
    """The same for what must be a page or a picture."""
    found = address(url)
    return found if found.startswith(("http://", "https://")) else ""


def image(url: str, description: LocalText, locales: Sequence[str]) -> Json:
    """A picture by its address, with words for those who cannot see it."""
    about = words(description, locales)
    return {"sourceUri": {"uri": url}, **({"contentDescription": about} if about else {})}


def places(found: Iterable[Place]) -> list[Json]:
    """Shops near which the phone offers the card; Google refuses an eleventh."""
    return [{"latitude": one.latitude, "longitude": one.longitude} for one in found][:MOST_PLACES]


def module_id(key: str) -> str:
    """A field's key as a module id, which may have no dots."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", key)


def text_modules(fields: Iterable[PassField | TextPart], locales: Sequence[str]) -> list[Json]:
    """Fields as text modules, those that say something, each key once; Google shows ten."""
    made = {each["id"]: each for one in fields if "body" in (each := _text_module(one, locales))}
    return list(made.values())[:MOST_TEXT_MODULES]


def _text_module(one: PassField | TextPart, locales: Sequence[str]) -> Json:
    header, value = (one.label, one.value) if isinstance(one, PassField) else (one.header, one.body)
    return {
        "id": module_id(one.key),
        **localized("header", header, locales),
        **localized("body", shown(value, locales), locales),
    }


def links(found: Iterable[PassLink | LinkPart], locales: Sequence[str]) -> Json | None:
    """`linksModuleData`, or None without a link."""
    uris = [_uri(each, locales) for each in found if address(each.url)]
    return {"uris": uris} if uris else None


def _uri(one: PassLink | LinkPart, locales: Sequence[str]) -> Json:
    label = one.label if isinstance(one, PassLink) else one.words
    return {"id": module_id(one.key), "uri": address(one.url), **localized("description", label, locales)}


def uri(link: Link | None, locales: Sequence[str]) -> Json | None:
    """A single link such as a home page."""
    found = address(link.url) if link else ""
    return {"uri": found, **localized("description", link.words, locales)} if link and found else None


def app_link(app: App, locales: Sequence[str]) -> Json | None:
    """The button that opens the shop's app; None where none of the three is left."""
    android, ios, web = address(app.android_url), web_address(app.ios_url), web_address(app.web_url)
    android_target = said(
        {"packageName": app.android_package, "targetUri": {"uri": android} if android else None}
    )
    targets = {
        "androidAppLinkInfo": android_target,
        "iosAppLinkInfo": {"targetUri": {"uri": ios}} if ios else {},
        "webAppLinkInfo": {"targetUri": {"uri": web}} if web else {},
    }
    found = {name: {"appTarget": target} for name, target in targets.items() if target}
    return said({**found, "displayText": words(app.words, locales)}) if found else None


def offers(found: Iterable[Offer], pictures: Iterable[Json | None], locales: Sequence[str]) -> list[Json]:
    """Value-added modules with their pictures; Google takes fifteen."""
    made = [
        said(
            {
                "header": words(one.header, locales),
                "body": words(one.body, locales),
                "image": picture,
                "uri": web_address(one.url),
                "sortIndex": one.sort,
                "viewConstraints": _constraints(one),
            }
        )
        for one, picture in zip(found, pictures, strict=True)
    ]
    return [each for each in made if "header" in each and "uri" in each][:MOST_OFFERS]


def _constraints(one: Offer) -> Json | None:
    found = interval(one.starts_at, one.ends_at)
    return {"displayInterval": found} if found else None


def interval(start: datetime | None, end: datetime | None) -> Json | None:
    """A TimeInterval; both ends carry an offset."""
    moments = {"start": start, "end": end}
    return said({name: {"date": moment(at)} if at else None for name, at in moments.items()}) or None


def moment(at: datetime) -> str:
    """ISO 8601 with an offset."""
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat(timespec="seconds")


def read_moment(text: str) -> datetime | None:
    """A time that somebody wrote into a named value, or None."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return aware if aware > _SMALLEST_TIME else None


def read_number(text: str) -> int | None:
    """A whole number as a filled-in placeholder writes it (`1,234` or with no-break spaces), or None."""
    bare = re.sub(r"[\s\u00a0\u202f,']", "", text)
    found = int(bare) if re.fullmatch(r"-?[0-9]{1,18}", bare) else None
    return found if found is not None and abs(found) < INT64 else None


def money(amount_minor: int, currency: str) -> Json:
    """Google counts in millionths: 12.34 EUR are "12340000", a string as all its 64-bit numbers."""
    return {"micros": str(amount_minor * 10 ** (6 - EXPONENTS.get(currency, 2))), "currencyCode": currency}


def figure(one: Figure, locale: str) -> Json | None:
    """A LoyaltyPointsBalance: money, a whole number or words; None where nothing is left to say."""
    number = read_number(one.value)
    if one.currency:
        fits = number is not None and abs(number) < INT64 // 10**6
        return {"money": money(number, one.currency)} if number is not None and fits else None
    if number is not None and -INT32 <= number < INT32:
        return {"int": number}
    return {"string": one.value.strip()} if one.value.strip() else None


def in_words(text: LocalText, other: LocalText) -> LocalText:
    """The text, or the other one where it is empty."""
    return text if any(each.strip() for each in text.values()) else other


def email_hash(email: str) -> str:
    """An account as save restrictions name it: no capitals, and neither dots nor plus before the `@`."""
    name, at, host = email.strip().lower().partition("@")
    return hashlib.sha256((re.sub(r"[.+]", "", name) + at + host).encode()).hexdigest() if at else ""
