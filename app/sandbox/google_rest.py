"""The addresses under `/walletobjects/v1` and `/token`, for every kind that Google's schema has.

There is no DELETE, as there is none at Google. Limits, faults and refusals are applied before a request is
looked at, in the order of a real front end: sign-in, rate, then the body.
"""

import json
import random
import re
import threading
import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, g, request

from app.sandbox import google_schema as schema
from app.sandbox.google_accounts import GRANT, TOKEN_LIFE_S, AssertionRefused
from app.sandbox.google_batch import batch_route
from app.sandbox.google_discovery import description
from app.sandbox.google_fields import masked, read_mask
from app.sandbox.google_issuers import issuer_routes
from app.sandbox.google_modes import (
    Refusal,
    front_end,
    malformed,
    permission_denied,
    too_fast,
    unauthenticated,
)
from app.sandbox.google_state import GoogleState
from app.sandbox.google_writes import require_ours, require_parsed

Json = dict[str, Any]
BURST = 20
DISCOVERY = "/$discovery/rest"


def google_rest(state: GoogleState, save_url: str, sleep: Callable[[float], None] = time.sleep) -> Blueprint:
    """The REST interface over this state."""
    pages = Blueprint("google_rest", __name__)
    gate = Gate(state, sleep)
    pages.before_request(gate.enter)
    pages.after_request(gate.leave)
    pages.register_error_handler(Refusal, lambda refusal: _answer(refusal.body, refusal.status))
    _token_route(pages, state)
    pages.add_url_rule(DISCOVERY, "discovery", lambda: _answer(description(moved=state.modes.schema_moved)))
    _jwt_routes(pages, state, save_url)
    issuer_routes(pages, state.offices, state.accounts.emails, _body, _answer)
    batch_route(pages)
    _resource_routes(pages, state)
    return pages


class Gate:
    """What stands before every request: delay, sign-in, rate, and the log of what came."""

    def __init__(self, state: GoogleState, sleep: Callable[[float], None]) -> None:
        self._state = state
        self._sleep = sleep
        self._tat = 0.0
        self._lock = threading.Lock()
        self._chance = random.Random(7)

    def enter(self) -> Response | None:
        g.came_at = time.monotonic()
        modes = self._state.modes
        if modes.latency_s > 0:
            self._sleep(modes.latency_s)
        if modes.error_rate and self._chance.random() < modes.error_rate:
            raise front_end(503, "The service is currently unavailable.", "UNAVAILABLE")
        if modes.nonsense:
            return Response("<html><body>Sorry...</body></html>", content_type="text/html")
        if request.path.endswith(("/token", DISCOVERY)):
            return None
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        email = self._state.accounts.holder(token)
        if scheme != "Bearer" or email is None:
            raise unauthenticated()
        g.email = email
        if request.path.endswith("/batch"):
            return None
        if not self._has_room(modes.rate_per_s):
            raise too_fast()
        if modes.permission_denied:
            raise permission_denied()
        if issuer_id := _issuer_asked():
            self._state.offices.require_may(email, issuer_id, write=request.method != "GET")
        return None

    def leave(self, reply: Response) -> Response:
        """One line for the log on screen; a token request's body is a credential and stays out."""
        is_token = request.path.endswith("/token")
        self._state.requests.append(
            {
                "at": self._state.now().isoformat(),
                "method": request.method,
                "path": request.full_path.rstrip("?"),
                "status": reply.status_code,
                "took_ms": round((time.monotonic() - g.get("came_at", time.monotonic())) * 1000, 1),
                "body": None if is_token else _without_secrets(request.get_json(silent=True)),
                "error": _error_of(reply),
            }
        )
        return reply

    def _has_room(self, rate_per_s: float) -> bool:
        if rate_per_s <= 0:
            return True
        with self._lock:
            now, step_s = time.monotonic(), 1 / rate_per_s
            start = max(self._tat, now)
            if start - now > (BURST - 1) * step_s:
                return False
            self._tat = start + step_s
            return True


def _issuer_asked() -> str:
    """The issuer of the class or object that a request names, in its path or its body."""
    last = request.path.removesuffix("/addMessage").rpartition("/")[2]
    body = request.get_json(silent=True) if request.method == "POST" else None
    named = body.get("id", "") if isinstance(body, dict) else ""
    found = re.match(r"([0-9]{1,20})\.", last) or re.match(r"([0-9]{1,20})\.", str(named))
    return found[1] if found else ""


def _without_secrets(body: Any) -> Any:
    """The body for a log that people read: without the keys of rotating barcodes."""
    if isinstance(body, dict):
        hidden = {"parameters": "(secret)"} if "parameters" in body else {}
        return {key: _without_secrets(one) for key, one in body.items()} | hidden
    return [_without_secrets(one) for one in body] if isinstance(body, list) else body


def _token_route(pages: Blueprint, state: GoogleState) -> None:
    @pages.post("/token")
    def token() -> Response:
        try:
            if request.form.get("grant_type") != GRANT:
                raise AssertionRefused("unsupported_grant_type", f"Invalid grant_type: use {GRANT}")
            issued = state.accounts.token_for(request.form.get("assertion", ""))
        except AssertionRefused as refusal:
            return _answer({"error": refusal.error, "error_description": refusal.description}, 400)
        return _answer({"access_token": issued, "expires_in": TOKEN_LIFE_S - 1, "token_type": "Bearer"})


def _jwt_routes(pages: Blueprint, state: GoogleState, save_url: str) -> None:
    @pages.post("/walletobjects/v1/jwt")
    def insert_jwt() -> Response:
        token = str(_body("JwtResource").get("jwt", ""))
        resources = state.insert_jwt(token)
        return _answer({"saveUri": f"{save_url.rstrip('/')}/{token}", "resources": resources})

    @pages.post("/walletobjects/v1/jwt/validate")
    def validate_jwt() -> Response:
        body = _body("JwtValidateRequest")
        if ("jwtResource" in body) == ("jsonResource" in body):
            raise malformed([("", "Exactly one of jwtResource and jsonResource must be set.")])
        if "jwtResource" in body:
            state.validate_jwt(str(body["jwtResource"].get("jwt", "")))
        else:
            state.validate_json(str(body["jsonResource"].get("json", "")))
        return _answer({})


def _resource_routes(pages: Blueprint, state: GoogleState) -> None:
    one = "/walletobjects/v1/<kind>/<resource_id>"

    @pages.get("/walletobjects/v1/<kind>")
    def listing(kind: str) -> Response:
        return _answer(_page(state, _known(kind)))

    @pages.post("/walletobjects/v1/<kind>")
    def insert(kind: str) -> Response:
        return _answer(state.insert(kind, _body(_known(kind))))

    @pages.get(one)
    def get(kind: str, resource_id: str) -> Response:
        _known(kind)
        return _answer(state.get(kind, resource_id))

    @pages.route(one, methods=["PUT", "PATCH"])
    def update(kind: str, resource_id: str) -> Response:
        body = _body(_known(kind))
        return _answer(state.update(kind, resource_id, body, whole=request.method == "PUT"))

    @pages.post(f"{one}/addMessage")
    def add_message(kind: str, resource_id: str) -> Response:
        _known(kind)
        return _answer(state.add_message(kind, resource_id, _body("AddMessageRequest").get("message") or {}))


def _page(state: GoogleState, name: str) -> Json:
    kind = name[0].lower() + name[1:]
    parent = request.args.get("issuerId" if schema.is_class(kind) else "classId", "")
    require_ours(f"{parent}.any" if schema.is_class(kind) else parent, state.issuers)
    limit = request.args.get("maxResults", "")
    if limit and not (limit.isascii() and limit.isdigit() and 0 < int(limit[:9]) <= 10_000):
        raise malformed([("maxResults", f"Invalid value at 'maxResults' (TYPE_INT32), \"{limit[:20]}\"")])
    return state.page(kind, parent, int(limit) if limit else None, request.args.get("token", ""))


def _known(kind: str) -> str:
    if kind not in schema.KINDS:
        raise front_end(404, "Method not found.", "NOT_FOUND")
    return schema.KINDS[kind]


def _body(name: str) -> Json:
    try:
        parsed = json.loads(request.get_data(cache=True))
    except (ValueError, RecursionError) as error:
        raise malformed([("", "Invalid JSON payload received. Unexpected token.")]) from error
    return require_parsed(name, parsed)


def _answer(body: Json, status: int = 200) -> Response:
    """A reply in Google's dress; `fields=` thins it out."""
    mask = request.args.get("fields", "")
    if mask and status == 200:
        try:
            body = masked(body, read_mask(mask))
        except Refusal as refusal:
            body, status = refusal.body, refusal.status
    reply = Response(
        json.dumps(body, ensure_ascii=False), status, content_type="application/json; charset=UTF-8"
    )
    reply.headers["Vary"] = "Origin, X-Origin, Referer"
    reply.headers["Server"] = "ESF"
    return reply


def _error_of(reply: Response) -> str | None:
    if reply.status_code < 400:
        return None
    found = reply.get_json(silent=True) or {}
    error = found.get("error", "")
    return str(error.get("message", "") if isinstance(error, dict) else error)[:500]
