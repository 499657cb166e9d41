"""Reviews of tiers: when the day comes until which a tier was safe, the card keeps it, or falls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.services import standings
from app.services.cards import touch
from app.services.expiry import in_chunks, locked
from app.storage.tables import Card
from app.storage.tables.delivery import NORMAL

PAGE = 1_000


def run(db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> int:
    """Review a page of cards, each once: it is due again only after its next review date."""
    due = select(Card.id).where(Card.tier_until <= now).order_by(Card.tier_until, Card.id).limit(PAGE)
    with read() as session:
        found = session.scalars(due).all()
    return in_chunks(db, found, lambda part: _review(db, part, now))


def waiting(session: Session, now: datetime) -> int:
    """How many cards are due."""
    return session.scalar(select(func.count()).select_from(Card).where(Card.tier_until <= now)) or 0


def _review(db: sessionmaker[Session], card_ids: Sequence[int], now: datetime) -> int:
    done = 0
    with db.begin() as session:
        for card in locked(session, card_ids):
            if card.tier_until is None or card.tier_until > now:
                continue
            standings.refresh(session, card, now, "review")
            if card.tier_until is not None and card.tier_until <= now:
                card.tier_until = None  # no rule reviews it any more
            session.flush()
            touch(session, card, now, priority=NORMAL)
            done += 1
    return done
