"""Events at the till: one tap for a returned cup or a review, and the way back as for everything else."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from app.audience import audience
from app.deps import deps
from app.domain.errors import Invalid
from app.services import happenings
from app.services.journal import By, Once
from app.services.operating import Reply
from app.storage import queries
from app.storage.tables import ProgrammeRow
from app.web.till import at_the_till, do_once

bp = Blueprint("till_events", __name__)


@bp.post("/till/events")
@audience("cashier")
@at_the_till
def note() -> Any:
    """Note an event that cashiers may note; it gives what its rule says."""
    event = request.form.get("event", "")[:40]

    def noted(serial: str, once: Once, by: By) -> Reply:
        if not _may_be_noted(serial, event):
            raise Invalid({"/event": "is none that cashiers note"})
        return happenings.happen(deps().db, serial, event, once, by, now=deps().now())

    return do_once("event", {"event": event}, noted)


def _may_be_noted(serial: str, event: str) -> bool:
    with deps().read() as db:
        row = db.get_one(ProgrammeRow, queries.card_by_serial(db, serial).programme_id)
        rule = happenings.rule_of(queries.programme_of(row), event)
    return rule is not None and rule.at_till
