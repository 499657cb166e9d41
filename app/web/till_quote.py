"""What an amount would do, for the till's page: what is to be paid, what it earns, what points could pay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.deps import deps
from app.domain.errors import Invalid, Refused
from app.domain.mechanics import paying_rule
from app.domain.mechanics.points import CASHBACK
from app.domain.money import EXPONENTS, major
from app.domain.programme import Programme
from app.i18n import gettext as _
from app.i18n import money
from app.services import quoting
from app.services.loyalty import Purchase
from app.web.till_faults import refused_words
from app.web.till_words import earns_words, payable_words

NOTHING = dict.fromkeys(("words", "due", "off", "most", "pay", "gift", "gift_words", "fault"), "")


def quoted(
    asked: Purchase, programme: Programme, *, points: bool, pays_gift: bool, gift_held: int
) -> Mapping[str, str]:
    """In words; `most` and `gift` are what the fields would have to say. Where `points`, all that may be are
    paid in; where `pays_gift`, as much as there is on the gift card.
    """
    try:
        said = _asked(asked)
        most = said["redeemable_points"]
        if points and most:
            asked = replace(asked, redeem_points=most)
            said = _asked(asked)
        gift = min(gift_held, said["due_minor"])
        if gift and pays_gift:
            said = _asked(replace(asked, gift_minor=gift))
    except Refused as error:
        words = refused_words(error, programme) if isinstance(error, Invalid) else ""
        return {**NOTHING, "words": words, "fault": "1"}
    return _told(said, programme, asked.amount_minor, most, gift)


def _asked(purchase: Purchase) -> Mapping[str, Any]:
    return quoting.quote(deps().read, purchase, now=deps().now())


def _told(
    said: Mapping[str, Any], programme: Programme, amount: int, most: int, gift: int
) -> Mapping[str, str]:
    currency, off = programme.currency, said["discount_minor"]
    return {
        "words": earns_words(said, programme),
        "due": money(said["due_minor"], currency) if said["due_minor"] != amount else "",
        "off": _("discount %(off)s", off=money(off, currency)) if off else "",
        "most": typed_points(most, programme) if most else "",
        "pay": payable_words(most, programme) if most else "",
        "gift": _figures(gift, currency) if gift else "",
        "gift_words": money(gift, currency) if gift else "",
    }


def typed_points(points: int, programme: Programme) -> str:
    """As it is typed: points whole, cashback as money."""
    rule = paying_rule(programme.rules)
    return _figures(points, programme.currency) if rule and rule.unit == CASHBACK else str(points)


def _figures(minor: int, currency: str) -> str:
    return f"{major(minor, currency):.{EXPONENTS.get(currency, 2)}f}"
