import pytest

from app.storage.database import Database
from tests.support.api_shop import CAFE, STAMPS, Shop
from tests.support.clock import Clock


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> Shop:
    """A shop with a points and a stamps programme."""
    opened = Shop(sqlite_database, clock)
    for programme in (CAFE, STAMPS):
        assert 201 == opened.owner.post("/programmes", programme).status_code
    return opened
