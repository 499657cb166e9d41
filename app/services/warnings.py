"""What customers are warned of before it happens: points that burn soon, a tier that is about to be lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.mechanics.base import RISK
from app.domain.mechanics.notices import BURNING_DAYS, at_risk
from app.services.activation import amounts_of, redraw_holders
from app.services.events import record
from app.services.walks import Walk
from app.storage.states import programme_at, states_of
from app.storage.tables import Card, LotRow, ProgrammeRow


def _burning(days: int, session: Session, card: Card, lots: Sequence[Any], now: datetime) -> None:
    """One event for all that ends at one time."""
    for at in sorted({lot.at for lot in lots}):
        ending = [lot for lot in lots if lot.at == at]
        body = {"amounts": amounts_of(ending), "at": _z(at), "days": days}
        record(session, card.programme_id, "points.burning", body, now, card=card)
    redraw_holders(session, card, f"burning:{days}:{lots[-1].id}", now)


def _z(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


_ENDING = select(
    LotRow.id, LotRow.card_id, LotRow.unit, LotRow.remaining, LotRow.expires_at.label("at")
).where(LotRow.remaining > 0, LotRow.unit.not_like("reward.%"))
BURNING = tuple(
    Walk(
        f"burning-{days}",
        _ENDING,
        LotRow.expires_at,
        LotRow.id,
        partial(_burning, days),
        ahead=timedelta(days=days),
        until=timedelta(days=least),
    )
    for days, least in zip(BURNING_DAYS, (*BURNING_DAYS[1:], 0), strict=True)
)
"""30, 7 and 1 days before the end; what is nearer than the next of them belongs to that one."""


def _risk(session: Session, card: Card, rows: Sequence[Any], now: datetime) -> None:
    programme = programme_at(session.get_one(ProgrammeRow, card.programme_id), card, now)
    state = states_of(session, [card], {card.id: programme}, now)[card.id]
    found = at_risk(programme.rules, state)
    if found is not None:
        body = {"tier": found.tier, "at": _z(found.until), "missing": found.missing, "by": found.by}
        record(session, card.programme_id, "tier.at_risk", body, now, card=card)


AT_RISK = Walk(
    "tiers-at-risk",
    select(Card.id, Card.id.label("card_id"), Card.tier_until.label("at")).where(Card.status == "active"),
    Card.tier_until,
    Card.id,
    _risk,
    ahead=RISK,
    until=timedelta(0),
)
