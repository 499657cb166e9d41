"""Phones that were told of a change and never came for it, for the owner."""

from __future__ import annotations

from typing import Any

from flask import render_template

from app.audience import audience
from app.deps import deps
from app.services import phones as silent
from app.web.staff_room import bp, mine, my_programmes, owner_only

MOST_SHOWN = 200


@bp.get("/staff/phones")
@audience("owner")
@owner_only
def phones() -> Any:
    """Counts by programme, and the phones themselves, the longest wait first."""
    now = deps().now()
    with deps().read() as db:
        values = {
            "programmes": my_programmes(db),
            "counts": silent.silences(db, mine(), now),
            "rows": silent.silent_phones(db, mine(), now, limit=MOST_SHOWN),
        }
    hours = int(silent.AFTER.total_seconds() // 3600)
    return render_template("staff_phones.html", **values, hours=hours, most=MOST_SHOWN)
