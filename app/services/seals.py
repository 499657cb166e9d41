"""The daily seal: a hash over everything that the ledger wrote on a UTC day, and over the seal before it.

Whoever changes, adds or removes an operation or a line of a sealed day later, in whatever way, is found by
`verify`. Keep the newest hash somewhere else (a letter, another system), and nobody can seal anew unseen.
What the bytes are is written down in `docs/ledger-proof.md`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.services import rounds
from app.storage.tables import Operation, Seal, TransferRow

NAME = "seal-ledger"
FORM = "tillpass-seal-1"
FIRST = "0" * 64
"""What the first seal follows."""
MARGIN = timedelta(minutes=15)
"""So long after midnight a day is over: what was begun before it is written by then."""
LEASE = timedelta(minutes=30)
PAGE = 2_000
_OPERATION = (
    Operation.id,
    Operation.public_id,
    Operation.programme_id,
    Operation.card_id,
    Operation.kind,
    Operation.source,
    Operation.key,
    Operation.request_hash,
    Operation.reply,
    Operation.reverses_id,
    Operation.rules_revision,
    Operation.actor,
    Operation.store,
    Operation.reason,
    Operation.partner,
    Operation.via_card_id,
    Operation.detail,
    Operation.occurred_at,
    Operation.recorded_at,
)
_LINE = (
    TransferRow.operation_id,
    TransferRow.seq,
    TransferRow.card_id,
    TransferRow.unit,
    TransferRow.debit,
    TransferRow.credit,
    TransferRow.amount,
    TransferRow.lot_id,
    TransferRow.rule,
    TransferRow.balance_after,
    TransferRow.account_version,
)


@dataclass(frozen=True, slots=True)
class Broken:
    """A sealed day that is not as it was; `says` is for people."""

    day: date
    says: str


@dataclass(frozen=True, slots=True)
class _Counted:
    operations: int
    transfers: int
    hash: str


def run(db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> int:
    """Seal the next day that is over; 1, or 0 where none is."""
    with read() as session:
        if next_day(session, now) is None:
            return 0
    turn = rounds.take(db, read, NAME, now, first=now, lease=LEASE)
    if turn is None:
        return 0
    made = seal(db, read, now)
    rounds.keep(db, turn, {"day": made.day.isoformat()} if made else {}, next_at=now, last_at=now)
    return 1 if made else 0


def days_waiting(session: Session, now: datetime) -> int:
    """How many days are over and not sealed."""
    day = next_day(session, now)
    return 0 if day is None else ((now - MARGIN).astimezone(UTC).date() - day).days


def next_day(session: Session, now: datetime) -> date | None:
    """The oldest day that is over and has no seal; days on which nothing was done are sealed too."""
    last = session.scalar(select(func.max(Seal.day)))
    if last is None:
        first: datetime | None = session.scalar(
            select(Operation.recorded_at).order_by(Operation.recorded_at).limit(1)
        )
        day = first.date() if first else None
    else:
        day = last + timedelta(days=1)
    return day if day is not None and _end(day) + MARGIN <= now else None


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _end(day: date) -> datetime:
    return _start(day) + timedelta(days=1)


def seal(db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> Seal | None:
    """Seal the next day; None where none is over, or where another process was faster."""
    with read() as session:
        day = next_day(session, now)
        if day is None:
            return None
        previous = session.scalar(select(Seal.hash).where(Seal.day == day - timedelta(days=1))) or FIRST
        found = _read_through(session, day, previous)
    row = Seal(
        day=day,
        operations=found.operations,
        transfers=found.transfers,
        hash=found.hash,
        previous=previous,
        sealed_at=now,
    )
    try:
        with db.begin() as session:
            session.add(row)
    except IntegrityError:
        return None
    return row


def _read_through(session: Session, day: date, previous: str) -> _Counted:
    """Count and hash a day, a page at a time: memory does not grow with the day."""
    running = hashlib.sha256(f"{FORM}\n{day.isoformat()}\n{previous}\n".encode())
    operations = transfers = 0
    for page, lines in _pages(session, day):
        by_operation: dict[int, list[Any]] = {}
        for line in lines:
            by_operation.setdefault(line[0], []).append(line)
        for operation in page:
            running.update(_bytes("operation", operation))
            for line in by_operation.get(operation[0], ()):
                running.update(_bytes("line", line))
        operations, transfers = operations + len(page), transfers + len(lines)
    return _Counted(operations, transfers, running.hexdigest())


def _bytes(kind: str, row: Any) -> bytes:
    """One line of JSON: an array that begins with the kind, times in UTC with microseconds, keys sorted."""
    values = [each.isoformat(timespec="microseconds") if isinstance(each, datetime) else each for each in row]
    return orjson.dumps([kind, *values], option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _pages(session: Session, day: date) -> Iterator[tuple[Sequence[Any], Sequence[Any]]]:
    """The day's operations in the order of their ids, and their lines in the order in which they stand."""
    of_day = (Operation.recorded_at >= _start(day), Operation.recorded_at < _end(day))
    bounds: Any = select(func.min(Operation.id), func.max(Operation.id)).where(*of_day)
    first, last = session.execute(bounds).one()
    if first is None:
        return
    operation: Any = select(*_OPERATION)
    line: Any = select(*_LINE).join(Operation, Operation.id == TransferRow.operation_id)
    while first <= last:
        inside = (Operation.id >= first, Operation.id <= last)
        page = session.execute(operation.where(*of_day, *inside).order_by(Operation.id).limit(PAGE)).all()
        if not page:
            return
        theirs = (TransferRow.operation_id >= page[0][0], TransferRow.operation_id <= page[-1][0])
        ordered = line.where(*of_day, *theirs).order_by(TransferRow.operation_id, TransferRow.seq)
        yield page, session.execute(ordered).all()
        first = page[-1][0] + 1


def latest(session: Session) -> Seal | None:
    """The newest seal."""
    return session.scalars(select(Seal).order_by(Seal.day.desc()).limit(1)).one_or_none()


def verify(read: sessionmaker[Session]) -> Iterator[Broken | None]:
    """Read all sealed days again, oldest first: None for a day that is as it was."""
    with read() as session:
        days = session.scalars(select(Seal.day).order_by(Seal.day)).all()
    previous, expected = FIRST, days[0] if days else None
    for day in days:
        with read() as session:
            row = session.get_one(Seal, day)
            yield _fault(session, row, previous, expected)
        previous, expected = row.hash, day + timedelta(days=1)


def _fault(session: Session, row: Seal, previous: str, expected: date | None) -> Broken | None:
    if row.day != expected:
        return Broken(row.day, f"the seal of {expected} is missing")
    if row.previous != previous:
        return Broken(row.day, "it does not follow the seal of the day before")
    found = _read_through(session, row.day, row.previous)
    if (found.operations, found.transfers) != (row.operations, row.transfers):
        return Broken(
            row.day,
            f"{row.operations} operations with {row.transfers} lines were sealed,"
            f" now there are {found.operations} with {found.transfers}",
        )
    if found.hash != row.hash:
        return Broken(row.day, "an operation or a line was changed after it was sealed")
    return None
