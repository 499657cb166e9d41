"""1C:Enterprise: an exchange that an extension of the shop's own base sends, and the nightly reconciliation.

1C has no webhooks; its code (docs/connect/1c.md) posts JSON with Basic authentication or a token, and resends
until it hears 2xx. Every document has a GUID, which is what makes it count once, in the day's exchange and in
the night's file alike. Documents are named as 1C names them, in English or in Russian.

Follows the platform's HTTP connection and JSON writer (https://its.1c.ru, last checked 2026-08).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic_core import from_json

from app.connectors.onec_documents import MESSAGES, Base, Kept, parsed
from app.connectors.signatures import (
    as_keys,
    from_base64,
    from_hex,
    key_of_body,
    refusing,
    require_signed,
    require_token,
)
from app.domain.errors import Invalid
from app.services.ports import Action, Inbound, Stored, Verified

MOST_MESSAGES = 2000
_NIGHT = {"receipts": "receipt", "returns": "return", "customers": "customer", "balances": "balance"}
"""What a reconciliation lists, and the message that each is."""


class OneC:
    """See the module."""

    kind = "onec"

    def verify(self, call: Inbound, secrets: Sequence[str], *, now: datetime) -> Verified:
        """The password of Basic authentication, a Bearer token or `X-Tillpass-Token` is the source's secret;
        a signature of the body (`X-Signature`) proves more and is enough.
        """
        with refusing():
            if "x-signature" in call.headers:
                require_signed(call.body, [_signature(call.headers["x-signature"])], as_keys(secrets))
            else:
                require_token(_token(call.headers), secrets)
            return Verified(_key(call.body), call.headers.get("content-type", "")[:100])

    def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Action]:
        """Receipts, returns, customers, cards, balances, in their order; raises Invalid with every fault."""
        base = Base.parse(mapping)
        made: list[Action] = []
        faults: dict[str, str] = {}
        for where, kind, said, night in _messages(stored.body):
            try:
                made += _one(kind, said, Kept(base, where, night))
            except Invalid as error:
                faults |= error.faults
        if faults:
            raise Invalid(dict(list(faults.items())[:100]))
        return made


def _token(headers: Mapping[str, str]) -> str:
    kind, _, given = headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        return base64.b64decode(given.strip(), validate=True).decode().partition(":")[2]
    return given.strip() if kind.lower() == "bearer" else headers.get("x-tillpass-token", "")


def _signature(text: str) -> bytes:
    text = text.strip().removeprefix("sha256=")
    return from_hex(text) if len(text) == 64 else from_base64(text)


def _key(body: bytes) -> str:
    """The ids of all messages in the call. The same ones in another order are another call, which does
    nothing again, because every document has a key of its own.
    """
    try:
        read = from_json(body)
        said = read["messages"] if isinstance(read, dict) and "messages" in read else [read]
        names = [each["messageId"] for each in said]
    except (ValueError, KeyError, TypeError):
        return key_of_body(body)
    if not names or not all(isinstance(name, str) and 8 <= len(name) <= 100 for name in names):
        return key_of_body(body)
    return f"ids:{hashlib.sha256(' '.join(names).encode('utf-8', 'surrogateescape')).hexdigest()}"


def _messages(body: bytes) -> Iterator[tuple[str, str, Any, str]]:
    """Where each stands, what it is, the document, and the night it is from (empty: by day)."""
    lines = _values(body)
    if len(lines) > 1:
        yield from _lines(lines)
        return
    said = lines[0]
    if not isinstance(said, Mapping):
        raise Invalid({"": "should be an object with `messages` or `reconciliation`"})
    if "reconciliation" in said:
        yield from _night(said["reconciliation"])
        return
    messages = said.get("messages", [said] if said else [])
    if not isinstance(messages, list) or len(messages) > MOST_MESSAGES:
        raise Invalid({"/messages": f"should be a list of {MOST_MESSAGES} at most"})
    for index, each in enumerate(messages):
        where = f"/messages/{index}" if "messages" in said else ""
        yield (where, *_named(each, where), "")


def _values(body: bytes) -> list[Any]:
    """One JSON value, or one a line; 1C writes a byte order mark before either."""
    text = body.removeprefix(b"\xef\xbb\xbf")
    try:
        return [from_json(text, allow_inf_nan=False)]
    except ValueError as error:
        broken = Invalid({"": f"is not JSON: {error}"})
    rows = [line for line in text.split(b"\n") if line.strip()]
    if len(rows) < 2 or len(rows) > MOST_MESSAGES + 1:
        raise broken
    try:
        return [from_json(row, allow_inf_nan=False) for row in rows]
    except ValueError:
        raise broken from None


def _lines(lines: Sequence[Any]) -> Iterator[tuple[str, str, Any, str]]:
    """NDJSON: the first line says whether it is a night's file, the others are one document each."""
    night = ""
    if isinstance(lines[0], Mapping) and "reconciliation" in lines[0]:
        night = _date(lines[0]["reconciliation"])
        lines = [None, *lines[1:]]
    for index, each in enumerate(lines):
        if each is not None:
            yield (f"/{index}", *_named(each, f"/{index}"), night)


def _named(message: Any, where: str) -> tuple[str, Any]:
    """`{"type": "receipt", "receipt": {…}}`, or without a type where one document stands alone."""
    if not isinstance(message, Mapping):
        raise Invalid({where: "should be an object"})
    kind = message.get("type")
    if kind is None:
        kind = next((name for name in MESSAGES if name in message), "")
    model = MESSAGES.get(kind) if isinstance(kind, str) else None
    if model is None:
        return "", None
    return model.name, message.get(kind, message.get(model.name, message.get("data")))


def _night(said: Any) -> Iterator[tuple[str, str, Any, str]]:
    date = _date(said)
    for name, kind in _NIGHT.items():
        rows = said.get(name, [])
        if not isinstance(rows, list) or len(rows) > MOST_MESSAGES:
            raise Invalid({f"/reconciliation/{name}": f"should be a list of {MOST_MESSAGES} at most"})
        for index, each in enumerate(rows):
            yield f"/reconciliation/{name}/{index}", kind, each, date


def _date(said: Any) -> str:
    date = said.get("date") if isinstance(said, Mapping) else None
    try:
        return datetime.fromisoformat(str(date)[:10]).date().isoformat()
    except ValueError:
        raise Invalid({"/reconciliation/date": "should be a date such as 2026-03-02"}) from None


def _one(kind: str, said: Any, kept: Kept) -> list[Action]:
    """Nothing for documents that are none of our business."""
    if not kind:
        return []
    return MESSAGES[kind].actions(parsed(MESSAGES[kind], said, kept.where), kept)
