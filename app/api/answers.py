"""Answers as JSON bytes: times in RFC 3339 with `Z`, never cached."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from flask import Response


def json_bytes(body: Any) -> bytes:
    """JSON of plain values, dataclasses, times, dates and decimals."""
    return orjson.dumps(body, _number, orjson.OPT_UTC_Z)


def _number(value: Any) -> int | float:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(type(value).__name__)


def reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer that no cache keeps."""
    made = Response(json_bytes(body), status, content_type="application/json")
    made.headers.update({"Cache-Control": "no-store", **(headers or {})})
    return made


def csv_reply(text: str, name: str) -> Response:
    """A file for a spreadsheet, called `name`, in UTF-8 with the mark by which spreadsheets know that."""
    made = Response("\ufeff" + text, 200, content_type="text/csv; charset=utf-8")
    made.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    made.headers["Cache-Control"] = "no-store"
    return made
