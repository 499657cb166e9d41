"""What still has to reach the phones, and the events that others may follow."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.tables.base import Base, Id

URGENT, NORMAL, BULK = 0, 1, 9
"""Lanes: a till's change, a status change, a roll-out."""


class Delivery(Base):
    """One row per card and wallet; `due_at` NULL is in step, or given up until the next change
    (`last_error` says why).
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("card_id", "wallet"),
        Index(
            "ix_deliveries_due",
            "wallet",  # first: one wallet's backlog must not stand in the way of the other's
            "priority",
            "due_at",
            "id",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("cards.id"))
    wallet: Mapped[str] = mapped_column(String(20))
    delivered_version: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    priority: Mapped[int] = mapped_column(default=NORMAL)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(String(500), default="")
    queued_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]


class Rollout(Base):
    """A change of a whole programme. Task `cards` walks over all of them in chunks (`cursor`: the last one
    touched); task `looks` brings the shared look to the vendors that keep one (`looks_published`: those that
    have it).
    """

    __tablename__ = "rollouts"
    __table_args__ = (
        Index(
            "ix_rollouts_due",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    design_id: Mapped[int | None] = mapped_column(ForeignKey("designs.id"))
    task: Mapped[str] = mapped_column(String(10), default="cards")
    why: Mapped[str] = mapped_column(String(40), default="design")
    cursor: Mapped[int] = mapped_column(Id, default=0)
    total: Mapped[int] = mapped_column(default=0)
    seen: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    looks_published: Mapped[str] = mapped_column(String(100), default="")
    due_at: Mapped[datetime | None]
    priority: Mapped[int] = mapped_column(default=BULK)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Event(Base):
    """Something that happened, written in the same transaction.

    `due_at` is set until it was handed to those who follow it (`services/webhooks`), which also gives it its
    `card_seq`: 1, 2, 3, ... among the events of its card.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_card", "card_id", "id"),
        Index("ix_events_programme", "programme_id", "id"),
        Index(
            "ix_events_wallets",
            "programme_id",
            "kind",
            "card_id",
            "at",
            postgresql_where=text("kind IN ('card.installed', 'card.removed')"),
            sqlite_where=text("kind IN ('card.installed', 'card.removed')"),
        ),
        Index(
            "ix_events_due",
            "id",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    card_id: Mapped[int | None] = mapped_column(ForeignKey("cards.id"))
    card_version: Mapped[int] = mapped_column(default=0)
    card_seq: Mapped[int] = mapped_column(default=0, server_default="0")
    due_at: Mapped[datetime | None]
    kind: Mapped[str] = mapped_column(String(40))
    body: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class Pacing(Base):
    """A speed limit that all workers share: the theoretical arrival time of the next request (GCRA), in
    epoch seconds.
    """

    __tablename__ = "pacing"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    arrival_s: Mapped[float] = mapped_column(default=0.0)
