"""Every refusal of the API as RFC 9457 `application/problem+json`, with a stable `type`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from app.api.answers import json_bytes
from app.domain.errors import Invalid, Outdated, Refused
from app.services.inputs import BrokenJson

log = logging.getLogger(__name__)
TYPES = "/api/problems/"


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of problem: its status and what a programmer should know of it."""

    status: int
    title: str
    meaning: str


KINDS: Mapping[str, Kind] = {
    "invalid": Kind(
        422, "The request has faults", "`errors` lists all of them with JSON pointers; nothing was stored."
    ),
    "broken-json": Kind(400, "The body is not JSON", "Send one JSON value in UTF-8."),
    "idempotency-key-missing": Kind(
        400,
        "An Idempotency-Key is needed",
        "Send a header `Idempotency-Key` of 1 to 200 visible ASCII letters; the same one when you repeat.",
    ),
    "idempotency-key-reused": Kind(
        422, "The Idempotency-Key stands for another request", "Use a new key for every new operation."
    ),
    "unauthorized": Kind(
        401,
        "A valid key is needed",
        "Send `Authorization: Bearer <key>`.",
    ),
    "forbidden": Kind(403, "The key may not do this", "`state.scope` names the scope that the call needs."),
    "not-found": Kind(404, "Not found", "There is no such thing, or this key may not see it."),
    "method-not-allowed": Kind(405, "This address takes other methods", "The header `Allow` lists them."),
    "conflict": Kind(409, "The present state does not allow it", "`state` has the facts."),
    "card-not-active": Kind(409, "The card is not active", "`state.status` says what it is."),
    "insufficient-balance": Kind(
        409, "The card holds less than that", "`state` has `unit`, `available` and `wanted`."
    ),
    "already-reversed": Kind(409, "It was taken back before", "An operation can be reversed once."),
    "code-old": Kind(
        409,
        "The rotating code is old",
        "Ask the customer to open the card again; `state.number` is the card's.",
    ),
    "code-used": Kind(
        409,
        "The rotating code was used before",
        "A code is accepted once; the card shows a new one in a moment.",
    ),
    "precondition-failed": Kind(
        412, "It was changed meanwhile", "`state.etag` is the present one: read it again, then change it."
    ),
    "file-refused": Kind(422, "The file cannot be taken", "`detail` says why; nothing of it was done."),
    "too-large": Kind(413, "The body is too large", "1 MiB of JSON, 8 MB for a picture."),
    "unsupported-media-type": Kind(
        415, "Another Content-Type is needed", "`application/json`, or `multipart/form-data` for pictures."
    ),
    "too-many-requests": Kind(429, "Too many requests", "`Retry-After` says how many seconds to wait."),
    "internal": Kind(500, "Our mistake", "It is in our log; try again with the same Idempotency-Key."),
    "busy": Kind(503, "The database is busy", "Try again with the same Idempotency-Key."),
}
_OF_STATUS = {
    400: "broken-json",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media-type",
}


@dataclass(eq=False)
class Problem(Exception):
    """A refusal of the API itself; `code` is one of KINDS."""

    code: str
    detail: str = ""
    state: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def document(
    code: str,
    detail: str = "",
    *,
    errors: Mapping[str, str] | None = None,
    state: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The problem document; `errors` maps JSON pointers to words."""
    kind = KINDS[code]
    body: dict[str, Any] = {"type": TYPES + code, "title": kind.title, "status": kind.status}
    body["detail"] = detail or kind.meaning
    if errors is not None:
        body["errors"] = [{"pointer": where, "detail": words} for where, words in errors.items()]
    if state:
        body["state"] = dict(state)
    return body


def answer(
    code: str,
    detail: str = "",
    *,
    state: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer with a problem document."""
    return _said(document(code, detail, state=state), headers)


def _said(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    made = Response(json_bytes(body), body["status"], content_type="application/problem+json")
    made.headers.update({"Cache-Control": "no-store", **(headers or {})})
    return made


def install(bp: Blueprint) -> None:
    """Answer every error of this blueprint's calls with a problem document."""
    bp.register_error_handler(Problem, _problem)
    bp.register_error_handler(Refused, _refused)
    bp.register_error_handler(BrokenJson, lambda error: answer("broken-json", str(error)))
    bp.register_error_handler(HTTPException, _http)
    bp.register_error_handler(OperationalError, _busy)
    bp.register_error_handler(PoolTimeout, _busy)
    bp.register_error_handler(Exception, _ours)


def _problem(error: Problem) -> Response:
    return answer(error.code, error.detail, state=error.state, headers=error.headers)


def _refused(error: Refused) -> Response:
    headers = {"ETag": error.state["etag"]} if isinstance(error, Outdated) else None
    return _said(refusal(error), headers)


def refusal(error: Refused) -> dict[str, Any]:
    """What the business refuses, as a problem document."""
    if isinstance(error, Invalid):
        return document("invalid", "See errors.", errors=error.faults)
    code = error.code if error.code in KINDS else "conflict"
    return document(code, error.message, state=error.state)


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:  # a redirect, which werkzeug raises too
        return Response(status=404)
    code = _OF_STATUS.get(status, "internal" if status >= 500 else "broken-json")
    allowed = getattr(error, "valid_methods", None)
    headers = {"Allow": ", ".join(allowed)} if allowed else None
    return answer(code, str(error.description or ""), headers=headers)


def _busy(error: Exception) -> Response:
    log.warning("api: the database did not answer in time: %s", type(error).__name__)
    return answer("busy", headers={"Retry-After": "1"})


def _ours(error: Exception) -> Response:
    log.error("api: a fault of our own", exc_info=error)
    return answer("internal")
