"""What a webhook says: the event, and its card as it is at the moment of sending.

A snapshot that is read late is never wrong about the present: who applies the newest sequence is in step.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.orm import Session

from app.services.card_facts import Surroundings, card_facts, member_facts
from app.services.webhooks.catalogue import PUBLIC
from app.storage.tables import Attribution, Card, Event, ProgrammeRow

MOST_BYTES = 20_000
"""What Standard Webhooks asks senders to keep below."""
_CHANNEL = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "ref", "link_code")
_WHO_DID_IT = ("actor", "author")
"""Names of staff and of keys are the shop's own business."""
_LEFT_OUT_FIRST = (("member", "attributes"), ("card", "values"), ("card", "rewards"), ("", "changed"))


def build(
    session: Session, event: Event, around: Surroundings, now: datetime, *, member_data: bool
) -> dict[str, Any]:
    """The payload as plain values; with `member_data` it names the person."""
    programme = session.get_one(ProgrammeRow, event.programme_id)
    card = session.get(Card, event.card_id) if event.card_id is not None else None
    data: dict[str, Any] = {
        "id": event.id,
        "sequence": event.card_seq if card else None,
        "programme": programme.slug,
        "card": card_facts(session, card, around, now) if card else None,
        "member": _member(session, card, member_data),
        "channel": _channel(session, card),
        "changed": {name: value for name, value in event.body.items() if name not in _WHO_DID_IT},
    }
    return {"type": PUBLIC[event.kind], "timestamp": event.at, "data": data}


def _member(session: Session, card: Card | None, whole: bool) -> Mapping[str, Any] | None:
    known = member_facts(session, card) if card else None
    return known if whole or known is None else {"external_id": known["external_id"]}


def _channel(session: Session, card: Card | None) -> dict[str, str] | None:
    row = session.get(Attribution, card.id) if card else None
    return {name: getattr(row, name) for name in _CHANNEL} if row else None


def written(payload: Mapping[str, Any]) -> bytes:
    """The exact bytes that are signed and sent. What is too long is left out, and `data.left_out` says
    so.
    """
    raw = _json(payload)
    data = dict(payload["data"])
    for part, name in _LEFT_OUT_FIRST:
        if len(raw) <= MOST_BYTES:
            break
        holder = data if not part else dict(data[part] or {})
        if not holder.get(name):
            continue
        holder[name] = type(holder[name])()
        data |= {part: holder} if part else {}
        data["left_out"] = [*data.get("left_out", []), f"{part}.{name}".lstrip(".")]
        raw = _json({**payload, "data": data})
    return raw


def plain(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The same as JSON values, for connectors."""
    made: dict[str, Any] = orjson.loads(_json(payload))
    return made


def _json(value: Mapping[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)
