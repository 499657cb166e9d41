"""Keys of programs, for those who hand them out: made, listed, rotated with an overlap, revoked.

A key never gives more than it has: no other scope, no other programme, no longer life.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Invalid, NotFound
from app.services.access import Caller, key_faults, new_key, programme_called
from app.storage.tables import ApiKey, ProgrammeRow

MOST_OVERLAP_HOURS = 24 * 30


@dataclass(frozen=True, slots=True)
class Wanted:
    """A key that somebody asks for: a role, or scopes of its own. No programme means all."""

    name: str = ""
    role: str = ""
    scopes: Sequence[str] = ()
    programme: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A new key, and its secret, which is told this once."""

    key_id: int
    secret: str


def make(db: sessionmaker[Session], wanted: Wanted, *, now: datetime, giver: Caller | None = None) -> Made:
    """A new key; raises Invalid with everything that `giver` cannot give (None may give all)."""
    if faults := key_faults(wanted.role, wanted.scopes, wanted.expires_at, now):
        raise Invalid(faults)
    with db.begin() as session:
        row, secret = new_key(
            role=wanted.role,
            scopes=wanted.scopes,
            name=wanted.name,
            expires_at=wanted.expires_at,
            now=now,
        )
        row.programme_id = programme_called(session, wanted.programme)
        if giver and (faults := _beyond(row, giver)):
            raise Invalid(faults)
        session.add(row)
        session.flush()
        return Made(row.id, secret)


def rotate(
    db: sessionmaker[Session],
    key_id: int,
    *,
    overlap: timedelta,
    now: datetime,
    giver: Caller | None = None,
    programme_ids: Sequence[int] | None = None,
) -> Made:
    """A key in the place of another, with the same rights and the same end; the old one opens until the
    overlap is over.

    Raises NotFound, Conflict for one that is over or was rotated, and Invalid for one that can more than its
    giver.
    """
    with db.begin() as session:
        old = one(session, key_id, programme_ids, lock=True)
        _still_open(old, now)
        if giver and (faults := _beyond(old, giver)):
            raise Invalid({"": "; ".join(faults.values())})
        scopes = old.scopes.split()
        row, secret = new_key(role=old.role, scopes=scopes, name=old.name, expires_at=old.expires_at, now=now)
        row.role, row.programme_id = old.role, old.programme_id
        session.add(row)
        session.flush()
        old.successor_id = row.id
        old.expires_at = min(now + overlap, old.expires_at or now + overlap)
        return Made(row.id, secret)


def _still_open(row: ApiKey, now: datetime) -> None:
    if row.successor_id is not None:
        raise Conflict("This key was rotated before.", id=row.id, successor_id=row.successor_id)
    if state(row, now) != "active":
        raise Conflict("This key is over: make a new one.", id=row.id, state=state(row, now))


def _beyond(row: ApiKey, giver: Caller) -> dict[str, str]:
    """What the key could do that its giver cannot, by JSON pointer."""
    faults = {}
    more = [scope for scope in row.scopes.split() if scope not in giver.scopes]
    if more:
        faults["/scopes"] = f"is more than your own key has: {', '.join(more)}"
    if giver.programme_id not in (None, row.programme_id):
        faults["/programme"] = "must be the programme of your own key"
    if giver.expires_at and (row.expires_at is None or row.expires_at > giver.expires_at):
        faults["/expires_at"] = "must not lie after the end of your own key"
    return faults


def one(
    session: Session, key_id: int, programme_ids: Sequence[int] | None = None, *, lock: bool = False
) -> ApiKey:
    """A key by its row number; `programme_ids` None sees all. Raises NotFound."""
    row = session.get(ApiKey, key_id, with_for_update=lock or None)
    if row is None or (programme_ids is not None and row.programme_id not in programme_ids):
        raise NotFound("There is no such key.", id=key_id)
    return row


def page(
    session: Session, programme_ids: Sequence[int] | None, *, limit: int, before_id: int = 0
) -> Sequence[ApiKey]:
    """Keys, the newest first."""
    statement = select(ApiKey).order_by(ApiKey.id.desc()).limit(limit)
    if programme_ids is not None:
        statement = statement.where(ApiKey.programme_id.in_(programme_ids))
    if before_id:
        statement = statement.where(ApiKey.id < before_id)
    return session.scalars(statement).all()


def slug_called(session: Session, programme_id: int) -> str:
    """The slug of the only programme that a key may use."""
    return session.get_one(ProgrammeRow, programme_id).slug


def state(row: ApiKey, now: datetime) -> str:
    """active, expired or revoked."""
    if row.revoked_at is not None:
        return "revoked"
    return "expired" if row.expires_at is not None and row.expires_at <= now else "active"
