"""Who may do what: staff by password, programs by key. Wrong and unknown look and take the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Invalid, NotFound
from app.services import ids
from app.storage.tables import ApiKey, ProgrammeRow, Staff

SCOPES = (
    "programmes:read",
    "programmes:write",
    "cards:read",
    "cards:write",
    "ledger:write",
    "designs:write",
    "sources:write",
    "analytics:read",
    "webhooks:write",
    "campaigns:write",
    "members:import",
    "members:export",
    "keys:write",
)
ROLES = {
    "owner": SCOPES,
    "marketer": ("programmes:read", "cards:read", "designs:write", "analytics:read", "campaigns:write"),
    "till": ("programmes:read", "cards:read", "cards:write", "ledger:write"),
    "crm": (
        "programmes:read",
        "cards:read",
        "cards:write",
        "ledger:write",
        "sources:write",
        "webhooks:write",
        "members:import",
    ),
}
"""What a key of a role may do; a new scope is also given to keys that stand already, by a migration."""
NO_ROLE = "scopes"
"""What stands for the role of a key with scopes of its own."""
HINT_LENGTH = 8
STAFF_ROLES = ("cashier", "marketer", "owner")
_hashers = [PasswordHasher()]


def hash_passwords_with(hasher: PasswordHasher) -> None:
    """Hash new passwords with these costs from now on: where memory is short, and in tests of other things.

    The default is that of argon2-cffi (RFC 9106, low-memory profile), which takes a tenth of a second.
    """
    _hashers[0] = hasher
    _nobody.cache_clear()


@cache
def _nobody() -> str:
    """What an unknown name is checked against; made when first needed, because it takes a while."""
    return _hashers[0].hash("nobody has this password")


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that showed a valid key; `programme_id` None may use every programme."""

    key_id: int
    name: str
    scopes: frozenset[str]
    programme_id: int | None
    expires_at: datetime | None = None

    def allows(self, scope: str) -> bool:
        """Whether the key may do that."""
        return scope in self.scopes

    def programme_ids(self) -> Sequence[int] | None:
        """The programmes that this key sees; None means all."""
        return None if self.programme_id is None else [self.programme_id]


def create_key(
    db: sessionmaker[Session],
    *,
    role: str,
    now: datetime,
    name: str = "",
    programme: str = "",
    scopes: Sequence[str] = (),
    expires_at: datetime | None = None,
) -> str:
    """A new key with the scopes of a role, or with these alone; returns the secret, which is shown this once.

    Raises Invalid.
    """
    faults = key_faults(role, scopes, expires_at, now)
    if faults:
        raise Invalid(faults)
    with db.begin() as session:
        row, secret = new_key(role=role, scopes=scopes, name=name, expires_at=expires_at, now=now)
        row.programme_id = programme_called(session, programme)
        session.add(row)
    return secret


def key_faults(
    role: str, scopes: Sequence[str], expires_at: datetime | None, now: datetime
) -> dict[str, str]:
    """What is wrong with a key that somebody wants, by JSON pointer."""
    faults = {}
    if not scopes and role not in ROLES:
        faults["/role"] = f"must be one of {', '.join(ROLES)}"
    faults |= {
        f"/scopes/{place}": f"must be one of {', '.join(SCOPES)}"
        for place, scope in enumerate(scopes)
        if scope not in SCOPES
    }
    if expires_at is not None and expires_at <= now:
        faults["/expires_at"] = "must lie ahead"
    return faults


def new_key(
    *, role: str, scopes: Sequence[str], name: str, expires_at: datetime | None, now: datetime
) -> tuple[ApiKey, str]:
    """A row that is not stored yet, and its secret. Scopes of their own make a key of no role."""
    secret = f"tp_{ids.token(32)}"
    given = ROLES[role] if not scopes else tuple(each for each in SCOPES if each in scopes)
    row = ApiKey(
        name=name or (role if not scopes else "scopes"),
        secret_sha256=_digest(secret),
        role=NO_ROLE if scopes else role,
        scopes=" ".join(given),
        created_at=now,
        expires_at=expires_at,
        hint=secret[:HINT_LENGTH],
    )
    return row, secret


def programme_called(session: Session, slug: str) -> int | None:
    """The programme's row number, None for no name; raises Invalid."""
    if not slug:
        return None
    found = session.scalar(select(ProgrammeRow.id).where(ProgrammeRow.slug == slug))
    if found is None:
        raise Invalid({"/programme": f"there is no programme '{slug}'"})
    return found


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def caller_of(
    db: sessionmaker[Session], secret: str, now: datetime, *, read: sessionmaker[Session] | None = None
) -> Caller | None:
    """Who holds this key, if it is valid. Looked up by its hash, so the time tells nothing about the key.

    With `read`, the look-up waits for no writer; only the note of its use (once a minute) is written to `db`.
    """
    with (read or db)() as session:
        row = session.scalars(select(ApiKey).where(ApiKey.secret_sha256 == _digest(secret))).one_or_none()
    if row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        return None
    if row.last_used_at is None or now - row.last_used_at > timedelta(minutes=1):
        with db.begin() as session:
            session.execute(update(ApiKey).where(ApiKey.id == row.id).values(last_used_at=now))
    return Caller(row.id, row.name, frozenset(row.scopes.split()), row.programme_id, row.expires_at)


def add_staff(
    db: sessionmaker[Session],
    *,
    login: str,
    password: str,
    role: str,
    now: datetime,
    name: str = "",
    programme: str = "",
    store: str = "",
) -> None:
    """A new member of staff; raises Invalid, and Conflict if the sign-in name is taken."""
    faults = {}
    if role not in STAFF_ROLES:
        faults["/role"] = f"must be one of {', '.join(STAFF_ROLES)}"
    if len(password) < 8:
        faults["/password"] = "must have 8 characters at least"
    if not login.strip() or len(login) > 120:
        faults["/login"] = "is required"
    if faults:
        raise Invalid(faults)
    password_hash = _hashers[0].hash(password)
    with db.begin() as session:
        login = login.strip().lower()
        if session.scalar(select(Staff.id).where(Staff.login == login)):
            raise Conflict(f"'{login}' can sign in already.", login=login)
        session.add(
            Staff(
                login=login,
                name=name or login,
                role=role,
                password_hash=password_hash,
                programme_id=programme_called(session, programme),
                store=store,
                created_at=now,
            )
        )


def sign_in(db: sessionmaker[Session], login: str, password: str) -> Staff | None:
    """The person, if the password is right; an unknown name takes as long as a wrong password."""
    with db() as session:
        row = session.scalars(select(Staff).where(Staff.login == login.strip().lower())).one_or_none()
    known = row is not None and row.disabled_at is None
    try:
        _hashers[0].verify(row.password_hash if row is not None and known else _nobody(), password)
    except (VerifyMismatchError, InvalidHashError):
        return None
    return row if known else None


def staff_of_session(session: Session, staff_id: int, epoch: int) -> Staff | None:
    """The signed-in person, unless disabled or signed out everywhere since."""
    row = session.get(Staff, staff_id)
    if row is None or row.disabled_at is not None or row.session_epoch != epoch:
        return None
    return row


def people(session: Session, programme_ids: Sequence[int] | None) -> Sequence[Staff]:
    """Who can sign in, by name; `None` means all, else those who see only these programmes."""
    statement = select(Staff).order_by(Staff.disabled_at.is_not(None), Staff.name)
    if programme_ids is not None:
        statement = statement.where(Staff.programme_id.in_(programme_ids))
    return session.scalars(statement).all()


def set_disabled(
    db: sessionmaker[Session],
    staff_id: int,
    disabled: bool,
    *,
    now: datetime,
    programme_ids: Sequence[int] | None = None,
) -> None:
    """Keep a person out (their open pages end at once), or let them in again. Raises NotFound."""
    with db.begin() as session:
        row = session.get(Staff, staff_id)
        if row is None or not _within(row.programme_id, programme_ids):
            raise NotFound("There is no such person.")
        row.disabled_at = now if disabled else None
        row.session_epoch += 1


def keys(session: Session, programme_ids: Sequence[int] | None) -> Sequence[ApiKey]:
    """Keys, the newest first; the secrets are not kept."""
    statement = select(ApiKey).order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc())
    if programme_ids is not None:
        statement = statement.where(ApiKey.programme_id.in_(programme_ids))
    return session.scalars(statement).all()


def revoke_key(
    db: sessionmaker[Session], key_id: int, *, now: datetime, programme_ids: Sequence[int] | None = None
) -> None:
    """End a key for good; ending it again changes nothing. Raises NotFound."""
    with db.begin() as session:
        row = session.get(ApiKey, key_id)
        if row is None or not _within(row.programme_id, programme_ids):
            raise NotFound("There is no such key.")
        row.revoked_at = row.revoked_at or now


def _within(programme_id: int | None, programme_ids: Sequence[int] | None) -> bool:
    return programme_ids is None or programme_id in programme_ids
