"""What every test may ask for: an empty database on either engine, a clock, and the whole service."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from argon2 import PasswordHasher

from app.services import access
from app.storage.database import Database
from tests.support import engines
from tests.support.clock import Clock
from tests.support.postgres import PostgresMissing, PostgresServer, running_postgres
from tests.support.service_fixtures import (
    chosen_service,
    kept_postgres_service,
    kept_sqlite_service,
    postgres_service,
    service,
    sqlite_service,
)

__all__ = [
    "chosen_service",
    "kept_postgres_service",
    "kept_sqlite_service",
    "postgres_service",
    "service",
    "sqlite_service",
]

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each process of ours would compile all of `app` anew

for _name in [name for name in os.environ if name.startswith("TILLPASS_")]:
    del os.environ[_name]  # the settings of the person who runs the tests are no part of them


access.hash_passwords_with(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))

_written = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure([*structlog.get_config()["processors"][:-1], _written])
"""As in service; by itself structlog draws each frame of a traceback with its variables, for a second."""


def in_ci() -> bool:
    """Where a missing tool is a failure and not a reason to skip."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    try:
        with running_postgres() as server:
            yield server
    except PostgresMissing as missing:
        if in_ci():
            pytest.fail(f"PostgreSQL is needed here: {missing}")
        pytest.skip(f"no PostgreSQL: {missing}")


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    return engines.postgres_template(postgres_server)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return engines.sqlite_template(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def kept_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[engines.Kept]:
    with engines.sqlite_copy(sqlite_template, tmp_path_factory.mktemp("kept")) as database:
        kept = engines.Kept(database)
        yield kept
        kept.close()


@pytest.fixture(scope="session")
def kept_postgres(postgres_server: PostgresServer, postgres_template: str) -> Iterator[engines.Kept]:
    with engines.postgres_copy(postgres_server, postgres_template) as url, engines.opened(url) as database:
        kept = engines.Kept(database)
        yield kept
        kept.close()


@pytest.fixture
def sqlite_database(kept_sqlite: engines.Kept) -> Database:
    """A migrated SQLite database."""
    return kept_sqlite.anew()


@pytest.fixture
def postgres_database(kept_postgres: engines.Kept) -> Database:
    """A migrated PostgreSQL database."""
    return kept_postgres.anew()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """A migrated database; the test runs on both engines."""
    name = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    opened: Database = request.getfixturevalue(name)
    return opened
