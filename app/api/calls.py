"""One description of every call: who may make it, what it takes and gives. Flask and OpenAPI both read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal, TypeVar

from flask import Response, request
from pydantic import BaseModel, ValidationError

from app.api.answers import reply
from app.api.keys import require
from app.api.problems import Problem
from app.api.tags import Part, fresh, with_tag
from app.domain.errors import Invalid, NotFound
from app.services.inputs import faults_of, parse_json

MOST_JSON_BYTES = 1024 * 1024
MOST_PICTURE_BYTES = 8_000_000
MOST_ROW = 9 * 10**18
"""A larger row number is no address, and would break a BIGINT."""
_KEY = re.compile(r"^[\x20-\x7e]{1,200}$")
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the API; `path` is Flask's rule below `/api/v1`, `key`: may it have an Idempotency-Key?

    A key with `or_scope` may make it too. `picture`: the body is multipart with one file, called `part`, and
    the fields of `form`. `example` is a body, `answer` what is given for it (both may also stand in
    `examples/`). `tag`: what of the answer
    `If-Match` compares; `guarded`: the view hands `tags.guard()` to its use case, which calls it under its
    lock. `repeatable`: sent twice it is done once, though it has no key. `takes_files`: the body is a
    file of one of these media types, which the view reads as a stream; `gives_files`: so is the answer;
    `also_files`: or so is the answer, where the query asks for one.
    """

    method: str
    path: str
    view: Callable[..., Any]
    summary: str
    scope: str
    gives: type[BaseModel]
    or_scope: str = ""
    status: int = 200
    also: int | None = None
    takes: type[BaseModel] | None = None
    optional_body: bool = False
    most_bytes: int = MOST_JSON_BYTES
    picture: bool = False
    part: str = "image"
    takes_files: tuple[str, ...] = ()
    gives_files: tuple[str, ...] = ()
    also_files: tuple[str, ...] = ()
    form: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    key: Literal["required", "optional", ""] = ""
    example: Mapping[str, Any] | None = None
    answer: Any = None
    tag: Part | None = None
    guarded: bool = False
    repeatable: bool = False

    @property
    def operation(self) -> str:
        """Its name in the description, which clients make their methods of."""
        return f"{self.view.__module__.rsplit('.', 1)[-1]}_{self.view.__name__}"


CALLS: list[Call] = []


def call(method: str, path: str, **about: Any) -> Callable[[View], View]:
    """Make a view a call; `about` has the other fields of `Call`. The view gets `body`, `query` and `key`."""

    def mark(view: View) -> View:
        CALLS.append(Call(method, path, view, **about))
        return view

    return mark


def served(each: Call) -> Callable[..., Response]:
    """The view as Flask calls it: key and scope first, then query, Idempotency-Key, body, and the work."""

    @wraps(each.view)
    def view(**path: Any) -> Response:
        request.max_content_length = MOST_PICTURE_BYTES + 65_536 if each.picture else each.most_bytes
        require(each.scope, each.or_scope)
        made = each.view(**{name: _part(name, text) for name, text in path.items()}, **_given(each))
        answer = made if isinstance(made, Response) else reply(made, each.status)
        if each.tag is not None or each.method == "GET":
            with_tag(answer, each.tag)
        return fresh(answer) if each.method == "GET" else answer

    return view


def _part(name: str, text: str) -> str | int:
    """A part of the path: what ends in `_id` is a row number. Raises NotFound for what cannot be one."""
    if not name.endswith("_id"):
        if "\x00" in text:
            raise NotFound("There is no such thing.")
        return text
    if not re.fullmatch(r"[1-9][0-9]{0,18}", text) or int(text) > MOST_ROW:
        raise NotFound("There is no such thing.")
    return int(text)


def _given(each: Call) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if each.query is not None:
        given["query"] = read_query(each.query, request.args.to_dict(flat=False))
    if each.key:
        given["key"] = _idempotency_key(each)
    if each.takes is not None:
        given["body"] = _body(each.takes, each.optional_body)
    return given


def read_query(model: type[BaseModel], args: Mapping[str, list[str]]) -> BaseModel:
    """The query as a value; raises Invalid, with `/name` for a parameter."""
    faults = {f"/{name}": "is given twice" for name, values in args.items() if len(values) > 1}
    faults |= {f"/{name}": "holds a NUL letter" for name, values in args.items() if "\x00" in values[0]}
    if faults:
        raise Invalid(faults)
    plain = {name: values[0] for name, values in args.items()}
    try:
        return model.model_validate(plain, strict=False)
    except ValidationError as error:
        raise Invalid(faults_of(error, plain)) from None


def _body(model: type[BaseModel], optional: bool) -> BaseModel:
    raw = request.get_data(cache=False)
    if optional and not raw:
        return model()
    if not request.is_json:
        raise Problem("unsupported-media-type", "Send the body as application/json.")
    return parse_json(model, raw)


def _idempotency_key(each: Call) -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if key and not _KEY.match(key):
        raise Problem(
            "idempotency-key-missing", "The Idempotency-Key must be 1 to 200 visible ASCII letters."
        )
    if not key and each.key == "required":
        raise Problem("idempotency-key-missing")
    return key
