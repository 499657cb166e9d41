"""The form of a campaign: what was typed becomes a rule and a content; faults by the form's names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from app.domain.campaigns import Content
from app.domain.errors import Invalid
from app.domain.programme import Programme
from app.domain.segments import Rule, parse
from app.i18n import gettext as _
from app.services.inputs import faults_of
from app.web.fault_words import faults_in_words

Typed = Mapping[str, str]
CONDITIONS = ("tier", "points", "asleep", "wallet", "locale")
NAMES = ("name", "segment", *CONDITIONS, "purpose", "loud", "gift", "key")


def typed(form: Typed, programme: Programme) -> dict[str, str]:
    """What the form says, by its names."""
    words = [f"{part}/{locale}" for part in ("header", "body") for locale in programme.locales]
    return {name: form.get(name, "").strip()[:2000] for name in (*NAMES, *words)}


def rule_of(said: Typed) -> Rule | None:
    """The conditions that were filled in, all of them together; None where there are none. Raises Invalid."""
    tests: list[dict[str, Any]] = []
    if said["tier"]:
        tests.append({"field": "tier", "any_of": [said["tier"]]})
    if said["points"]:
        points = _whole(said, "points", 10**9)
        tests.append({"field": "balance", "unit": "points", "at_least": points})
    if said["asleep"]:
        days = _whole(said, "asleep", 3660)
        tests.append({"not": {"field": "last_purchase", "at_most_days_ago": days}})
    if said["wallet"] in ("apple", "google", "samsung", "none"):
        tests.append({"field": "wallet", "any_of": [said["wallet"]]})
    if said["locale"]:
        tests.append({"field": "locale", "any_of": [said["locale"]]})
    if tests and said["segment"]:
        raise Invalid({"segment": _("Choose a segment, or conditions: not both.")})
    try:
        return parse({"all": tests}) if tests else None
    except ValidationError:
        raise Invalid({"segment": _("These conditions cannot be kept.")}) from None


def content_of(said: Typed, programme: Programme) -> Content:
    """Message and gift. Raises Invalid with the names of fields."""
    raw: dict[str, Any] = {}
    words = {part: _in_languages(said, part, programme) for part in ("header", "body")}
    if any(words.values()):
        raw["message"] = {**words, "purpose": said["purpose"] or "service", "loud": bool(said["loud"])}
    if said["gift"]:
        raw["gifts"] = {"points": _whole(said, "gift", 10**9, least=1)}
    if not raw:
        raise Invalid({"header": _("Write a message, or give points.")})
    try:
        return Content.model_validate(raw)
    except ValidationError as error:
        raise Invalid(named(faults_of(error, raw))) from None


def named(faults: Mapping[str, str]) -> dict[str, str]:
    """Faults of the model as faults of the form."""
    places = {"message/header": "header", "message/body": "body", "gifts": "gift", "name": "name"}
    told: dict[str, str] = {}
    for pointer, words in faults_in_words(faults).items():
        found = [
            name
            for place, name in places.items()
            if pointer.lstrip("/").removeprefix("content/").startswith(place)
        ]
        told.setdefault(found[0] if found else "", words)
    return told


def _in_languages(said: Typed, part: str, programme: Programme) -> dict[str, str]:
    found = {locale: said[f"{part}/{locale}"].replace("\r\n", "\n") for locale in programme.locales}
    return {locale: text for locale, text in found.items() if text}


def _whole(said: Typed, name: str, most: int, *, least: int = 0) -> int:
    text = re.sub(r"\s", "", said[name])
    if not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
        raise Invalid({name: _("A whole number, please.")})
    return int(text)
