"""Keeps answers of a real run as examples of the API's description, for calls that have none yet.

RECORD_EXAMPLES=1 python -m pytest tests/api
"""

from __future__ import annotations

import json
import os
from typing import Any

from app.api.calls import Call
from app.api.examples import FOLDER, of_answer, of_request

WANTED = bool(os.environ.get("RECORD_EXAMPLES"))
_MOST_LETTERS = 20_000
_done: set[str] = set()


def record(each: Call, body: Any, answer: Any) -> None:
    """Keep the first answer of a call that has no example; a long list is cut to one item."""
    if each.operation in _done or (of_answer(each) is not None and _has_request(each)):
        return
    if isinstance(answer.get("items"), list):
        if not answer["items"]:
            return
        answer = {**answer, "items": answer["items"][:1]}
    bodiless = not body and each.takes is not None and bool(each.takes.model_fields)
    if len(json.dumps(answer)) > _MOST_LETTERS or bodiless:
        return
    _done.add(each.operation)
    file = FOLDER / f"{each.operation.split('_')[0]}.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    kept = {"response": answer} if of_answer(each) is None else {}
    if not _has_request(each):
        kept["request"] = body
    known[each.operation] = {**known.get(each.operation, {}), **kept}
    file.write_text(json.dumps(known, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _has_request(each: Call) -> bool:
    return each.takes is None or of_request(each) is not None
