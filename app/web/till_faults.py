"""Why something was refused at the till: in a cashier's words, and at which field."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.domain.errors import (
    AlreadyReversed,
    CardNotActive,
    Conflict,
    InsufficientBalance,
    Invalid,
    KeyReused,
    Refused,
)
from app.domain.mechanics import coupon, paying, paying_rule
from app.domain.mechanics.company import ONLY_THE_FIRST
from app.domain.mechanics.gift_card import UNIT as GIFT
from app.domain.mechanics.partner import NO_BURNING
from app.domain.programme import Programme
from app.i18n import gettext as _
from app.services.rotating import OldCode, UsedCode
from app.web.unit_words import counted

FIELDS = ("amount", "redeem_points", "codes", "gift", "load")
OURS = ("/amount", "/gift", "/redeem_points", "/load")
"""Where the pages themselves say what was mistyped."""


def in_words(error: Refused, programme: Programme | None = None) -> str:
    """One or two sentences; never the words of the machine."""
    if isinstance(error, Invalid) and (words := refused_words(error, programme)):
        return words
    known = {
        CardNotActive: _("This card may not be used. Nothing was changed."),
        InsufficientBalance: _("The card has less than that. Nothing was changed."),
        KeyReused: _("This was sent before with other figures. See what the card shows before you go on."),
        AlreadyReversed: _("This was taken back before."),
        OldCode: _("This code is old: ask the customer to open the card again."),
        UsedCode: _("This code was used before. The card shows a new one in a moment: scan that."),
        Conflict: _("This was entered before, for another card or amount."),
        Invalid: _("These figures do not fit: points may pay the purchase at most. Nothing was changed."),
    }
    return next(
        (words for kind, words in known.items() if type(error) is kind), _("This cannot be done now.")
    )


def field_of(error: Refused) -> str:
    """The field that the fault stands at; empty where it is none's."""
    if isinstance(error, InsufficientBalance):
        return {GIFT: "gift", "points": "redeem_points"}.get(error.state.get("unit", ""), "redeem_points")
    pointers = error.faults if isinstance(error, Invalid) else {}
    names = (pointer.strip("/").partition("/")[0].removesuffix("_minor") for pointer in pointers)
    return next((name for name in names if name in FIELDS), "")


def refused_words(error: Invalid, programme: Programme | None = None) -> str:
    """The reason in words for a cashier; empty where it is none of these."""
    return next((words for words in _reasons(error, programme) if words), "")


def _reasons(error: Invalid, programme: Programme | None) -> Iterator[str]:
    at_once = {
        ONLY_THE_FIRST: _("Only the company's first card may pay from its account. Nothing was changed.")
    }
    at_once[NO_BURNING] = _("Points cannot be used here. Nothing was changed.")
    at_fields = {
        "/gift_minor": _("The gift card pays what is due at most. Nothing was changed."),
        "/load": _("The card cannot be loaded with this amount: it is too small, or too much for one card."),
        "/amount_minor": _("This amount cannot be right. Nothing was changed."),
    }
    for pointer, reason in error.faults.items():
        if pointer in OURS and reason[:1].isupper():
            yield reason  # said by ourselves, in this language
        if pointer.startswith("/codes"):
            yield _code_words().get(reason, _("This code cannot be used here."))
        yield at_once.get(reason, "") or at_fields.get(pointer, "")
        if pointer == "/redeem_points" and programme is not None:
            yield _paying_words(reason, programme)


def _paying_words(reason: str, programme: Programme) -> str:
    """Why points may not pay this, with the figures of the rule."""
    rule = paying_rule(programme.rules)
    words = {
        paying.FROM_BALANCE: _("This pays only from a balance of %(least)s on. The card has %(has)s."),
        paying.AT_LEAST: _("The least that can be paid so: %(least)s."),
        paying.IN_STEPS: _("This pays in steps only. One step: %(step)s."),
        paying.TOO_MUCH: _("Too much for this purchase. The most that can be paid so: %(most)s."),
    }
    for sentence, said in words.items():
        pattern = re.sub(r"%\((\w+)\)s", r"(?P<\1>[0-9]+)", sentence)
        if rule and (found := re.fullmatch(pattern, reason)):
            figures = {
                key: counted(rule.unit, int(text), programme) for key, text in found.groupdict().items()
            }
            return f"{said % figures} {_('Nothing was changed.')}"
    return ""


def _code_words() -> dict[str, str]:
    return {
        coupon.UNKNOWN: _("This code is not known here. Nothing was changed."),
        coupon.TWICE: _("A code was typed twice. Nothing was changed."),
        coupon.TOGETHER: _("These codes are of one offer: only one of them counts. Nothing was changed."),
        coupon.NOT_YET: _("This code is not valid yet. Nothing was changed."),
        coupon.ENDED: _("This code has run out. Nothing was changed."),
        coupon.USED: _("This code was used already. Nothing was changed."),
        coupon.GONE: _("This code is used up: there were only so many. Nothing was changed."),
        coupon.TIER: _("This code is for members of another level. Nothing was changed."),
        coupon.STORE: _("This code is for another store. Nothing was changed."),
        coupon.SMALL: _("This code needs a larger purchase. Nothing was changed."),
        coupon.ITEMS: _("This code fits nothing in this purchase. Nothing was changed."),
        coupon.NOT_YOURS: _("This code belongs to another card. Nothing was changed."),
    }
