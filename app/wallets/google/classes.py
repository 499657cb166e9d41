"""A design as Google's classes: one for cards without a status, and one for each tier.

A class holds only what is the same for every card, so it is made from the face of a card that has nothing
yet; the rows on its front are chosen from the design's own fields, because a row names fields that a
particular card may not have.

Vendor page: developers.google.com/wallet/retail/loyalty-cards/template (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.domain.design import Design, Slot
from app.domain.faces import Holder, build_pass
from app.domain.ledger import Holdings
from app.domain.mechanics.base import State
from app.domain.passes import Pass
from app.domain.programme import Programme
from app.domain.text import LocalText, in_locale

from .localized import localized
from .objects import Issuing, image, module_id, pass_class_id, places

Json = dict[str, Any]

CLASS_FIELDS = (
    *("issuerName", "localizedIssuerName", "programName", "localizedProgramName"),
    *("programLogo", "wideProgramLogo", "heroImage", "hexBackgroundColor"),
    *("rewardsTier", "localizedRewardsTier", "rewardsTierLabel", "localizedRewardsTierLabel"),
    *("accountIdLabel", "localizedAccountIdLabel", "accountNameLabel", "localizedAccountNameLabel"),
    *("merchantLocations", "callbackOptions", "countryCode", "classTemplateInfo"),
)
"""The fields of a class that are ours: what the body leaves out is cleared."""

ACCOUNT_ID_LABEL: LocalText = {"en": "Card number", "ru": "Номер карты"}
PICTURES: dict[str, Slot] = {"programLogo": "icon", "wideProgramLogo": "logo", "heroImage": "banner"}
ROW_PLACES = {1: ("oneItem", "item"), 2: ("twoItems", "startItem", "endItem")}
THREE = ("threeItems", "startItem", "middleItem", "endItem")
_BALANCE_PLACEHOLDERS = {"{points}", "{stamps_of_goal}"}


def loyalty_classes(programme: Programme, design: Design, issuing: Issuing, now: datetime) -> Iterator[Json]:
    """Every class that cards of this design can belong to."""
    for tier in ("", *(look.key for look in design.tiers)):
        yield loyalty_class(programme, design, tier, issuing, now)


def loyalty_class(programme: Programme, design: Design, tier: str, issuing: Issuing, now: datetime) -> Json:
    """The class of this tier (`""`: cards without one), in every language of the programme."""
    face = _empty_face(programme, design, tier, now)
    locales = face.locales
    name = face.programme_name if any(face.programme_name.values()) else face.organisation
    body = {
        "id": pass_class_id(face, issuing.issuer_id),
        **localized("issuerName", face.organisation if any(face.organisation.values()) else name, locales),
        **localized("programName", name, locales),
        "reviewStatus": "UNDER_REVIEW",
        "hexBackgroundColor": face.palette.background,
        **localized("accountIdLabel", ACCOUNT_ID_LABEL, locales),
        **localized("accountNameLabel", face.holder_label, locales),
        **_pictures(face, issuing),
        **_tier(face),
        "merchantLocations": places(face.places),
        "classTemplateInfo": _template(design, face),
    }
    if issuing.callback_url:
        body["callbackOptions"] = {"url": issuing.callback_url}
    if issuing.country_code:
        body["countryCode"] = issuing.country_code
    return body


def _empty_face(programme: Programme, design: Design, tier: str, now: datetime) -> Pass:
    return build_pass(programme, design, Holder("sample", "0", tier=tier), State(Holdings(), now, tier))


def _pictures(face: Pass, issuing: Issuing) -> Json:
    """The square mark is Google's round logo; the banner without anybody's progress is everybody's."""
    return {
        name: image(issuing.url_for(replace(art, progress=None)), face.programme_name, face.locales)
        for name, slot in PICTURES.items()
        if (art := face.pictures.get(slot)) is not None
    }


def _tier(face: Pass) -> Json:
    if face.tier is None:
        return {}
    return {
        **localized("rewardsTier", face.tier.name, face.locales),
        **localized("rewardsTierLabel", face.tier.label, face.locales),
    }


def _template(design: Design, face: Pass) -> Json:
    """Balances and status in the first row, the design's other front fields below: three rows at most."""
    first = ["object.loyaltyPoints", "object.secondaryLoyaltyPoints"][: max(1, len(face.balances))]
    paths = [f"{path}.balance" for path in first] + (["class.rewardsTier"] if face.tier else [])
    below = [f"object.textModulesData['{module_id(key)}']" for key in _front_keys(design)]
    rows = [paths, below[:3], below[3:6]]
    return {"cardTemplateOverride": {"cardRowTemplateInfos": [_row(row) for row in rows if row]}}


def _front_keys(design: Design) -> list[str]:
    fields = design.fields
    front = (*fields.header, *fields.primary, *fields.secondary, *fields.auxiliary)
    return [one.key for one in front if in_locale(one.value, "en").strip() not in _BALANCE_PLACEHOLDERS]


def _row(paths: list[str]) -> Json:
    row, *sides = ROW_PLACES.get(len(paths), THREE)
    return {row: {side: _item(path) for side, path in zip(sides, paths, strict=False)}}


def _item(path: str) -> Json:
    return {"firstValue": {"fields": [{"fieldPath": path}]}}
