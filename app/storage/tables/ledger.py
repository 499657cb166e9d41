"""The ledger: append-only operations and transfers, lots, and cached balances
that must agree.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.tables.base import Base, Id


class Account(Base):
    """A card's cached balance of one unit; equals the sum of its transfers and of its lots, and is never
    negative. `held` is set aside for a till, `debt` was taken back after it was spent: then nothing is left.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("balance >= 0", name="not_negative"),
        CheckConstraint("held >= 0", name="held_not_negative"),
        CheckConstraint("debt >= 0 and (debt = 0 or balance = 0)", name="debt_or_balance"),
    )

    card_id: Mapped[int] = mapped_column(Id, ForeignKey("cards.id"), primary_key=True)
    unit: Mapped[str] = mapped_column(String(60), primary_key=True)
    balance: Mapped[int] = mapped_column(BigInteger, default=0)
    held: Mapped[int] = mapped_column(BigInteger, default=0)
    debt: Mapped[int] = mapped_column(BigInteger, default=0)
    version: Mapped[int] = mapped_column(default=0)


class Operation(Base):
    """One thing that was done, by whom and why; its key makes it happen once. Never changed, never deleted.

    `source` and `key` are the caller's idempotency key, `request_hash` the hash of its input, `reply` the
    first answer. `card_id` is the card whose account moved, `via_card_id` the one that was shown where
    several share it. `detail` says what else happened: what was written off, the debt.
    """

    __tablename__ = "operations"
    __table_args__ = (
        UniqueConstraint("programme_id", "source", "key"),
        Index("ix_operations_card", "card_id", "id"),
        Index("ix_operations_reverses", "reverses_id"),
        Index("ix_operations_recorded", "recorded_at"),
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
    partner: Mapped[str] = mapped_column(String(40), default="")
    via_card_id: Mapped[int | None]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
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
            "id",
            postgresql_where=text("remaining > 0"),
            sqlite_where=text("remaining > 0"),
        ),
        Index(
            "ix_lots_start",
            "active_from",
            "id",
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
    """A line of the journal: `amount` from `debit` to `credit`, one of which is an account of the card.

    `rule` is the key of the rule that decided it; `lot_id` is NULL where only a debt grows.
    """

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
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lots.id"))
    rule: Mapped[str] = mapped_column(String(80), default="")
    balance_after: Mapped[int] = mapped_column(BigInteger)
    account_version: Mapped[int]


class Receipt(Base):
    """A purchase as the till knows it; the same receipt of the same programme counts once, whoever sends
    it.

    `working` is what every line cost and earned, for refunds (`app.domain.refunds`); the `refunded` columns
    are what went back so far.
    """

    __tablename__ = "receipts"
    __table_args__ = (
        UniqueConstraint("programme_id", "external_id"),
        Index("ix_receipts_closed", "programme_id", "closed_at"),
    )

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
    discount_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    gift_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    partner: Mapped[str] = mapped_column(String(40), default="")
    working: Mapped[dict[str, Any]] = mapped_column(default=dict)
    refunded_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    closed_at: Mapped[datetime]


class Refund(Base):
    """A return of a receipt, whole or in part. Amounts per unit: `due` back, of which `written_off` and
    `debt` could not be taken; `restored` went back to the customer.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("amount_minor >= 0", name="not_negative"),
        Index("ix_refunds_receipt", "receipt_id"),
        Index("ix_refunds_at", "at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    receipt_id: Mapped[int] = mapped_column(ForeignKey("receipts.id"))
    operation_id: Mapped[int] = mapped_column(ForeignKey("operations.id"), unique=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    lines: Mapped[list[Any]] = mapped_column(default=list)
    due: Mapped[dict[str, Any]] = mapped_column(default=dict)
    written_off: Mapped[dict[str, Any]] = mapped_column(default=dict)
    debt: Mapped[dict[str, Any]] = mapped_column(default=dict)
    restored: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[datetime]


class HoldRow(Base):
    """Value set aside between "calculate" and "receipt closed": open, then captured, voided or expired."""

    __tablename__ = "holds"
    __table_args__ = (
        CheckConstraint("amount > 0", name="positive"),
        CheckConstraint("state in ('open', 'captured', 'voided', 'expired')", name="state"),
        Index("ix_holds_card", "card_id", "id"),
        Index(
            "uq_holds_receipt",
            "programme_id",
            "receipt",
            unique=True,
            postgresql_where=text("state in ('open', 'captured') and receipt is not null"),
            sqlite_where=text("state in ('open', 'captured') and receipt is not null"),
        ),
        Index(
            "ix_holds_end",
            "expires_at",
            postgresql_where=text("state = 'open'"),
            sqlite_where=text("state = 'open'"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    card_id: Mapped[int] = mapped_column(ForeignKey("cards.id"))
    operation_id: Mapped[int] = mapped_column(ForeignKey("operations.id"))
    unit: Mapped[str] = mapped_column(String(60))
    amount: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(10), default="open")
    receipt: Mapped[str | None] = mapped_column(String(120))
    store: Mapped[str] = mapped_column(String(120), default="")
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]


class Tally(Base):
    """How much of something a card did on a day of its programme's time zone; the day 0001-01-01 holds the
    sum of all days. Purchases, visits and rules count here, so that no rule has to read a history.
    """

    __tablename__ = "tallies"

    card_id: Mapped[int] = mapped_column(Id, ForeignKey("cards.id"), primary_key=True)
    what: Mapped[str] = mapped_column(String(80), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)


class Seal(Base):
    """The ledger of one UTC day, sealed: a hash over its operations and transfers and the seal before it."""

    __tablename__ = "seals"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    operations: Mapped[int]
    transfers: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[datetime]
