"""The same batch from two tills at once is entered once, on each engine."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from app.storage.database import Database
from tests.support.api_shop import CAFE, PHONE, Shop
from tests.support.clock import Clock


def test_the_same_batch_twice_at_once_is_entered_once(database: Database, clock: Clock) -> None:
    shop = Shop(database, clock)
    shop.owner.post("/programmes", CAFE)
    serial, at = shop.card(), clock.now().isoformat()
    said = {"phone": PHONE, "amount_minor": 1000, "currency": "EUR", "occurred_at": at}
    batch = {"items": [{"receipt": f"r{number}", **said} for number in range(4)]}
    programs = [shop.program("till") for _ in range(2)]

    def send(program: Any) -> dict[str, Any]:
        answer = program.post("/programmes/cafe/receipts", batch)
        told: dict[str, Any] = answer.get_json()
        return told

    with ThreadPoolExecutor(2) as both:
        one, two = both.map(send, programs)

    assert (4, 4, 0) == tuple(one[name] + two[name] for name in ("done", "replayed", "refused"))
    assert [each["operation"] for each in one["items"]] == [each["operation"] for each in two["items"]]
    assert 400 == shop.balances(serial)["points"]
