"""Other apps' phones, messages, Google's budgets, Samsung, rounds by the clock.

Revision 0002, after 0001.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)

COLUMNS = (
    ("apple_devices", sa.Column("scheme", sa.String(20), nullable=False, server_default="apple")),
    ("apple_devices", sa.Column("push_url", sa.String(300), nullable=False, server_default="")),
    ("apple_registrations", sa.Column("repushed_version", sa.Integer(), nullable=False, server_default="0")),
    ("google_objects", sa.Column("kind", sa.String(20), nullable=False, server_default="loyalty")),
    ("google_objects", sa.Column("body_hash", sa.String(64), nullable=False, server_default="")),
    ("google_objects", sa.Column("checked_at", TIME, nullable=True)),
    ("google_classes", sa.Column("review", sa.String(30), nullable=False, server_default="")),
    ("cards", sa.Column("personalised_at", TIME, nullable=True)),
    ("programmes", sa.Column("messages_until", TIME, nullable=True)),
)
TABLES = (
    "rotating_uses",
    "samsung_cards",
    "google_notices",
    "google_messages",
    "chores",
    "messages",
    "apple_moves",
    "apple_former_passes",
)


def upgrade() -> None:
    """Columns first, then the new tables."""
    for table, column in COLUMNS:
        op.add_column(table, column)
    _messages()
    _google()
    _samsung()
    _apple_moves()
    op.create_table(
        "chores",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("last_at", TIME, nullable=True),
        sa.Column("next_at", TIME, nullable=True),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chores")),
    )


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", ID, nullable=False),
        sa.Column("programme_id", ID, nullable=False),
        sa.Column("card_id", ID, nullable=True),
        sa.Column("header", sa.JSON(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("purpose", sa.String(10), nullable=False),
        sa.Column("loud", sa.Boolean(), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("withdrawn_at", TIME, nullable=True),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("request_key", sa.String(255), nullable=True),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("author", sa.String(120), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint("purpose in ('service', 'news')", name=op.f("ck_messages_purpose")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_messages_card_id")),
        sa.ForeignKeyConstraint(["programme_id"], ["programmes.id"], name=op.f("fk_messages_programme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("programme_id", "request_key", name=op.f("uq_messages_programme_id_request_key")),
    )
    op.create_index("ix_messages_due", "messages", ["due_at"])
    op.create_index("ix_messages_programme", "messages", ["programme_id", "card_id", "ends_at"])


def _google() -> None:
    op.create_table(
        "google_messages",
        sa.Column("target", sa.String(200), nullable=False),
        sa.Column("message_id", sa.String(80), nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("loud", sa.Boolean(), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.Column("sent_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("target", "message_id", name=op.f("pk_google_messages")),
    )
    op.create_index("ix_google_objects_class", "google_objects", ["class_id"])
    op.create_index("ix_google_messages_message", "google_messages", ["message_id"])
    op.create_table(
        "google_notices",
        sa.Column("id", ID, nullable=False),
        sa.Column("target", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("service", sa.Boolean(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_google_notices")),
    )
    op.create_index("ix_google_notices_target", "google_notices", ["target", "kind", "at"])
    op.create_table(
        "rotating_uses",
        sa.Column("card_id", ID, nullable=False),
        sa.Column("period_at_s", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_rotating_uses_card_id")),
        sa.PrimaryKeyConstraint("card_id", name=op.f("pk_rotating_uses")),
    )


def _samsung() -> None:
    op.create_table(
        "samsung_cards",
        sa.Column("card_id", ID, nullable=False),
        sa.Column("ref_id", sa.String(40), nullable=False),
        sa.Column("country", sa.String(8), nullable=False),
        sa.Column("callback_url", sa.String(300), nullable=False),
        sa.Column("added_at", TIME, nullable=True),
        sa.Column("removed_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_samsung_cards_card_id")),
        sa.PrimaryKeyConstraint("card_id", name=op.f("pk_samsung_cards")),
        sa.UniqueConstraint("ref_id", name=op.f("uq_samsung_cards_ref_id")),
    )


def _apple_moves() -> None:
    op.create_table(
        "apple_moves",
        sa.Column("id", ID, nullable=False),
        sa.Column("programme_id", ID, nullable=False),
        sa.Column("pass_type_identifier", sa.String(100), nullable=False),
        sa.Column("cursor", ID, nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("switched_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["programme_id"], ["programmes.id"], name=op.f("fk_apple_moves_programme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_apple_moves")),
    )
    op.create_index("ix_apple_moves_programme", "apple_moves", ["programme_id", "id"])
    op.create_table(
        "apple_former_passes",
        sa.Column("card_id", ID, nullable=False),
        sa.Column("pass_type_identifier", sa.String(100), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("served_version", sa.Integer(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("moved_at", TIME, nullable=True),
        sa.Column("moved_version", sa.Integer(), nullable=False),
        sa.Column("left_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_apple_former_passes_card_id")),
        sa.PrimaryKeyConstraint("card_id", "pass_type_identifier", name=op.f("pk_apple_former_passes")),
    )
    leaving = sa.text("moved_at IS NOT NULL AND left_at IS NULL")
    op.create_index(
        "ix_apple_former_passes_leaving",
        "apple_former_passes",
        ["moved_at"],
        postgresql_where=leaving,
        sqlite_where=leaving,
    )


def downgrade() -> None:
    """Take all of it away again."""
    op.drop_index("ix_google_objects_class", "google_objects")
    for table in TABLES:
        op.drop_table(table)
    for table, column in reversed(COLUMNS):
        with op.batch_alter_table(table) as batch:
            batch.drop_column(column.name)
