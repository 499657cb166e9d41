"""The front door: the programmes to join, and in the sandbox a guide to everything that there is to try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, render_template, url_for

from app.audience import audience
from app.deps import deps
from app.domain.programme import Programme
from app.i18n import LANGUAGES, chosen, locale, use
from app.services import designs, programmes
from app.storage import queries
from app.web.faces import FaceView, code_address, face_view
from app.web.theme import Theme, theme_of

bp = Blueprint("home", __name__)
MOST_SHOWN = 24


@dataclass(frozen=True, slots=True)
class Offer:
    """A programme that can be joined, with a sample of its card."""

    programme: Programme
    face: FaceView
    theme: Theme
    address: str
    code: str


@bp.get("/")
@audience("public")
def home() -> Any:
    """The programmes; in the sandbox the guide, with `TILLPASS_GUIDE` of the app's config.

    The guide's value is `{"sign_ins": [{"role", "login", "password"}, …], "api_key": "…"}`; both keys may be
    missing.
    """
    use(chosen(LANGUAGES))
    values = {"offers": _offers(), "languages": LANGUAGES}
    if deps().sandbox:
        return render_template("guide.html", guide=current_app.config.get("TILLPASS_GUIDE", {}), **values)
    return render_template("home.html", **values)


def _offers() -> list[Offer]:
    with deps().read() as session:
        rows = programmes.listed(session)[:MOST_SHOWN]
        found = [
            (queries.programme_of(row), queries.design_of(queries.design_row(session, row))) for row in rows
        ]
    return [_offer(programme, design) for programme, design in found]


def _offer(programme: Programme, design: Any) -> Offer:
    sample = designs.preview(programme, design, now=deps().now(), filled=0.6, locale=locale())
    address = deps().base_url + url_for("join.form", slug=programme.slug)
    return Offer(
        programme,
        face_view(sample, programme.slug),
        theme_of(sample.palette),
        address,
        code_address("qr", address),
    )
