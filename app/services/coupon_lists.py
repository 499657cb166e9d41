"""Codes of coupons in lists: for the shop, for a mailing, for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.storage.tables import Card, ProgrammeRow, PromoCode

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Listed:
    """A code as the shop sees it; `state` is `open`, `waiting`, `used` or `ended`."""

    id: int
    code: str
    rule: str
    serial: str
    uses_left: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    created_at: datetime
    state: str


def listed(
    session: Session,
    row: ProgrammeRow,
    now: datetime,
    *,
    rule: str = "",
    serial: str = "",
    after_id: int = 0,
    limit: int = 50,
) -> list[Listed]:
    """Codes of a programme in the order in which they were made, of one coupon or one card if asked."""
    statement = (
        select(PromoCode, Card.serial)
        .outerjoin(Card, Card.id == PromoCode.card_id)
        .where(PromoCode.programme_id == row.id, PromoCode.id > after_id)
        .order_by(PromoCode.id)
        .limit(limit)
    )
    if rule:
        statement = statement.where(PromoCode.rule == rule)
    if serial:
        statement = statement.where(Card.serial == serial)
    return [shown(code, of or "", now) for code, of in session.execute(statement).all()]


def newest(
    session: Session, row: ProgrammeRow, now: datetime, *, rule: str = "", before_id: int | None, limit: int
) -> list[Listed]:
    """The codes that were made last, the newest first."""
    statement = (
        select(PromoCode, Card.serial)
        .outerjoin(Card, Card.id == PromoCode.card_id)
        .where(PromoCode.programme_id == row.id)
        .order_by(PromoCode.id.desc())
        .limit(limit)
    )
    if rule:
        statement = statement.where(PromoCode.rule == rule)
    if before_id is not None:
        statement = statement.where(PromoCode.id < before_id)
    return [shown(code, of or "", now) for code, of in session.execute(statement).all()]


def shown(row: PromoCode, serial: str, now: datetime) -> Listed:
    """A code with its state now."""
    return Listed(
        row.id,
        row.code,
        row.rule,
        serial,
        row.uses_left,
        row.starts_at,
        row.ends_at,
        row.created_at,
        _state(row, now),
    )


def _state(row: PromoCode, now: datetime) -> str:
    if row.uses_left == 0:
        return "used"
    if row.ends_at is not None and row.ends_at <= now:
        return "ended"
    return "waiting" if row.starts_at is not None and row.starts_at > now else "open"


def every(
    session: Session, row: ProgrammeRow, now: datetime, *, rule: str = "", serial: str = ""
) -> Iterator[Listed]:
    """All of them, a page at a time."""
    after = 0
    while page := listed(session, row, now, rule=rule, serial=serial, after_id=after, limit=PAGE):
        yield from page
        after = page[-1].id


def as_csv(codes: Iterable[Listed]) -> str:
    """Codes for a spreadsheet or a mailing."""
    told = io.StringIO()
    writer = csv.writer(told)
    writer.writerow(["code", "coupon", "card", "uses_left", "starts_at", "ends_at", "state"])
    for each in codes:
        times = ["" if at is None else at.isoformat() for at in (each.starts_at, each.ends_at)]
        left = "" if each.uses_left is None else each.uses_left
        code = f"'{each.code}" if each.code[:1] in "=+-@" else each.code
        writer.writerow([code, each.rule, each.serial, left, *times, each.state])
    return told.getvalue()
