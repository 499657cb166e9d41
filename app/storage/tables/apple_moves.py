"""Cards that move from one pass type to another: what was ordered, and which old passes are still held."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.tables.base import Base, Id


class AppleMove(Base):
    """A programme's move to another pass type; `cursor` is the last card that was switched over."""

    __tablename__ = "apple_moves"
    __table_args__ = (Index("ix_apple_moves_programme", "programme_id", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    pass_type_identifier: Mapped[str] = mapped_column(String(100))
    cursor: Mapped[int] = mapped_column(Id, default=0)
    started_at: Mapped[datetime]
    switched_at: Mapped[datetime | None]


class FormerPass(Base):
    """A pass of a card under an earlier pass type, which phones may still hold and ask for.

    Its version is the card's plus `steps`, so that it can change alone. `moved_at`: the new pass is on a
    phone, so this one is served as replaced, since `moved_version`; `left_at`: the phones that held it know,
    and were let go.
    """

    __tablename__ = "apple_former_passes"
    __table_args__ = (
        Index(
            "ix_apple_former_passes_leaving",
            "moved_at",
            postgresql_where=text("moved_at IS NOT NULL AND left_at IS NULL"),
            sqlite_where=text("moved_at IS NOT NULL AND left_at IS NULL"),
        ),
    )

    card_id: Mapped[int] = mapped_column(Id, ForeignKey("cards.id"), primary_key=True)
    pass_type_identifier: Mapped[str] = mapped_column(String(100), primary_key=True)
    steps: Mapped[int] = mapped_column(default=0)
    served_version: Mapped[int] = mapped_column(default=0)
    since: Mapped[datetime]
    moved_at: Mapped[datetime | None]
    moved_version: Mapped[int] = mapped_column(default=0)
    left_at: Mapped[datetime | None]
