"""What cards did long ago, written by the database itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine, bindparam, text

from app.storage.tables.base import Utc
from benchmarks.support.crowd import tidy

_OPERATIONS = """INSERT INTO operations (public_id, programme_id, card_id, kind, source, key, request_hash,
        reply, rules_revision, actor, store, reason, partner, detail, occurred_at, recorded_at)
    SELECT 'h' || c.id || '-' || i, c.programme_id, c.id, 'purchase', 'history', c.id || '-' || i, '', '{}',
        1, 'boris', '', '', '', '{}', :at, :at
    FROM cards c, generate_series(1, :entries) i WHERE c.id >= :first AND c.id < :beyond"""
_LOTS = """INSERT INTO lots (card_id, operation_id, unit, initial, remaining, active_from, expires_at)
    SELECT card_id, min(id), 'points', count(*) * 10, count(*) * 10, :at, :ends
    FROM operations WHERE source = 'history' AND card_id >= :first AND card_id < :beyond GROUP BY card_id"""
_LINES = """INSERT INTO transfers (operation_id, seq, card_id, unit, debit, credit, amount, lot_id, rule,
        balance_after, account_version)
    SELECT o.id, 0, o.card_id, 'points', 'issued', 'available', 10, l.id, 'points', 10 * n.place, n.place
    FROM operations o JOIN lots l ON l.card_id = o.card_id
    JOIN (SELECT id, row_number() OVER (PARTITION BY card_id ORDER BY id) AS place
        FROM operations WHERE source = 'history') n ON n.id = o.id
    WHERE o.source = 'history' AND o.card_id >= :first AND o.card_id < :beyond"""
_ACCOUNTS = """INSERT INTO accounts (card_id, unit, balance, held, debt, version)
    SELECT card_id, 'points', sum(amount), 0, 0, count(*) FROM transfers
    WHERE card_id >= :first AND card_id < :beyond GROUP BY card_id"""
_SEEN = "UPDATE cards SET face = 'old' WHERE id >= :first AND id < :beyond"


def grow(engine: Engine, card_id: int, entries: int) -> None:
    """Give one card so many purchases of the past, with points that never end."""
    _write(engine, card_id, 1, entries, datetime.fromisoformat("2025-01-01T00:00:00+00:00"), None)


def end_all(engine: Engine, first: int, cards: int, now: datetime) -> None:
    """Give so many cards 10 points each, which ended a minute ago."""
    _write(engine, first, cards, 1, now - timedelta(days=365), now - timedelta(minutes=1))


def _write(engine: Engine, first: int, cards: int, entries: int, at: datetime, ends: datetime | None) -> None:
    given = {"first": first, "beyond": first + cards, "entries": entries, "at": at, "ends": ends}
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in (_OPERATIONS, _LOTS, _LINES, _ACCOUNTS, _SEEN):
            known = {name: value for name, value in given.items() if f":{name}" in statement}
            times = [bindparam(name, type_=Utc()) for name in ("at", "ends") if name in known]
            connection.execute(text(statement).bindparams(*times), known)
    tidy(engine)
