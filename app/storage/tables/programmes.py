"""Programmes, their designs and their pictures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.tables.base import Base, Id


class ProgrammeRow(Base):
    """A programme; `body` is the domain Programme as JSON, `revision` rises with each change of it.

    `rule_plan` lists the versions of the rules that count now, counted before (for late receipts and for
    cards that keep them) or will count: `{number, starts_at, keep_old, rules}`, oldest first; empty while the
    rules never changed. `messages_until`: no message of it is shown after that, so that nobody has to look
    for any; `banners_until` is the same for banners of a time.
    """

    __tablename__ = "programmes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    body: Mapped[dict[str, Any]]
    revision: Mapped[int] = mapped_column(default=1)
    rule_plan: Mapped[list[Any]] = mapped_column(default=list)
    design_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("designs.id", use_alter=True, name="fk_programmes_design_id")
    )
    messages_until: Mapped[datetime | None]
    banners_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class DesignRow(Base):
    """A version of a look. Drafts change; once `published_at` is set, `body` never does."""

    __tablename__ = "designs"
    __table_args__ = (UniqueConstraint("programme_id", "version"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    version: Mapped[int]
    body: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(String(200), default="")
    author: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class ImageRow(Base):
    """A picture by the SHA-256 of its bytes; in the database, so that many machines share it."""

    __tablename__ = "images"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(40))
    width: Mapped[int]
    height: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[datetime]


class Rendition(Base):
    """Which picture a piece of artwork became at a size, so that it is drawn once for all machines."""

    __tablename__ = "renditions"
    __table_args__ = (Index("ix_renditions_image", "image"),)

    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    image: Mapped[str] = mapped_column(ForeignKey("images.sha256"))
    created_at: Mapped[datetime]
