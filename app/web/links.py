"""Short tracked links: `/l/<code>` on posters, receipts, posts and in mails."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from app.audience import audience
from app.deps import deps
from app.services import attribution, funnel
from app.services.enrolment import UTM

bp = Blueprint("links", __name__)


@bp.get("/l/<code>")
@audience("public")
def follow(code: str) -> Any:
    """Count the click and go on: to the programme's join page with the channel's UTM, or to one person's
    card.
    """
    opened = funnel.by_a_person(request.method, request.headers.get)
    target = attribution.follow(deps().db, code, counted=opened)
    if target.card_link:
        address = url_for("card.page", link=target.card_link)
    else:
        kept: dict[str, Any] = {**_kept(), **target.utm, "l": code}
        address = url_for("join.form", slug=target.programme, **kept)
    answer: Response = redirect(address)  # type: ignore[assignment]
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _kept() -> dict[str, str]:
    """What the address itself says; the link's own values win."""
    wanted = (*UTM, "lang")
    return {key: request.args[key][:200] for key in wanted if request.args.get(key)}
