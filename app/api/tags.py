"""ETag, If-None-Match and If-Match: nothing is sent twice, and nobody overwrites what they have not seen.

A tag has two halves, `"<what can be changed>-<the whole answer>"`. `If-None-Match` compares the whole, so
that 304 is always true. `If-Match` compares the first half alone: a purchase between reading a card and
correcting its address is no conflict.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, request

from app.api.answers import json_bytes
from app.domain.errors import Outdated

Part = Callable[[Mapping[str, Any]], Any]
"""From an answer to what of it `If-Match` compares."""
Guard = Callable[..., None]
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')


def with_tag(answer: Response, part: Part | None) -> None:
    """Give a JSON answer its ETag; problems and files have none."""
    if answer.mimetype != "application/json" or answer.status_code >= 300:
        return
    raw = answer.get_data()
    known = _hash_of(json_bytes(part(json.loads(raw)))) if part else ""
    answer.headers["ETag"] = f'"{known}-{_hash(raw)}"'


def fresh(answer: Response) -> Response:
    """The answer, or 304 without a body where the caller has it already."""
    etag = answer.headers.get("ETag")
    wanted = request.headers.get("If-None-Match", "")
    if not etag or not (wanted.strip() == "*" or etag.strip('"') in _tags(wanted, weak=True)):
        return answer
    return Response(status=304, headers={"ETag": etag, "Cache-Control": answer.headers["Cache-Control"]})


def guard(present: Callable[..., Any]) -> Guard | None:
    """What a use case calls under its lock with the rows it locked; raises Outdated where `present` makes
    something else of them than the caller's If-Match says. None where the caller did not ask for it.
    """
    wanted = request.headers.get("If-Match", "").strip()
    if not wanted or wanted == "*":
        return None
    known = {each.partition("-")[0] for each in _tags(wanted)}

    def check(*rows: Any) -> None:
        now = _hash_of(json_bytes(present(*rows)))
        if now not in known:
            raise Outdated("It was changed since you read it.", etag=f'"{now}-"')

    return check


def picks(*names: str) -> Part:
    """The part of an answer that has these keys."""
    return lambda answer: {name: answer[name] for name in names}


def _tags(header: str, *, weak: bool = False) -> list[str]:
    return [value for mark, value in _TAG.findall(header) if weak or not mark]


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def _hash_of(raw: bytes) -> str:
    """Of JSON, however its keys are ordered."""
    return _hash(json.dumps(json.loads(raw), sort_keys=True).encode())
