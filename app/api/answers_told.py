"""What each call may answer, as OpenAPI tells it: statuses, headers, problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from app.api import examples
from app.api.calls import Call
from app.api.problems import KINDS, document

_ALWAYS = (401, 403, 429, 500, 503)
_RATE = {
    "RateLimit": "Of the key: calls that are left (r), and seconds until they are whole again (t).",
    "RateLimit-Policy": "How many calls (q) in how many seconds (w).",
}
_HEADERS = {
    "ETag": "Send it as If-None-Match, or as If-Match with the call that changes this.",
    "Idempotency-Replayed": "`true` where this is the first answer again.",
    "Retry-After": "Seconds to wait before the same call is sent again.",
    "WWW-Authenticate": "That a Bearer key is needed.",
    **_RATE,
}


def statuses(each: Call) -> list[int]:
    """All that the call may answer with."""
    fine = [status for status in (each.status, each.also) if status]
    return sorted({*fine, *_problems(each), *([304] if each.method == "GET" else [])})


def _problems(each: Call) -> Iterable[int]:
    writes = each.method != "GET"
    yield from _ALWAYS
    if writes or "<" in each.path or each.query is not None:
        yield 404
    if writes or each.query is not None:
        yield 422
    if writes:
        yield 409
    if each.takes is not None or each.picture or each.takes_files:
        yield from (400, 413, 415)
    if each.key:
        yield 400
    if each.guarded:
        yield 412


def responses(each: Call, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The responses of a call; `schema` is that of its answer."""
    content: dict[str, Any] = {"schema": dict(schema)}
    shown = examples.of_answer(each)
    if shown is not None:
        content["example"] = shown
    told: dict[str, Any] = {}
    for status in statuses(each):
        if status == 304:
            told["304"] = {"$ref": "#/components/responses/NotModified"}
        elif status >= 400:
            told[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
        else:
            headers = _refs(_of_success(each))
            named = each.gives_files or each.also_files
            files = {media: {"schema": {"type": "string"}} for media in named}
            body = files if each.gives_files else {"application/json": content, **files}
            told[str(status)] = {"description": each.summary, "headers": headers, "content": body}
    return told


def _of_success(each: Call) -> Iterable[str]:
    yield from _RATE
    if each.method == "GET" or each.tag is not None:
        yield "ETag"
    if each.key:
        yield "Idempotency-Replayed"


def components() -> dict[str, Any]:
    """Headers and responses that calls share."""
    kinds = sorted({kind.status for kind in KINDS.values()})
    made: dict[str, Any] = {f"Problem{status}": _problem(status) for status in kinds}
    made["NotModified"] = {"description": "You have it already.", "headers": _refs(["ETag", *_RATE])}
    headers = {name: {"description": words, "schema": {"type": "string"}} for name, words in _HEADERS.items()}
    return {"headers": headers, "responses": made}


def _problem(status: int) -> dict[str, Any]:
    kinds = {code: kind for code, kind in KINDS.items() if kind.status == status}
    headers = list(_RATE)
    headers += {401: ["WWW-Authenticate"], 412: ["ETag"], 429: ["Retry-After"], 503: ["Retry-After"]}.get(
        status, []
    )
    shown = {code: {"value": _example(code)} for code in kinds}
    body = {"schema": {"$ref": "#/components/schemas/ProblemOut"}, "examples": shown}
    words = "; ".join(kind.title for kind in kinds.values())
    return {
        "description": f"{HTTPStatus(status).phrase}: {words}.",
        "headers": _refs(headers),
        "content": {"application/problem+json": body},
    }


def _example(code: str) -> dict[str, Any]:
    faults = {"/amount_minor": "should be a valid integer", "/colour": "is not known here"}
    return document(code, "See errors.", errors=faults) if code == "invalid" else document(code)


def _refs(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
