"""Inbound webhooks: stored first, applied once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.tables.base import Base, Id


class HookSource(Base):
    """A system that may call `/hooks/<slug>`; `secrets` holds all that are valid now (rotation), sealed."""

    __tablename__ = "hook_sources"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    kind: Mapped[str] = mapped_column(String(40), default="generic")
    secrets: Mapped[list[Any]]
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    paused_at: Mapped[datetime | None]


class HookEvent(Base):
    """A call that was verified and kept: `received` (due), `applied`, or `dead` with the reason."""

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
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("hook_sources.id"))
    dedup_key: Mapped[str] = mapped_column(String(255))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    content_type: Mapped[str] = mapped_column(String(100), default="")
    state: Mapped[str] = mapped_column(String(10), default="received")
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    received_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    priority: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(String(500), default="")
    applied_at: Mapped[datetime | None]
