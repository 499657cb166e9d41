"""Webhooks in and out, bulk jobs, segments, campaigns, banners, and keys that are rotated.

Revision 0004, after 0003.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
NEW_SCOPES = {
    "owner": "webhooks:write campaigns:write members:import members:export keys:write",
    "marketer": "campaigns:write",
    "crm": "webhooks:write members:import",
}
TABLES = (
    "webhook_attempts",
    "webhook_messages",
    "webhook_endpoints",
    "hook_objects",
    "kept_tokens",
    "job_chunks",
    "jobs",
    "card_banners",
    "banners",
    "campaigns",
    "segments",
    "funnel_counts",
)


_ADDED = {
    "api_keys": ("expires_at", "hint", "successor_id"),
    "events": ("card_seq", "due_at"),
    "hook_events": ("topic", "keys", "parked"),
    "hook_sources": (
        "former_until",
        "settings",
        "token",
        "revision",
        "quiet_after_s",
        "poll_at",
        "poll_cursor",
        "poll_error",
        "polled_at",
        "lease_until",
        "lease_token",
    ),
    "programmes": ("banners_until",),
}
_INDEXES = (
    ("ix_receipts_closed", "receipts"),
    ("ix_refunds_at", "refunds"),
    ("ix_events_wallets", "events"),
    ("ix_events_due", "events"),
    ("ix_hook_events_dead", "hook_events"),
    ("ix_hook_events_source", "hook_events"),
    ("ix_hook_events_waiting", "hook_events"),
)


def upgrade() -> None:
    """Columns first, then tables; keys that stand for a role may do what the role may do now."""
    _columns()
    _webhooks()
    _jobs()
    _marketing()
    _figures()
    for role, scopes in NEW_SCOPES.items():
        op.execute(f"UPDATE api_keys SET scopes = scopes || ' {scopes}' WHERE role = '{role}'")


def _columns() -> None:
    op.create_table(
        "hook_objects",
        sa.Column("source_id", ID, nullable=False),
        sa.Column("ref", sa.String(length=160), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["hook_sources.id"], name=op.f("fk_hook_objects_source_id")),
        sa.PrimaryKeyConstraint("source_id", "ref", name=op.f("pk_hook_objects")),
    )
    op.add_column("api_keys", sa.Column("expires_at", TIME, nullable=True))
    op.add_column("api_keys", sa.Column("hint", sa.String(length=12), server_default="", nullable=False))
    op.add_column("api_keys", sa.Column("successor_id", ID, nullable=True))
    op.add_column("programmes", sa.Column("banners_until", TIME, nullable=True))
    op.add_column("events", sa.Column("card_seq", sa.Integer(), server_default="0", nullable=False))
    op.add_column("events", sa.Column("due_at", TIME, nullable=True))
    op.create_index(
        "ix_events_due",
        "events",
        ["id"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.add_column("hook_events", sa.Column("topic", sa.String(length=100), server_default="", nullable=False))
    op.add_column("hook_events", sa.Column("keys", sa.JSON(), server_default="[]", nullable=False))
    op.add_column(
        "hook_events", sa.Column("parked", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_index(
        "ix_hook_events_dead",
        "hook_events",
        ["source_id", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'dead'"),
        sqlite_where=sa.text("state = 'dead'"),
    )
    op.create_index("ix_hook_events_source", "hook_events", ["source_id", "id"], unique=False)
    op.create_index(
        "ix_hook_events_waiting",
        "hook_events",
        ["source_id", "id"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.add_column("hook_sources", sa.Column("former_until", TIME, nullable=True))
    op.add_column("hook_sources", sa.Column("settings", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("hook_sources", sa.Column("token", sa.Text(), server_default="", nullable=False))
    op.add_column("hook_sources", sa.Column("revision", sa.Integer(), server_default="1", nullable=False))
    op.add_column("hook_sources", sa.Column("quiet_after_s", sa.Integer(), nullable=True))
    op.add_column("hook_sources", sa.Column("poll_at", TIME, nullable=True))
    op.add_column(
        "hook_sources", sa.Column("poll_cursor", sa.String(length=500), server_default="", nullable=False)
    )
    op.add_column(
        "hook_sources", sa.Column("poll_error", sa.String(length=500), server_default="", nullable=False)
    )
    op.add_column("hook_sources", sa.Column("polled_at", TIME, nullable=True))
    op.add_column("hook_sources", sa.Column("lease_until", TIME, nullable=True))
    op.add_column(
        "hook_sources", sa.Column("lease_token", sa.String(length=40), server_default="", nullable=False)
    )


def _webhooks() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", ID, nullable=False),
        sa.Column("programme_id", ID, nullable=False),
        sa.Column("source_id", ID, nullable=True),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("secrets", sa.JSON(), nullable=False),
        sa.Column("former_until", TIME, nullable=True),
        sa.Column("member_data", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("disabled_reason", sa.String(length=300), nullable=False),
        sa.Column("failing_since", TIME, nullable=True),
        sa.Column("last_ok_at", TIME, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.CheckConstraint(
            "state in ('active', 'paused', 'disabled')", name=op.f("ck_webhook_endpoints_state")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programmes.id"], name=op.f("fk_webhook_endpoints_programme_id")
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["hook_sources.id"], name=op.f("fk_webhook_endpoints_source_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
        sa.UniqueConstraint("source_id", name=op.f("uq_webhook_endpoints_source_id")),
    )
    op.create_index("ix_webhook_endpoints_programme", "webhook_endpoints", ["programme_id"], unique=False)
    op.create_table(
        "webhook_messages",
        sa.Column("id", ID, nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("card_id", ID, nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(length=500), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("delivered_at", TIME, nullable=True),
        sa.CheckConstraint(
            "state in ('pending', 'delivered', 'failed')", name=op.f("ck_webhook_messages_state")
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoints.id"], name=op.f("fk_webhook_messages_endpoint_id")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_webhook_messages_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_messages")),
        sa.UniqueConstraint("endpoint_id", "event_id", name=op.f("uq_webhook_messages_endpoint_id_event_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_webhook_messages_public_id")),
    )
    op.create_index(
        "ix_webhook_messages_due",
        "webhook_messages",
        ["endpoint_id", "priority", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_webhook_messages_endpoint", "webhook_messages", ["endpoint_id", "id"], unique=False)
    op.create_index(
        "ix_webhook_messages_waiting",
        "webhook_messages",
        ["endpoint_id", "card_id", "event_id"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "webhook_attempts",
        sa.Column("id", ID, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=300), nullable=False),
        sa.Column("answer", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["webhook_messages.id"],
            name=op.f("fk_webhook_attempts_message_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempts")),
    )
    op.create_index("ix_webhook_attempts_message", "webhook_attempts", ["message_id", "id"], unique=False)


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", ID, nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("programme_id", ID, nullable=False),
        sa.Column("format", sa.String(length=10), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("position", ID, nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("request_key", sa.String(length=255), nullable=True),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=500), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("finished_at", TIME, nullable=True),
        sa.CheckConstraint(
            "state in ('waiting', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_jobs_state")
        ),
        sa.ForeignKeyConstraint(["programme_id"], ["programmes.id"], name=op.f("fk_jobs_programme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("programme_id", "request_key", name=op.f("uq_jobs_programme_id_request_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_jobs_public_id")),
    )
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["priority", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "job_chunks",
        sa.Column("job_id", ID, nullable=False),
        sa.Column("part", sa.String(length=10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_chunks_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "part", "number", name=op.f("pk_job_chunks")),
    )
    op.create_table(
        "kept_tokens",
        sa.Column("card_id", ID, nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_kept_tokens_card_id")),
        sa.PrimaryKeyConstraint("card_id", name=op.f("pk_kept_tokens")),
    )


def _marketing() -> None:
    op.create_table(
        "funnel_counts",
        sa.Column("programme_id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("utm", sa.JSON(), nullable=False),
        sa.Column("count", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programmes.id"], name=op.f("fk_funnel_counts_programme_id")
        ),
        sa.PrimaryKeyConstraint(
            "programme_id", "day", "step", "channel", "shard", name=op.f("pk_funnel_counts")
        ),
    )
    op.create_table(
        "segments",
        sa.Column("id", ID, nullable=False),
        sa.Column("programme_id", ID, nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("deleted_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["programme_id"], ["programmes.id"], name=op.f("fk_segments_programme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
        sa.UniqueConstraint("programme_id", "key", name=op.f("uq_segments_programme_id_key")),
    )
    op.create_table(
        "banners",
        sa.Column("id", ID, nullable=False),
        sa.Column("programme_id", ID, nullable=False),
        sa.Column("image_sha256", sa.String(length=64), nullable=False),
        sa.Column("segment_id", ID, nullable=True),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=True),
        sa.Column("withdrawn_at", TIME, nullable=True),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["programme_id"], ["programmes.id"], name=op.f("fk_banners_programme_id")),
        sa.ForeignKeyConstraint(["segment_id"], ["segments.id"], name=op.f("fk_banners_segment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_banners")),
    )
    op.create_index(
        "ix_banners_due",
        "banners",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_banners_programme", "banners", ["programme_id", "id"], unique=False)
    op.create_table(
        "campaigns",
        sa.Column("id", ID, nullable=False),
        sa.Column("programme_id", ID, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("segment_id", ID, nullable=True),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("starts_at", TIME, nullable=True),
        sa.Column("ends_at", TIME, nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("cursor", ID, nullable=False),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=500), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("request_key", sa.String(length=255), nullable=True),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("finished_at", TIME, nullable=True),
        sa.CheckConstraint(
            "state in ('draft', 'scheduled', 'running', 'paused', 'done')", name=op.f("ck_campaigns_state")
        ),
        sa.ForeignKeyConstraint(["programme_id"], ["programmes.id"], name=op.f("fk_campaigns_programme_id")),
        sa.ForeignKeyConstraint(["segment_id"], ["segments.id"], name=op.f("fk_campaigns_segment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint(
            "programme_id", "request_key", name=op.f("uq_campaigns_programme_id_request_key")
        ),
    )
    op.create_index(
        "ix_campaigns_due",
        "campaigns",
        ["priority", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "card_banners",
        sa.Column("card_id", ID, nullable=False),
        sa.Column("banner_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["banner_id"], ["banners.id"], name=op.f("fk_card_banners_banner_id")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_card_banners_card_id")),
        sa.PrimaryKeyConstraint("card_id", name=op.f("pk_card_banners")),
    )
    op.create_index("ix_card_banners_banner", "card_banners", ["banner_id", "card_id"], unique=False)


def _figures() -> None:
    """What the figures by channel are found by."""
    op.create_index("ix_receipts_closed", "receipts", ["programme_id", "closed_at"], unique=False)
    op.create_index("ix_refunds_at", "refunds", ["at"], unique=False)
    op.create_index(
        "ix_events_wallets",
        "events",
        ["programme_id", "kind", "card_id", "at"],
        unique=False,
        postgresql_where=sa.text("kind IN ('card.installed', 'card.removed')"),
        sqlite_where=sa.text("kind IN ('card.installed', 'card.removed')"),
    )


def downgrade() -> None:
    """Take all of it away again."""
    for table in TABLES:
        op.drop_table(table)
    for name, table in _INDEXES:
        op.drop_index(name, table)
    for table, names in _ADDED.items():
        with op.batch_alter_table(table) as batch:
            for name in names:
                batch.drop_column(name)
    for role, scopes in NEW_SCOPES.items():
        op.execute(f"UPDATE api_keys SET scopes = replace(scopes, ' {scopes}', '') WHERE role = '{role}'")
