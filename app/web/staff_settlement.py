"""Settlement with partners, for the owner: a table by month, and the same as a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Response, render_template, request
from sqlalchemy.orm import Session

from app.audience import audience
from app.deps import deps
from app.domain.errors import Invalid
from app.domain.mechanics.partner import Partner
from app.domain.programme import Programme
from app.i18n import gettext as _
from app.i18n import local, money
from app.services import settlement
from app.services.settlement import Line
from app.storage.tables import ProgrammeRow
from app.web.staff_room import bp, my_programmes, owner_only


@dataclass(frozen=True, slots=True)
class _Asked:
    """The programme and the days of a report; the months before this one and this one, if nothing is said."""

    row: ProgrammeRow
    programme: Programme
    first: date
    last: date


@bp.get("/staff/settlement")
@audience("owner")
@owner_only
def settled() -> Any:
    """What each partner gave and took, and who owes whom how much."""
    with deps().read() as db:
        programmes = _with_partners(db)
        asked = _asked(db, programmes)
        lines, fault = _lines(db, asked)
    return render_template(
        "staff_settlement.html",
        programmes=programmes,
        asked=asked,
        lines=lines,
        fault=fault,
        worth=lambda minor: money(minor, asked.programme.currency) if asked else "",
    ), (422 if fault else 200)


@bp.get("/staff/settlement.csv")
@audience("owner")
@owner_only
def settled_file() -> Response:
    """The same for a spreadsheet."""
    with deps().read() as db:
        asked = _asked(db, _with_partners(db))
        lines, fault = _lines(db, asked)
    if asked is None or fault:
        return Response(fault, 422, mimetype="text/plain")
    answer = Response("\ufeff" + settlement.as_csv(lines, local), mimetype="text/csv")
    name = f"{asked.programme.slug}-settlement-{asked.first}-{asked.last}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _with_partners(db: Session) -> dict[int, Programme]:
    every = my_programmes(db).items()
    return {key: each for key, each in every if any(isinstance(rule, Partner) for rule in each.rules)}


def _asked(db: Session, programmes: dict[int, Programme]) -> _Asked | None:
    wanted = request.args.get("programme", "")
    for key, programme in programmes.items():
        if wanted in ("", programme.slug):
            today = deps().now().astimezone(programme.zone).date()
            before = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
            days = _day("from", before), _day("to", today)
            return _Asked(db.get_one(ProgrammeRow, key), programme, *days)
    return None


def _day(name: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return otherwise


def _lines(db: Session, asked: _Asked | None) -> tuple[list[Line], str]:
    if asked is None:
        return [], ""
    try:
        return settlement.report(db, asked.row, asked.first, asked.last), ""
    except Invalid:
        return [], _("The report begins after it ends, or is longer than three years.")
