"""What all cards of a programme share: a budget that is never overdrawn, however many ask at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.domain.mechanics.base import Claim
from app.storage.tables import Budget


def claim(session: Session, programme_id: int, claims: Sequence[Claim]) -> str:
    """Take all claims, in the order of their keys; answers the first budget that cannot give, or ''.

    After such an answer the caller gives all of it back by rolling back to a savepoint.
    """
    for each in sorted(claims, key=lambda claim: claim.key):
        _begin(session, programme_id, each.key)
        enough = Budget.used + each.amount <= each.limit
        taken = session.execute(
            update(Budget)
            .where(Budget.programme_id == programme_id, Budget.key == each.key, enough)
            .values(used=Budget.used + each.amount)
            .returning(Budget.used)
        ).one_or_none()
        if taken is None:
            return each.key
    return ""


def give_back(session: Session, programme_id: int, key: str, amount: int) -> None:
    """Return what was claimed: the operation that claimed it was taken back."""
    session.execute(
        update(Budget)
        .where(Budget.programme_id == programme_id, Budget.key == key, Budget.used >= amount)
        .values(used=Budget.used - amount)
    )


def _begin(session: Session, programme_id: int, key: str) -> None:
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(
        insert(Budget).values(programme_id=programme_id, key=key, used=0).on_conflict_do_nothing()
    )
