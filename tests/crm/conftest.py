import pytest

from app.storage.database import Database
from tests.support.api_shop import CAFE, STAMPS, Sender, Shop
from tests.support.clock import Clock


@pytest.fixture
def shop(database: Database, clock: Clock) -> Shop:
    """A shop with a points and a stamps programme, on each engine."""
    opened = Shop(database, clock)
    for programme in (CAFE, STAMPS):
        assert 201 == opened.owner.post("/programmes", programme).status_code
    return opened


@pytest.fixture
def till(shop: Shop) -> Sender:
    return shop.source("till")
