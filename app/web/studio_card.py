"""The card's page: what all cards of a programme look like, seen on both phones before anybody else sees it.

Nothing here touches a customer's card until "Publish"; what was published can be taken back with one tap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort, flash, g, jsonify, redirect, render_template, request, url_for

from app.audience import audience
from app.deps import deps
from app.domain.design import SLOTS, Design, Slot
from app.domain.errors import Conflict, Invalid
from app.i18n import gettext as _
from app.i18n import local, locale
from app.rendering.suggestions import dominant_palette
from app.services import designs, images, programmes
from app.storage import queries
from app.storage.tables import DesignRow
from app.web.auth import staff_only, staff_programmes
from app.web.faces import face_view
from app.web.security import limiter
from app.web.studio_form import COLOURS, contrasts, edited, faults_in, picture_fault, texts_of
from app.web.studio_reach import audience_of, reach_of
from app.web.studio_room import (
    Room,
    asked_version,
    bp,
    by_script,
    go_live,
    kept_draft,
    room_of,
    saved_version,
    shown_by_phones,
)
from app.web.theme import theme_of

CHOSEN_SLOTS: tuple[Slot, ...] = ("banner", "logo", "icon")


@bp.get("/studio")
@audience("marketer")
@staff_only("marketer")
def listing() -> Any:
    """The programmes; somebody who has only one is led to it."""
    with deps().read() as db:
        rooms = [room_of(db, row.slug) for row in programmes.listed(db, staff_programmes(g.staff))]
        reached = [audience_of(db, room.row) for room in rooms]
    if len(rooms) == 1:
        return redirect(url_for("studio.programme", slug=rooms[0].programme.slug))
    faces = [_sample_face(room) for room in rooms]
    shown = [
        {"programme": room.programme, "face": face, "reached": reach, "look": room.look}
        for room, face, reach in zip(rooms, faces, reached, strict=True)
    ]
    may_start = g.staff.programme_id is None
    return render_template("studio_list.html", shown=shown, faces=faces, may_start=may_start)


def _sample_face(room: Room) -> Any:
    sample = designs.preview(room.programme, room.design, now=deps().now(), filled=0.6, locale=locale())
    return face_view(sample, room.programme.slug)


@bp.get("/studio/<slug>")
@audience("marketer")
@staff_only("marketer")
def programme(slug: str) -> Any:
    """The card on both phones, and everything about it that a marketer may change."""
    return _studio(slug)


def _studio(slug: str, fault: str = "", design: Design | None = None) -> str:
    """The page; `design` is what the form said when it was refused, so that nothing typed is lost."""
    with deps().read() as db:
        room = room_of(db, slug, asked_version())
        reached, versions = audience_of(db, room.row), designs.history(db, slug)
    published = [each for each in versions if each.published_at]
    newest = versions[0] if versions and versions[0].published_at is None else None
    shown = design or room.design
    return render_template(
        "studio.html",
        room=room,
        design=shown,
        fault=fault,
        reached=reached,
        published=published,
        waiting_draft=newest if newest and newest.id != room.look.id else None,
        texts=texts_of(shown, room.programme),
        contrasts=contrasts(shown.palette),
        colour_keys=COLOURS,
        slots=CHOSEN_SLOTS,
        faults=faults_in(shown, room.programme),
        tiers=[(tier.key, local(tier.name)) for tier in shown.tiers],
        wallets=list(deps().wallets),
        theme=theme_of(shown.palette),
    )


@bp.post("/studio/<slug>/preview")
@audience("marketer")
@limiter.limit("600 per minute")
@staff_only("marketer")
def preview(slug: str) -> Any:
    """What both phones would show of the form as it stands now; nothing is kept."""
    with deps().read() as db:
        room = room_of(db, slug, request.form.get("base", type=int))
    try:
        design = edited(room.design, request.form, room.programme)
    except Invalid:
        return jsonify(fault=_("A colour is six letters or figures after #, such as #1f5c4d.")), 422
    return jsonify(shown_by_phones(room, design))


@bp.post("/studio/<slug>/picture")
@audience("marketer")
@limiter.limit("60 per minute")
@staff_only("marketer")
def picture(slug: str) -> Any:
    """A new picture (or none) becomes a draft that only the studio sees. JSON for the script, a page else."""
    slot = request.form.get("slot", "banner")
    if slot not in SLOTS:
        abort(422)
    file = request.files.get("picture")
    data = file.read() if file and "remove" not in request.form else b""
    with deps().read() as db:
        room = room_of(db, slug, request.form.get("base", type=int))
    try:
        design_id = _keep_picture(room, slot, data, note=f"new {slot}" if data else f"without {slot}")
    except Invalid as error:
        words = picture_fault(error.message)
        return (jsonify(fault=words), 422) if by_script() else (_studio(slug, words), 422)
    if not by_script():
        return redirect(url_for("studio.programme", slug=slug, draft=design_id), 303)
    suggested = dominant_palette(data).model_dump() if data else None
    return jsonify(draft=design_id, suggested=suggested)


def _keep_picture(room: Room, slot: str, data: bytes, note: str) -> int:
    if not data and "remove" not in request.form:
        raise Invalid({"/picture": "is missing"})
    design = edited(room.design, request.form, room.programme)
    others = {name: kept for name, kept in design.images.items() if name != slot}
    kept = {slot: images.upload(deps().db, data, now=deps().now())} if data else {}
    changed = designs.parse({**design.model_dump(mode="json"), "images": others | kept})
    return kept_draft(room, changed, note)


@bp.post("/studio/<slug>/draft")
@audience("marketer")
@staff_only("marketer")
def keep(slug: str) -> Any:
    """Keep what the form says for later; no customer sees it."""
    with deps().read() as db:
        room = room_of(db, slug, request.form.get("base", type=int))
    try:
        design_id = saved_version(room, edited(room.design, request.form, room.programme))
    except Invalid as error:
        return _studio(slug, _("This cannot be kept: %(why)s", why=error.message)), 422
    flash(_("The draft is kept. Customers still see the published version."))
    return redirect(url_for("studio.programme", slug=slug, draft=design_id), 303)


@bp.post("/studio/<slug>/publish")
@audience("marketer")
@staff_only("marketer")
def publish(slug: str) -> Any:
    """Make it the look of all cards, and go where its way to the phones can be watched."""
    with deps().read() as db:
        room = room_of(db, slug, request.form.get("base", type=int))
    try:
        design = edited(room.design, request.form, room.programme)
        if faults := go_live(room, design):
            return _studio(slug, " ".join(faults), design), 422
    except Conflict:
        flash(_("This version is published already; nothing was changed."))
    except Invalid as error:
        return _studio(slug, error.message), 422
    return redirect(url_for("studio.reach", slug=slug), 303)


@bp.post("/studio/<slug>/restore/<int:design_id>")
@audience("marketer")
@staff_only("marketer")
def restore(slug: str, design_id: int) -> Any:
    """Back to an earlier version. `seen` is the one that the page showed: a second tap changes nothing."""
    with deps().read() as db:
        room = room_of(db, slug)
        queries.design_row(db, room.row, design_id)
    if request.form.get("seen", type=int) == room.look.id:
        designs.restore(deps().db, slug, design_id, now=deps().now(), author=g.staff.name)
    return redirect(url_for("studio.reach", slug=slug), 303)


@bp.get("/studio/<slug>/reach")
@audience("marketer")
@staff_only("marketer")
def reach(slug: str) -> Any:
    """Watch the published look reach the phones."""
    with deps().read() as db:
        room = room_of(db, slug)
        now = reach_of(db, room.row)
        before = _before(designs.history(db, slug), room.look)
    return render_template(
        "studio_reach.html", room=room, reach=now, before=before, theme=theme_of(room.design.palette)
    )


def _before(versions: Sequence[DesignRow], look: DesignRow) -> DesignRow | None:
    """The version that customers saw before this one."""
    return next((each for each in versions if each.published_at and each.version < look.version), None)


@bp.get("/studio/<slug>/reach.json")
@audience("marketer")
@staff_only("marketer")
def reach_numbers(slug: str) -> Any:
    """The same in numbers."""
    with deps().read() as db:
        return jsonify(reach_of(db, room_of(db, slug).row).as_json())
