"""Barcodes that change by themselves (RFC 6238): a photograph of one is worthless half a minute later.

A phone shows `<number>-<code>`. The code is worked out from a secret that only the phone and we know; a code
counts for its own period and the one before and after it (clocks differ), and once only. The secret follows
from the card's salt, so nothing needs to be stored, and a restored backup loses nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Refused
from app.domain.fields import Rotating
from app.services.ids import read_number
from app.storage import queries
from app.storage.tables import Card, ProgrammeRow, RotatingUse

SECRET_BYTES = 20
WINDOW = 1
_SCANNED = re.compile(r"([0-9A-Za-z]{6,40})-([0-9]{6,8})", re.ASCII)


class OldCode(Refused):
    """The code belongs to another moment: the card must be shown anew."""

    code = "code-old"


class UsedCode(Refused):
    """The code was accepted before: the next one comes within half a minute."""

    code = "code-used"


def card_secret(key: bytes, serial: str, salt: bytes) -> bytes:
    """The secret of one card, the same for ever; never write it into a link, a log or a page."""
    return hmac.digest(key, b"rotating\0" + serial.encode() + b"\0" + salt, hashlib.sha256)[:SECRET_BYTES]


def code_at(secret: bytes, counter: int, digits: int) -> str:
    """The code of a period (RFC 4226, 5.3, with HMAC-SHA-1)."""
    digest = hmac.digest(secret, counter.to_bytes(8, "big"), hashlib.sha1)
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def counter_of(at: datetime, period_s: int) -> int:
    """Which period this moment is in."""
    return int(at.timestamp()) // period_s


def matching_counter(secret: bytes, code: str, rule: Rotating, now: datetime) -> int | None:
    """The period that this code belongs to, if that is now or next to now; takes the same time for all."""
    middle = counter_of(now, rule.period_s)
    found = None
    for counter in range(middle - WINDOW, middle + WINDOW + 1):
        if counter >= 0 and hmac.compare_digest(code_at(secret, counter, rule.digits), code):
            found = counter
    return found


def read(typed: str) -> tuple[str, str] | None:
    """Number and code of a scanned rotating barcode; None for anything else."""
    match = _SCANNED.fullmatch(typed.strip())
    return (read_number(match[1]), match[2]) if match else None


def find(
    db: sessionmaker[Session], key: bytes, typed: str, programme_ids: Sequence[int] | None, *, now: datetime
) -> Card | None:
    """The card whose rotating barcode was scanned; None where this is none.

    Raises OldCode or UsedCode. A code is used up by being found.
    """
    scanned = read(typed)
    if scanned is None:
        return None
    try:
        with db.begin() as session:
            return _accepted(session, key, *scanned, programme_ids, now)
    except IntegrityError:  # two tills read the same code at the same moment
        raise _used() from None


def _accepted(
    session: Session, key: bytes, number: str, code: str, programme_ids: Sequence[int] | None, now: datetime
) -> Card | None:
    card = queries.card_by_code(session, number, programme_ids)
    rule = _rule(session, card) if card else None
    if card is None or rule is None:
        return None
    counter = matching_counter(card_secret(key, card.serial, card.salt), code, rule, now)
    if counter is None:
        raise OldCode("This code is old: ask the customer to open the card again.", number=number)
    _use(session, card.id, counter, rule, now)
    session.expunge(card)
    return card


def _rule(session: Session, card: Card) -> Rotating | None:
    row = session.get_one(ProgrammeRow, card.programme_id)
    return queries.design_of(queries.design_row(session, row)).barcode.rotating


def _use(session: Session, card_id: int, counter: int, rule: Rotating, now: datetime) -> None:
    """Note the period as used. Times are compared, not counters: a new length of periods frees no code."""
    starts_s = counter * rule.period_s
    used = session.scalars(
        select(RotatingUse).where(RotatingUse.card_id == card_id).with_for_update()
    ).one_or_none()
    if used is None:
        session.add(RotatingUse(card_id=card_id, period_at_s=starts_s, at=now))
        session.flush()
        return
    if starts_s <= used.period_at_s:
        raise _used()
    used.period_at_s, used.at = starts_s, now


def _used() -> UsedCode:
    return UsedCode("This code was used before: the card shows a new one in a moment.")
