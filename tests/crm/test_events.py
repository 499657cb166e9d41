"""A CRM tells of something that a rule rewards."""

import pytest

from app.storage.database import Database
from tests.support.api_shop import PHONE, Sender, Shop

RULES = [
    {"kind": "points", "percent": 10},
    {"kind": "event", "key": "review", "gives": [{"unit": "points", "amount": 50}], "limits": {"ever": 1}},
]


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """The engine makes no difference here."""
    return sqlite_database


def test_a_crm_tells_of_an_event(shop: Shop, till: Sender) -> None:
    serial = shop.card()
    shop.owner.patch("/programmes/cafe", {"rules": RULES})
    till.send({"type": "event", "data": {"phone": PHONE, "event": "review"}})
    assert (1, 50) == (shop.apply(), shop.balances(serial)["points"])
