"""What must stay as it was when the first passes left: a pass that is on a phone cannot be told of a change.

The key from which tokens are made, the public address and the team are inside installed passes. So they are
written down once (the key as a fingerprint), compared at every look, and changed only when an operator says
that the change is meant.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.services.causes import found
from app.services.ports import Finding
from app.storage.tables import Chore

PREFIX = "landmark:"
SECRET, ADDRESS, TEAM = "secret-key", "base-url", "team:"


def fingerprint(secret: bytes) -> str:
    """Tells whether it is the same key, and nothing else about it."""
    return hmac.new(secret, b"tillpass landmark", hashlib.sha256).hexdigest()[:32]


def keep(db: sessionmaker[Session], present: Mapping[str, str], now: datetime) -> None:
    """Write down those that are not known yet; harmless when repeated or at the same time as another."""
    with db() as session:
        known = set(session.scalars(select(Chore.name).where(Chore.name.startswith(PREFIX))))
    for name, value in present.items():
        if PREFIX + name not in known:
            _keep_one(db, name, value, now)


def _keep_one(db: sessionmaker[Session], name: str, value: str, now: datetime) -> None:
    try:
        with db.begin() as session:
            session.add(Chore(name=PREFIX + name, last_at=now, next_at=None, result={"value": value}))
    except IntegrityError:
        return  # another process was faster, with what it sees


def accept(db: sessionmaker[Session], present: Mapping[str, str], now: datetime) -> list[str]:
    """Take the present ones as right from now on; the names of those that were different."""
    changed = []
    with db.begin() as session:
        for name, value in present.items():
            row = session.get(Chore, PREFIX + name, with_for_update=True)
            if row is None or row.result.get("value") != value:
                changed.append(name)
                session.merge(Chore(name=PREFIX + name, last_at=now, next_at=None, result={"value": value}))
    return changed


def moved(session: Session, present: Mapping[str, str]) -> Iterable[Finding]:
    """A finding for each that is not what it was."""
    rows = session.scalars(select(Chore).where(Chore.name.startswith(PREFIX)))
    for row in sorted(rows, key=lambda each: each.name):
        name = row.name.removeprefix(PREFIX)
        before, now = str(row.result.get("value", "")), present.get(name)
        if now is None or now == before:
            continue
        if name == SECRET:
            yield found("secret-key-changed", since_on=row.last_at)
        elif name == ADDRESS:
            yield found("base-url-changed", before=before, now=now)
        else:
            yield found("apple-team-changed", pass_type=name.removeprefix(TEAM), team=now, before=before)
