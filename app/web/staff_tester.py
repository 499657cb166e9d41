"""The mapping tester: what a pasted sample would do, before it does it; a mapping is tried, then kept."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for

from app.audience import audience
from app.deps import deps
from app.domain.errors import NotFound
from app.i18n import gettext as _
from app.services.crm import SourceChange, trying
from app.services.ports import Stored
from app.storage.tables import HookEvent
from app.web import systems_words
from app.web.fault_words import in_words
from app.web.staff_connect import keep_change
from app.web.staff_room import bp, owner_only
from app.web.staff_systems import Room, body_of, room_of
from app.web.systems_form import Typed, pretty

MOST_LETTERS = 120_000
"""Of a sample: a form may have two hundred thousand bytes."""


@bp.get("/staff/systems/<slug>/try")
@audience("owner")
@owner_only
def try_system(slug: str) -> Any:
    """An empty form, or one with the body of a call that came (`?event=`)."""
    number = request.args.get("event", 0, type=int)
    sample, topic, sort = "", "", ""
    with deps().read() as db:
        room = room_of(db, slug)
        event = db.get(HookEvent, number) if 0 < number < 2**53 else None
    if event is not None and event.source_id == room.row.id:
        sample, topic, sort = body_of(event), event.topic, event.content_type
        if len(sample) > MOST_LETTERS:
            sample = ""
            flash(_("That call is too long for this page. Try it over the API."))
    mapping = Typed.kept({}, room.row.mapping)
    return _page(room, mapping, sample, topic, sort)


@bp.post("/staff/systems/<slug>/try")
@audience("owner")
@owner_only
def tried_system(slug: str) -> Any:
    """What it would do; nothing is stored, and nobody is called."""
    form, known = request.form, deps()
    with known.read() as db:
        room = room_of(db, slug)
    connector = known.connectors.get(room.row.kind)
    if connector is None:
        raise NotFound("There is no such connector here.")
    typed = Typed.of(form)
    mapping = typed.about("mapping")
    sample = form.get("sample", "")[:MOST_LETTERS]
    topic, sort = form.get("topic", "").strip()[:100], form.get("content_type", "").strip()[:100]
    trial = None
    if not typed.faults:
        stored = Stored(sample.encode("utf-8", "replace"), topic, sort, known.now())
        trial = trying.attempt(known.read, room.row, connector, stored, now=known.now(), mapping=mapping)
        faults = {where: it for where, it in (trial.faults or {}).items() if where.startswith("/mapping")}
        typed.refused(faults)
    return _page(room, typed, sample, topic, sort, trial)


@bp.post("/staff/systems/<slug>/mapping")
@audience("owner")
@owner_only
def map_system(slug: str) -> Any:
    """Keep the mapping that was tried."""
    form = request.form
    with deps().read() as db:
        room = room_of(db, slug)
    typed = Typed.of(form)
    change = SourceChange(mapping=typed.about("mapping"))
    if not typed.faults and keep_change(room.row, change, typed):
        flash(_("The mapping is saved. What was put aside can be applied again now."))
        return redirect(url_for("staff.system", slug=slug, state="dead"), 303)
    with deps().read() as db:
        room = room_of(db, slug)
    sample, topic = form.get("sample", "")[:MOST_LETTERS], form.get("topic", "")[:100]
    return _page(room, typed, sample, topic, form.get("content_type", "")[:100]), 422


def _page(
    room: Room, typed: Typed, sample: str, topic: str, sort: str, trial: trying.Trial | None = None
) -> str:
    return render_template(
        "staff_system_try.html",
        room=room,
        row=room.row,
        typed=typed,
        sample=sample,
        topic=topic,
        content_type=sort,
        trial=trial,
        words=systems_words,
        in_words=in_words,
        pretty=pretty,
    )
