"""Gift cards: loading money onto a card. It is spent by purchases, and loading earns nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Invalid
from app.domain.mechanics import Decision
from app.domain.mechanics.gift_card import NO_GIFT_CARDS, GiftCard
from app.services.journal import By, Once
from app.services.operating import Order, Reply, Work, only, operate


def load(
    db: sessionmaker[Session], serial: str, amount_minor: int, once: Once, by: By, *, now: datetime
) -> Reply:
    """Put `amount_minor` on the card, once: the same key returns the same answer. Raises Invalid."""

    def decided(work: Work) -> Decision:
        rule = next((rule for rule in work.programme.rules if isinstance(rule, GiftCard)), None)
        if rule is None:
            raise Invalid({"/amount_minor": NO_GIFT_CARDS})
        return only(rule.load(amount_minor, work.state))

    return operate(db, serial, Order("gift", once, by), decided, now=now)
