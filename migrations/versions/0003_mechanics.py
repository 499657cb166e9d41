"""Returns, holds, counts, seals, versions of rules, tiers, memberships, coupons, budgets and work to come.

Revision 0003, after 0002.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
TABLES = (
    "card_tasks",
    "budgets",
    "promo_codes",
    "memberships",
    "tier_changes",
    "rule_versions",
    "seals",
    "tallies",
    "holds",
    "refunds",
)
APPEND_ONLY = ("refunds", "tier_changes", "seals")


def upgrade() -> None:
    """Tables of the ledger, then of the mechanics; what was done is never edited."""
    _ledger()
    _days()
    _rules()
    _entitlements()
    _work()
    dialect = op.get_bind().dialect.name
    for table in APPEND_ONLY:
        for event in ("UPDATE", "DELETE"):
            op.execute(_refusal(dialect, table, event))


def _refusal(dialect: str, table: str, event: str) -> str:
    name = f"{table}_no_{event.lower()}"
    if dialect == "postgresql":
        return (
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION tillpass_append_only()"
        )
    return (
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )


def _ledger() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", ID, nullable=False),
        sa.Column("receipt_id", ID, nullable=False),
        sa.Column("operation_id", ID, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("due", sa.JSON(), nullable=False),
        sa.Column("written_off", sa.JSON(), nullable=False),
        sa.Column("debt", sa.JSON(), nullable=False),
        sa.Column("restored", sa.JSON(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_refunds_not_negative")),
        sa.ForeignKeyConstraint(["operation_id"], ["operations.id"], name=op.f("fk_refunds_operation_id")),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"], name=op.f("fk_refunds_receipt_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("operation_id", name=op.f("uq_refunds_operation_id")),
    )
    op.create_index("ix_refunds_receipt", "refunds", ["receipt_id"])
    op.create_table(
        "holds",
        sa.Column("id", ID, nullable=False),
        sa.Column("public_id", sa.String(40), nullable=False),
        sa.Column("programme_id", ID, nullable=False),
        sa.Column("card_id", ID, nullable=False),
        sa.Column("operation_id", ID, nullable=False),
        sa.Column("unit", sa.String(60), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("receipt", sa.String(120), nullable=True),
        sa.Column("store", sa.String(120), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("resolved_at", TIME, nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_holds_positive")),
        sa.CheckConstraint("state in ('open', 'captured', 'voided', 'expired')", name=op.f("ck_holds_state")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_holds_card_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operations.id"], name=op.f("fk_holds_operation_id")),
        sa.ForeignKeyConstraint(["programme_id"], ["programmes.id"], name=op.f("fk_holds_programme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
        sa.UniqueConstraint("public_id", name=op.f("uq_holds_public_id")),
    )
    op.create_index("ix_holds_card", "holds", ["card_id", "id"])
    where = sa.text("state = 'open'")
    op.create_index("ix_holds_end", "holds", ["expires_at"], postgresql_where=where, sqlite_where=where)
    where = sa.text("state in ('open', 'captured') and receipt is not null")
    op.create_index(
        "uq_holds_receipt",
        "holds",
        ["programme_id", "receipt"],
        unique=True,
        postgresql_where=where,
        sqlite_where=where,
    )


def _days() -> None:
    op.create_table(
        "tallies",
        sa.Column("card_id", ID, nullable=False),
        sa.Column("what", sa.String(80), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_tallies_card_id")),
        sa.PrimaryKeyConstraint("card_id", "what", "day", name=op.f("pk_tallies")),
    )
    op.create_table(
        "seals",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("operations", sa.Integer(), nullable=False),
        sa.Column("transfers", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("sealed_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_seals")),
    )


def _rules() -> None:
    op.create_table(
        "rule_versions",
        sa.Column("id", ID, nullable=False),
        sa.Column("programme_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("keep_old", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("author", sa.String(120), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("withdrawn_at", TIME, nullable=True),
        sa.Column("settled_at", TIME, nullable=True),
        sa.Column("settled_card_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programmes.id"], name=op.f("fk_rule_versions_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_versions")),
        sa.UniqueConstraint("programme_id", "number", name=op.f("uq_rule_versions_programme_id_number")),
    )
    where = sa.text("settled_at is null and withdrawn_at is null")
    op.create_index(
        "ix_rule_versions_due", "rule_versions", ["starts_at"], postgresql_where=where, sqlite_where=where
    )
    op.create_table(
        "tier_changes",
        sa.Column("id", ID, nullable=False),
        sa.Column("card_id", ID, nullable=False),
        sa.Column("tier", sa.String(40), nullable=False),
        sa.Column("previous", sa.String(40), nullable=False),
        sa.Column("until", TIME, nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("actor", sa.String(120), nullable=False),
        sa.Column("operation_id", sa.Integer(), nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_tier_changes_card_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tier_changes")),
    )
    op.create_index("ix_tier_changes_card", "tier_changes", ["card_id", "id"])


def _entitlements() -> None:
    op.create_table(
        "memberships",
        sa.Column("id", ID, nullable=False),
        sa.Column("programme_id", ID, nullable=False),
        sa.Column("card_id", ID, nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("payment", sa.String(120), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("actor", sa.String(120), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("cancelled_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_memberships_card_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programmes.id"], name=op.f("fk_memberships_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
        sa.UniqueConstraint("programme_id", "payment", name=op.f("uq_memberships_programme_id_payment")),
    )
    op.create_index("ix_memberships_card", "memberships", ["card_id", "key", "ends_at"])
    op.create_index("ix_memberships_end", "memberships", ["ends_at"])
    op.create_table(
        "promo_codes",
        sa.Column("id", ID, nullable=False),
        sa.Column("programme_id", ID, nullable=False),
        sa.Column("card_id", ID, nullable=True),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=True),
        sa.Column("starts_at", TIME, nullable=True),
        sa.Column("ends_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint("uses_left is null or uses_left >= 0", name=op.f("ck_promo_codes_not_negative")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_promo_codes_card_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programmes.id"], name=op.f("fk_promo_codes_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promo_codes")),
        sa.UniqueConstraint("programme_id", "code", name=op.f("uq_promo_codes_programme_id_code")),
    )
    op.create_index("ix_promo_codes_card", "promo_codes", ["card_id"])


def _work() -> None:
    op.create_table(
        "budgets",
        sa.Column("programme_id", ID, nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("ck_budgets_not_negative")),
        sa.ForeignKeyConstraint(["programme_id"], ["programmes.id"], name=op.f("fk_budgets_programme_id")),
        sa.PrimaryKeyConstraint("programme_id", "key", name=op.f("pk_budgets")),
    )
    op.create_table(
        "card_tasks",
        sa.Column("id", ID, nullable=False),
        sa.Column("card_id", ID, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("done_at", TIME, nullable=True),
        sa.Column("outcome", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_card_tasks_card_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_tasks")),
        sa.UniqueConstraint("card_id", "kind", "key", name=op.f("uq_card_tasks_card_id_kind_key")),
    )
    where = sa.text("done_at is null")
    op.create_index("ix_card_tasks_due", "card_tasks", ["due_at"], postgresql_where=where, sqlite_where=where)


def downgrade() -> None:
    """Take all of it away again."""
    for table in TABLES:
        op.drop_table(table)
