"""What a cashier may type beside an amount: a code, and what the gift card pays; and why it is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.errors import Invalid
from app.domain.mechanics import coupon
from app.domain.mechanics.company import ONLY_THE_FIRST
from app.domain.mechanics.coupon import Coupon
from app.domain.mechanics.gift_card import UNIT, GiftCard
from app.domain.mechanics.partner import NO_BURNING
from app.domain.programme import Programme
from app.i18n import gettext as _

MOST_CODES = 10
ReadAmount = Callable[[str, str], int | None]


@dataclass(frozen=True, slots=True)
class Typed:
    """The codes of a form, apart by spaces or commas, and what the gift card pays, as it was typed."""

    codes: tuple[str, ...]
    gift: str

    @staticmethod
    def of(form: Mapping[str, str]) -> Typed:
        """What this form says."""
        codes = form.get("codes", "")[:400].replace(",", " ").split()
        return Typed(tuple(code[:40] for code in codes[:MOST_CODES]), form.get("gift", "").strip()[:20])

    def asked(self) -> dict[str, Any]:
        """What makes the order another one."""
        told = {"codes": list(self.codes), "gift": self.gift}
        return {name: value for name, value in told.items() if value}

    def given(self, currency: str, read: ReadAmount) -> dict[str, Any]:
        """For `Purchase`. Raises Invalid for an amount that is none."""
        gift = read(self.gift, currency) if self.gift else 0
        if gift is None:
            raise Invalid({"/amount": _("Type the amount in figures, such as 12.50.")})
        return {"codes": self.codes, "gift_minor": gift}


def takes_codes(programme: Programme) -> bool:
    """Whether there are coupons at all."""
    return any(isinstance(rule, Coupon) for rule in programme.rules)


def is_gift_card(programme: Programme) -> bool:
    """Whether money can be loaded."""
    return any(isinstance(rule, GiftCard) for rule in programme.rules)


def gift_on(balances: Mapping[str, int]) -> int:
    """The money on the card, in minor units."""
    return balances.get(UNIT, 0)


def refused_words(error: Invalid) -> str:
    """The reason in words for a cashier; empty where it is none of these."""
    for pointer, reason in error.faults.items():
        if pointer.startswith("/codes"):
            return _code_words().get(reason, _("This code cannot be used here."))
        if pointer == "/gift_minor":
            return _("The gift card pays what is due at most. Nothing was changed.")
        if pointer == "/load":
            return _("The card cannot be loaded with this amount: it is too small, or too much for one card.")
        if reason == ONLY_THE_FIRST:
            return _("Only the company's first card may pay from its account. Nothing was changed.")
        if reason == NO_BURNING:
            return _("Points cannot be used here. Nothing was changed.")
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
