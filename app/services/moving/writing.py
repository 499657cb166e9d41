"""Rows as they go out: NDJSON, or CSV with the columns that there are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.domain.ledger import SPEND, VISITS
from app.services.moving import flat
from app.storage.tables import Account, Card, ProgrammeRow, Tally

BOM = "\ufeff".encode()


def ndjson(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """One object a line."""
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def csv_lines(lines: Iterable[Sequence[str]]) -> bytes:
    """Lines of cells, as spreadsheets read them."""
    made = io.StringIO()
    csv.writer(made, lineterminator="\r\n").writerows(lines)
    return made.getvalue().encode()


def csv_rows(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows of plain JSON values under these columns."""
    return csv_lines(flat.line(columns, flat.cells(row)) for row in rows)


def csv_head(columns: Sequence[str]) -> bytes:
    """The mark by which spreadsheets know UTF-8, and the names."""
    return BOM + csv_lines([[flat.guarded(name) for name in columns]])


def columns_of(session: Session, programme: ProgrammeRow) -> list[str]:
    """The columns of an export: those that are always there, and those for what members, cards and ledger
    have.
    """
    keys = _keys_statement(session)
    of = {"programme": programme.id}
    attributes = session.execute(text(keys.format("attributes", "member_pii")), of).scalars().all()
    values = session.execute(text(keys.format("named_values", "cards")), of).scalars().all()
    mine = select(Card.id).where(Card.programme_id == programme.id)
    units = session.scalars(
        select(Account.unit).where(Account.card_id.in_(mine), Account.balance + Account.held > 0).distinct()
    ).all()
    debts = session.scalars(
        select(Account.unit).where(Account.card_id.in_(mine), Account.debt > 0).distinct()
    ).all()
    counts = session.scalars(
        select(Tally.what).where(Tally.card_id.in_(mine)).group_by(Tally.what).having(func.count() > 0)
    ).all()
    return [
        *flat.FIXED,
        *sorted(f"attributes.{key}" for key in attributes),
        *sorted(f"values.{key}" for key in values),
        *sorted(f"balances.{each}" for each in units if each != SPEND and not each.startswith("reward.")),
        *sorted(f"rewards.{each.removeprefix('reward.')}" for each in units if each.startswith("reward.")),
        *sorted(f"debts.{each}" for each in debts),
        *sorted(f"counts.{each}" for each in counts if each not in (SPEND, VISITS)),
        *flat.AFTER,
    ]


def _keys_statement(session: Session) -> str:
    """Names of keys in a JSON column of a programme's rows, each once."""
    postgresql = session.get_bind().dialect.name == "postgresql"
    keys = "json_object_keys(t.{0}) k(key)" if postgresql else "json_each(t.{0}) k"
    return f"select distinct k.key from {{1}} t, {keys} where t.programme_id = :programme"
