"""Whom a message would reach, counted before it is sent: nobody is told anything here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from app.services.shown_messages import NEWS_CONSENT
from app.storage.tables import AppleRegistration, Card, Consent, GoogleObject, MessageRow, ProgrammeRow

LOUD_A_DAY = 3
"""So many messages of one card may buzz on Google's phones in 24 hours."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Cards that will show it, and the phones (Apple) and accounts (Google) that hold them.

    `loud_left`: how many more messages may buzz on Google's phones within a day.
    """

    cards: int
    iphones: int
    androids: int
    loud_left: int


def reach_of_message(
    session: Session,
    programme: ProgrammeRow,
    purpose: Literal["service", "news"],
    card: Card | None,
    now: datetime,
) -> Reached:
    """Whom a message with this purpose would reach: all of the programme, or one card."""
    mine = [Card.programme_id == programme.id, Card.status != "void"]
    if card is not None:
        mine.append(Card.id == card.id)
    if purpose == "news":
        mine.append(Card.member_id.in_(_agreeing()))
    iphones = select(func.count()).select_from(AppleRegistration).join(Card, _of(AppleRegistration))
    androids = select(func.count()).select_from(GoogleObject).join(Card, _of(GoogleObject))
    held = (GoogleObject.saved_at.is_not(None), GoogleObject.removed_at.is_(None))
    return Reached(
        session.scalar(select(func.count()).select_from(Card).where(*mine)) or 0,
        session.scalar(iphones.where(*mine)) or 0,
        session.scalar(androids.where(*mine, *held)) or 0,
        max(0, LOUD_A_DAY - _loud_today(session, programme, card, now)),
    )


def _agreeing() -> Any:
    """Members whose newest word about news is yes."""
    newest = select(func.max(Consent.id)).where(Consent.purpose == NEWS_CONSENT).group_by(Consent.member_id)
    return select(Consent.member_id).where(Consent.id.in_(newest), Consent.granted)


def _of(table: Any) -> ColumnElement[bool]:
    return Card.id == table.card_id  # type: ignore[no-any-return]


def _loud_today(session: Session, programme: ProgrammeRow, card: Card | None, now: datetime) -> int:
    """Loud messages that began within a day: those to all, and those to this card."""
    begun = (MessageRow.starts_at > now - timedelta(days=1), MessageRow.starts_at <= now)
    to_all = MessageRow.card_id.is_(None)
    whose = to_all if card is None else or_(to_all, MessageRow.card_id == card.id)
    mine = (MessageRow.programme_id == programme.id, MessageRow.loud, whose, *begun)
    return session.scalar(select(func.count()).select_from(MessageRow).where(*mine)) or 0
