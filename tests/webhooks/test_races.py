"""Several workers at once: every event gets one number and one message, and a card's come in order."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from app.services.webhooks import fanout
from app.storage.database import Database
from app.storage.tables import Event, WebhookMessage
from tests.support.clock import Clock
from tests.support.webhook_receiver import BROKEN, Answer, Came, Receiver, TellingShop
from tests.webhooks.conftest import opened


@pytest.fixture
def shop(postgres_database: Database, clock: Clock) -> TellingShop:
    return opened(postgres_database, clock)


def all_at_once(shop: TellingShop, receiver: Receiver, cards: int, each: int) -> list[str]:
    """Tills write and two workers hand out and send, all at the same time."""
    serials = [shop.card(phone=f"+3712000{number:04}") for number in range(cards)]
    ended = threading.Event()

    def works() -> None:
        worker = shop.deliverer()
        while not ended.is_set() or shop.hands_out() or worker.step():
            shop.hands_out()
            worker.step()

    with ThreadPoolExecutor(6) as people:
        workers = [people.submit(works) for _ in range(2)]
        tills = [people.submit(shop.happens, serial, each) for serial in serials]
        try:
            for till in tills:
                till.result(30)
        finally:
            ended.set()
        for worker in workers:
            worker.result(30)
    shop.sends()
    return serials


def test_two_workers_and_busy_tills_lose_nothing_and_keep_the_order(
    shop: TellingShop, receiver: Receiver
) -> None:
    shop.endpoint(receiver)
    failed: set[str] = set()

    def decide(came: Came) -> Answer | None:
        """One of each card's fails once, and is asked for again at once."""
        number = came.headers["webhook-id"]
        if came.sequence == 3 and number not in failed:
            failed.add(number)
            return (503, {}, b"")
        return None

    receiver.decide = decide
    serials = all_at_once(shop, receiver, cards=3, each=8)
    shop.clock.forward(seconds=10)
    shop.sends()

    for serial in serials:
        numbers = [came.sequence for came in receiver.came if came.serial == serial]
        told = [number for index, number in enumerate(numbers) if number not in numbers[:index]]
        assert list(range(1, len(told) + 1)) == told
        assert numbers.count(3) == 2  # the failed one, and nothing else was sent twice
        assert len(numbers) == len(told) + 1
        assert len(told) >= 9


def test_a_fan_out_that_dies_half_way_leaves_all_events_to_the_next(
    shop: TellingShop, receiver: Receiver
) -> None:
    shop.endpoint(receiver, kinds=["goal.near"])
    shop.happens(shop.card(), 3)
    with shop.deps.db() as session:  # it is killed before its commit
        fanout._hand_out(session, session.execute(due()).all(), shop.clock.now())
        session.rollback()
    with shop.deps.db.begin() as other:
        assert fanout._alone(other)
        assert 0 == shop.hands_out()  # somebody else is at it
    shop.sends()

    assert [2, 3, 4] == [came.sequence for came in receiver.came]
    with shop.deps.read() as session:
        assert 3 == session.scalar(select(func.count()).select_from(WebhookMessage))


def due() -> Any:
    return select(Event.id, Event.programme_id, Event.card_id, Event.kind).where(Event.due_at.is_not(None))


def test_a_backlog_behind_a_failing_card_is_left_alone_until_it_is_tried_again(
    shop: TellingShop, receiver: Receiver
) -> None:
    endpoint = shop.endpoint(receiver, kinds=["goal.near"])
    receiver.answers = [BROKEN]
    shop.happens(shop.card(), 5)
    shop.sends()

    due_at = {each["due_at"] for each in shop.attempts(endpoint)}
    assert 1 == len(due_at)
    assert {None} != due_at
    with shop.deps.read() as session:
        waiting = select(func.count()).where(WebhookMessage.due_at <= shop.clock.now())
        assert 0 == session.scalar(waiting)
    shop.clock.forward(seconds=5)
    shop.sends()
    assert [2, 2, 3, 4, 5, 6] == [came.sequence for came in receiver.came]
