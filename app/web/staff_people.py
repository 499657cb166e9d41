"""People who sign in, and programs that hold a key."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, g, redirect, render_template, request, url_for

from app.audience import audience
from app.deps import deps
from app.domain.errors import Conflict, Invalid
from app.i18n import gettext as _
from app.services import access
from app.web.staff_room import bp, mine, my_programmes, owner_only


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


def _keys(secret: str = "") -> str:
    with deps().read() as db:
        rows, programmes = access.keys(db, mine()), my_programmes(db)
    return render_template(
        "staff_keys.html",
        rows=rows,
        programmes=programmes,
        secret=secret,
        roles=access.ROLES,
        must_choose=mine() is not None,
    )


@bp.post("/staff/keys")
@audience("owner")
@owner_only
def create_key() -> Any:
    """A new key; its secret is on this answer and nowhere else."""
    role, name = request.form.get("role", ""), request.form.get("name", "").strip()[:120]
    if role not in access.ROLES:
        abort(422)
    chosen = _programme_chosen()
    return _keys(access.create_key(deps().db, role=role, name=name, programme=chosen, now=deps().now()))


@bp.post("/staff/keys/<int:key>/revoke")
@audience("owner")
@owner_only
def revoke(key: int) -> Any:
    """End a key for good."""
    access.revoke_key(deps().db, key, now=deps().now(), programme_ids=mine())
    flash(_("The key is revoked: from now on it opens nothing."))
    return redirect(url_for("staff.keys"), 303)
