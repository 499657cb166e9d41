"""Inbound webhooks: stored first, applied once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.tables.base import Base, Id


class HookSource(Base):
    """A system that may call `/hooks/<slug>`, and that its connector may call back.

    `secrets` holds all that are valid now, sealed, the newest first; the others only until `former_until`.
    `settings` is what the connector must know of the system (its address, its fields), `token` the sealed
    credential for calling it. `poll_at` is when it is asked next for what it did not tell, `poll_cursor` how
    far that came. Who works on its events holds the lease.
    """

    __tablename__ = "hook_sources"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    kind: Mapped[str] = mapped_column(String(40), default="generic")
    secrets: Mapped[list[Any]]
    former_until: Mapped[datetime | None]
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    token: Mapped[str] = mapped_column(Text, default="", server_default="")
    revision: Mapped[int] = mapped_column(default=1, server_default="1")
    created_at: Mapped[datetime]
    paused_at: Mapped[datetime | None]
    quiet_after_s: Mapped[int | None]
    poll_at: Mapped[datetime | None]
    poll_cursor: Mapped[str] = mapped_column(String(500), default="", server_default="")
    poll_error: Mapped[str] = mapped_column(String(500), default="", server_default="")
    polled_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    lease_token: Mapped[str] = mapped_column(String(40), default="", server_default="")


class HookEvent(Base):
    """A call that was verified and kept: `received` (due), `applied`, or `dead` with the reason.

    `topic` is what a header said it is about. `keys` are the cards and people that a waiting event names, so
    that later ones of the same card wait behind it; a `parked` one waits for something else (the sale of its
    return) and holds up nobody.
    """

    __tablename__ = "hook_events"
    __table_args__ = (
        UniqueConstraint("source_id", "dedup_key"),
        CheckConstraint("state in ('received', 'applied', 'dead')", name="state"),
        Index(
            "ix_hook_events_due",
            "priority",
            "due_at",
            "id",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
        Index(
            "ix_hook_events_waiting",
            "source_id",
            "id",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
        Index("ix_hook_events_source", "source_id", "id"),
        Index(
            "ix_hook_events_dead",
            "source_id",
            "id",
            postgresql_where=text("state = 'dead'"),
            sqlite_where=text("state = 'dead'"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("hook_sources.id"))
    dedup_key: Mapped[str] = mapped_column(String(255))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    content_type: Mapped[str] = mapped_column(String(100), default="")
    topic: Mapped[str] = mapped_column(String(100), default="", server_default="")
    keys: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    parked: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    state: Mapped[str] = mapped_column(String(10), default="received")
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    received_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    priority: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(String(500), default="")
    applied_at: Mapped[datetime | None]


class HookObject(Base):
    """A thing of the other system (`contact:82`) as it was applied last: `version` (theirs, only ever rises)
    keeps what is late from undoing what is newer.
    """

    __tablename__ = "hook_objects"

    source_id: Mapped[int] = mapped_column(Id, ForeignKey("hook_sources.id"), primary_key=True)
    ref: Mapped[str] = mapped_column(String(160), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, default=0)
    at: Mapped[datetime]
