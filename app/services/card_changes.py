"""What a person or a system may set on a card: status, tier, end, named values, the member's data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.domain.errors import Conflict, Invalid
from app.services import standings, tasks
from app.services.events import record
from app.services.members import update_member
from app.storage import queries
from app.storage.tables import Card, Member, ProgrammeRow

MOST_VALUES = 50
STATUSES = ("active", "blocked", "void", "expired")


@dataclass(frozen=True, slots=True)
class CardChange:
    """What to set; None stays. Values are merged, an empty text removes one; `clear_expiry` takes the end
    away where `expires_at` is None.
    """

    status: str | None = None
    tier: str | None = None
    values: Mapping[str, str] | None = None
    expires_at: datetime | None = None
    clear_expiry: bool = False
    member: Mapping[str, Any] | None = None


def apply_change(
    session: Session, card: Card, wish: CardChange, now: datetime, *, actor: str, flush: bool = True
) -> None:
    """Set it, and tell of what others may want to know. The card must be locked; the caller touches it.

    Without `flush` the caller writes many at once, and hears only then that a phone or e-mail is taken (an
    IntegrityError). Raises Conflict for an erased person, Invalid.
    """
    if session.get_one(Member, card.member_id).erased_at is not None:
        raise Conflict(
            "This person was erased: their card is over, and cannot be changed.", serial=card.serial
        )
    before = card.status
    _set_status(card, wish.status)
    if wish.tier is not None:
        standings.give(session, card, wish.tier, now, actor=actor)
    if wish.values is not None:
        card.values = _merged(card.values, wish.values)
    if wish.expires_at is not None or wish.clear_expiry:
        card.expires_at = wish.expires_at
    if wish.member:
        programme = queries.programme_of(session.get_one(ProgrammeRow, card.programme_id))
        update_member(session, card, wish.member, programme, now, flush=flush)
        tasks.after_change(session, card, programme, now)
    if flush:
        session.flush()
    if before != card.status:
        body = {"from": before, "to": card.status, "actor": actor}
        record(session, card.programme_id, "card.status", body, now, card=card)


def _set_status(card: Card, status: str | None) -> None:
    if status is None or status == card.status:
        return
    if status not in STATUSES:
        raise Invalid({"/status": f"must be one of {', '.join(STATUSES)}"})
    card.status = status


def _merged(old: Mapping[str, Any], new: Mapping[str, str]) -> dict[str, Any]:
    merged = {**old, **new}
    if len(merged) > MOST_VALUES:
        raise Invalid({"/values": f"a card may have {MOST_VALUES} named values at most"})
    return {key: value for key, value in merged.items() if value != ""}
