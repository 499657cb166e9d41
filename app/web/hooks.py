"""Inbound webhooks: read no more than a mebibyte, verify the raw bytes, keep them, answer at once."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

import orjson
from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.audience import audience
from app.deps import Deps, deps
from app.services import crm
from app.services.ports import Greeting, HookRejected, Inbound, Verified
from app.web.hook_doors import Door, Doors
from app.web.security import csrf

MOST_BYTES = 1024 * 1024
_doors = Doors()
SOURCE_URL = "x-tillpass-source-url"
bp = Blueprint("hooks", __name__)
csrf.exempt(bp)  # who calls here signs the body and has no session


@bp.post("/hooks/<source>")
@audience("vendor")
def receive(source: str) -> Response:
    """202 for a new event, 200 for a repeated one; unknown sources and wrong signatures look the same.

    So does a system's hello (see `Greeting`), which is 200 at every address.
    """
    request.max_content_length = MOST_BYTES
    body = request.get_data(cache=False)
    known = deps()
    call = _call(known, source, body)
    try:
        new = _kept(known, source, call)
    except HookRejected:
        if _is_greeting(known, call):
            return _answer({"stored": False, "repeated": False}, 200)
        _count("refusals", "hook", "signature")
        return _answer({"type": "/api/problems/unauthorized", "title": "Not accepted", "status": 401}, 401)
    _count("hook_events", source, "stored" if new else "repeated")
    return _answer({"stored": True, "repeated": not new}, 202 if new else 200)


@bp.errorhandler(RequestEntityTooLarge)
def too_large(error: RequestEntityTooLarge) -> Response:
    """More than a mebibyte is no event."""
    return _answer({"type": "/api/problems/too-large", "title": "The body is too large", "status": 413}, 413)


def _call(known: Deps, slug: str, body: bytes) -> Inbound:
    headers = {name.lower(): value for name, value in request.headers}
    headers[SOURCE_URL] = f"{known.base_url}/hooks/{slug}"  # some sign the address that they were given
    return Inbound(headers, body, request.args.to_dict())


def _is_greeting(known: Deps, call: Inbound) -> bool:
    """Whether any system says hello like that; the source is not asked, because it may not exist."""
    return any(isinstance(each, Greeting) and each.is_greeting(call) for each in known.connectors.values())


def _kept(known: Deps, slug: str, call: Inbound) -> bool:
    """Verify and store; raises HookRejected."""
    now = known.now()
    door, verified = _opened(known, slug, call, now)
    loud = _doors.may_notify(known)
    return crm.store(known.db, door.source_id, verified, call.body, known.seal, now=now, loud=loud)


def _opened(known: Deps, slug: str, call: Inbound, now: datetime) -> tuple[Door, Verified]:
    """The source and what its connector verified; one that was remembered is looked up anew before a call is
    refused, because its secret may be a new one. Raises HookRejected.
    """
    door = _doors.remembered(known, slug)
    if door is not None:
        with suppress(HookRejected):
            return door, _verified(known, door, call, now)
    door = _doors.look_up(known, slug)
    verified = _verified(known, door, call, now)
    if not door.source_id:
        raise HookRejected
    return door, verified


def _verified(known: Deps, door: Door, call: Inbound, now: datetime) -> Verified:
    """Raises HookRejected: hostile headers break parsers in ways that nobody lists, and all mean the same."""
    connector = known.connectors.get(door.kind) or known.connectors["generic"]
    try:
        return connector.verify(call, door.secrets(now), now=now)
    except HookRejected:
        raise
    except Exception as error:
        raise HookRejected from error


def _count(metric: str, *labels: str) -> None:
    metrics = current_app.extensions.get("tillpass-metrics")
    if metrics is not None:
        getattr(metrics, metric).labels(*labels).inc()


def _answer(body: dict[str, Any], status: int) -> Response:
    kind = "application/json" if status < 400 else "application/problem+json"
    return Response(orjson.dumps(body), status, {"Cache-Control": "no-store"}, content_type=kind)
