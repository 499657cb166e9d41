"""Tiers that cards have: the one place that changes them, and the history of why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.mechanics import Rules, changed_standing
from app.domain.mechanics.base import EVER, Standing, State
from app.domain.mechanics.standing import by_hand, ladder_of, returned
from app.services import triggers
from app.services.events import record
from app.storage.states import programme_at, state_of
from app.storage.tables import Card, Operation, ProgrammeRow, Tally, TierChange

if TYPE_CHECKING:
    from app.services.operating import Work


def take(
    session: Session,
    card: Card,
    standing: Standing,
    now: datetime,
    *,
    actor: str = "",
    reason: str = "",
    operation: Operation | None = None,
    quiet: bool = False,
) -> None:
    """Give the card this tier; a tier that only lasts longer leaves no trace. The card must be locked.

    `quiet` records no event: a card that is just being issued begins on its level.
    """
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
    if quiet:
        return
    body = {"from": before, "to": standing.tier, "actor": actor, "reason": reason}
    record(session, card.programme_id, "card.tier", body, now, card=card)
    programme = programme_at(session.get_one(ProgrammeRow, card.programme_id), card, now)
    triggers.tier_changed(session, card, programme, before, now)


def risen_by(session: Session, operation: Operation) -> str:
    """The tier that this operation brought a card; empty where it brought none, or was a return."""
    mine = select(TierChange).where(TierChange.operation_id == operation.id).order_by(TierChange.id.desc())
    change = session.scalars(mine.limit(1)).one_or_none()
    if change is None or operation.kind == "reversal":
        return ""
    return change.tier


def give(session: Session, card: Card, tier: str, now: datetime, *, actor: str) -> None:
    """Give the card `tier` by hand, or take its tier away (''); what that means say the rules. Raises
    Invalid. The card must be locked.
    """
    standing = by_hand(*_seen(session, card, now), tier)
    take(session, card, standing, now, actor=actor, reason="hand")


def begin(session: Session, card: Card, now: datetime) -> None:
    """Put a new card on the level that everybody has."""
    row = session.get_one(ProgrammeRow, card.programme_id)
    if ladder_of(programme_at(row, card, now).rules) is None:
        return
    found = changed_standing(*_seen(session, card, now))
    if found:
        take(session, card, found, now, quiet=True)


def refresh(session: Session, card: Card, now: datetime, reason: str) -> bool:
    """Bring the card's tier up to date with the clock; whether it changed. The card must be locked."""
    found = changed_standing(*_seen(session, card, now))
    if found is None:
        return False
    take(session, card, found, now, actor="clock", reason=reason)
    return True


def after_return(work: Work, back: Mapping[str, int], day: date) -> Standing | None:
    """The tier without what goes back (`back`, below zero) of what was counted on `day`; None: as it is."""
    ladder = ladder_of(work.programme.rules)
    days = _daily(work.session, work.account.id, ladder.what) if ladder and back.get(ladder.what) else {}
    found = returned(work.programme.rules, work.state, days, back, day)
    return None if found == work.state.standing else found


def _seen(session: Session, card: Card, now: datetime) -> tuple[Rules, State]:
    programme = programme_at(session.get_one(ProgrammeRow, card.programme_id), card, now)
    return programme.rules, state_of(session, card, programme, now)


def _daily(session: Session, account_id: int, what: str) -> dict[date, int]:
    mine = select(Tally.day, Tally.amount).where(Tally.card_id == account_id, Tally.what == what)
    return {day: amount for day, amount in session.execute(mine) if day != EVER}
