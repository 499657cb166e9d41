"""Whom a marketer means, what is sent to them, and how many came by which way."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.tables.base import Base, Id


class SegmentRow(Base):
    """A group of cards by a rule (`app.domain.segments`); who is in it is asked when it is used."""

    __tablename__ = "segments"
    __table_args__ = (UniqueConstraint("programme_id", "key"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    key: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    rule: Mapped[dict[str, Any]]
    revision: Mapped[int] = mapped_column(default=1)
    author: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class Campaign(Base):
    """Something that is done to each card of a segment, once: `content` says what (message, banner, values,
    points). It walks over the cards; `cursor` is the last one that was looked at.
    """

    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint("state in ('draft', 'scheduled', 'running', 'paused', 'done')", name="state"),
        UniqueConstraint("programme_id", "request_key"),
        Index(
            "ix_campaigns_due",
            "priority",
            "due_at",
            "id",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    name: Mapped[str] = mapped_column(String(120))
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segments.id"))
    rule: Mapped[dict[str, Any]] = mapped_column(default=dict)
    content: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10), default="draft")
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    total: Mapped[int] = mapped_column(default=0)
    seen: Mapped[int] = mapped_column(default=0)
    reached: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    cursor: Mapped[int] = mapped_column(Id, default=0)
    due_at: Mapped[datetime | None]
    priority: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(String(500), default="")
    revision: Mapped[int] = mapped_column(default=1)
    request_key: Mapped[str | None] = mapped_column(String(255))
    request_hash: Mapped[str] = mapped_column(String(64), default="")
    author: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Banner(Base):
    """A picture that stands in for the design's own, for a while (`starts_at`, `ends_at`) and for some
    (`segment_id`); the newest that fits counts. `due_at` is when its cards must be looked at again.
    """

    __tablename__ = "banners"
    __table_args__ = (
        Index("ix_banners_programme", "programme_id", "id"),
        Index(
            "ix_banners_due",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    image_sha256: Mapped[str] = mapped_column(String(64))
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segments.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    author: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime]


class CardBanner(Base):
    """The banner that a card shows in place of its design's own."""

    __tablename__ = "card_banners"
    __table_args__ = (Index("ix_card_banners_banner", "banner_id", "card_id"),)

    card_id: Mapped[int] = mapped_column(Id, ForeignKey("cards.id"), primary_key=True)
    banner_id: Mapped[int] = mapped_column(ForeignKey("banners.id"))


class FunnelCount(Base):
    """How often a step happened on a day, by channel (`channel` is the hash of `utm`); several rows (`shard`)
    share the counting, so that no two visitors wait for one another.
    """

    __tablename__ = "funnel_counts"

    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    step: Mapped[str] = mapped_column(String(20), primary_key=True)
    channel: Mapped[str] = mapped_column(String(40), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True)
    utm: Mapped[dict[str, Any]] = mapped_column(default=dict)
    count: Mapped[int] = mapped_column(Id, default=0)
