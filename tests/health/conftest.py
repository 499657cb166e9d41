"""The whole service, and servers that stand in front of it."""

from tests.support.service_fixtures import (
    kept_postgres_service,
    kept_sqlite_service,
    postgres_service,
    service,
    sqlite_service,
)

__all__ = ["kept_postgres_service", "kept_sqlite_service", "postgres_service", "service", "sqlite_service"]
