"""A loyalty card: points, status, number and name have places of their own.

Vendor page: developers.google.com/wallet/reference/rest/v1/loyaltyobject (last checked 2026-08).
"""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.design import Design
from app.domain.google_parts import Discoverable, Figure
from app.domain.passes import Balance, Pass, PassField
from app.domain.text import LocalText, in_locale

from ..localized import localized, shown
from . import parts
from .base import Issuing, fields_of, look_of, name_of, picture, slot_image
from .parts import INT32, Json, said
from .template import Paths, template

PATHS = {
    "balance": "object.loyaltyPoints.balance",
    "second_balance": "object.secondaryLoyaltyPoints.balance",
    "tier": "class.rewardsTier",
    "second_tier": "class.secondaryRewardsTier",
    "number": "object.accountId",
    "holder": "object.accountName",
    "programme": "class.programName",
    "shop": "class.issuerName",
    "ends": "object.validTimeInterval.end",
}
BALANCES = ("loyaltyPoints", "secondaryLoyaltyPoints")
NUMBER_LABEL: LocalText = {"en": "Card number", "ru": "Номер карты"}
_SHOWN_ALREADY = {"{points}", "{stamps_of_goal}"}


def class_body(face: Pass, design: Design, issuing: Issuing) -> Json:
    """What a loyalty class has besides the parts of all kinds."""
    look, locales = look_of(face), face.locales
    return {
        **localized("programName", name_of(face), locales),
        "programLogo": picture(look.logo, face, issuing) or slot_image(face, "icon", issuing),
        "wideProgramLogo": picture(look.wide_logo, face, issuing) or slot_image(face, "logo", issuing),
        **localized("accountIdLabel", parts.in_words(look.number_label, NUMBER_LABEL), locales),
        **localized("accountNameLabel", parts.in_words(look.holder_label, face.holder_label), locales),
        **_tiers(face),
        "discoverableProgram": _discoverable(look.discoverable),
        "classTemplateInfo": template(look, Paths(PATHS, design), _rows(face, design)),
    }


def _tiers(face: Pass) -> Json:
    second = look_of(face).second_tier
    found: Json = {}
    if face.tier is not None:
        found |= localized("rewardsTier", face.tier.name, face.locales)
        found |= localized("rewardsTierLabel", face.tier.label, face.locales)
    if second is not None:
        found |= localized("secondaryRewardsTier", second.name, face.locales)
        found |= localized("secondaryRewardsTierLabel", second.label, face.locales)
    return found


def _rows(face: Pass, design: Design) -> list[list[str]]:
    """Balances and status first, the design's other front fields below."""
    second = face.balances[1:] or look_of(face).second_balance
    first = [PATHS["balance"], *([PATHS["second_balance"]] if second else [])]
    below = [f"object.textModulesData['{parts.module_id(key)}']" for key in front_keys(design)]
    return [[*first, *([PATHS["tier"]] if face.tier else [])], below[:3], below[3:6]]


def front_keys(design: Design, shown_already: set[str] | None = None) -> list[str]:
    """Keys of the design's front fields, but those that only repeat what has a place of its own."""
    fields = design.fields
    front = (*fields.header, *fields.primary, *fields.secondary, *fields.auxiliary)
    skipped = _SHOWN_ALREADY if shown_already is None else shown_already
    return [one.key for one in front if in_locale(one.value, "en").strip() not in skipped]


def _discoverable(one: Discoverable | None) -> Json | None:
    if one is None:
        return None
    up, into = parts.web_address(one.sign_up_url), parts.web_address(one.sign_in_url)
    shares = [each.upper() for each in dict.fromkeys(one.shares)]
    sign_up = said({"signupWebsite": {"uri": up}, "signupSharedDatas": shares}) if up else None
    return said(
        {
            "state": one.state.upper(),
            "merchantSignupInfo": sign_up,
            "merchantSigninInfo": {"signinWebsite": {"uri": into}} if into else None,
        }
    )


def object_body(face: Pass, issuing: Issuing) -> Json:
    """What a loyalty object has besides the parts of all kinds."""
    look = look_of(face)
    return {
        "accountId": look.number.strip() or face.number,
        "accountName": look.holder.strip() or face.holder,
        **dict(zip(BALANCES, _balances(face), strict=False)),
    }


def object_fields(face: Pass) -> Iterator[PassField]:
    """All fields but those that only repeat a balance, which has a place of its own."""
    balances = face.balances[: len(BALANCES)]
    yield from (one for one in fields_of(face) if not any(_repeats(one, each) for each in balances))


def _repeats(one: PassField, balance: Balance) -> bool:
    return one.value == balance.value and (one.key == balance.key or one.label == balance.label)


def _balances(face: Pass) -> Iterator[Json]:
    """The first and the second place: what the look says, else what the rules count."""
    look, counted = look_of(face), iter(face.balances)
    for own in (look.balance, look.second_balance):
        balance = next(counted, None)
        if own is not None:
            yield _figure(own, balance, face)
        elif balance is not None:
            label = localized("label", balance.label, face.locales)
            yield {**label, "balance": _amount(balance, face)}


def _figure(own: Figure, balance: Balance | None, face: Pass) -> Json:
    label = parts.in_words(own.label, balance.label if balance else {})
    amount = parts.figure(own, face.locale) or {"string": "0"}
    return {**localized("label", label, face.locales), "balance": amount}


def _amount(balance: Balance, face: Pass) -> Json:
    """A number stays a number; Google knows no translated balance, so words are in the holder's language."""
    if isinstance(balance.value, int) and -INT32 <= balance.value < INT32:
        return {"int": balance.value}
    return {"string": in_locale(shown(balance.value, face.locales), face.locale, face.locales[0])}
