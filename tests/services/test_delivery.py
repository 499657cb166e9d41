"""Cards reach their phones whatever goes wrong in between; what nobody can see pushes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.passes import face_hash
from app.services import cards, delivery, designs, rollouts
from app.services.delivery import Lane
from app.services.ports import DeliveryError
from app.storage.database import Database
from app.storage.queue import backoff_s, claim
from app.storage.tables import Card, Delivery, Event
from app.storage.tables.delivery import BULK, URGENT
from tests.support.clock import Clock
from tests.support.shop import STAMPS, Pocket, Shop


@pytest.fixture
def shop(database: Database, clock: Clock) -> Shop:
    return Shop(database, clock, [STAMPS])


def test_a_stamp_raises_the_version_and_reaches_the_wallet(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.stamps(anna)
    assert 1 == shop.works()
    assert [2] == [job.version for job in shop.pocket.told]
    assert (2, None) == (shop.delivery(anna).delivered_version, shop.delivery(anna).due_at)


def test_a_burst_on_one_card_is_one_push(shop: Shop) -> None:
    anna = shop.customer("Anna")
    for _ in range(5):
        shop.stamps(anna)
    shop.works()
    assert [6] == [job.version for job in shop.pocket.told]
    assert 0 == shop.works()


def test_what_nobody_can_see_pushes_nothing(shop: Shop) -> None:
    anna = shop.customer("Anna")
    cards.change(shop.db, anna, now=shop.clock.now(), member={"city": "Riga", "attributes": {"shoe": "38"}})
    cards.change(shop.db, anna, now=shop.clock.now(), values={"unseen": "1"})
    assert 1 == shop.card(anna).version
    assert 0 == shop.works()


def test_a_scan_during_the_delivery_is_not_lost(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.stamps(anna)
    shop.pocket.meanwhile(lambda: shop.stamps(anna))
    shop.works()
    assert shop.delivery(anna).due_at is not None
    shop.works()
    assert [2, 3] == [job.version for job in shop.pocket.told]
    assert 3 == shop.delivery(anna).delivered_version


def test_a_worker_whose_lease_ran_out_settles_nothing(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.stamps(anna)

    def another_worker_takes_over() -> None:
        shop.clock.forward(minutes=2)
        with shop.db.begin() as session:
            claim(session, Delivery, shop.clock.now(), limit=10, lease=delivery.LEASE)

    shop.pocket.meanwhile(another_worker_takes_over)
    shop.works()
    assert shop.delivery(anna).due_at is not None


def test_a_worker_that_died_only_delays(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.stamps(anna)
    with shop.db.begin() as session:
        claim(session, Delivery, shop.clock.now(), limit=10, lease=delivery.LEASE)
    assert 0 == shop.works()
    shop.clock.forward(seconds=61)
    assert 1 == shop.works()
    assert 2 == shop.delivery(anna).delivered_version


def test_two_workers_never_take_the_same_row(shop: Shop) -> None:
    for name in ("Anna", "Vera", "Ieva", "Jana"):
        shop.stamps(shop.customer(name))
    with shop.db.begin() as session:
        first = claim(session, Delivery, shop.clock.now(), limit=2, lease=delivery.LEASE)
    with shop.db.begin() as session:
        second = claim(session, Delivery, shop.clock.now(), limit=9, lease=delivery.LEASE)
    assert (2, 2) == (len(first), len(second))
    assert not {row.id for row in first} & {row.id for row in second}


def test_a_failure_is_tried_again_with_growing_waits(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.stamps(anna)
    waits = []
    for _ in range(4):
        shop.pocket.fail_next()
        shop.works()
        due = shop.delivery(anna).due_at
        assert due is not None
        waits.append((due - shop.clock.now()).total_seconds())
        shop.clock.forward(seconds=waits[-1] + 1)
    assert waits == sorted(waits)
    assert waits[0] < waits[-1]
    shop.works()
    assert (2, 0, "") == (
        shop.delivery(anna).delivered_version,
        shop.delivery(anna).attempts,
        shop.delivery(anna).last_error,
    )


def test_the_vendors_wish_when_to_come_back_is_respected(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.stamps(anna)
    shop.pocket.fail_next(retry_after_s=300)
    shop.works()
    shop.clock.forward(seconds=299)
    assert 0 == shop.works()
    shop.clock.forward(seconds=2)
    assert 1 == shop.works()


def test_giving_up_is_visible_and_ends_with_the_next_change(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.stamps(anna)
    shop.pocket.fail_next(permanent=True)
    shop.works()
    assert (None, "out of order") == (shop.delivery(anna).due_at, shop.delivery(anna).last_error)
    with shop.db() as session:
        told = session.scalars(select(Event).where(Event.kind == "delivery.failed")).one()
    assert {"wallet": shop.pocket.name, "error": "out of order"} == told.body
    shop.stamps(anna)
    shop.works()
    assert (3, "") == (shop.delivery(anna).delivered_version, shop.delivery(anna).last_error)


def test_an_operator_can_have_it_delivered_again(shop: Shop) -> None:
    anna = shop.customer("Anna")
    cards.again(shop.db, anna, now=shop.clock.now())
    assert 1 == shop.works()


def test_a_tills_change_overtakes_a_roll_out(shop: Shop) -> None:
    for name in ("Anna", "Vera", "Ieva"):
        shop.customer(name)
    publish_another_colour(shop)
    roll_out(shop)
    vera = shop.customer("Zane")
    shop.stamps(vera)
    shop.works(limit=1)
    assert [shop.card(vera).id] == [job.card_id for job in shop.pocket.told]


def test_a_scan_promotes_a_card_that_waits_in_a_roll_out(shop: Shop) -> None:
    anna = shop.customer("Anna")
    publish_another_colour(shop)
    roll_out(shop)
    assert BULK == shop.delivery(anna).priority
    shop.stamps(anna)
    assert URGENT == shop.delivery(anna).priority


def test_a_roll_out_reaches_every_card_once(shop: Shop) -> None:
    people = [shop.customer(f"Anna{number}") for number in range(7)]
    publish_another_colour(shop)
    roll_out(shop)
    while shop.works(limit=3):
        pass
    assert [2] * 7 == [shop.delivery(serial).delivered_version for serial in people]
    with shop.read() as session:
        done = rollouts.latest(session, shop.programme_id)
    assert done is not None
    assert (7, 7, 7, True) == (done.total, done.seen, done.changed, done.finished_at is not None)


def test_undo_brings_the_old_look_back(shop: Shop) -> None:
    anna = shop.customer("Anna")
    before = shop.card(anna).face
    first = publish_another_colour(shop)
    roll_out(shop)
    assert before != shop.card(anna).face
    designs.restore(shop.db, shop.slug, first, now=shop.clock.now())
    roll_out(shop)
    assert before == shop.card(anna).face


def test_times_of_change_never_repeat_within_a_second(shop: Shop) -> None:
    anna = shop.customer("Anna")
    seen = {shop.card(anna).changed_at}
    for _ in range(3):
        shop.stamps(anna)
        seen.add(shop.card(anna).changed_at)
    assert 4 == len(seen)


def test_nothing_due_costs_no_write(shop: Shop) -> None:
    shop.customer("Anna")
    assert not delivery.is_due(shop.read, Lane(shop.pocket), shop.clock.now())


def test_waits_grow_up_to_an_hour_and_are_never_nothing() -> None:
    assert 0.5 == backoff_s(1, 0.0)
    assert 3600 == backoff_s(50, 1.0)


def publish_another_colour(shop: Shop) -> int:
    """Publish a red version; returns the id of the version before."""
    with shop.read() as session:
        old = designs.history(session, shop.slug)[0]
    body = {**old.body, "palette": {**old.body["palette"], "background": "#701020", "label": "#ffffff"}}
    body["palette"]["foreground"] = "#ffffff"
    made = designs.draft(shop.db, shop.slug, designs.parse(body), now=shop.clock.now())
    designs.publish(shop.db, shop.slug, made, now=shop.clock.now())
    return old.id


def roll_out(shop: Shop) -> None:
    while rollouts.run_rollout(shop.db, {}, now=shop.clock.now(), jitter=0.5):
        pass


def test_all_cards_keep_their_faces_hash(shop: Shop) -> None:
    shop.customer("Anna")
    with shop.read() as session:
        assert all(card.face for card in session.scalars(select(Card)))


def test_one_vendors_outage_holds_up_neither_the_cards_nor_the_other_vendor(shop: Shop) -> None:
    anna = shop.customer("Anna")
    down, well = Gallery("down", broken=True), Gallery("well")
    publish_another_colour(shop)
    while rollouts.run_rollout(shop.db, {"down": down, "well": well}, now=shop.clock.now(), jitter=0.5):
        pass
    assert (2, 1, 0) == (shop.card(anna).version, len(well.shown), len(down.shown))
    down.broken = False
    shop.clock.forward(minutes=6)
    while rollouts.run_rollout(shop.db, {"down": down, "well": well}, now=shop.clock.now(), jitter=0.5):
        pass
    assert (1, 1) == (len(well.shown), len(down.shown))


class Gallery(Pocket):
    """A wallet with a look that all cards share."""

    def __init__(self, name: str, *, broken: bool = False) -> None:
        super().__init__(name)
        self.broken, self.shown = broken, list[int]()

    def publish(self, programme: object, design: object, design_id: int) -> None:
        if self.broken:
            raise DeliveryError("out of order")
        self.shown.append(design_id)


def test_a_card_that_changes_while_its_face_is_drawn_is_drawn_again(shop: Shop) -> None:
    anna, vera = shop.customer("Anna"), shop.customer("Vera")
    publish_another_colour(shop)

    @contextmanager
    def a_till_comes_between() -> Iterator[Session]:
        with shop.read() as session:
            yield session
        shop.stamps(anna)

    rollouts.run_rollout(
        shop.db, {}, now=shop.clock.now(), jitter=0.5, read=cast(sessionmaker[Session], a_till_comes_between)
    )
    with shop.read() as session:
        for serial in (anna, vera):
            card = session.scalars(select(Card).where(Card.serial == serial)).one()
            assert card.face == face_hash(cards.current_pass(session, card, shop.clock.now()))
    assert (2, 2) == (shop.card(anna).version, shop.card(vera).version)


def test_each_delivery_is_told_with_the_time_of_its_change(shop: Shop) -> None:
    anna = shop.customer("Anna")
    shop.stamps(anna)
    changed = shop.clock.now()
    shop.clock.forward(seconds=2)
    heard: list[tuple[bool, object]] = []
    lane = Lane(shop.pocket)
    delivery.run_once(
        shop.db,
        lane,
        now=shop.clock.now,
        jitter=lambda: 0.5,
        note=lambda wallet, held, delivered, at: heard.append((delivered, held.queued_at)),
    )
    assert [(True, changed)] == heard
