"""Several cards of one person, added to Apple Wallet at once.

Each card's own address is the only proof that it is the visitor's, so each must be shown: nobody learns of a
card whose address they do not have.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, request

from app.audience import audience
from app.deps import deps
from app.services.ports import DeliveryError
from app.storage import queries
from app.storage.tables import Member
from app.web.security import limiter

bp = Blueprint("card_bundle", __name__)
MEDIA_TYPE = "application/vnd.apple.pkpasses"
MOST_CARDS = 10


@bp.get("/c/<link>/cards.pkpasses")
@audience("customer")
@limiter.limit("12 per minute")
def bundle(link: str) -> Any:
    """The signed passes of this card and of those behind `?with=<link>` (repeated), ten at most.

    404 where one of them is unknown, 422 for more than ten, 503 with Retry-After while none can be signed.
    """
    links = tuple(dict.fromkeys((link, *request.args.getlist("with"))))
    if len(links) > MOST_CARDS:
        abort(422)
    apple: Any = deps().wallets.get("apple")
    if apple is None:
        abort(404)
    try:
        body = apple.packages(_cards(links))
    except DeliveryError:
        return Response(status=503, headers={"Retry-After": "60"})
    answer = Response(body, mimetype=MEDIA_TYPE)
    answer.headers["Content-Disposition"] = 'attachment; filename="cards.pkpasses"'
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _cards(links: tuple[str, ...]) -> list[int]:
    """The cards behind these addresses; the same 404 for a card that is gone and one that never was."""
    with deps().read() as session:
        found = [queries.card_by_link(session, each) for each in links]
        for card in found:
            member = session.get(Member, card.member_id)
            if card.status == "void" or member is None or member.erased_at is not None:
                abort(404)
        return [card.id for card in found]
