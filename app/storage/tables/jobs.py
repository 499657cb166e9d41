"""Work in bulk: files that come in and go out, with how far they are; and what moved in with its papers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.tables.base import Base, Id


class Job(Base):
    """A piece of bulk work. `position` is how far it came (a row of the input, a card of the export), so that
    it goes on there after a crash; `rejected` rows are in the part `errors`.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state"),
        UniqueConstraint("programme_id", "request_key"),
        Index(
            "ix_jobs_due",
            "priority",
            "due_at",
            "id",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    format: Mapped[str] = mapped_column(String(10), default="ndjson")
    dry_run: Mapped[bool] = mapped_column(default=False)
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    position: Mapped[int] = mapped_column(Id, default=0)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    request_key: Mapped[str | None] = mapped_column(String(255))
    request_hash: Mapped[str] = mapped_column(String(64), default="")
    actor: Mapped[str] = mapped_column(String(120), default="")
    due_at: Mapped[datetime | None]
    priority: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class JobChunk(Base):
    """A stretch of a job's file: `input`, `output` or `errors`. Sealed, because it names people; deleted with
    the job's time.
    """

    __tablename__ = "job_chunks"

    job_id: Mapped[int] = mapped_column(Id, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    part: Mapped[str] = mapped_column(String(10), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    rows: Mapped[int] = mapped_column(default=0)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class KeptToken(Base):
    """The Apple authentication token of a card that moved in with its pass on phones, sealed; all other cards
    have a token that is derived from their salt.
    """

    __tablename__ = "kept_tokens"

    card_id: Mapped[int] = mapped_column(Id, ForeignKey("cards.id"), primary_key=True)
    token: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
