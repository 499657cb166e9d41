from collections.abc import Iterator

import pytest

from app.storage.database import Database
from tests.support.api_shop import CAFE, STAMPS
from tests.support.clock import Clock
from tests.support.webhook_receiver import Receiver, TellingShop, receiving


@pytest.fixture
def shop(sqlite_database: Database, clock: Clock) -> TellingShop:
    """A shop with a points and a stamps programme, and no events that wait."""
    return opened(sqlite_database, clock)


def opened(database: Database, clock: Clock) -> TellingShop:
    shop = TellingShop(database, clock)
    for programme in (CAFE, STAMPS):
        assert 201 == shop.owner.post("/programmes", programme).status_code
    return shop


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as there:
        yield there
