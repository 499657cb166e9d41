"""What every test may ask for: a database of its own on either engine, and a clock."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from app.services import access
from app.storage.database import Database
from tests.support import engines
from tests.support.clock import Clock
from tests.support.postgres import PostgresMissing, PostgresServer, running_postgres

for _name in [name for name in os.environ if name.startswith("TILLPASS_")]:
    del os.environ[_name]  # the settings of the person who runs the tests are no part of them


access.hash_passwords_with(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


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


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A migrated SQLite database."""
    with engines.sqlite_copy(sqlite_template, tmp_path) as database:
        yield database


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """The address of a migrated PostgreSQL database."""
    with engines.postgres_copy(postgres_server, postgres_template) as url:
        yield url


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[Database]:
    """A migrated PostgreSQL database."""
    with engines.opened(postgres_url) as database:
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """A migrated database; the test runs on both engines."""
    name = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    opened: Database = request.getfixturevalue(name)
    return opened
