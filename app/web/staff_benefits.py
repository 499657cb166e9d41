"""What the owner's page of a card offers beside its statement: memberships, events, what tills set aside."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.mechanics.event import Event
from app.domain.mechanics.membership import Membership
from app.domain.programme import Programme
from app.i18n import local
from app.services import memberships
from app.storage.states import account_of
from app.storage.tables import Card, HoldRow


def benefits(db: Session, row: Card, programme: Programme, now: datetime) -> dict[str, Any]:
    """What of this the card's page shows: nothing of what the programme does not use."""
    rules = programme.rules
    paid = [(rule.key, local(rule.name)) for rule in rules if isinstance(rule, Membership)]
    open_holds = select(HoldRow).where(HoldRow.card_id == account_of(row), HoldRow.state == "open")
    return {
        "membership_kinds": paid,
        "memberships": [_with_times(each) for each in memberships.listed(db, row, now)] if paid else [],
        "event_kinds": [(rule.key, local(rule.title)) for rule in rules if isinstance(rule, Event)],
        "holds": db.scalars(open_holds.order_by(HoldRow.id)).all(),
        "form_key": str(uuid.uuid4()),
    }


def _with_times(told: dict[str, Any]) -> dict[str, Any]:
    return {**told, **{name: datetime.fromisoformat(told[name]) for name in ("starts_at", "ends_at")}}
