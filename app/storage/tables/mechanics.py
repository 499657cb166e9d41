"""What the mechanics keep beside the ledger: versions of rules, tiers, memberships, coupons, budgets, work to
come.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.tables.base import Base, Id


class RuleVersion(Base):
    """The rules of a programme from `starts_at` on; never changed. `keep_old` leaves cards that were issued
    before with the rules they had.

    `settled_at`: when all cards had what follows from them by itself (a stamp card that is full now, another
    tier); `settled_card_id` is the last card that was looked at.
    """

    __tablename__ = "rule_versions"
    __table_args__ = (
        UniqueConstraint("programme_id", "number"),
        Index(
            "ix_rule_versions_due",
            "starts_at",
            postgresql_where=text("settled_at is null and withdrawn_at is null"),
            sqlite_where=text("settled_at is null and withdrawn_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    number: Mapped[int]
    rules: Mapped[list[Any]]
    starts_at: Mapped[datetime]
    keep_old: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(String(200), default="")
    author: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    settled_card_id: Mapped[int] = mapped_column(BigInteger, default=0)


class TierChange(Base):
    """A tier that a card got, when and why; never changed."""

    __tablename__ = "tier_changes"
    __table_args__ = (Index("ix_tier_changes_card", "card_id", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("cards.id"))
    tier: Mapped[str] = mapped_column(String(40))
    previous: Mapped[str] = mapped_column(String(40), default="")
    until: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(200), default="")
    actor: Mapped[str] = mapped_column(String(120), default="")
    operation_id: Mapped[int | None]
    at: Mapped[datetime]


class Membership(Base):
    """A paid period of a card; the same payment counts once."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("programme_id", "payment"),
        Index("ix_memberships_card", "card_id", "key", "ends_at"),
        Index("ix_memberships_end", "ends_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    card_id: Mapped[int] = mapped_column(ForeignKey("cards.id"))
    key: Mapped[str] = mapped_column(String(40))
    payment: Mapped[str] = mapped_column(String(120))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]


class PromoCode(Base):
    """A code that a customer shows: of one card, or (`card_id` NULL) of anybody. `rule` is the coupon's key,
    `uses_left` NULL counts none.
    """

    __tablename__ = "promo_codes"
    __table_args__ = (
        UniqueConstraint("programme_id", "code"),
        CheckConstraint("uses_left is null or uses_left >= 0", name="not_negative"),
        Index("ix_promo_codes_card", "card_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    card_id: Mapped[int | None] = mapped_column(ForeignKey("cards.id"))
    code: Mapped[str] = mapped_column(String(40))
    rule: Mapped[str] = mapped_column(String(40))
    uses_left: Mapped[int | None]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Budget(Base):
    """How much of a rule's budget was given away; the limit stands in the rule."""

    __tablename__ = "budgets"
    __table_args__ = (CheckConstraint("used >= 0", name="not_negative"),)

    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    used: Mapped[int] = mapped_column(BigInteger, default=0)


class CardTask(Base):
    """Something to be done for a card at a time, once for its key: a friend's reward, a review, a warning."""

    __tablename__ = "card_tasks"
    __table_args__ = (
        UniqueConstraint("card_id", "kind", "key"),
        Index(
            "ix_card_tasks_due",
            "due_at",
            postgresql_where=text("done_at is null"),
            sqlite_where=text("done_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("cards.id"))
    kind: Mapped[str] = mapped_column(String(20))
    key: Mapped[str] = mapped_column(String(120))
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(200), default="")
