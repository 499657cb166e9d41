"""What Alembic runs: our tables, on a connection that `app.storage.schema.migrate` opened and locked.

By hand (`alembic revision --autogenerate -m "why"`) the address comes from TILLPASS_DATABASE_URL.
"""

import os
from typing import Literal

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.types import TypeDecorator

import app.storage.tables  # noqa: F401  (fills the metadata)
from app.storage.database import connect
from app.storage.tables.base import Base


def _in_plain_types(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write our column types as what the database sees: a migration must not change with our code."""
    if kind == "type" and isinstance(item, TypeDecorator) and type(item).__module__.startswith("app."):
        return f"sa.{item.impl_instance!r}"
    return False


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=_in_plain_types,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    url = os.environ.get("TILLPASS_DATABASE_URL", "sqlite:///instance/tillpass.db")
    with connect(url, foreign_keys=False).engine.begin() as opened:
        _run(opened)
