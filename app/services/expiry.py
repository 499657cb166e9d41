"""What reached its end: cards, and points. Many cards in one transaction, so that a million take minutes; few
enough that no till waits for them.

Faces are drawn before anything is locked: what ended is no longer shown, whether it was taken out or not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from app.services import taking_out, touching
from app.services.events import record
from app.storage.batches import among
from app.storage.tables import Card, LotRow
from app.storage.tables.delivery import NORMAL

log = structlog.get_logger(__name__)
PAGE = 1_000
"""How many are looked up at once: what was taken out a moment ago is walked over once a page."""
CHUNK = 50
"""Cards in a transaction: so long a till may have to wait for one of them, or on SQLite for all."""
DRAWN = 200
"""Cards that are worked out at once, before the first of them is locked."""


def expire_lots(db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> int:
    """Take lots that ended out of the balances: a page of them, one operation a lot, each at most once."""
    page = select(LotRow.card_id).where(*_over(now)).order_by(LotRow.expires_at, LotRow.id).limit(PAGE)
    with read() as session:
        found = list(dict.fromkeys(session.scalars(page)))
    return in_chunks(db, found, lambda part: _expire_lots(db, read, part, now), DRAWN)


def lots_over(session: Session, now: datetime) -> int:
    """How many lots wait to be taken out."""
    return session.scalar(select(func.count()).select_from(LotRow).where(*_over(now))) or 0


def _over(now: datetime) -> tuple[Any, ...]:
    return LotRow.expires_at <= now, LotRow.remaining > 0


def in_chunks(
    db: sessionmaker[Session],
    card_ids: Sequence[int],
    act: Callable[[Sequence[int]], int],
    size: int = CHUNK,
) -> int:
    """Do it for chunk after chunk; a card that breaks is told of and stops no other. Gives how many were
    done.

    On SQLite, where one writer keeps all others out, it rests as long as it wrote.
    """
    rests = db.kw["bind"].dialect.name == "sqlite"
    done, took = 0, 0.0
    for start in range(0, len(card_ids), size):
        if rests:
            time.sleep(min(0.05, took))
        began = time.monotonic()
        done += _or_one_by_one(card_ids[start : start + size], act)
        took = time.monotonic() - began
    return done


def _or_one_by_one(card_ids: Sequence[int], act: Callable[[Sequence[int]], int]) -> int:
    try:
        return act(card_ids)
    except OperationalError:
        raise  # the database is away or busy: that is no card's fault
    except Exception:
        if len(card_ids) == 1:
            log.exception(
                "a card's ledger cannot be written; `tillpass ledger check` names why", card=card_ids[0]
            )
            return 0
    return sum(_or_one_by_one([card_id], act) for card_id in card_ids)


def locked(session: Session, card_ids: Sequence[int]) -> Sequence[Card]:
    """These cards, locked in the order of their ids; one that a till has now is left for the next round."""
    mine = select(Card).where(among(session, Card.id, list(card_ids))).order_by(Card.id)
    return session.scalars(mine.with_for_update(skip_locked=True, key_share=True)).all()


def drawn(
    read: sessionmaker[Session], card_ids: Sequence[int], now: datetime
) -> tuple[Sequence[Card], dict[int, str]]:
    """These cards as they are, and the hashes of their faces at `now`; nothing is locked."""
    with read() as session:
        found = session.scalars(select(Card).where(among(session, Card.id, list(card_ids)))).all()
        return found, touching.faces(session, found, now)


def _expire_lots(
    db: sessionmaker[Session], read: sessionmaker[Session], card_ids: Sequence[int], now: datetime
) -> int:
    endings = {each.card.id: each for each in taking_out.work_out(read, card_ids, now)}
    return in_chunks(db, list(endings), lambda part: _take_out(db, [endings[each] for each in part], now))


def _take_out(db: sessionmaker[Session], endings: Sequence[taking_out.Ending], now: datetime) -> int:
    with db.begin() as session:
        return taking_out.write(session, endings, now)


def expire_cards(db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> int:
    """Cards past their end are expired, and show it."""
    with read() as session:
        page = select(Card.id).where(*_ended(now)).order_by(Card.expires_at, Card.id).limit(PAGE)
        found = session.scalars(page).all()
    return in_chunks(db, found, lambda part: _expire_cards(db, part, now))


def cards_over(session: Session, now: datetime) -> int:
    """How many cards are past their end and do not show it."""
    return session.scalar(select(func.count()).select_from(Card).where(*_ended(now))) or 0


def _ended(now: datetime) -> tuple[Any, ...]:
    return Card.expires_at <= now, Card.status == "active"


def _expire_cards(db: sessionmaker[Session], card_ids: Sequence[int], now: datetime) -> int:
    with db.begin() as session:
        cards = [
            card
            for card in locked(session, card_ids)
            if card.status == "active" and card.expires_at and card.expires_at <= now
        ]
        for card in cards:
            card.status = "expired"
            change = {"from": "active", "to": "expired"}
            record(session, card.programme_id, "card.status", change, now, card=card)
        session.flush()
        faces = touching.faces(session, cards, now) if cards else {}
        touching.advance_all(session, cards, faces, now, priority=NORMAL)
    return len(cards)
