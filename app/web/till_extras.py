"""What a cashier may type beside an amount: a code, and what points and the gift card pay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.errors import Invalid
from app.domain.mechanics import paying_rule
from app.domain.mechanics.coupon import Coupon
from app.domain.mechanics.gift_card import GiftCard
from app.domain.mechanics.points import CASHBACK, Points
from app.domain.programme import Programme
from app.i18n import gettext as _

MOST_CODES = 10
ReadAmount = Callable[[str, str], int | None]


@dataclass(frozen=True, slots=True)
class Typed:
    """The codes of a form, apart by spaces or commas, and what points and the gift card pay, as typed."""

    codes: tuple[str, ...]
    gift: str
    points: str = ""

    @staticmethod
    def of(form: Mapping[str, str]) -> Typed:
        """What this form says."""
        codes = form.get("codes", "")[:400].replace(",", " ").replace("\x00", " ").split()
        gift, points = (form.get(name, "").strip()[:20] for name in ("gift", "redeem_points"))
        return Typed(tuple(code[:40] for code in codes[:MOST_CODES]), gift, points)

    def asked(self) -> dict[str, Any]:
        """What makes the order another one."""
        told = {"codes": list(self.codes), "gift": self.gift, "redeem_points": self.points}
        return {name: value for name, value in told.items() if value}

    def given(self, programme: Programme, read: ReadAmount) -> dict[str, Any]:
        """For `Purchase`. Raises Invalid for an amount that is none."""
        gift = read(self.gift, programme.currency) if self.gift else 0
        points = _points(self.points or "0", paying_rule(programme.rules), programme.currency, read)
        faults = {"/gift": gift, "/redeem_points": points}
        if None in faults.values():
            words = _("Type the amount in figures, such as 12.50.")
            raise Invalid({where: words for where, amount in faults.items() if amount is None})
        return {"codes": self.codes, "gift_minor": gift, "redeem_points": points}


def _points(typed: str, rule: Points | None, currency: str, read: ReadAmount) -> int | None:
    """Points are whole; cashback is typed as money."""
    if rule is not None and rule.unit == CASHBACK:
        return read(typed, currency)
    return int(typed) if typed.isdecimal() and len(typed) < 13 else None


def takes_codes(programme: Programme) -> bool:
    """Whether there are coupons at all."""
    return any(isinstance(rule, Coupon) for rule in programme.rules)


def is_gift_card(programme: Programme) -> bool:
    """Whether money can be loaded."""
    return any(isinstance(rule, GiftCard) for rule in programme.rules)
