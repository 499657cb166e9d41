"""What Google refuses although its schema does not say so: limits, either-or fields, spellings of ids.

Every rule belongs to one schema by name and is tried wherever that schema occurs in a body, on values the
schema walk may already have found wrong: so a rule looks only at what has the right type.
Limits that merely truncate on the phone (20 letters of a programme's name) are the design lint's, not ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]
Broken = Iterator[tuple[str, str]]
"""Pairs of a JSON pointer below the tested value, and the problem there."""

RESOURCE_ID = re.compile(r"[0-9]{1,20}\.[A-Za-z0-9._-]{1,200}", re.ASCII)
COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})", re.ASCII)
MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)
LIMITS = {
    "merchantLocations": 10,
    "messages": 10,
    "cardRowTemplateInfos": 3,
    "linkedObjectIds": 50,
    "valueAddedModuleData": 15,
}
_FROM_ISSUERS = ("UNDER_REVIEW", "underReview", "DRAFT", "draft")


def broken_rules(name: str, value: Json, *, partial: bool) -> Broken:
    """Where `value`, of schema `name`, breaks a rule; with `partial` what is absent may stand already."""
    yield from _too_many(value)
    if rule := _RULES.get(name):
        yield from rule(value, partial)
    elif name.endswith(("Class", "Object")):
        yield from _resource(value, partial)


def _too_many(value: Json) -> Broken:
    for key, limit in LIMITS.items():
        if isinstance(value.get(key), list | tuple) and len(value[key]) > limit:
            yield f"/{key}", f"at most {limit}"


def _resource(value: Json, partial: bool) -> Broken:
    for key in ("id", "classId"):
        if isinstance(value.get(key), str) and not RESOURCE_ID.fullmatch(value[key]):
            yield f"/{key}", "must be <issuer>.<suffix> of letters, digits, '.', '_' and '-'"
    colour = value.get("hexBackgroundColor")
    if isinstance(colour, str) and not COLOUR.fullmatch(colour):
        yield "/hexBackgroundColor", "must be #rrggbb"
    if isinstance(value.get("reviewStatus"), str) and value["reviewStatus"] not in _FROM_ISSUERS:
        yield "/reviewStatus", "an issuer may only send UNDER_REVIEW or DRAFT"

    yield from _linked(value)


def _linked(value: Json) -> Broken:
    """Google links what has the same issuer and exists, and nothing to itself."""
    for key in ("linkedObjectIds", "linkedOfferIds"):
        ids = value.get(key)
        for index, one in enumerate(ids if isinstance(ids, list | tuple) else ()):
            if not isinstance(one, str) or not RESOURCE_ID.fullmatch(one):
                yield f"/{key}/{index}", "must be <issuer>.<suffix>"
            elif one == value.get("id"):
                yield f"/{key}/{index}", "must not be the card itself"


def _image(value: Json, partial: bool) -> Broken:
    source = value.get("sourceUri")
    uri = source.get("uri") if isinstance(source, dict) else None
    given = [item for item in (uri, value.get("privateImageId")) if item]
    if len(given) > 1 or (not given and not partial):
        yield "", "needs exactly one of sourceUri.uri and privateImageId"
    if isinstance(uri, str) and uri and not _is_web_address(uri):
        yield "/sourceUri/uri", "must be an http or https address"


def _callback_options(value: Json, partial: bool) -> Broken:
    if isinstance(value.get("url"), str) and not _is_web_address(value["url"]):
        yield "/url", "must be an http or https address"


def _row(value: Json, partial: bool) -> Broken:
    given = [key for key in ("oneItem", "twoItems", "threeItems") if value.get(key) is not None]
    if len(given) > 1 or (not given and not partial):
        yield "", "needs exactly one of oneItem, twoItems and threeItems"


def _balance(value: Json, partial: bool) -> Broken:
    given = [key for key in ("string", "int", "double", "money") if value.get(key) is not None]
    if len(given) > 1 or (not given and not partial):
        yield "", "needs exactly one of string, int, double and money"


def _rotating(value: Json, partial: bool) -> Broken:
    if not partial and value.get("totpDetails") and "{totp_value_0}" not in str(value.get("valuePattern")):
        yield "/valuePattern", "must hold {totp_value_0}"


def _totp(value: Json, partial: bool) -> Broken:
    period = value.get("periodMillis")
    if isinstance(period, str) and period.lstrip("-").isdigit() and int(period) <= 0:
        yield "/periodMillis", "must be positive"
    if not partial and not value.get("parameters"):
        yield "/parameters", "required"


def _totp_parameters(value: Json, partial: bool) -> Broken:
    key = value.get("key")
    if isinstance(key, str) and not re.fullmatch("(?:[0-9a-fA-F]{2})+", key):
        yield "/key", "must be base 16"
    length = value.get("valueLength")
    if isinstance(length, int) and not 1 <= length <= 10:
        yield "/valueLength", "must be 1 to 10"


def _restrictions(value: Json, partial: bool) -> Broken:
    digest = value.get("restrictToEmailSha256")
    if isinstance(digest, str) and not re.fullmatch("[0-9a-f]{64}", digest):
        yield "/restrictToEmailSha256", "must be a SHA-256 in small base 16"


def _money(value: Json, partial: bool) -> Broken:
    code = value.get("currencyCode")
    if isinstance(code, str) and not re.fullmatch("[A-Z]{3}", code):
        yield "/currencyCode", "must be an ISO 4217 code"


def _text_module(value: Json, partial: bool) -> Broken:
    if isinstance(value.get("id"), str) and not re.fullmatch("[A-Za-z0-9_-]+", value["id"]):
        yield "/id", "may hold letters, digits, '_' and '-', and no dots"


def _place(value: Json, partial: bool) -> Broken:
    for key, limit in (("latitude", 90), ("longitude", 180)):
        number = value.get(key)
        if isinstance(number, int | float) and not -limit <= number <= limit:
            yield f"/{key}", f"must lie within {limit} degrees"


def _moment(value: Json, partial: bool) -> Broken:
    date = value.get("date")
    if isinstance(date, str) and _offset(date) is None:
        yield "/date", "must be an ISO 8601 date and time"


def _interval(value: Json, partial: bool) -> Broken:
    ends = [value[key].get("date") for key in ("start", "end") if isinstance(value.get(key), dict)]
    offsets = {bool(_offset(date)) for date in ends if isinstance(date, str) and _offset(date) is not None}
    if len(offsets) > 1:
        yield "", "start and end must both have an offset, or neither"


def _translated(value: Json, partial: bool) -> Broken:
    language = value.get("language")
    if not isinstance(language, str) or not re.fullmatch("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", language):
        yield "/language", "must be a BCP 47 tag"
    if not isinstance(value.get("value"), str):
        yield "/value", "required"


def _localized(value: Json, partial: bool) -> Broken:
    if not partial and not isinstance(value.get("defaultValue"), dict):
        yield "/defaultValue", "required"
    others = value.get("translatedValues")
    spoken = (
        [item.get("language") for item in others if isinstance(item, dict)]
        if isinstance(others, list)
        else []
    )
    if len(spoken) != len({str(item).lower() for item in spoken}):
        yield "/translatedValues", "each language once"


def _offset(date: str) -> str | None:
    """`""` without an offset, the offset where there is one, None when this is no moment at all."""
    found = MOMENT.fullmatch(date)
    if found is None:
        return None
    try:
        datetime.fromisoformat(date[:16])
    except ValueError:
        return None
    return found[1] or ""


def _is_web_address(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", uri)
    except ValueError:
        return False


_RULES: dict[str, Callable[[Json, bool], Broken]] = {
    "Image": _image,
    "CallbackOptions": _callback_options,
    "CardRowTemplateInfo": _row,
    "LoyaltyPointsBalance": _balance,
    "Money": _money,
    "RotatingBarcode": _rotating,
    "RotatingBarcodeTotpDetails": _totp,
    "RotatingBarcodeTotpDetailsTotpParameters": _totp_parameters,
    "SaveRestrictions": _restrictions,
    "TextModuleData": _text_module,
    "MerchantLocation": _place,
    "LatLongPoint": _place,
    "DateTime": _moment,
    "TimeInterval": _interval,
    "TranslatedString": _translated,
    "LocalizedString": _localized,
}
