"""Everything else about a card, for those who want it: what each wallet knows, in parts that fold.

The form is made from the design's own model (`model_form`), so that what a design learns can be reached by
hand at once. Nothing is kept by adding or moving a line; keeping and publishing are as on the card's page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from app.audience import audience
from app.deps import deps
from app.domain.apple_look import AppleLook
from app.domain.design import Design
from app.domain.errors import Conflict, Invalid
from app.domain.google_look import GoogleLook
from app.i18n import gettext as _
from app.i18n import local, moment, number
from app.services import designs
from app.web import model_form
from app.web.auth import staff_only
from app.web.fault_words import faults_in_words
from app.web.model_view import Control, Speech, control_of, faulty, put_faults
from app.web.security import limiter
from app.web.studio_form import faults_in
from app.web.studio_parts import PARTS, ROOT, Part, place
from app.web.studio_reach import audience_of
from app.web.studio_room import (
    Room,
    asked_version,
    bp,
    by_script,
    go_live,
    room_of,
    saved_version,
    shown_by_phones,
)
from app.web.theme import theme_of

DEFAULTS: Mapping[str, dict[str, Any]] = {
    "apple": AppleLook().model_dump(mode="json"),
    "google": GoogleLook().model_dump(mode="json"),
}
_WHEN = re.compile(r"/(at|starts_at|ends_at|date|valid_from)$")
_LOCAL = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?")


@dataclass(frozen=True, slots=True)
class Shown:
    """A part as the page draws it."""

    part: Part
    controls: list[Control]
    open: bool

    @property
    def title(self) -> str:
        """What the part is about."""
        return _(self.part.title)

    @property
    def sentence(self) -> str:
        """What the customer will see of it."""
        return _(self.part.sentence)


@dataclass(slots=True)
class Typed:
    """What the form says: JSON values of a design, perhaps wrong ones, and where somebody is at work."""

    body: dict[str, Any]
    at: str = ""
    faults: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def body_of(design: Design) -> dict[str, Any]:
    """The design as JSON values; looks that it does not have stand at their defaults."""
    body: dict[str, Any] = design.model_dump(mode="json")
    return body | {name: body[name] or deepcopy(look) for name, look in DEFAULTS.items()}


def written(design: Design, form: MultiDict[str, str], zone: tzinfo | None = None) -> dict[str, Any]:
    """The design with what the form says of the parts that it has; times without a zone are the shop's."""
    said = {name: _in_zone(name, text, zone) for name, text in form.items()}
    parts = form.getlist("part")
    body = body_of(design)
    for pointer in (each for part in PARTS if part.key in parts for each in part.pointers):
        *way, last = pointer.strip("/").split("/")
        holder = body
        for step in way:
            holder = holder[step]
        holder[last] = model_form.read(place(pointer), said, pointer)
    return body


def _in_zone(name: str, text: str, zone: tzinfo | None) -> str:
    if zone is None or not _WHEN.search(name) or not _LOCAL.fullmatch(text.strip()):
        return text
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=zone).isoformat()
    except ValueError:
        return text


def parsed(base: Design, body: Mapping[str, Any]) -> Design:
    """The design of these values; a look in which nothing was said stays away. Raises Invalid."""
    looks = {
        name: None if getattr(base, name) is None and body[name] == look else body[name]
        for name, look in DEFAULTS.items()
    }
    return designs.parse({**body, **looks})


@bp.get("/studio/<slug>/more")
@audience("marketer")
@staff_only("marketer")
def more(slug: str) -> Any:
    """All that the simple page leaves out."""
    with deps().read() as db:
        room = room_of(db, slug, asked_version())
    return _page(room, Typed(body_of(room.design)))


@bp.post("/studio/<slug>/more")
@audience("marketer")
@limiter.limit("240 per minute")
@staff_only("marketer")
def change(slug: str) -> Any:
    """One of the form's buttons: a line more or less, keep as a draft, or publish."""
    with deps().read() as db:
        room = room_of(db, slug, request.form.get("base", type=int))
    typed = Typed(written(room.design, request.form, room.programme.zone))
    wish = request.form.get("act", "")
    if ":" in wish:
        typed.at = model_form.act(ROOT, typed.body, wish, room.programme.locales)
        return _page(room, typed)
    try:
        design = parsed(room.design, typed.body)
        if wish in ("keep", "publish"):
            return _kept(room, design) if wish == "keep" else _published(room, design, typed)
    except Invalid as error:
        typed.faults = faults_in_words(error.faults)
    return _page(room, typed), 422 if typed.faults else 200


def _kept(room: Room, design: Design) -> Any:
    version = saved_version(room, design)
    flash(_("The draft is kept. Customers still see the published version."))
    return redirect(url_for("studio.more", slug=room.programme.slug, draft=version), 303)


def _published(room: Room, design: Design, typed: Typed) -> Any:
    try:
        typed.notes = go_live(room, design)
    except Conflict:
        flash(_("This version is published already; nothing was changed."))
    if typed.notes:
        return _page(room, typed), 422
    return redirect(url_for("studio.reach", slug=room.programme.slug), 303)


@bp.post("/studio/<slug>/more/preview")
@audience("marketer")
@limiter.limit("600 per minute")
@staff_only("marketer")
def more_preview(slug: str) -> Any:
    """What both phones would show of the form as it stands now; faults by input, if there are any."""
    with deps().read() as db:
        room = room_of(db, slug, request.form.get("base", type=int))
    try:
        design = parsed(room.design, written(room.design, request.form, room.programme.zone))
    except Invalid as error:
        instead = shown_by_phones(room, room.design) if "instead" in request.form else None
        return jsonify(faults=faults_in_words(error.faults), instead=instead), 422
    return jsonify(shown_by_phones(room, design))


@bp.get("/studio/<slug>/phones.json")
@audience("marketer")
@staff_only("marketer")
def phones(slug: str) -> Any:
    """What both vendors would be given for a made-up card of this version, as it is."""
    with deps().read() as db:
        room = room_of(db, slug, asked_version())
    return jsonify(shown_by_phones(room, room.design)["wallets"])


def _page(room: Room, typed: Typed) -> Any:
    """The whole page; a script that moved a line gets the parts alone."""
    shown, lost = _parts(room, typed)
    values: dict[str, Any] = {
        "parts": shown,
        "at": typed.at,
        "placeholders": _placeholders(room),
        "opened": lambda name: f"{typed.at}/".startswith(f"{name}/"),
        "is_faulty": faulty,
        "is_faulty_in": lambda controls: any(faulty(each) for each in controls),
    }
    if by_script():
        return jsonify(parts=render_template("components/studio_parts.html", **values))
    with deps().read() as db:
        reached = audience_of(db, room.row)
    return render_template(
        "studio_more.html",
        room=room,
        notes=[*lost, *typed.notes] or ([] if typed.faults else faults_in(room.design, room.programme)),
        faulty=bool(typed.faults),
        reached=reached,
        tiers=[(tier.key, local(tier.name)) for tier in room.design.tiers],
        wallets=list(deps().wallets),
        theme=theme_of(room.design.palette),
        **values,
    )


def _parts(room: Room, typed: Typed) -> tuple[list[Shown], list[str]]:
    speech = Speech(room.programme.locales, {"en": _("English"), "ru": _("Russian")})
    made = [(part, [_control(typed.body, pointer, speech) for pointer in part.pointers]) for part in PARTS]
    lost = put_faults([each for _part, controls in made for each in controls], typed.faults)
    return [Shown(part, controls, _is_open(controls, typed.at)) for part, controls in made], lost


def _control(body: Mapping[str, Any], pointer: str, speech: Speech) -> Control:
    value: Any = body
    for step in pointer.strip("/").split("/"):
        value = value.get(step) if isinstance(value, Mapping) else None
    return control_of(place(pointer), value, pointer, speech)


def _is_open(controls: Sequence[Control], at: str) -> bool:
    return any(at.startswith(each.name) if at else faulty(each) for each in controls)


def _placeholders(room: Room) -> list[tuple[str, str]]:
    """What may stand in curly brackets, with what a made-up card has there."""
    found = designs.known_placeholders(room.programme, room.design)
    return [(f"{{{name}}}", _sample(value)) for name, value in sorted(found.items())]


def _sample(value: Any) -> str:
    if isinstance(value, Mapping):
        return local(value)
    if isinstance(value, int):
        return number(value)
    return moment(value) if hasattr(value, "tzinfo") else str(value or "")
