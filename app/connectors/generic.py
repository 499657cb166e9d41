"""Any system that can sign: Standard Webhooks or a plain HMAC-SHA256, in our JSON or mapped to it.

Two ways to sign are understood (the first is the better one, because it covers an id and a time):

- Standard Webhooks (https://www.standardwebhooks.com, version 1): `webhook-id`, `webhook-timestamp`,
  `webhook-signature: v1,<base64> v1,<base64>` over `id.timestamp.body`, keys `whsec_<base64>`.
- `X-Signature: sha256=<hex>` or base64, over the body; with `X-Timestamp`, over `timestamp.body`.

A header that no signature covers is never trusted, not even to tell two calls apart: with the plain way the
key of repeats is the body's own `id`, or the body itself.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic_core import from_json

from app.connectors.mapping import Mapper
from app.connectors.signatures import (
    from_base64,
    from_hex,
    key_of_body,
    refusing,
    require_recent,
    require_signed,
)
from app.domain.errors import Invalid
from app.services.ports import Action, HookRejected, Inbound, Stored, Verified

MOST_ACTIONS = 100
_ID = re.compile(r"^[\x21-\x7e]{1,200}$")
KINDS: Mapping[str, Any] = {
    "member.upsert": "member",
    "member.erase": "erase",
    "purchase": "purchase",
    "refund": "refund",
    "status.set": "status",
    "adjust": "adjust",
    "balance.set": "balance",
    "stamps": "stamps",
    "values.set": "values",
    "membership.paid": "membership",
    "event": "event",
}
"""The `type` of our own format, and the use case that it names."""


class Generic:
    """See the module."""

    kind = "generic"

    def verify(self, call: Inbound, secrets: Sequence[str], *, now: datetime) -> Verified:
        """Check the signature over the raw bytes; raises HookRejected for anything else."""
        with refusing():
            standard = "webhook-id" in call.headers
            key = _standard(call, secrets, now) if standard else _plain(call, secrets, now)
        return Verified(key, call.headers.get("content-type", "")[:100])

    def actions(self, stored: Stored, mapping: Mapping[str, Any]) -> Sequence[Action]:
        """Our own `{"type", "data"}`, one or a list, or what `mapping` makes of the body; raises Invalid."""
        mapper = Mapper.parse(mapping) if mapping else None
        try:
            raw = from_json(stored.body, allow_inf_nan=False)
        except ValueError as error:
            raise Invalid({"": f"is not JSON: {error}"}) from None
        if mapper is not None:
            return [Action(KINDS[kind], data) for kind, data in mapper.apply(raw)]
        return _own(raw)


def _standard(call: Inbound, secrets: Sequence[str], now: datetime) -> str:
    event, stamp = call.headers["webhook-id"], call.headers["webhook-timestamp"]
    if not _ID.match(event):
        raise HookRejected
    require_recent(stamp, now)
    given = [
        from_base64(part[3:])
        for part in call.headers["webhook-signature"].split(" ")
        if part.startswith("v1,")
    ]
    require_signed(f"{event}.{stamp}.".encode("ascii") + call.body, given, _keys(secrets))
    return f"id:{event}"


def _plain(call: Inbound, secrets: Sequence[str], now: datetime) -> str:
    signature, stamp = call.headers["x-signature"].strip(), call.headers.get("x-timestamp")
    prefix = b""
    if stamp is not None:
        require_recent(stamp, now)
        prefix = f"{stamp}.".encode("ascii")
    hexed = signature.removeprefix("sha256=")
    given = [from_hex(hexed) if re.fullmatch(r"[0-9a-fA-F]{64}", hexed) else from_base64(hexed)]
    require_signed(prefix + call.body, given, _keys(secrets))
    return _key_of(call.body)


def _key_of(body: bytes) -> str:
    """The body's own `id`, which the signature covers, or the hash of the body."""
    try:
        event = from_json(body).get("id")
    except (ValueError, AttributeError):
        event = None
    if isinstance(event, int | str) and not isinstance(event, bool) and _ID.match(str(event)):
        return f"id:{event}"
    return key_of_body(body)


def _keys(secrets: Sequence[str]) -> Iterator[bytes]:
    """A secret as it is written, and as the bytes that its base64 stands for; senders do either."""
    for secret in secrets:
        yield secret.encode()
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            continue
        if len(key) >= 16:
            yield key


def _own(raw: Any) -> list[Action]:
    several = isinstance(raw, list)
    events = raw if isinstance(raw, list) else [raw]
    if len(events) > MOST_ACTIONS:
        raise Invalid({"": f"holds more than {MOST_ACTIONS} events"})
    faults: dict[str, str] = {}
    made: list[Action] = []
    for index, event in enumerate(events):
        where = f"/{index}" if several else ""
        wrong = _event_faults(event, where)
        if wrong:
            faults |= wrong
        else:
            made.append(Action(KINDS[event["type"]], event["data"]))
    if faults:
        raise Invalid(faults)
    return made


def _event_faults(event: Any, where: str) -> dict[str, str]:
    if not isinstance(event, Mapping):
        return {where: "should be an object with `type` and `data`"}
    faults: dict[str, str] = {}
    if not isinstance(event.get("type"), str) or event["type"] not in KINDS:
        faults[f"{where}/type"] = f"should be one of {', '.join(KINDS)}"
    if not isinstance(event.get("data"), Mapping):
        faults[f"{where}/data"] = "should be an object"
    return faults
