"""What the shop says on the back of cards, and the rounds that are made by the clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.tables.base import Base, Id


class MessageRow(Base):
    """A message on one card, or on all cards of the programme (`card_id` NULL). Never edited, only withdrawn.

    `purpose`: `service` is about this card and may always be told, `news` needs the member's permission.
    `loud` asks the phone to show it at once, as far as its vendor allows. `due_at` is when the cards must be
    looked at again: at its start, at its end, then never. `request_key` makes a repeated call one message.
    """

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint("purpose in ('service', 'news')", name="purpose"),
        UniqueConstraint("programme_id", "request_key"),
        Index("ix_messages_programme", "programme_id", "card_id", "ends_at"),
        Index("ix_messages_due", "due_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    card_id: Mapped[int | None] = mapped_column(ForeignKey("cards.id"))
    header: Mapped[dict[str, Any]]
    body: Mapped[dict[str, Any]]
    purpose: Mapped[str] = mapped_column(String(10), default="service")
    loud: Mapped[bool] = mapped_column(default=False)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    request_key: Mapped[str | None] = mapped_column(String(255))
    request_hash: Mapped[str] = mapped_column(String(64), default="")
    author: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime]


class Chore(Base):
    """A round that is made by the clock: when it was made last, when it is due next, and what came of it.

    While `taken`, `next_at` is the end of somebody's lease.
    """

    __tablename__ = "chores"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    last_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    taken: Mapped[bool] = mapped_column(default=False)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
