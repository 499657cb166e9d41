"""Who may do what: staff with passwords, programs with keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.tables.base import Base, Id


class Staff(Base):
    """A person of the shop; `programme_id` NULL sees every programme. `session_epoch` rises to sign them
    out everywhere.
    """

    __tablename__ = "staff"
    __table_args__ = (CheckConstraint("role in ('cashier', 'marketer', 'owner')", name="role"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    login: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(10))
    password_hash: Mapped[str] = mapped_column(String(200))
    programme_id: Mapped[int | None] = mapped_column(ForeignKey("programmes.id"))
    store: Mapped[str] = mapped_column(String(120), default="")
    locale: Mapped[str] = mapped_column(String(20), default="")
    session_epoch: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class ApiKey(Base):
    """A program's key: only the SHA-256 of the secret is kept. `scopes` is a space-separated list.

    `hint` is the begin of the secret, by which people tell keys apart. A key that was rotated works until
    `expires_at`; `successor_id` is the one that took its place.
    """

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    scopes: Mapped[str] = mapped_column(String(500))
    programme_id: Mapped[int | None] = mapped_column(ForeignKey("programmes.id"))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    hint: Mapped[str] = mapped_column(String(12), default="", server_default="")
    successor_id: Mapped[int | None] = mapped_column(Id)
