"""All pictures of a card, each with what it is for, for all languages or for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for

from app.audience import audience
from app.deps import deps
from app.domain.design import SLOTS, Design, Slot
from app.domain.errors import Invalid
from app.domain.passes import Artwork
from app.i18n import gettext as _
from app.services import designs, images
from app.web.auth import staff_only
from app.web.security import limiter
from app.web.studio_form import picture_fault
from app.web.studio_room import Room, asked_version, bp, kept_draft, room_of, sample
from app.web.theme import theme_of

SIZES: dict[Slot, tuple[int, int]] = {
    "banner": (375, 144),
    "logo": (160, 50),
    "icon": (87, 87),
    "thumbnail": (90, 90),
    "background": (180, 264),
    "artwork": (179, 224),
    "footer": (286, 15),
    "primary_logo": (126, 30),
    "secondary_logo": (135, 12),
    "personalisation_logo": (150, 40),
}
"""How large the page shows each, in the shape of the phones."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A slot in one language (empty: all) as phones cut it; no address: nobody uploaded one."""

    language: str
    address: str


@dataclass(frozen=True, slots=True)
class Place:
    """A slot with all its pictures."""

    slot: Slot
    width: int
    height: int
    cuts: tuple[Cut, ...]
    drawn: str
    """The address of our own drawing, where nobody uploaded one for all languages."""


@bp.get("/studio/<slug>/pictures")
@audience("marketer")
@staff_only("marketer")
def pictures(slug: str) -> Any:
    """Every picture as the phones cut it."""
    with deps().read() as db:
        room = room_of(db, slug, asked_version())
    return _page(room)


@bp.post("/studio/<slug>/pictures")
@audience("marketer")
@limiter.limit("60 per minute")
@staff_only("marketer")
def change_picture(slug: str) -> Any:
    """A new picture, or none, becomes a draft that only the studio sees; publishing is on the same page."""
    slot, language = request.form.get("slot", ""), request.form.get("language", "")
    file = request.files.get("picture")
    data = file.read() if file and "remove" not in request.form else b""
    with deps().read() as db:
        room = room_of(db, slug, request.form.get("base", type=int))
    if slot not in SLOTS or language not in ("", *room.programme.locales):
        abort(422)
    try:
        if not data and "remove" not in request.form:
            raise Invalid({"/picture": "is missing"})
        sha256 = images.upload(deps().db, data, now=deps().now()) if data else ""
    except Invalid as error:
        return _page(room, slot, picture_fault(error.message)), 422
    design_id = kept_draft(room, _with_picture(room.design, slot, language, sha256), f"picture {slot}"[:200])
    flash(_("The draft is kept. Customers still see the published version."))
    address = url_for("studio.pictures", slug=slug, draft=design_id, _anchor=f"slot-{slot}")
    return redirect(address, 303)


def _with_picture(design: Design, slot: str, language: str, sha256: str) -> Design:
    body: dict[str, Any] = design.model_dump(mode="json")
    held: dict[str, str] = body["local_images"].setdefault(language, {}) if language else body["images"]
    held.pop(slot, None)
    if sha256:
        held[slot] = sha256
    body["local_images"] = {name: found for name, found in body["local_images"].items() if found}
    return designs.parse(body)


def _page(room: Room, faulty: str = "", fault: str = "") -> str:
    shown = sample(room, room.design).pictures
    return render_template(
        "studio_pictures.html",
        room=room,
        places=[_place(room, slot, shown.get(slot)) for slot in SIZES],
        faulty=faulty,
        fault=fault,
        theme=theme_of(room.design.palette),
    )


def _place(room: Room, slot: Slot, art: Artwork | None) -> Place:
    languages = ("", *room.programme.locales) if len(room.programme.locales) > 1 else ("",)
    cuts = tuple(Cut(language, _address(room.design, slot, language)) for language in languages)
    ours = art is not None and art.source is None
    return Place(slot, *SIZES[slot], cuts, _drawn(art, slot) if ours and art else "")


def _address(design: Design, slot: Slot, language: str) -> str:
    held = design.local_images.get(language, {}) if language else design.images
    if slot not in held:
        return ""
    return _drawn(Artwork(slot, design.starter, design.palette, held[slot]), slot)


def _drawn(art: Artwork, slot: Slot) -> str:
    return deps().pictures.url(art, *SIZES[slot], scale=2).removeprefix(deps().base_url)
