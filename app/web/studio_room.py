"""What the studio's pages share: their blueprint, a programme with the version of its look, drafts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, g, request
from sqlalchemy.orm import Session

from app.deps import deps
from app.domain.design import Design
from app.domain.errors import Conflict
from app.domain.passes import Pass
from app.domain.programme import Programme
from app.i18n import locale, use
from app.services import designs
from app.storage import queries
from app.storage.tables import DesignRow, ProgrammeRow
from app.web.auth import require_programme
from app.web.faces import code_address
from app.web.studio_form import contrasts, differs, faults_in

bp = Blueprint("studio", __name__)


@dataclass(frozen=True, slots=True)
class Room:
    """One programme and the version of its look that is being worked on."""

    row: ProgrammeRow
    programme: Programme
    look: DesignRow
    design: Design

    @property
    def is_draft(self) -> bool:
        """Whether nobody but the studio has seen this version."""
        return self.look.published_at is None

    @property
    def has_coupons(self) -> bool:
        """Whether there is a coupon that codes can be made of."""
        return any(rule.kind == "coupon" for rule in self.programme.rules)


def room_of(db: Session, slug: str, design_id: int | None = None) -> Room:
    """The programme, if it is one of this person's; raises NotFound."""
    row = queries.programme_row(db, slug)
    require_programme(g.staff, row.id)
    look = queries.design_row(db, row, design_id)
    programme = queries.programme_of(row)
    use(locale(), programme.zone)
    return Room(row, programme, look, queries.design_of(look))


def asked_version() -> int | None:
    """The version that the address or the form names; None means the published one."""
    return request.values.get("draft", type=int) or request.form.get("base", type=int)


def kept_draft(room: Room, design: Design, note: str = "") -> int:
    """Keep the design as a draft of the person who is signed in; returns its number."""
    return designs.draft(
        deps().db, room.programme.slug, design, now=deps().now(), author=g.staff.name, note=note
    )


def saved_version(room: Room, design: Design) -> int:
    """The version that holds this design: the one at hand if nothing differs, else a new draft."""
    return kept_draft(room, design) if differs(design, room.design, room.programme) else room.look.id


def go_live(room: Room, design: Design) -> list[str]:
    """Make it the look of all cards; answers what must be mended before, in words.

    Raises Conflict if customers see exactly this already (a second tap), Invalid for missing pictures.
    """
    with deps().read() as db:
        now = room_of(db, room.programme.slug)
    if not differs(design, now.design, room.programme):
        raise Conflict("Customers see exactly this already.")
    if faults := faults_in(design, room.programme):
        return faults
    slug, version = room.programme.slug, saved_version(room, design)
    designs.publish(deps().db, slug, version, now=deps().now(), author=g.staff.name)
    return []


def by_script() -> bool:
    """Whether our own script asks, which wants JSON."""
    return request.accept_mimetypes.best == "application/json"


def sample(room: Room, design: Design) -> Pass:
    """A made-up card with the language, progress and status that the page's dials say."""
    wanted, tier = request.values.get("locale", ""), request.values.get("tier", "")
    spoken = wanted if wanted in room.programme.locales else room.programme.default_locale
    filled = min(100, max(0, request.values.get("filled", 40, type=int))) / 100
    known = tier if design.tier(tier) else ""
    return designs.preview(room.programme, design, now=deps().now(), filled=filled, locale=spoken, tier=known)


def shown_by_phones(room: Room, design: Design) -> dict[str, Any]:
    """What both vendors would be given for the sample card, and what should be mended before."""
    face = sample(room, design)
    return {
        "locale": face.locale,
        "wallets": {
            name: _on_this_site(wallet.preview(face, room.programme, design))
            for name, wallet in deps().wallets.items()
        },
        "code": code_address(face.barcode.format, face.barcode.message),
        "contrasts": contrasts(design.palette),
        "faults": faults_in(design, room.programme),
        "changed": room.is_draft or differs(design, room.design, room.programme),
    }


def _on_this_site(value: Any) -> Any:
    """Picture addresses as paths, so that they are found under whatever name the site was reached."""
    if isinstance(value, Mapping):
        return {key: _on_this_site(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_on_this_site(each) for each in value]
    media = f"{deps().base_url}/media/"
    return (
        value.removeprefix(deps().base_url) if isinstance(value, str) and value.startswith(media) else value
    )
