"""Connecting a system: choose what it is, say how it is read and called, and take its secret along; later,
change any of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from flask import Response, abort, flash, render_template, request
from sqlalchemy.orm import Session

from app import resources
from app.audience import audience
from app.deps import deps
from app.domain.errors import Conflict, Invalid
from app.domain.programme import Programme
from app.i18n import gettext as _
from app.services import crm
from app.services.crm import NewSource, SourceChange
from app.services.crm.sources import STRANGERS
from app.services.ports import Configured, Polling, Reading, Telling
from app.storage.tables import HookSource
from app.web.staff_room import bp, mine, my_programmes, owner_only
from app.web.staff_systems import Room, back_to, room_of
from app.web.systems_form import HOUR_S, Typed
from app.web.systems_kinds import kind_called

OVERLAPS_H = (0, 1, 24, 72, 168)


@bp.get("/staff/connect")
@audience("owner")
@owner_only
def connect() -> Any:
    """All kinds of systems, each with a line on what it is."""
    with deps().read() as db:
        programmes = my_programmes(db)
    kinds = {name: kind_called(name) for name in deps().connectors}
    return render_template("staff_connect.html", kinds=kinds, programmes=programmes)


@bp.get("/staff/connect/<kind>")
@audience("owner")
@owner_only
def connect_kind(kind: str) -> Any:
    """The form for a system of this kind."""
    with deps().read() as db:
        programmes = my_programmes(db)
    if kind not in deps().connectors or not programmes:
        abort(404)
    first = next(iter(programmes.values()))
    words = kind_called(kind, first.currency, first.time_zone)
    typed = Typed.kept(words.settings, words.mapping, slug=kind, programme=first.slug)
    return _form(kind, typed, programmes)


@bp.get("/staff/connect/<kind>/guide")
@audience("owner")
@owner_only
def connect_guide(kind: str) -> Any:
    """The guide of this version, as it is written."""
    guide = kind_called(kind).guide
    path = resources.folder("docs/connect") / f"{guide}.md"
    if not guide or not path.is_file():
        abort(404)
    return Response(path.read_text("utf-8"), content_type="text/plain; charset=utf-8")


def _form(
    kind: str, typed: Typed, programmes: Mapping[int, Programme], room: Room | None = None, revision: int = 0
) -> str:
    connector = deps().connectors.get(kind)
    return render_template(
        "staff_connect_form.html",
        kind=kind,
        words=kind_called(kind),
        typed=typed,
        programmes=programmes,
        room=room,
        revision=revision,
        base_url=deps().base_url,
        strangers=_strangers(),
        is_called=isinstance(connector, Reading | Polling | Telling),
        has_settings=isinstance(connector, Configured),
    )


def _strangers() -> dict[str, str]:
    """What becomes of a call about somebody we do not know, in plain words."""
    said = (
        _("Put the call aside, so that I see it and decide"),
        _("Leave the call alone: only customers with a card count"),
        _("Wait for the person for some days, then put the call aside"),
        _("Give them a card, if the call has a phone, an e-mail or a customer number"),
    )
    return dict(zip(STRANGERS, said, strict=True))


@bp.post("/staff/connect/<kind>")
@audience("owner")
@owner_only
def connected(kind: str) -> Any:
    """The system may call from now on; its secret is on this answer and nowhere else."""
    known, typed = deps(), Typed.of(request.form)
    if kind not in known.connectors:
        abort(404)
    with known.read() as db:
        programmes = my_programmes(db)
    if typed.fields["programme"] not in {each.slug for each in programmes.values()}:
        abort(422)
    new = _new(kind, typed)
    secret = "" if typed.faults else _made(new, typed)
    if typed.faults:
        return _form(kind, typed, programmes), 422
    with known.read() as db:
        return _told(db, new.slug, secret)


def _new(kind: str, typed: Typed) -> NewSource:
    slug = typed.slug()
    return NewSource(
        slug=slug,
        programme=typed.fields["programme"],
        kind=kind,
        secret=typed.secret(),
        mapping=typed.about("mapping"),
        settings=typed.settings(f"{deps().base_url}/hooks/{slug}"),
        token=typed.token(),
        quiet_after_s=typed.quiet_after_s(),
    )


def _made(new: NewSource, typed: Typed) -> str:
    known, check = deps(), deps().outside.check
    try:
        return crm.create_source(
            known.db, new, known.connectors, known.seal, now=known.now(), check_url=check
        )
    except Invalid as error:
        typed.refused(error.faults)
    except Conflict:
        typed.fault("slug", _("There is a system of that name already."))
    return ""


def _told(db: Session, slug: str, secret: str, *, anew: bool = False) -> str:
    """The page that shows a secret, this once."""
    room = room_of(db, slug)
    address = room.address + (f"?token={quote(secret, safe='')}" if room.kind.in_address else "")
    return render_template("staff_system_secret.html", room=room, secret=secret, address=address, anew=anew)


@bp.get("/staff/systems/<slug>/settings")
@audience("owner")
@owner_only
def system_settings(slug: str) -> Any:
    """How the system is read, called and watched now."""
    with deps().read() as db:
        room = room_of(db, slug)
    row = room.row
    quiet = str(row.quiet_after_s // HOUR_S) if row.quiet_after_s else ""
    typed = Typed.kept(row.settings, row.mapping, slug=slug, programme=room.programme.slug, quiet=quiet)
    return _form(row.kind, typed, {}, room, row.revision)


@bp.post("/staff/systems/<slug>/settings")
@audience("owner")
@owner_only
def set_system(slug: str) -> Any:
    """Keep them, unless somebody else changed them since the form was opened."""
    with deps().read() as db:
        room = room_of(db, slug)
    typed = Typed.of(request.form)
    token = "" if request.form.get("no_token") else (typed.token() or None)
    change = SourceChange(typed.about("mapping"), typed.settings(room.address), token, typed.quiet_after_s())
    if not typed.faults and keep_change(room.row, change, typed):
        flash(_("Saved. What comes from now on is read like that."))
        return back_to(slug)
    with deps().read() as db:
        room = room_of(db, slug)
    return _form(room.row.kind, typed, {}, room, room.row.revision), 422


def keep_change(row: HookSource, change: SourceChange, typed: Typed) -> bool:
    """Whether it was kept; else the faults are in `typed`. The form says which revision it was made from."""
    known, seen = deps(), request.form.get("revision", 0, type=int)

    def fits(now: HookSource) -> None:
        if now.revision != seen:
            raise Conflict("Somebody else changed it.")

    try:
        crm.change_source(
            known.db,
            row.id,
            change,
            known.connectors,
            known.seal,
            now=known.now(),
            programme_ids=mine(),
            check_url=known.outside.check,
            fits=fits,
        )
    except Invalid as error:
        typed.refused(error.faults)
    except Conflict:
        typed.fault("revision", _("Somebody else changed this meanwhile. Save again to put yours in place."))
    return not typed.faults


@bp.post("/staff/systems/<slug>/secret")
@audience("owner")
@owner_only
def rotate_system(slug: str) -> Any:
    """A new secret, ours or theirs; the one before it is good for some hours longer."""
    known, typed = deps(), Typed.of(request.form)
    hours = request.form.get("hours", 24, type=int)
    secret = typed.secret()
    with known.read() as db:
        room = room_of(db, slug)
    if typed.faults or hours not in OVERLAPS_H:
        flash(_("Nothing was changed: a secret has 16 to 200 Latin letters, digits and signs."))
        return back_to(slug)
    fresh = crm.rotate_secret(
        known.db,
        room.row.id,
        known.seal,
        now=known.now(),
        overlap=timedelta(hours=hours),
        secret=secret,
        programme_ids=mine(),
    )
    with known.read() as db:
        return _told(db, slug, fresh, anew=True)
