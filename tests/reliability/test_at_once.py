"""Many at once, slow vendors and cards that cannot be delivered: nobody holds up anybody for ever."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest

from app.domain.passes import Artwork
from app.services import delivery
from app.services.images import Pictures
from app.services.ports import Job, Outcome
from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.service import PLAIN
from tests.support.shop import STAMPS, Pocket, Shop


@pytest.fixture
def shop(database: Database, clock: Clock) -> Shop:
    return Shop(database, clock, [STAMPS])


class Stumbling(Pocket):
    """A wallet that breaks on one card, in a way that nobody foresaw."""

    stumbles_at = 0

    def deliver(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        for job in jobs:
            if job.card_id == self.stumbles_at:
                raise ZeroDivisionError
            yield from super().deliver([job])


def test_a_card_that_cannot_be_delivered_does_not_hold_up_the_others(shop: Shop) -> None:
    shop.pocket = Stumbling()
    people = [shop.customer(name) for name in ("Anna", "Vera", "Ieva")]
    shop.pocket.stumbles_at = shop.card(people[0]).id
    for serial in people:
        shop.stamps(serial)
    for _ in range(12):
        shop.works(limit=1)
        shop.clock.forward(seconds=5)
    told = {job.card_id for job in shop.pocket.told}
    assert {shop.card(serial).id for serial in people[1:]} == told
    assert "ZeroDivisionError" in shop.delivery(people[0]).last_error


def test_a_slow_vendor_is_settled_while_the_lease_lasts(shop: Shop) -> None:
    """Each answer takes 10 s: by the end of the batch another worker would have taken it over."""
    people = [shop.customer(f"Anna {number}") for number in range(12)]
    for serial in people:
        shop.stamps(serial)
    for number in range(12):
        shop.pocket.meanwhile(lambda number=number: second_worker(shop, number))  # type: ignore[misc]
    shop.works()
    done = [serial for serial in people if shop.delivery(serial).due_at is None]
    assert 5 <= len(done)


def second_worker(shop: Shop, number: int) -> None:
    shop.clock.forward(seconds=10)
    if number == 8:
        with shop.db.begin() as session:
            delivery.claim(
                session, delivery.Delivery, shop.clock.now(), limit=99, lease=timedelta(seconds=60)
            )


def test_two_phones_that_need_the_same_drawing_both_get_it(database: Database, clock: Clock) -> None:
    """Two machines share the database but no memory."""
    start, made, art = threading.Barrier(4), [], Artwork("icon", "", PLAIN.palette, mark="CM")

    def draws() -> None:
        pictures = Pictures(database.write, database.read, "https://cards.test", clock.now)
        start.wait(10)
        made.append(pictures.png(art, 29, 29))

    threads = [threading.Thread(target=draws) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (4, 1) == (len(made), len(set(made)))
