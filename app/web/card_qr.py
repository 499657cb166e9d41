"""The card's own address as a QR code: for letters and for the field of a CRM that prints it."""

from __future__ import annotations

from flask import Blueprint, Response

from app.audience import audience
from app.deps import deps
from app.rendering.barcodes import barcode_png
from app.storage import queries
from app.web.security import limiter

bp = Blueprint("card_qr", __name__)
PNG_SCALE = 8


@bp.get("/c/<link>/qr.png")
@audience("customer")
@limiter.limit("60 per minute")
def code(link: str) -> Response:
    """A picture of the address; 404 for an address that is no card's, so that it leads nowhere else."""
    known = deps()
    with known.read() as session:
        card = queries.card_by_link(session, link)
        address = f"{known.base_url}/c/{card.link}"
    answer = Response(barcode_png("qr", address, PNG_SCALE), mimetype="image/png")
    answer.headers["Cache-Control"] = "private, max-age=86400"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer
