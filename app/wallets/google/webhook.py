"""`/google/callback`: Google tells us that a customer saved a card or took it away."""

from __future__ import annotations

from contextlib import suppress

from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import IntegrityError

from app.audience import audience
from app.deps import deps
from app.wallets.google.callbacks import CallbackRejected, CallbackVerifier, KeysUnavailable
from app.wallets.google.shelf import apply_callback

MOST_BYTES = 65_536
blueprint = Blueprint("google", __name__)


@blueprint.post("/google/callback")
@audience("vendor")
def callback() -> Response:
    """200 for a genuine call (repeats too), 400 for anything else, 503 while Google's keys cannot be had."""
    request.max_content_length = MOST_BYTES
    verifier: CallbackVerifier | None = current_app.extensions.get("tillpass-google-callbacks")
    now = deps().now()
    if verifier is None:
        return Response(status=404)
    try:
        told = verifier.verify(request.get_data(), now)
    except KeysUnavailable:
        return Response(status=503, headers={"Retry-After": "60"})
    except CallbackRejected:
        return Response(status=400)
    with (
        suppress(IntegrityError),
        deps().db.begin() as session,
    ):  # the same call on another worker at this moment
        apply_callback(session, told, now)
    return Response(status=200)
