"""The ledger: append-only operations and transfers, lots, and cached balances
that must agree.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.tables.base import Base, Id


class Account(Base):
    """A card's cached balance of one unit; equals the sum of its transfers and of its lots, and is never
    negative.
    """

    __tablename__ = "accounts"
    __table_args__ = (CheckConstraint("balance >= 0", name="not_negative"),)

    card_id: Mapped[int] = mapped_column(Id, ForeignKey("cards.id"), primary_key=True)
    unit: Mapped[str] = mapped_column(String(60), primary_key=True)
    balance: Mapped[int] = mapped_column(BigInteger, default=0)
    version: Mapped[int] = mapped_column(default=0)


class Operation(Base):
    """One thing that was done, by whom and why; its key makes it happen once. Never changed, never deleted.

    `source` and `key` are the caller's idempotency key, `request_hash` the hash of its input, `reply` the
    first answer.
    """

    __tablename__ = "operations"
    __table_args__ = (
        UniqueConstraint("programme_id", "source", "key"),
        UniqueConstraint("reverses_id"),
        Index("ix_operations_card", "card_id", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    card_id: Mapped[int] = mapped_column(ForeignKey("cards.id"))
    kind: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(255))
    request_hash: Mapped[str] = mapped_column(String(64))
    reply: Mapped[dict[str, Any]]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("operations.id"))
    rules_revision: Mapped[int] = mapped_column(default=0)
    actor: Mapped[str] = mapped_column(String(120), default="")
    store: Mapped[str] = mapped_column(String(120), default="")
    reason: Mapped[str] = mapped_column(String(500), default="")
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]


class LotRow(Base):
    """Value that came in together; what changed it is in the transfers that name it."""

    __tablename__ = "lots"
    __table_args__ = (
        CheckConstraint("initial > 0 and remaining >= 0 and remaining <= initial", name="within"),
        Index(
            "ix_lots_open",
            "card_id",
            postgresql_where=text("remaining > 0"),
            sqlite_where=text("remaining > 0"),
        ),
        Index(
            "ix_lots_end",
            "expires_at",
            postgresql_where=text("remaining > 0"),
            sqlite_where=text("remaining > 0"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("cards.id"))
    operation_id: Mapped[int] = mapped_column(ForeignKey("operations.id"))
    unit: Mapped[str] = mapped_column(String(60))
    initial: Mapped[int] = mapped_column(BigInteger)
    remaining: Mapped[int] = mapped_column(BigInteger)
    active_from: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class TransferRow(Base):
    """A line of the journal: `amount` from `debit` to `credit`, one of which is the card's `available`."""

    __tablename__ = "transfers"
    __table_args__ = (
        CheckConstraint("amount > 0", name="positive"),
        UniqueConstraint("operation_id", "seq"),
        UniqueConstraint("card_id", "unit", "account_version"),
        Index("ix_transfers_card", "card_id", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    operation_id: Mapped[int] = mapped_column(ForeignKey("operations.id"))
    seq: Mapped[int]
    card_id: Mapped[int] = mapped_column(ForeignKey("cards.id"))
    unit: Mapped[str] = mapped_column(String(60))
    debit: Mapped[str] = mapped_column(String(20))
    credit: Mapped[str] = mapped_column(String(20))
    amount: Mapped[int] = mapped_column(BigInteger)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lots.id"))
    balance_after: Mapped[int] = mapped_column(BigInteger)
    account_version: Mapped[int]


class Receipt(Base):
    """A purchase as the till knows it; the same receipt of the same programme counts once, whoever sends
    it.
    """

    __tablename__ = "receipts"
    __table_args__ = (UniqueConstraint("programme_id", "external_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    card_id: Mapped[int] = mapped_column(ForeignKey("cards.id"))
    operation_id: Mapped[int] = mapped_column(ForeignKey("operations.id"))
    external_id: Mapped[str | None] = mapped_column(String(120))
    store: Mapped[str] = mapped_column(String(120), default="")
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    points_paid: Mapped[int] = mapped_column(BigInteger, default=0)
    items: Mapped[list[Any]] = mapped_column(default=list)
    closed_at: Mapped[datetime]
