"""Systems that call us: how they are, what they sent and what became of it, and applying it again."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from app.audience import audience
from app.deps import deps
from app.domain.programme import Programme
from app.i18n import gettext as _
from app.i18n import locale, ngettext, use
from app.services import crm
from app.services.crm import overview, silence
from app.services.crm.inbox import KEPT
from app.services.ports import Polling
from app.storage.tables import HookEvent, HookSource
from app.web import systems_words
from app.web.staff_room import bp, mine, my_programmes, owner_only
from app.web.systems_form import pretty
from app.web.systems_kinds import Kind, kind_called

SHOWN = 25
MOST_LETTERS = 8_000
"""So much of a call is shown in the list; all of it in the tester."""
MOST_SEALED = 400_000
STATES = ("received", "dead", "applied")


@bp.get("/staff/systems")
@audience("owner")
@owner_only
def systems() -> Any:
    """Every system with its state, and the way to connect one more."""
    now = deps().now()
    with deps().read() as db:
        rows = [row for row, _slug in crm.sources(db, mine())]
        programmes = my_programmes(db)
        counts = overview.counts(db, [row.id for row in rows])
        quiet = {each.slug: each for each in silence.quiet_sources(db, now)}
    zones = {each.time_zone: each.zone for each in programmes.values()}
    if len(zones) == 1:
        use(locale(), *zones.values())
    shown = [
        (row, counts[row.id], systems_words.standing(row, counts[row.id], quiet.get(row.slug)))
        for row in rows
    ]
    return render_template(
        "staff_systems.html", rows=shown, programmes=programmes, kind=kind_called, base_url=deps().base_url
    )


@dataclass(frozen=True, slots=True)
class Room:
    """A source of this person's, as its pages show it."""

    row: HookSource
    programme: Programme
    kind: Kind
    address: str


def room_of(db: Session, slug: str) -> Room:
    """The source of that name, with times in its programme's zone; 404 for another programme's."""
    row = None if "\x00" in slug else crm.source_called(db, slug)
    programmes = my_programmes(db)
    if row is None or row.programme_id not in programmes:
        abort(404)
    programme = programmes[row.programme_id]
    use(locale(), programme.zone)
    return Room(row, programme, kind_called(row.kind), f"{deps().base_url}/hooks/{row.slug}")


@bp.get("/staff/systems/<slug>")
@audience("owner")
@owner_only
def system(slug: str) -> Any:
    """One system, and what it sent, the newest first."""
    return system_page(slug)


def system_page(slug: str, fault: str = "") -> str:
    """The page, with what was wrong with the time that was typed."""
    state = request.args.get("state", "")
    state = state if state in STATES else ""
    now, before = deps().now(), request.args.get("before", 0, type=int)
    with deps().read() as db:
        room = room_of(db, slug)
        found = crm.events(db, room.row.id, state=state, before_id=max(0, before), limit=SHOWN + 1)
        counts = overview.counts(db, [room.row.id])[room.row.id]
        quiet = {each.slug: each for each in silence.quiet_sources(db, now)}.get(slug)
    return render_template(
        "staff_system.html",
        room=room,
        row=room.row,
        counts=counts,
        standing=systems_words.standing(room.row, counts, quiet),
        asks=isinstance(deps().connectors.get(room.row.kind), Polling),
        events=[(each, _text(each)) for each in found[:SHOWN]],
        more=found[SHOWN - 1].id if len(found) > SHOWN else None,
        state=state,
        fault=fault,
        now=now,
        kept_days=KEPT.days,
        words=systems_words,
    )


def _text(event: HookEvent) -> str | None:
    """The body to be read; None for one that is too long for a list."""
    if len(event.body) > MOST_SEALED:
        return None
    text = body_of(event)
    with suppress(ValueError, RecursionError):  # what is no JSON is shown as it came
        text = pretty(json.loads(text))
    return text if len(text) <= MOST_LETTERS else text[:MOST_LETTERS] + " …"


def body_of(event: HookEvent) -> str:
    """What was sent, as a text; nothing where it cannot be opened any more."""
    return crm.shown_body(event, deps().unseal)


@bp.post("/staff/systems/<slug>/<any(pause, resume):what>")
@audience("owner")
@owner_only
def pause_system(slug: str, what: str) -> Any:
    """Keep what comes and apply nothing, or go on."""
    known = deps()
    with known.read() as db:
        number = room_of(db, slug).row.id
    if what == "pause":
        crm.pause(known.db, number, now=known.now(), programme_ids=mine())
        flash(_("Paused: what comes is kept and waits."))
    else:
        crm.resume(known.db, number, programme_ids=mine())
        flash(_("It goes on: what came meanwhile is applied in order."))
    return back_to(slug)


@bp.post("/staff/systems/<slug>/replay")
@audience("owner")
@owner_only
def replay_system(slug: str) -> Any:
    """Apply one call again, all that were put aside, or all since a time; nothing is done twice."""
    form, known = request.form, deps()
    with known.read() as db:
        room = room_of(db, slug)
    what: dict[str, Any]
    match form.get("what"):
        case "one":
            what = {"event_ids": [form.get("event", 0, type=int) or -1]}
        case "since":
            since = _moment(form.get("since", ""), room.programme)
            if since is None:
                return system_page(slug, _("Choose a day and a time.")), 422
            what = {"since": since}
        case _:
            what = {"state": "dead"}
    done = crm.replay_many(known.db, room.row.id, now=known.now(), programme_ids=mine(), **what)
    flash(ngettext("%(num)s call is in the queue again.", "%(num)s calls are in the queue again.", done))
    return back_to(slug)


def _moment(text: str, programme: Programme) -> datetime | None:
    """What a browser writes for a day and a time, in the programme's zone."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=programme.zone)
    return when if 2000 <= when.year <= 2200 else None


def back_to(slug: str) -> Any:
    """To the page of the system."""
    return redirect(url_for("staff.system", slug=slug), 303)
