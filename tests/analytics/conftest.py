"""A shop with a join page, for tests of what is counted."""

import pytest

from app.storage.database import Database
from tests.support import web_app
from tests.support.clock import Clock
from tests.support.web_app import WebShop


@pytest.fixture
def web_shop(sqlite_database: Database, clock: Clock) -> WebShop:
    opened = web_app.web_shop(sqlite_database, clock)
    opened.open_programme()
    return opened
