"""Where members came from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.tables.base import Base, Id


class ChannelLink(Base):
    """A short tracked link: to a programme's join page, or (`card_id`) to one person's card."""

    __tablename__ = "channel_links"

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    card_id: Mapped[int | None] = mapped_column(ForeignKey("cards.id"))
    utm: Mapped[dict[str, Any]]
    clicks: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class Attribution(Base):
    """What brought a member: first touch, fixed at enrolment."""

    __tablename__ = "attributions"
    __table_args__ = (Index("ix_attributions_source", "programme_id", "utm_source"),)

    card_id: Mapped[int] = mapped_column(Id, ForeignKey("cards.id"), primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    utm_source: Mapped[str] = mapped_column(String(200), default="")
    utm_medium: Mapped[str] = mapped_column(String(200), default="")
    utm_campaign: Mapped[str] = mapped_column(String(200), default="")
    utm_content: Mapped[str] = mapped_column(String(200), default="")
    utm_term: Mapped[str] = mapped_column(String(200), default="")
    ref: Mapped[str] = mapped_column(String(200), default="")
    link_code: Mapped[str] = mapped_column(String(40), default="")
    at: Mapped[datetime]
