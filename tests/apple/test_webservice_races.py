"""The list of updatable passes while transactions commit in any order: no card is ever lost to a tag.

Two phones hold the same cards, so that one's fetch cannot hide what the other was not told. The same harness
finds the tags that peers use, newest time and sequence number, to be losing cards.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import event, func, select, text

from app.services import cards
from app.storage import queries
from app.storage.tables import Card, Event
from app.wallets.apple.observed import Observed
from app.wallets.apple.registrations import forget
from tests.support.service import Phone, Service, points_on, utc_now

Listing = Callable[[Service, Phone], list[str]]


def by_vector(service: Service, phone: Phone) -> list[str]:
    """What the service really does."""
    return phone.asks()


def by_newest_time(service: Service, phone: Phone) -> list[str]:
    """A mutant: the tag is the newest time of change, and later ones are listed."""
    with service.parts.deps.read() as session:
        rows = session.execute(select(Card.serial, Card.changed_at)).all()
    seen = getattr(phone, "newest", None)
    phone.newest = max(at for _, at in rows)  # type: ignore[attr-defined]
    return [serial for serial, at in rows if seen is None or at > seen]


def by_sequence(service: Service, phone: Phone) -> list[str]:
    """A mutant: the tag is a number that the database gives to each change, and higher ones are listed."""
    with service.parts.deps.read() as session:
        last = select(Card.serial, func.max(Event.id)).join(Event, Event.card_id == Card.id)
        rows = session.execute(last.group_by(Card.serial)).all()
    seen = getattr(phone, "highest", 0)
    phone.highest = max(number for _, number in rows)  # type: ignore[attr-defined]
    return [serial for serial, number in rows if number > seen]


def late_commit(service: Service, listing: Listing) -> list[list[str]]:
    """Anna's card changes first and commits last; her phone asks in between, and then twice. What it hears.

    Another phone has fetched both cards by then, so that only the tag can tell hers.
    """
    hers, second = service.customer("Anna"), service.customer("Vera")
    phone, other = service.phone(), service.phone("Vera")
    for serial in (hers, second):
        phone.adds(serial)
        other.registers(serial)
    listing(service, phone)
    with closing(service.parts.deps.db()) as open_till:
        card = queries.card_by_serial(open_till, hers, lock=True)
        card.status = "blocked"
        open_till.flush()
        assert cards.touch(open_till, card, service.clock.now())
        open_till.flush()
        service.shop.buys(second, 1000)
        heard = [listing(service, phone)]
        other.fetches(second)
        open_till.commit()
    other.fetches(hers)
    names = {hers: "Anna", second: "Vera"}
    heard += [listing(service, phone), listing(service, phone)]
    return [[names[serial] for serial in one] for one in heard]


def test_a_transaction_that_commits_late_is_still_told_of(postgres_service: Service) -> None:
    assert [["Vera"], ["Anna"], []] == late_commit(postgres_service, by_vector)


@pytest.mark.parametrize("listing", [by_newest_time, by_sequence])
def test_the_tags_of_others_lose_a_late_commit(postgres_service: Service, listing: Listing) -> None:
    assert [["Vera"], [], []] == late_commit(postgres_service, listing)


def test_notes_and_a_phone_that_leaves_do_not_wait_for_each_other(postgres_service: Service) -> None:
    """Leaving locks the card and then takes the registration away; notes are about both."""
    service = postgres_service
    serial, _ = service.holder()
    card, [registration] = service.card(serial), service.registrations(serial)
    observed = Observed(service.parts.deps.db, service.clock.now)
    observed._asked, observed._fetched = (
        {registration.id: (card.version, service.clock.now())},
        {(card.id, ""): (card.version + 1, service.clock.now())},
    )
    with closing(service.parts.deps.db()) as leaving:
        queries.card_by_serial(leaving, serial, lock=True)
        notes = threading.Thread(target=observed.flush)
        notes.start()
        assert waits_for_a_lock(service)
        forget(leaving, [registration.id])
        leaving.commit()
    notes.join(10)
    assert ([], card.version + 1) == (service.registrations(serial), service.card(serial).served_version)


def waits_for_a_lock(service: Service) -> bool:
    """Whether some transaction of this database stands still."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
    asked += "AND datname = current_database()"
    waiting = threading.Event()
    for _ in range(200):
        with service.parts.deps.read() as session:
            if session.scalar(text(asked)):
                return True
        waiting.wait(0.02)
    return False


def test_a_list_during_a_transaction_says_what_was_before(service: Service) -> None:
    serial, phone = service.holder()
    phone.catches_up()
    with closing(service.parts.deps.db()) as open_till:
        card = queries.card_by_serial(open_till, serial, lock=True)
        card.status = "blocked"
        open_till.flush()
        cards.touch(open_till, card, service.clock.now())
        assert [] == phone.asks()
        open_till.commit()
    assert [serial] == phone.asks()


@dataclass
class Rush:
    """Tills that buy and phones that poll, all at once, with transactions that take their time to commit."""

    service: Service
    listing: Listing
    serials: list[str]
    phones: list[Phone]
    shown: list[dict[str, int]]
    over: threading.Event

    def buys(self, seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(12):
            self.service.shop.buys(chance.choice(self.serials), 100)

    def polls(self, number: int) -> None:
        while not self.over.is_set():
            self.looks(number)

    def looks(self, number: int) -> None:
        phone = self.phones[number]
        for serial in self.listing(self.service, phone):
            answer = phone.fetches(serial)
            assert 200 == answer.status_code, answer.get_data(as_text=True)
            self.shown[number][serial] = points_on(answer.data)

    def stale(self) -> list[str]:
        """What a phone shows wrongly after the tills stopped and it asked twice."""
        for number in range(len(self.phones)):
            self.looks(number)
            self.looks(number)
        true = {serial: self.balance(serial) for serial in self.serials}
        return [s for shown in self.shown for s in self.serials if shown.get(s, 0) != true[s]]

    def balance(self, serial: str) -> int:
        return points_on(self.phones[0].fetches(serial).data)


def rush(service: Service, listing: Listing) -> list[str]:
    """The cards that some phone shows wrongly in the end."""
    serials = [service.customer(f"Anna {number}") for number in range(8)]
    phones = [service.phone(), service.phone("Vera")]
    for phone in phones:
        for serial in serials:
            assert 201 == phone.registers(serial)
    made = Rush(service, listing, serials, phones, [{}, {}], threading.Event())
    service.clock.begin(utc_now())
    slow = slow_commits(service)
    with ThreadPoolExecutor(6) as pool:
        pollers = [pool.submit(made.polls, number) for number in range(2)]
        tills = [pool.submit(made.buys, seed) for seed in range(4)]
        wait(tills, timeout=60)
        made.over.set()
    slow()
    for ended in (*tills, *pollers):
        ended.result()
    return made.stale()


def slow_commits(service: Service) -> Callable[[], None]:
    """Each transaction waits up to 20 ms before it commits; returns how to end that."""
    chance, waiting = random.Random(7), threading.Event()
    db: Any = service.parts.deps.db

    def dawdle(session: Any) -> None:
        waiting.wait(chance.uniform(0, 0.02))

    event.listen(db, "before_commit", dawdle)
    return lambda: event.remove(db, "before_commit", dawdle)


def test_no_card_is_lost_in_a_rush(service: Service) -> None:
    assert [] == rush(service, by_vector)
