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

from app.domain import ledger
from app.domain.ledger import Spend, spending_order
from app.domain.mechanics import Decision
from app.domain.mechanics.base import State
from app.services import ids, journal, tasks, touching
from app.services.events import record
from app.services.journal import Once, Written
from app.services.operating import Work, lost, public_balances
from app.storage.batches import among
from app.storage.states import holdings_of_accounts, programme_at
from app.storage.tables import Account, Card, LotRow, Operation, ProgrammeRow
from app.storage.tables.delivery import NORMAL

log = structlog.get_logger(__name__)
PAGE = 1_000
"""How many are looked up at once: what was taken out a moment ago is walked over once a page."""
CHUNK = 50
"""Cards in a transaction: so long a till may have to wait for one of them, or on SQLite for all."""


def expire_lots(db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> int:
    """Take lots that ended out of the balances: a page of them, one operation a lot, each at most once."""
    page = select(LotRow.card_id).where(*_over(now)).order_by(LotRow.expires_at, LotRow.id).limit(PAGE)
    with read() as session:
        found = list(dict.fromkeys(session.scalars(page)))
    return in_chunks(db, found, lambda part: _expire_lots(db, read, part, now))


def lots_over(session: Session, now: datetime) -> int:
    """How many lots wait to be taken out."""
    return session.scalar(select(func.count()).select_from(LotRow).where(*_over(now))) or 0


def _over(now: datetime) -> tuple[Any, ...]:
    return LotRow.expires_at <= now, LotRow.remaining > 0


def in_chunks(db: sessionmaker[Session], card_ids: Sequence[int], act: Callable[[Sequence[int]], int]) -> int:
    """Do it for chunk after chunk; a card that breaks is told of and stops no other. Gives how many were
    done.

    On SQLite, where one writer keeps all others out, it rests as long as it wrote.
    """
    rests = db.kw["bind"].dialect.name == "sqlite"
    done, took = 0, 0.0
    for start in range(0, len(card_ids), CHUNK):
        if rests:
            time.sleep(min(0.05, took))
        began = time.monotonic()
        done += _or_one_by_one(card_ids[start : start + CHUNK], act)
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
    before, faces = drawn(read, card_ids, now)
    with db.begin() as session:
        cards = locked(session, card_ids)
        written = _taken_out(session, cards, now)
        journal.write_many(session, [entry for _, entry in written])
        for work, entry in written:
            tasks.after_operation(work, Decision(), entry.operation)
            told = {key: entry.reply[key] for key in ("id", "earned", "redeemed", "balances")}
            record(session, work.card.programme_id, "ledger.expiry", told, now, card=work.card)
        session.flush()
        mine = {card.id for card in cards}
        same = [card for card in before if card.id in mine]
        touching.advance_all(session, same, {card.id: faces[card.id] for card in same}, now, priority=NORMAL)
    return len(written)


def _taken_out(session: Session, cards: Sequence[Card], now: datetime) -> list[tuple[Work, Written]]:
    """For each lot that is over: the operation that takes it out. The cards are locked."""
    if not cards:
        return []
    card_ids = [card.id for card in cards]
    held = holdings_of_accounts(session, card_ids, accounts=True)
    versions = _versions(session, card_ids)
    made: list[tuple[Work, Written]] = []
    for card in cards:
        row = session.get_one(ProgrammeRow, card.programme_id)
        work = Work(session, card, card, programme_at(row, card, now), State(held[card.id], now), now, now)
        holdings = held[card.id]
        for lot in [lot for lot in spending_order(holdings.lots.values()) if lot.over(now)]:
            version = versions[card.id, lot.unit]  # a lot that was refilled may end again
            once = Once("clock", f"expire:{lot.key}:{version}", {"lot": lot.key, "version": version})
            taken = Spend(lot.unit, lot.remaining, "expired", lot=lot.key)
            holdings, lines = ledger.apply(holdings, [taken], now=now)
            versions[card.id, lot.unit] += len(lines)
            operation = _operation(work, once, row.revision)
            made.append((work, Written(operation, holdings, lines, _body(work, operation, holdings, lines))))
    return made


def _versions(session: Session, card_ids: Sequence[int]) -> dict[tuple[int, str], int]:
    rows = select(Account.card_id, Account.unit, Account.version)
    mine = rows.where(among(session, Account.card_id, card_ids))
    return {(card_id, unit): version for card_id, unit, version in session.execute(mine)}


def _operation(work: Work, once: Once, revision: int) -> Operation:
    return Operation(
        public_id=ids.token(12),
        programme_id=work.card.programme_id,
        card_id=work.card.id,
        kind="expiry",
        source=once.source,
        key=once.key,
        request_hash=once.request_hash,
        rules_revision=revision,
        actor="clock",
        occurred_at=work.now,
        recorded_at=work.now,
    )


def _body(
    work: Work, operation: Operation, holdings: ledger.Holdings, lines: Sequence[ledger.Transfer]
) -> dict[str, Any]:
    return {
        "id": operation.public_id,
        "kind": "expiry",
        "earned": {},
        "redeemed": lost(lines),
        "balances": public_balances(work.programme, State(holdings, work.now)),
        "tier": work.card.tier,
        "entries": [
            {"unit": each.unit, "amount": each.signed, "balance": each.balance_after} for each in lines
        ],
    }


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
