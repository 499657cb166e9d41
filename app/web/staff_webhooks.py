"""Systems that hear of events: how they are, what they were sent and answered, and sending it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import abort, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from app.audience import audience
from app.deps import deps
from app.domain.errors import Conflict, Invalid
from app.i18n import gettext as _
from app.i18n import ngettext
from app.services.webhooks import endpoints, replaying
from app.services.webhooks.catalogue import EVENTS, OFFERED
from app.services.webhooks.endpoints import EndpointChange, NewEndpoint
from app.storage.tables import WebhookAttempt
from app.web.staff_room import bp, mine, my_programmes, owner_only

SINCE: Mapping[str, timedelta] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
}
OVERLAP_HOURS = 24
SHOWN = 50


@bp.get("/staff/webhooks")
@audience("owner")
@owner_only
def webhooks() -> Any:
    """All endpoints, and the form for one more."""
    return _webhooks()


def _webhooks(faults: Mapping[str, str] | None = None, secret: str = "") -> str:
    with deps().read() as db:
        rows, programmes = endpoints.listed(db, mine()), my_programmes(db)
    return render_template(
        "staff_webhooks.html",
        rows=rows,
        programmes=programmes,
        faults=faults or {},
        secret=secret,
        form=request.form,
        events=[each for each in EVENTS if each.name in OFFERED],
    )


@bp.post("/staff/webhooks")
@audience("owner")
@owner_only
def add_webhook() -> Any:
    """A new endpoint; its secret is on this answer and nowhere else."""
    form, known = request.form, deps()
    with known.read() as db:
        if form.get("programme", "") not in {each.slug for each in my_programmes(db).values()}:
            abort(422)
    new = NewEndpoint(
        form["programme"],
        url=form.get("url", "").strip()[:500],
        kinds=[name for name in OFFERED if name in form.getlist("kinds")],
        description=form.get("description", "").strip()[:200],
        member_data=form.get("member_data") == "yes",
        author=g.staff.login,
    )
    try:
        _made, secret = endpoints.create(
            known.db,
            new,
            now=known.now(),
            check=known.outside.check,
            seal=known.seal,
            connectors=known.connectors,
        )
    except Invalid as error:
        return _webhooks(_in_words(error)), 422
    except Conflict:
        return _webhooks({"/url": _("This programme has as many receivers as it may.")}), 409
    return _webhooks(secret=secret)


def _in_words(error: Invalid) -> dict[str, str]:
    known = {
        "leads to a private network": _("This address leads into a private network."),
        "should be https://…": _("The address should begin with https://."),
        "should be https://… without a password": _(
            "The address should begin with https:// and hold no password."
        ),
        "should use port 443 or 8443": _("Only ports 443 and 8443 are called."),
    }
    return {where: known.get(words, _("This is no address.")) for where, words in error.faults.items()}


@bp.get("/staff/webhooks/<int:number>")
@audience("owner")
@owner_only
def webhook(number: int) -> Any:
    """One endpoint with its messages and all their tries."""
    return _webhook(number)


def _webhook(number: int, secret: str = "") -> str:
    state = request.args.get("state", "")
    with deps().read() as db:
        row = endpoints.reached(db, number, mine())
        sent = _sent(db, number, state if state in ("pending", "delivered", "failed") else "")
        programme = my_programmes(db)[row.programme_id]
    return render_template(
        "staff_webhook.html",
        row=row,
        programme=programme,
        sent=sent,
        state=state,
        secret=secret,
        now=deps().now(),
        reason=_(row.disabled_reason) if row.disabled_reason else "",
        says={each.name: _(each.says) for each in EVENTS},
        since=SINCE,
        why=_why,
    )


def _sent(db: Session, number: int, state: str) -> list[tuple[Any, Any]]:
    found = replaying.messages(db, number, state=state, limit=SHOWN)
    tried = replaying.attempts(db, [each.id for each in found])
    return [(each, tried[each.id]) for each in found]


def _why(attempt: WebhookAttempt) -> str:
    """What came of a try, in words."""
    if attempt.status is not None:
        return _("Answered %(status)s", status=attempt.status)
    if not attempt.error:
        return _("Taken")
    return _(attempt.error.partition(":")[0])


@bp.post("/staff/webhooks/<int:number>/<any(active, paused):state>")
@audience("owner")
@owner_only
def set_webhook(number: int, state: str) -> Any:
    """Pause it, or let it hear again."""
    known = deps()
    change = EndpointChange(state=state)
    endpoints.change(known.db, number, change, mine(), now=known.now(), check=known.outside.check)
    paused = _("Paused: events wait for it here.")
    flash(paused if state == "paused" else _("It hears of events again."))
    return _back(number)


@bp.post("/staff/webhooks/<int:number>/test")
@audience("owner")
@owner_only
def test_webhook(number: int) -> Any:
    """Send a ping."""
    try:
        endpoints.ping(deps().db, number, mine(), now=deps().now())
    except Conflict:
        flash(_("It is not active; a test would wait."))
        return _back(number)
    flash(_("A test is on its way. Load this page again to see the answer."))
    return _back(number)


@bp.post("/staff/webhooks/<int:number>/secret")
@audience("owner")
@owner_only
def rotate_webhook(number: int) -> Any:
    """A new secret beside the old one, which signs for a day more."""
    known = deps()
    secret = endpoints.rotate(known.db, number, mine(), now=known.now(), hours=OVERLAP_HOURS, seal=known.seal)
    return _webhook(number, secret)


@bp.post("/staff/webhooks/<int:number>/replay")
@audience("owner")
@owner_only
def replay_webhook(number: int) -> Any:
    """Send one again, all that failed, or all since a while ago."""
    form, known = request.form, deps()
    try:
        if form.get("message"):
            done = replaying.replay_one(known.db, number, form["message"], mine(), now=known.now())
        elif form.get("since") in SINCE:
            since = known.now() - SINCE[form["since"]]
            done = replaying.replay_since(known.db, number, since, mine(), now=known.now())
        else:
            done = replaying.replay_failed(known.db, number, mine(), now=known.now())
    except Conflict:
        flash(_("Those are too many at once. Choose a shorter time."))
        return _back(number)
    flash(ngettext("%(num)s message is on its way again.", "%(num)s messages are on their way again.", done))
    return _back(number)


@bp.post("/staff/webhooks/<int:number>/delete")
@audience("owner")
@owner_only
def delete_webhook(number: int) -> Any:
    """Take it away with all that was kept of it."""
    endpoints.remove(deps().db, number, mine(), now=deps().now())
    flash(_("The receiver is deleted."))
    return redirect(url_for("staff.webhooks"), 303)


def _back(number: int) -> Any:
    return redirect(url_for("staff.webhook", number=number), 303)
