"""The description of the API for people and programs; nothing on the page comes from another server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Response, render_template, request
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import Map, Rule

from app.api.answers import json_bytes, reply
from app.api.calls import CALLS
from app.api.openapi import PREFIX, document, problem_kinds
from app.api.problems import KINDS
from app.audience import audience
from app.deps import deps
from app.domain.errors import NotFound


@audience("public")
def openapi() -> Response:
    """OpenAPI 3.1."""
    made = Response(json_bytes(document(deps().base_url)), content_type="application/json")
    made.headers["Cache-Control"] = "public, max-age=300"
    return made


@audience("public")
def page() -> str:
    """The same for people, drawn here: it needs no script and no other server."""
    spec = document(deps().base_url)
    return render_template(
        "pages/api_docs.html", spec=spec, problems=problem_kinds(), groups=_groups(spec), example=_shown
    )


@audience("public")
def problem(code: str) -> Response:
    """What a problem's `type` stands for."""
    if code not in KINDS:
        raise NotFound("There is no such sort of problem.")
    return reply(next(each for each in problem_kinds() if each["type"].endswith(f"/{code}")))


@audience("public")
def nowhere(rest: str = "") -> Response:
    """Whatever else is below /api: 405 where another method would do, else 404, never a page."""
    path = request.path.removeprefix(PREFIX)
    allowed = Map([Rule(each.path, methods=[each.method]) for each in CALLS]).bind("").allowed_methods(path)
    if allowed:
        raise MethodNotAllowed(sorted(allowed))
    raise NotFound("There is no such address.")


def _groups(spec: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in spec["paths"].items():
        for method, about in methods.items():
            groups.setdefault(about["tags"][0], []).append({"path": path, "method": method.upper(), **about})
    return groups


def _shown(content: Mapping[str, Any]) -> str:
    """The example of a body as a programmer would type it."""
    return json.dumps(content.get("example") or _example(content["schema"]), ensure_ascii=False, indent=2)


def _example(schema: Mapping[str, Any], depth: int = 0) -> Any:
    """A value that fits a schema, for a reader."""
    if "$ref" in schema:
        schema = document(deps().base_url)["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    if schema.get("examples"):
        return schema["examples"][0]
    if "const" in schema or schema.get("enum"):
        return schema.get("const", (schema.get("enum") or [None])[0])
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return _example(options[0], depth)
    if schema.get("type") == "array":
        return [] if depth > 3 else [_example(schema.get("items", {}), depth + 1)]
    if "properties" in schema:
        return {name: _example(each, depth + 1) for name, each in schema["properties"].items()}
    plain: dict[str, Any] = {"string": "…", "integer": 0, "number": 0, "boolean": True, "object": {}}
    return schema.get("default", plain.get(str(schema.get("type"))))
