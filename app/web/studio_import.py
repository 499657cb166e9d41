"""A look that was made elsewhere, taken over as a draft: from anybody's pass or a Pass Designer template."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, request

from app.audience import audience
from app.deps import deps
from app.domain.errors import Invalid
from app.i18n import gettext as _
from app.services import importing
from app.services.importing import Kept, Note
from app.web.auth import staff_only
from app.web.security import limiter
from app.web.studio_room import Room, bp, room_of

MOST_BYTES = 8_000_000


@bp.get("/studio/<slug>/import")
@audience("marketer")
@staff_only("marketer")
def import_form(slug: str) -> Any:
    """The form."""
    with deps().read() as db:
        return _page(room_of(db, slug))


@bp.post("/studio/<slug>/import")
@audience("marketer")
@limiter.limit("20 per minute")
@staff_only("marketer")
def import_look(slug: str) -> Any:
    """Keep the look of the file as a draft; what could not come along is listed."""
    with deps().read() as db:
        room = room_of(db, slug)
    file, read = request.files.get("pass"), deps().import_design
    data = file.stream.read(MOST_BYTES + 1) if file and file.filename else b""
    if read is None or not data:
        return _page(room, error=_("Choose a .pkpass file or a zipped .pkpasstemplate.")), 422
    if len(data) > MOST_BYTES:
        return _page(room, error=_("The file is larger than 8 MB. Look at its pictures.")), 413
    try:
        kept = importing.keep(deps().db, slug, read(data), now=deps().now(), author=g.staff.name)
    except Invalid:
        return _page(room, error=_("This is no pass and no template. Check it to see what is wrong.")), 422
    return _page(room, kept)


def _page(room: Room, kept: Kept | None = None, *, error: str = "") -> Any:
    notes = [_said(each) for each in kept.notes] if kept else []
    return render_template("studio_import.html", room=room, kept=kept, notes=notes, error=error)


def _said(note: Note) -> str:
    return _(note.words, **dict(note.values))
