"""What a cashier reads of what was done, and of what an amount would do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.mechanics import paying_rule
from app.domain.mechanics.gift_card import UNIT as GIFT
from app.domain.mechanics.membership import Membership
from app.domain.mechanics.points import CASHBACK, Points
from app.domain.mechanics.standing import ladder_of
from app.domain.mechanics.surprise import Surprise
from app.domain.programme import Programme
from app.i18n import gettext as _
from app.i18n import local, money
from app.web.unit_words import counted, listed

PAYING = ("points", CASHBACK, GIFT)


def done_words(kind: str, reply: Mapping[str, Any], programme: Programme) -> list[str]:
    """What happened, the most important first; never empty."""
    earned, redeemed = reply.get("earned", {}), reply.get("redeemed", {})
    lines = {
        "stamps": lambda: [_given(earned, programme, "stamps"), *_gifts(reply, programme)],
        "purchase": lambda: [*_paid(reply, programme), *_purchase_words(reply, programme)],
        "redemption": lambda: [_("Handed out: %(what)s", what=listed(redeemed, programme))],
        "event": lambda: _event_words(reply, programme),
        "gift": lambda: [_("Loaded: %(what)s", what=counted(GIFT, earned.get(GIFT, 0), programme))],
        "reversal": lambda: [_("Taken back"), *_back(earned, redeemed, programme)],
    }
    found = [line for line in lines.get(kind, list)() if line]
    return found or [_("Done")]


def due_words(reply: Mapping[str, Any], programme: Programme) -> str:
    """What the customer still pays in money, where that is not the amount; else empty."""
    less = reply.get("discount_minor") or any(reply.get("redeemed", {}).get(unit) for unit in PAYING)
    return money(reply["due_minor"], programme.currency) if less and "due_minor" in reply else ""


def risen_words(key: str, programme: Programme) -> str:
    """`New level: Gold`; empty for a level that has no name."""
    name = level_name(key, programme)
    return _("New level: %(name)s", name=name) if name else ""


def level_name(key: str, programme: Programme) -> str:
    """What the rules call a level, or the membership that lends it."""
    ladder = ladder_of(programme.rules)
    level = ladder.level(key) if ladder else None
    if level:
        return local(level.name)
    lent = (rule for rule in programme.rules if isinstance(rule, Membership) and key and rule.tier == key)
    return next((local(rule.name) for rule in lent), "")


def _paid(reply: Mapping[str, Any], programme: Programme) -> list[str]:
    redeemed, off = reply.get("redeemed", {}), reply.get("discount_minor")
    found = [_("Discount: %(what)s", what=money(off, programme.currency))] if off else []
    told = {unit: counted(unit, redeemed.get(unit, 0), programme) for unit in PAYING}
    words = {
        "points": _("Paid with %(what)s", what=told["points"]),
        CASHBACK: _("Paid with cashback: %(what)s", what=told[CASHBACK]),
        GIFT: _("Paid with the gift card: %(what)s", what=told[GIFT]),
    }
    return [*found, *(words[unit] for unit in PAYING if redeemed.get(unit))]


def _purchase_words(reply: Mapping[str, Any], programme: Programme) -> list[str]:
    earned = reply.get("earned", {})
    given = [_given(earned, programme, unit) for unit in earned if not _is_reward(unit)]
    told = [*given, *_gifts(reply, programme)]
    return told if told or _paid(reply, programme) else [_("Purchase noted")]


def _event_words(reply: Mapping[str, Any], programme: Programme) -> list[str]:
    earned = reply.get("earned", {})
    if not earned:
        return [_("Nothing was given: it was often enough, or is not the time for it.")]
    less = [_("Not all of it: the rule allows no more now.")] if reply.get("notes") else []
    given = [_given(earned, programme, unit) for unit in earned if not _is_reward(unit)]
    return [*given, *_gifts(reply, programme), *less]


def _given(earned: Mapping[str, int], programme: Programme, unit: str) -> str:
    return "+\u2009" + counted(unit, earned[unit], programme) if earned.get(unit) else ""


def _gifts(reply: Mapping[str, Any], programme: Programme) -> list[str]:
    """Surprises that were won, and rewards that are ready."""
    claimed = reply.get("claims", {})
    won = [rule for rule in programme.rules if isinstance(rule, Surprise) and rule.rule in claimed]
    told = [_("Surprise: %(name)s", name=local(rule.name)) if rule.name else _("A surprise!") for rule in won]
    rewards = {unit: count for unit, count in reply.get("earned", {}).items() if _is_reward(unit)}
    return [*told, *([_("Reward ready: %(what)s", what=listed(rewards, programme))] if rewards else [])]


def _back(earned: Mapping[str, int], redeemed: Mapping[str, int], programme: Programme) -> list[str]:
    """What left the card again, and what is on it again."""
    lost = [f"\u2212\u2009{counted(unit, count, programme)}" for unit, count in redeemed.items()]
    return [*lost, *(_given(earned, programme, unit) for unit in earned)]


def _is_reward(unit: str) -> bool:
    return unit.startswith("reward.")


def earns_words(said: Mapping[str, Any], programme: Programme) -> str:
    """`Earns 123 points`; empty where nothing is earned and a discount is all there is to say."""
    shown = {unit: count for unit, count in said["earned"].items() if not unit.startswith("spend")}
    if shown:
        return _("Earns %(what)s", what=listed(shown, programme))
    earns = any(rule.kind in ("points", "cashback", "stamps", "chips") for rule in programme.rules)
    return _("Earns nothing at this amount") if earns else ""


def payable_words(points: int, programme: Programme) -> str:
    """`500 points = €5.00`, or the cashback itself."""
    rule: Points | None = paying_rule(programme.rules)
    if rule is None or rule.unit == CASHBACK:
        return counted(CASHBACK, points, programme)
    return f"{counted('points', points, programme)} = {money(rule.worth_minor(points), programme.currency)}"
