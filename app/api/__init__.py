"""REST for tills, CRMs and shops: `/api/v1`, described by OpenAPI from the same types."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, g

from app.api import (  # noqa: F401  (importing them fills CALLS)
    analytics,
    api_keys,
    banners,
    campaigns,
    cards,
    codes,
    companies,
    designs,
    docs,
    gifts,
    happenings,
    holds,
    jobs,
    ledger,
    liability,
    memberships,
    messages,
    osmi,
    presets,
    problems,
    programmes,
    receipts,
    rules,
    segments,
    settlement,
    sources,
    webhooks,
)
from app.api.calls import CALLS, served
from app.api.keys import PACE, Pace
from app.api.openapi import PREFIX

__all__ = ["blueprint", "register"]
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def register(app: Flask, *, calls_per_minute: int = 12_000) -> Blueprint:
    """Serve the API from `app`, which must have a Deps value in its extensions; a key may call so often."""
    app.extensions[PACE] = Pace(calls_per_minute)
    bp = blueprint()
    app.register_blueprint(bp)
    app.register_blueprint(osmi.blueprint)
    return bp


def blueprint() -> Blueprint:
    """All calls, their description and the problem documents, below `/api`."""
    bp = Blueprint("api", __name__)
    for each in CALLS:
        bp.add_url_rule(PREFIX + each.path, each.operation, served(each), methods=[each.method])
    bp.add_url_rule(f"{PREFIX}/openapi.json", "openapi", docs.openapi)
    bp.add_url_rule("/api/docs", "docs", docs.page)
    bp.add_url_rule(f"{problems.TYPES}<code>", "problem", docs.problem)
    bp.add_url_rule("/api", "nowhere", docs.nowhere, methods=_METHODS, strict_slashes=False)
    bp.add_url_rule("/api/<path:rest>", "nowhere", docs.nowhere, methods=_METHODS)
    problems.install(bp)
    bp.after_request(_tell_pace)
    return bp


def _tell_pace(response: Response) -> Response:
    response.headers.update(g.get("rate_headers", {}))
    return response
