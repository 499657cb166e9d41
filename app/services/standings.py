"""Tiers that cards have: the one place that changes them, and the history of why."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.mechanics.base import Standing
from app.services.events import record
from app.storage.tables import Card, Operation, TierChange


def take(
    session: Session,
    card: Card,
    standing: Standing,
    now: datetime,
    *,
    actor: str = "",
    reason: str = "",
    operation: Operation | None = None,
) -> None:
    """Give the card this tier; a tier that only lasts longer leaves no trace. The card must be locked."""
    before = card.tier
    card.tier, card.tier_since, card.tier_until = standing.tier, standing.since, standing.until
    card.tier_invited, card.tier_earned = standing.invited, standing.earned
    if before == standing.tier:
        return
    session.add(
        TierChange(
            card_id=card.id,
            tier=standing.tier,
            previous=before,
            until=standing.until,
            reason=reason[:200],
            actor=actor[:120],
            operation_id=operation.id if operation else None,
            at=now,
        )
    )
    session.flush()
    body = {"from": before, "to": standing.tier, "actor": actor, "reason": reason}
    record(session, card.programme_id, "card.tier", body, now, card=card)
