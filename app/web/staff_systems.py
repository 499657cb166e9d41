"""Systems that call us, and what they sent last."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for

from app.audience import audience
from app.deps import deps
from app.i18n import gettext as _
from app.services import crm
from app.web.staff_room import bp, mine, owner_only


@bp.get("/staff/systems")
@audience("owner")
@owner_only
def systems() -> Any:
    """Webhook sources with their last events."""
    with deps().read() as db:
        rows = [
            (source, slug, crm.events(db, source.id, limit=10)) for source, slug in crm.sources(db, mine())
        ]
    return render_template("staff_systems.html", rows=rows)


@bp.post("/staff/systems/events/<int:event>/replay")
@audience("owner")
@owner_only
def replay(event: int) -> Any:
    """Apply an event again; what it did before is not done twice."""
    crm.replay(deps().db, event, now=deps().now(), programme_ids=mine())
    flash(_("The event is in the queue again."))
    return redirect(url_for("staff.systems"), 303)
