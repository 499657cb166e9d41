"""What only the owner changes of a programme: country, vendors' accounts, the numbers of its cards."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audience import audience
from app.deps import deps
from app.domain.errors import Conflict, Invalid
from app.domain.programme import Programme
from app.i18n import gettext as _
from app.services import programmes
from app.storage.tables import AppleRegistration, Card
from app.web import model_form
from app.web.auth import staff_only
from app.web.fault_words import faults_in_words
from app.web.model_form import Node, tree
from app.web.model_view import Control, Speech, control_of, put_faults
from app.web.studio_room import Room, bp, room_of
from app.web.theme import theme_of

ROOT = tree(Programme)
PLACES = ("/country", "/card_numbers", "/google/issuer_id", "/apple/pass_type_identifier")


@bp.get("/studio/<slug>/programme", endpoint="settings")
@audience("owner")
@staff_only("owner")
def programme_settings(slug: str) -> Any:
    """The settings as they are."""
    with deps().read() as db:
        room = room_of(db, slug)
    return _page(room, room.programme.model_dump(mode="json"), {})


@bp.post("/studio/<slug>/programme")
@audience("owner")
@staff_only("owner")
def change_settings(slug: str) -> Any:
    """Keep the settings; cards follow in the background."""
    with deps().read() as db:
        room = room_of(db, slug)
        held = _is_held(db, room)
    before: dict[str, Any] = room.programme.model_dump(mode="json")
    body = _written(before)
    try:
        if held and body["apple"] != before["apple"]:
            raise Conflict(_("Cards with the old pass type are on phones. Ask whoever runs the server."))
        changed = {name: value for name, value in body.items() if value != before[name]}
        if changed:
            programmes.change(deps().db, slug, changed, now=deps().now())
    except Conflict as error:
        return _page(room, body, {"/apple/pass_type_identifier": error.message}), 422
    except Invalid as error:
        return _page(room, body, faults_in_words(error.faults)), 422
    flash(_("Kept. Cards follow in the background.") if changed else _("Nothing was changed."))
    return redirect(url_for("studio.settings", slug=slug), 303)


def _is_held(db: Session, room: Room) -> bool:
    """Whether a phone of Apple's holds a card: its pass type cannot change under it."""
    mine = select(AppleRegistration.card_id).join(Card, Card.id == AppleRegistration.card_id)
    return db.scalar(mine.where(Card.programme_id == room.row.id).limit(1)) is not None


def _written(before: dict[str, Any]) -> dict[str, Any]:
    body = {**before, "apple": dict(before["apple"]), "google": dict(before["google"])}
    for pointer in PLACES:
        *way, last = pointer.strip("/").split("/")
        holder = body
        for step in way:
            holder = holder[step]
        if pointer in request.form:
            said = model_form.read(_place(pointer), request.form, pointer)
            holder[last] = said.upper() if pointer == "/country" else said
    return body


def _place(pointer: str) -> Node:
    node = ROOT
    for name in pointer.strip("/").split("/"):
        node = node.child(name)
    return node


def _page(room: Room, body: dict[str, Any], faults: dict[str, str]) -> str:
    controls = [_control(body, pointer) for pointer in PLACES]
    lost = put_faults(controls, faults)
    return render_template(
        "studio_settings.html",
        room=room,
        controls=controls,
        lost=lost,
        theme=theme_of(room.design.palette),
        opened=lambda name: False,
        is_faulty=lambda control: False,
        is_faulty_in=lambda controls: False,
    )


def _control(body: dict[str, Any], pointer: str) -> Control:
    value: Any = body
    for step in pointer.strip("/").split("/"):
        value = value[step]
    return control_of(_place(pointer), value, pointer, Speech((), {}))
