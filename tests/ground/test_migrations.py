"""The migrations and the table classes tell the same story, on both engines, forwards and without loss."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import app.storage.tables  # noqa: F401  (fills the metadata)
from app.storage.database import connect
from app.storage.schema import is_current, migrate
from app.storage.tables.base import Base
from tests.support.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/fresh.db"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.url(server.create())


def test_migrations_lead_to_the_tables_that_the_code_expects(fresh_url: str) -> None:
    migrate(fresh_url)

    database = connect(fresh_url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)
    database.close()

    assert [] == differences


def test_an_empty_database_becomes_current_by_migrating(fresh_url: str) -> None:
    database = connect(fresh_url)
    assert not is_current(database)

    migrate(fresh_url)

    assert is_current(database)
    database.close()
