"""OpenAPI 3.1 from the same types that parse requests and that tests hold answers against."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from app.api import answers_told, examples
from app.api.calls import CALLS, Call
from app.api.problems import KINDS, TYPES
from app.api.replies import ProblemOut

PREFIX = "/api/v1"
_PARAMETER = re.compile(r"<(?P<name>\w+)>")
_GIVEN: JsonSchemaMode = "validation"
"""Answers are described as what we would take back: a percentage is a number and no text."""
_REF = "#/components/schemas/{model}"
Schemas = Mapping[Any, Mapping[str, Any]]


@cache
def document(base_url: str) -> Mapping[str, Any]:
    """The whole description; the same for every caller."""
    wanted = dict.fromkeys(pair for each in CALLS for pair in _models(each)) | {(ProblemOut, _GIVEN): None}
    schemas, shared = models_json_schema(list(wanted), ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for each in CALLS:
        path = _PARAMETER.sub(lambda found: "{" + found["name"] + "}", each.path)
        paths.setdefault(path, {})[each.method.lower()] = _operation(each, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tillpass", "version": "1", "description": _ABOUT},
        "servers": [{"url": base_url + PREFIX}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": shared.get("$defs", {}),
            **answers_told.components(),
        },
    }


_ABOUT = (
    "Loyalty cards in Apple Wallet and Google Wallet. Money is in integer minor units with an ISO 4217 "
    "currency, points and stamps are integers, times are RFC 3339 in UTC. Unknown keys are refused. Errors "
    "are RFC 9457 problem documents with all faults at once. Calls that move value take an Idempotency-Key: "
    "the same key and body get the first answer again (Idempotency-Replayed: true), the same key with "
    "another body gets 422. ETag with If-None-Match spares an answer; with If-Match it spares a change that "
    "somebody else would lose: it looks only at what the call can change: a purchase meanwhile is no "
    "conflict. RateLimit tells what a key has left. Keys of programs have scopes and may belong to one "
    "programme; what is not theirs is not found."
)


def _models(each: Call) -> Iterable[tuple[type[BaseModel], JsonSchemaMode]]:
    yield each.gives, _GIVEN
    if each.takes is not None:
        yield each.takes, _GIVEN
    if each.query is not None:
        yield each.query, _GIVEN


def _scopes(each: Call) -> str:
    return f"`{each.scope}` or `{each.or_scope}`" if each.or_scope else f"`{each.scope}`"


def _operation(each: Call, schemas: Schemas) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": each.operation,
        "tags": [each.view.__module__.rsplit(".", 1)[-1]],
        "summary": each.summary,
        "description": f"{each.view.__doc__}\n\nScope: {_scopes(each)}.",
        "parameters": [*_path_parameters(each), *_query_parameters(each, schemas), *_headers(each)],
        "responses": answers_told.responses(each, schemas[(each.gives, _GIVEN)]),
    }
    if each.repeatable or each.method in ("GET", "DELETE"):
        made["x-repeatable"] = True
    if each.takes is not None:
        schema = dict(schemas[(each.takes, _GIVEN)])
        example = examples.of_request(each)
        shown = {"example": example} if example is not None else {}
        content = {"application/json": {"schema": schema, **shown}}
        made["requestBody"] = {"required": not each.optional_body, "content": content}
    if each.takes_files:
        content = {media: {"schema": {"type": "string"}} for media in each.takes_files}
        made["requestBody"] = {"required": True, "content": content}
    if each.picture:
        made["requestBody"] = {
            "required": True,
            "content": {"multipart/form-data": {"schema": _multipart(each)}},
        }
    return made


def _multipart(each: Call) -> dict[str, Any]:
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    beside = each.form.model_json_schema()["properties"] if each.form else {}
    return {"type": "object", "required": [each.part], "properties": {each.part: file, **beside}}


def _path_parameters(each: Call) -> Iterable[dict[str, Any]]:
    for found in _PARAMETER.finditer(each.path):
        number = {"type": "integer", "minimum": 1}
        schema = number if found["name"].endswith("_id") else {"type": "string"}
        yield {"name": found["name"], "in": "path", "required": True, "schema": schema}


def _query_parameters(each: Call, schemas: Schemas) -> Iterable[dict[str, Any]]:
    if each.query is None:
        return
    told = each.query.model_json_schema()
    for name, schema in told["properties"].items():
        needed = name in told.get("required", ())
        yield {"name": name, "in": "query", "required": needed, "schema": schema}


def _headers(each: Call) -> Iterable[dict[str, Any]]:
    if each.key:
        schema = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[\x21-\x7e]+$"}
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": each.key == "required",
            "schema": schema,
            "example": "till-7-000123",
        }
    if each.guarded:
        yield _tag_header("If-Match", "The ETag that you read: 412 where somebody changed it since.")
    if each.method == "GET":
        yield _tag_header("If-None-Match", "The ETag of the answer that you have: 304 where it still holds.")


def _tag_header(name: str, words: str) -> dict[str, Any]:
    schema = {"type": "string"}
    return {"name": name, "in": "header", "required": False, "schema": schema, "description": words}


def problem_kinds() -> list[dict[str, Any]]:
    """Every sort of problem with its stable type."""
    return [
        {"type": TYPES + code, "status": kind.status, "title": kind.title, "meaning": kind.meaning}
        for code, kind in KINDS.items()
    ]
