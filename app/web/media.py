"""Pictures by the hash of their bytes: fetched by Google, by mails and by our pages, and kept by everyone
for ever.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, abort, request
from sqlalchemy import select

from app.audience import audience
from app.deps import deps
from app.domain.errors import NotFound
from app.services.images import EXTENSIONS, read
from app.storage.tables import ImageRow

bp = Blueprint("media", __name__)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@bp.get("/media/<sha256>.<ext>")
@audience("public")
def picture(sha256: str, ext: str) -> Any:
    """The picture, if its type has that ending; whoever has it already gets 304."""
    if not _SHA256.fullmatch(sha256):
        abort(404)
    with deps().read() as session:
        media_type = session.scalar(select(ImageRow.media_type).where(ImageRow.sha256 == sha256))
        if media_type is None or EXTENSIONS.get(media_type) != ext:
            abort(404)
        body = b"" if sha256 in request.if_none_match else _bytes(session, sha256)
    answer = Response(body, mimetype=media_type)
    answer.set_etag(sha256)
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    answer.headers["Content-Security-Policy"] = "default-src 'none'"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer.make_conditional(request)


def _bytes(session: Any, sha256: str) -> bytes:
    try:
        return read(session, sha256).body
    except NotFound:
        abort(404)
