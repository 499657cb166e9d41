"""Inbound webhooks: read no more than a mebibyte, verify the raw bytes, keep them, answer at once."""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.audience import audience
from app.deps import Deps, deps
from app.services import crm
from app.services.ports import Connector, HookRejected, Inbound, Verified
from app.web.security import csrf

MOST_BYTES = 1024 * 1024
SOURCE_URL = "x-tillpass-source-url"
bp = Blueprint("hooks", __name__)
csrf.exempt(bp)  # who calls here signs the body and has no session


@bp.post("/hooks/<source>")
@audience("vendor")
def receive(source: str) -> Response:
    """202 for a new event, 200 for a repeated one; unknown sources and wrong signatures look the same."""
    request.max_content_length = MOST_BYTES
    body = request.get_data(cache=False)
    known = deps()
    try:
        new = _kept(known, source, body)
    except HookRejected:
        _count("refusals", "hook", "signature")
        return _answer({"type": "/api/problems/unauthorized", "title": "Not accepted", "status": 401}, 401)
    _count("hook_events", source, "stored" if new else "repeated")
    return _answer({"stored": True, "repeated": not new}, 202 if new else 200)


@bp.errorhandler(RequestEntityTooLarge)
def too_large(error: RequestEntityTooLarge) -> Response:
    """More than a mebibyte is no event."""
    return _answer({"type": "/api/problems/too-large", "title": "The body is too large", "status": 413}, 413)


def _kept(known: Deps, slug: str, body: bytes) -> bool:
    """Verify and store; raises HookRejected."""
    headers = {name.lower(): value for name, value in request.headers}
    headers[SOURCE_URL] = f"{known.base_url}/hooks/{slug}"  # some sign the address that they were given
    call = Inbound(headers, body, request.args.to_dict())
    with known.read() as session:
        row = None if "\x00" in slug else crm.source_called(session, slug)
    connector = known.connectors.get(row.kind if row else "generic") or known.connectors["generic"]
    now = known.now()
    secrets_ = crm.secrets_of(row, known.unseal, now) if row else [known.unseal(_decoy(known.seal))]
    verified = _verified(connector, call, secrets_, now)
    if row is None:
        raise HookRejected
    return crm.store(known.db, row.id, verified, body, known.seal, now=now)


def _verified(connector: Connector, call: Inbound, known_secrets: list[str], now: datetime) -> Verified:
    """Raises HookRejected: hostile headers break parsers in ways that nobody lists, and all mean the same."""
    try:
        return connector.verify(call, known_secrets, now=now)
    except HookRejected:
        raise
    except Exception as error:
        raise HookRejected from error


@lru_cache(maxsize=8)
def _decoy(seal: Any) -> str:
    """A secret that nobody knows: an unknown source is checked against it, so that it takes as long."""
    sealed: str = seal(secrets.token_urlsafe(32))
    return sealed


def _count(metric: str, *labels: str) -> None:
    metrics = current_app.extensions.get("tillpass-metrics")
    if metrics is not None:
        getattr(metrics, metric).labels(*labels).inc()


def _answer(body: dict[str, Any], status: int) -> Response:
    kind = "application/json" if status < 400 else "application/problem+json"
    return Response(orjson.dumps(body), status, {"Cache-Control": "no-store"}, content_type=kind)
