"""People who sign in, and programs that hold a key."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import abort, flash, g, redirect, render_template, request, url_for

from app.audience import audience
from app.deps import deps
from app.domain.errors import Conflict, Invalid
from app.i18n import gettext as _
from app.services import access
from app.services import keys as key_uses
from app.web.staff_room import bp, mine, my_programmes, owner_only

LASTS_DAYS = (30, 90, 365)


@bp.get("/staff/people")
@audience("owner")
@owner_only
def people() -> Any:
    """Who can sign in, and the form for one more."""
    return _people({})


def _people(faults: dict[str, str], fault: str = "") -> str:
    with deps().read() as db:
        rows, programmes = access.people(db, mine()), my_programmes(db)
    return render_template(
        "staff_people.html",
        rows=rows,
        programmes=programmes,
        faults=faults,
        fault=fault,
        form=request.form,
        roles=access.STAFF_ROLES,
        must_choose=mine() is not None,
    )


def _programme_chosen() -> str:
    """The slug from the form; an owner of one programme can give away that one only."""
    slug = request.form.get("programme", "")
    with deps().read() as db:
        known = {each.slug for each in my_programmes(db).values()}
    if (slug and slug not in known) or (not slug and mine() is not None):
        abort(422)
    return slug


@bp.post("/staff/people")
@audience("owner")
@owner_only
def add() -> Any:
    """Let somebody sign in."""
    form = request.form
    try:
        access.add_staff(
            deps().db,
            login=form.get("login", "")[:120],
            password=form.get("password", "")[:1024],
            role=form.get("role", ""),
            name=form.get("name", "").strip()[:120],
            store=form.get("store", "").strip()[:120],
            programme=_programme_chosen(),
            now=deps().now(),
        )
    except Invalid as error:
        return _people(_in_words(error)), 422
    except Conflict:
        return _people({"/login": _("Somebody signs in with this name already. Choose another.")}), 409
    flash(_("%(name)s can sign in now.", name=form.get("name") or form.get("login")))
    return redirect(url_for("staff.people"), 303)


def _in_words(error: Invalid) -> dict[str, str]:
    known = {
        "/login": _("Type a name for signing in."),
        "/password": _("Use 8 characters or more."),
        "/role": _("Choose what they do."),
    }
    return {where: known.get(where, words) for where, words in error.faults.items()}


@bp.post("/staff/people/<int:person>/<any(disable, enable):what>")
@audience("owner")
@owner_only
def let(person: int, what: str) -> Any:
    """Keep somebody out at once, or let them in again; nobody can lock themselves out."""
    if person == g.staff.id:
        return _people({}, _("You cannot disable yourself. Ask another owner.")), 409
    access.set_disabled(deps().db, person, what == "disable", now=deps().now(), programme_ids=mine())
    return redirect(url_for("staff.people"), 303)


@bp.get("/staff/keys")
@audience("owner")
@owner_only
def keys() -> Any:
    """Keys of programs."""
    return _keys()


def _keys(secret: str = "", fault: str = "") -> str:
    now = deps().now()
    with deps().read() as db:
        rows, programmes = access.keys(db, mine()), my_programmes(db)
    return render_template(
        "staff_keys.html",
        rows=rows,
        states={row.id: key_uses.state(row, now) for row in rows},
        programmes=programmes,
        secret=secret,
        fault=fault,
        form=request.form,
        roles=access.ROLES,
        scopes=access.SCOPES,
        single=access.NO_ROLE,
        lasts=LASTS_DAYS,
        must_choose=mine() is not None,
    )


@bp.post("/staff/keys")
@audience("owner")
@owner_only
def create_key() -> Any:
    """A new key; its secret is on this answer and nowhere else."""
    form, now = request.form, deps().now()
    role, days = form.get("role", ""), form.get("days", "")
    chosen = (
        [each for each in access.SCOPES if each in form.getlist("scopes")] if role == access.NO_ROLE else []
    )
    if role not in (*access.ROLES, access.NO_ROLE) or days not in ("", *map(str, LASTS_DAYS)):
        abort(422)
    if role == access.NO_ROLE and not chosen:
        return _keys(fault=_("Tick at least one right.")), 422
    wanted = key_uses.Wanted(
        form.get("name", "").strip()[:120],
        role,
        chosen,
        _programme_chosen(),
        now + timedelta(days=int(days)) if days else None,
    )
    return _keys(key_uses.make(deps().db, wanted, now=now).secret)


@bp.post("/staff/keys/<int:key>/rotate")
@audience("owner")
@owner_only
def rotate(key: int) -> Any:
    """A new key with the same rights; the old one opens for a day more."""
    try:
        overlap = timedelta(days=1)
        made = key_uses.rotate(deps().db, key, overlap=overlap, now=deps().now(), programme_ids=mine())
    except Conflict:
        return _keys(fault=_("This key was replaced or ended before.")), 409
    return _keys(made.secret)


@bp.post("/staff/keys/<int:key>/revoke")
@audience("owner")
@owner_only
def revoke(key: int) -> Any:
    """End a key for good."""
    access.revoke_key(deps().db, key, now=deps().now(), programme_ids=mine())
    flash(_("The key is revoked: from now on it opens nothing."))
    return redirect(url_for("staff.keys"), 303)
