"""What the shop owes its customers, by the month in which it ends; for the owner."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

from flask import Response, render_template

from app.audience import audience
from app.deps import deps
from app.domain.money import EXPONENTS
from app.domain.programme import Programme
from app.domain.text import in_locale
from app.i18n import gettext as _
from app.i18n import locale, money, number, shown_month
from app.services.liability import Liability, Owed, liability, write_csv
from app.web.auth import staff_only
from app.web.studio_room import bp, room_of
from app.web.theme import theme_of

MOST_MONTHS = 24
"""So many are drawn; the table and the file hold all."""


@bp.get("/studio/<slug>/liability", endpoint="liability")
@audience("owner")
@staff_only("owner")
def owed(slug: str) -> Any:
    """Figures, a chart and a table of the same numbers."""
    with deps().read() as db:
        room = room_of(db, slug)
        found = liability(db, room.row, deps().now())
    return render_template(
        "pages/studio_liability.html",
        room=room,
        theme=theme_of(room.design.palette),
        found=found,
        names={each.unit: unit_name(each.unit, room.programme) for each in found.units},
        months={each: month_name(each) for each in sorted({row[1] for row in found.rows()})},
        charts=[
            _chart(each, found.currency) for each in found.units if each.months and not _is_reward(each.unit)
        ],
        worth=lambda minor: money(minor, found.currency),
        counted=lambda unit, amount: money(amount, found.currency) if _is_money(unit) else number(amount),
    )


@bp.get("/studio/<slug>/liability.csv")
@audience("owner")
@staff_only("owner")
def owed_file(slug: str) -> Response:
    """The same as a file."""
    with deps().read() as db:
        room = room_of(db, slug)
        found: Liability = liability(db, room.row, deps().now())
    made = io.StringIO()
    write_csv(made, [found])
    answer = Response(made.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{slug}-liability.csv"'
    return answer


def _is_reward(unit: str) -> bool:
    return unit.startswith("reward.")


def _is_money(unit: str) -> bool:
    return unit.endswith("_minor")


def _chart(owed_: Owed, currency: str) -> dict[str, Any]:
    drawn = owed_.months[:MOST_MONTHS]
    digits = EXPONENTS.get(currency, 2) if _is_money(owed_.unit) else 0
    return {
        "unit": owed_.unit,
        "months": [month_name(each.month) for each in drawn],
        "usable": [each.usable / 10**digits for each in drawn],
        "pending": [each.pending / 10**digits for each in drawn],
    }


def month_name(month: str) -> str:
    """`May 2026`, `май 2026`."""
    if month in ("", "held"):
        return _("Set aside at a till") if month else _("Without an end")
    return shown_month(date.fromisoformat(f"{month}-01"))


def unit_name(unit: str, programme: Programme) -> str:
    """What is counted, in words."""
    names = {
        "points": _("Points"),
        "stamps": _("Stamps"),
        "cashback_minor": _("Cashback"),
        "gift_minor": _("Money on gift cards"),
        "chips": _("Chips"),
    }
    if not _is_reward(unit):
        return names.get(unit, unit)
    key = unit.removeprefix("reward.")
    named = (
        in_locale(getattr(rule, "reward", {}) or {}, locale())
        for rule in programme.rules
        if getattr(rule, "reward_key", "") == key
    )
    return _("Reward: %(name)s", name=next((name for name in named if name), key))
