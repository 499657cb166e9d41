"""Bodies and errors as clients of OSMI Cards write and read them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Annotated, Any

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import HTTPException

from app.api.answers import reply
from app.api.problems import KINDS, Problem
from app.domain.errors import Invalid, NotFound, Refused
from app.services.inputs import BrokenJson, faults_of, read_json
from app.services.labels import MOST_LABELS
from app.services.numbered import CardExists

log = logging.getLogger(__name__)
MOST_BYTES = 256 * 1024
EXISTS = 319
"""The code by which their clients know that a card is there already."""


@dataclass(eq=False)
class OsmiError(Exception):
    """A refusal; `code` is theirs where clients look for it, else the HTTP status."""

    status: int
    message: str
    code: int = 0


class _Line(BaseModel):
    """One line of a card. How it looks (`key`, `hideLabel`, `changeMsg`) is the design's business here."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    label: Annotated[str, Field(min_length=1, max_length=120)]
    value: Annotated[str, Field(max_length=2000)] | None = ""


class Body(BaseModel):
    """What fills a card; `noSharing` and `barcode` are the design's too: the barcode holds the serial."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    values: Annotated[tuple[_Line, ...], Field(max_length=MOST_LABELS)] = ()

    def lines(self) -> list[tuple[str, str, str]]:
        """Label, value, and where it stands."""
        return [(each.label, each.value or "", f"/values/{i}/value") for i, each in enumerate(self.values)]


def read_body() -> Body:
    """The body, whatever it calls its type; an empty one fills nothing. Raises Invalid, BrokenJson."""
    request.max_content_length = MOST_BYTES
    raw = request.get_data(cache=False)
    if not raw.strip():
        return Body()
    said = read_json(raw)
    try:
        return Body.model_validate(said)
    except ValidationError as error:
        raise Invalid(faults_of(error, said)) from None


def transaction() -> str:
    """The caller's name for this request; raises Invalid for one that no note can be made of."""
    name = request.args.get("transactionId", "")
    if len(name) > 200 or "\x00" in name:
        raise Invalid({"/transactionId": "should have 200 letters at most"})
    return name


def failed(status: int, message: str, code: int = 0) -> Response:
    """An error; their clients read `code`, and either `message` or `error`."""
    return reply({"code": code or status, "message": message, "error": message}, status)


def install(bp: Blueprint) -> None:
    """Answer every error of these calls in their shape."""
    bp.register_error_handler(OsmiError, lambda error: failed(error.status, error.message, error.code))
    bp.register_error_handler(Problem, _problem)
    bp.register_error_handler(CardExists, lambda error: failed(409, error.message, EXISTS))
    bp.register_error_handler(Refused, _refused)
    bp.register_error_handler(BrokenJson, lambda error: failed(400, f"The body is not JSON: {error}"))
    bp.register_error_handler(HTTPException, _http)
    bp.register_error_handler(Exception, _ours)


def _problem(error: Problem) -> Response:
    kind = KINDS[error.code]
    answer = failed(kind.status, error.detail or kind.title)
    answer.headers.update(error.headers)
    return answer


def _refused(error: Refused) -> Response:
    status = 404 if isinstance(error, NotFound) else 422 if isinstance(error, Invalid) else 409
    return failed(status, error.message)


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    return failed(status if status >= 400 else 404, str(error.description or error.name))


def _ours(error: Exception) -> Response:
    log.error("osmi: a fault of our own", exc_info=error)
    return failed(500, "A fault of our own; try again.")


def plain(said: Any) -> str:
    """A value as a card shows it."""
    return "" if said is None else str(said)
