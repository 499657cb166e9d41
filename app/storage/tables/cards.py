"""Members and their cards. Names and numbers of people stand apart, so that they can be erased while the
ledger stays.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.tables.base import Base, Id


class Member(Base):
    """A person in a programme, without anything that names them."""

    __tablename__ = "members"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"), index=True)
    locale: Mapped[str] = mapped_column(String(20), default="")
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class MemberPii(Base):
    """What names a member; deleting the row erases the person. Phone is E.164, e-mail lower case."""

    __tablename__ = "member_pii"
    __table_args__ = (
        UniqueConstraint("programme_id", "phone"),
        UniqueConstraint("programme_id", "email"),
        UniqueConstraint("programme_id", "external_id"),
        Index(
            "ix_member_pii_birthday",
            "programme_id",
            "birthday",
            postgresql_where=text("birthday IS NOT NULL"),
            sqlite_where=text("birthday IS NOT NULL"),
        ),
    )

    member_id: Mapped[int] = mapped_column(Id, ForeignKey("members.id"), primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    external_id: Mapped[str | None] = mapped_column(String(120))
    phone: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(254))
    given_name: Mapped[str] = mapped_column(String(120), default="")
    family_name: Mapped[str] = mapped_column(String(120), default="")
    birthday: Mapped[date | None] = mapped_column(Date)
    city: Mapped[str] = mapped_column(String(120), default="")
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Consent(Base):
    """A permission given or withdrawn; never changed, the newest row counts."""

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_member", "member_id", "purpose", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    purpose: Mapped[str] = mapped_column(String(40))
    granted: Mapped[bool]
    text_sha256: Mapped[str] = mapped_column(String(64), default="")
    source: Mapped[str] = mapped_column(String(40), default="")
    at: Mapped[datetime]


class Card(Base):
    """A card. `version` rises only when its face really changed; `changed_at` moves by at least a second
    each time.

    `serial`, `salt` and the pass type never change: they are what an installed pass is known by.
    `account_id` is the card whose account this one shares (several holders of one company), NULL for its own.
    `tier` is what counts now: a tier that was given by hand (`tier_invited`), one that a paid membership
    lends, or `tier_earned`, which is reviewed at `tier_until`.
    """

    __tablename__ = "cards"
    __table_args__ = (
        CheckConstraint("status in ('active', 'blocked', 'void', 'expired')", name="status"),
        Index("ix_cards_programme", "programme_id", "id"),
        Index(
            "ix_cards_end",
            "expires_at",
            postgresql_where=text("expires_at IS NOT NULL"),
            sqlite_where=text("expires_at IS NOT NULL"),
        ),
        Index(
            "ix_cards_review",
            "tier_until",
            postgresql_where=text("tier_until IS NOT NULL"),
            sqlite_where=text("tier_until IS NOT NULL"),
        ),
        Index(
            "ix_cards_account",
            "account_id",
            postgresql_where=text("account_id IS NOT NULL"),
            sqlite_where=text("account_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), unique=True)
    serial: Mapped[str] = mapped_column(String(40), unique=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    link: Mapped[str] = mapped_column(String(40), unique=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    pass_type_identifier: Mapped[str] = mapped_column(String(100), default="")
    status: Mapped[str] = mapped_column(String(10), default="active")
    tier: Mapped[str] = mapped_column(String(40), default="")
    tier_earned: Mapped[str] = mapped_column(String(40), default="")
    tier_since: Mapped[datetime | None]
    tier_until: Mapped[datetime | None]
    tier_invited: Mapped[bool] = mapped_column(default=False)
    account_id: Mapped[int | None] = mapped_column(Id, ForeignKey("cards.id"))
    referral_code: Mapped[str | None] = mapped_column(String(20), unique=True)
    referred_by_id: Mapped[int | None] = mapped_column(Id, ForeignKey("cards.id"))
    values: Mapped[dict[str, Any]] = mapped_column("named_values", default=dict)
    expires_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    face: Mapped[str] = mapped_column(String(64), default="")
    served_version: Mapped[int] = mapped_column(default=0)
    personalised_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    created_at: Mapped[datetime]
