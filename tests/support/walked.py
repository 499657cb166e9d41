"""A database on which the walks along the clock have been before."""

from __future__ import annotations

from datetime import datetime

from app.services.activation import ACTIVATION
from app.services.warnings import AT_RISK, BURNING
from app.storage.database import Database


def walked(database: Database, now: datetime) -> None:
    """The walks have seen the empty shop: beginning each of them costs a test as much as ten customers."""
    for walk in (ACTIVATION, *BURNING, AT_RISK):
        walk.run(database.write, database.read, now)
