"""The rules of a programme as its customers read them: clear, dated, and the same words as in the studio."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from app.audience import audience
from app.deps import deps
from app.domain.programme import Programme
from app.domain.rule_words import described
from app.i18n import chosen, local, use
from app.services import designs, rulebook
from app.storage import queries
from app.web.faces import face_view
from app.web.theme import theme_of

bp = Blueprint("rules", __name__)


@bp.get("/join/<slug>/rules")
@audience("public")
def page(slug: str) -> Any:
    """What counts now and since when, and what will count later."""
    now = deps().now()
    with deps().read() as db:
        row = queries.programme_row(db, slug)
        programme, design = queries.programme_of(row), queries.design_of(queries.design_row(db, row))
        book = rulebook.read(db, row, now)
        use(chosen(programme.locales), programme.zone)
        told = [
            (version, _told(rulebook.programme_of(row, version))) for version in (book.current, *book.waiting)
        ]
    sample = designs.preview(programme, design, now=now, filled=0.6)
    return render_template(
        "rules.html",
        programme=programme,
        face=face_view(sample),
        told=told,
        theme=theme_of(sample.palette),
        languages=programme.locales,
    )


def _told(programme: Programme) -> list[list[str]]:
    """Every rule but codes that are not for everybody."""
    return [
        [local(each) for each in described(rule, programme)]
        for rule in programme.rules
        if rule.kind != "coupon" or getattr(rule, "on_card", False)
    ]
