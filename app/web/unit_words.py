"""How much of something, in words: for tills, members and owners alike."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.mechanics.chips import UNIT as CHIPS
from app.domain.mechanics.gift_card import UNIT as GIFT
from app.domain.mechanics.gifts import first_names
from app.domain.mechanics.points import CASHBACK
from app.domain.programme import Programme
from app.i18n import gettext as _
from app.i18n import local, money, ngettext, number

MONEY = (CASHBACK, GIFT)


def counted(unit: str, count: int, programme: Programme) -> str:
    """`3 stamps`, `120 points`, `€4.50`, `a coffee`, `2 × a coffee`."""
    if unit in MONEY or unit.endswith("_minor"):
        return money(count, programme.currency)
    if unit == "points":
        return ngettext("%(num)s point", "%(num)s points", count)
    if unit == "stamps":
        return ngettext("%(num)s stamp", "%(num)s stamps", count)
    if unit == CHIPS:
        return ngettext("%(num)s chip", "%(num)s chips", count)
    known = first_names(programme)
    name = local(known[unit]) if unit in known else unit.removeprefix("reward.")
    return name if count == 1 else f"{number(count)} × {name}"


def listed(amounts: Mapping[str, int], programme: Programme) -> str:
    """Several, apart by commas."""
    return ", ".join(counted(unit, count, programme) for unit, count in amounts.items())


def unit_names() -> dict[str, str]:
    """What is counted, in words; rewards have names of their own."""
    return {
        "points": _("Points"),
        "stamps": _("Stamps"),
        CASHBACK: _("Cashback"),
        GIFT: _("Money on gift cards"),
        CHIPS: _("Chips"),
    }
