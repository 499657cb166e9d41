"""Outbound webhooks: who wants to hear, what is still to be told, and every attempt."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.tables.base import Base, Id


class WebhookEndpoint(Base):
    """An address that hears of a programme's events, or (`source_id`) a system whose connector tells it.

    `kinds` empty means all. `secrets` are sealed, the newest first; the others sign too until `former_until`.
    `member_data`: names and numbers of people travel with the events. `failing_since` is when deliveries
    began to fail; after days of that it is `disabled`, with the reason.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        CheckConstraint("state in ('active', 'paused', 'disabled')", name="state"),
        Index("ix_webhook_endpoints_programme", "programme_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    source_id: Mapped[int | None] = mapped_column(ForeignKey("hook_sources.id"), unique=True)
    url: Mapped[str] = mapped_column(String(500), default="")
    description: Mapped[str] = mapped_column(String(200), default="")
    kinds: Mapped[list[Any]] = mapped_column(default=list)
    secrets: Mapped[list[Any]] = mapped_column(default=list)
    former_until: Mapped[datetime | None]
    member_data: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(10), default="active")
    disabled_reason: Mapped[str] = mapped_column(String(300), default="")
    failing_since: Mapped[datetime | None]
    last_ok_at: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column(default=1)
    author: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class WebhookMessage(Base):
    """An event on its way to one endpoint: `pending` (due), `delivered`, or `failed` with the reason.

    `public_id` is the `webhook-id`, the same on every attempt and every replay.
    """

    __tablename__ = "webhook_messages"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "event_id"),
        CheckConstraint("state in ('pending', 'delivered', 'failed')", name="state"),
        Index(
            "ix_webhook_messages_due",
            "endpoint_id",
            "priority",
            "due_at",
            "id",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
        Index(
            "ix_webhook_messages_waiting",
            "endpoint_id",
            "card_id",
            "event_id",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
        Index("ix_webhook_messages_endpoint", "endpoint_id", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id"))
    event_id: Mapped[int] = mapped_column(Id, ForeignKey("events.id"))
    card_id: Mapped[int | None] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(10), default="pending")
    due_at: Mapped[datetime | None]
    priority: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    last_status: Mapped[int | None]
    last_error: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]


class WebhookAttempt(Base):
    """One try: what the other side answered (the begin of it), or why nothing came."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (Index("ix_webhook_attempts_message", "message_id", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    message_id: Mapped[int] = mapped_column(Id, ForeignKey("webhook_messages.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    status: Mapped[int | None]
    took_ms: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(300), default="")
    answer: Mapped[str] = mapped_column(String(1000), default="")
