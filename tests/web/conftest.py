"""A shop with pages for every test of this folder."""

import pytest

from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.web_app import WebShop, web_shop


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> WebShop:
    return web_shop(sqlite_database, clock)


@pytest.fixture
def own_shop(sqlite_database: Database, clock: Clock) -> WebShop:
    """With an app that the test may add pages to."""
    return web_shop(sqlite_database, clock, own_app=True)
