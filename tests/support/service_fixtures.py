"""A running Tillpass on either engine, for the test folders that need one.

Composing one costs half a second and compiles every statement anew, so there is one an engine and session,
and each test begins with empty tables.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.engines import address, postgres_copy, sqlite_copy
from tests.support.postgres import PostgresServer
from tests.support.service import Service, running_service, todays_clock


@contextmanager
def service_on(url: str) -> Iterator[Service]:
    with (
        TemporaryDirectory(prefix="tp-service-") as folder,
        running_service(url, Path(folder), todays_clock()) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def kept_sqlite_service(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with (
        sqlite_copy(sqlite_template, tmp_path_factory.mktemp("service")) as database,
        service_on(address(database)) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def kept_postgres_service(postgres_server: PostgresServer, postgres_template: str) -> Iterator[Service]:
    with postgres_copy(postgres_server, postgres_template) as url, service_on(url) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest) -> Service:
    """The whole service, empty; the test runs on both engines."""
    kind = "sqlite" if request.param == "sqlite" else "postgres"
    return _anew(request.getfixturevalue(f"kept_{kind}_service"))


on_both_engines = pytest.mark.parametrize("chosen_service", ["sqlite", "postgresql"], indirect=True)
"""For tests of a file whose `service` is the `chosen_service`."""


@pytest.fixture
def chosen_service(request: pytest.FixtureRequest) -> Service:
    """The whole service, empty, on SQLite; in tests that are marked `on_both_engines`, on each of them."""
    kind = "postgres" if getattr(request, "param", "sqlite") == "postgresql" else "sqlite"
    return _anew(request.getfixturevalue(f"kept_{kind}_service"))


@pytest.fixture
def sqlite_service(kept_sqlite_service: Service) -> Service:
    """The whole service, empty, where the engine makes no difference."""
    return _anew(kept_sqlite_service)


@pytest.fixture
def postgres_service(kept_postgres_service: Service) -> Service:
    """The whole service, empty, for what only PostgreSQL can get wrong."""
    return _anew(kept_postgres_service)


def _anew(service: Service) -> Service:
    service.begins_anew()
    return service
