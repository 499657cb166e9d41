"""An example of what each call takes and gives: from its own description, else from `examples/<room>.json`.

The files are answers of a real run (`tests/support/recorded.py` keeps them); a test holds all of them against
the schemas.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from app.api.calls import Call

FOLDER = Path(__file__).with_name("examples")


def of_request(each: Call) -> Any:
    """A body that the call takes, or None."""
    if each.example is not None:
        return dict(each.example)
    if each.takes is None:
        return None
    told = each.takes.model_config.get("json_schema_extra") or {}
    own = told.get("examples") if isinstance(told, Mapping) else None
    return own[0] if isinstance(own, list) and own else kept(each.operation).get("request")


def of_answer(each: Call) -> Any:
    """What the call gives for such a body, or None."""
    return each.answer if each.answer is not None else kept(each.operation).get("response")


def kept(operation: str) -> Mapping[str, Any]:
    """What the files have of a call."""
    found: Mapping[str, Any] = _kept().get(operation, {})
    return found


@cache
def _kept() -> Mapping[str, Any]:
    parts = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.json"))]
    return {name: each for part in parts for name, each in part.items()}
