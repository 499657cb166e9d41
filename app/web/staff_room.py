"""What the owner's pages share: their blueprint, their door, and which programmes the person may see."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, g
from sqlalchemy.orm import Session

from app.domain.programme import Programme
from app.services import programmes
from app.storage import queries
from app.web.auth import staff_only, staff_programmes

bp = Blueprint("staff", __name__)
owner_only = staff_only("owner")


def mine() -> Sequence[int] | None:
    """The programmes of the person who is signed in; None means all."""
    return staff_programmes(g.staff)


def my_programmes(db: Session) -> dict[int, Programme]:
    """The same with what they are, by row number."""
    return {row.id: queries.programme_of(row) for row in programmes.listed(db, mine())}
