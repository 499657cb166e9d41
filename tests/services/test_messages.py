"""Messages: shown from their start to their end on the right cards, once, whatever happens beside."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import Conflict, Invalid, KeyReused, NotFound
from app.domain.messages import MessageInput, advise
from app.services import cards, enrolment, members, messages, preferences, rollouts
from app.services.enrolment import Enrol
from app.services.erasure import erase
from app.services.housekeeping import Housekeeper
from app.services.journal import Once
from app.storage import queries
from app.storage.database import Database
from app.storage.tables import Event, MessageRow, ProgrammeRow, Rollout
from tests.support.clock import Clock
from tests.support.shop import POINTS, Shop


@pytest.fixture
def shop(database: Database, clock: Clock) -> Shop:
    return Shop(database, clock, [POINTS])


@pytest.fixture
def small_shop(sqlite_database: Database, clock: Clock) -> Shop:
    """Where the engine makes no difference."""
    return Shop(sqlite_database, clock, [POINTS])


def says(shop: Shop, header: str = "Hello", serial: str | None = None, **about: Any) -> int:
    message = MessageInput(header=header, body="Read on.", **about)
    return messages.post(shop.db, "cafe", message, serial=serial, now=shop.clock.now(), author="marta")


def shown(shop: Shop, serial: str) -> list[str]:
    """Headers on the face of the card now, the newest first."""
    with shop.read() as session:
        face = cards.current_pass(session, shop.card(serial), shop.clock.now())
    return [one.header["*"] for one in face.messages]


def agrees(shop: Shop, serial: str, granted: bool = True) -> None:
    with shop.db.begin() as session:
        said = [{"purpose": "marketing", "granted": granted}]
        members.consent(session, shop.card(serial).member_id, said, "test", shop.clock.now())


def rolls_out(shop: Shop) -> None:
    """All roll-outs that are due now."""
    while rollouts.run_rollout(shop.db, {}, now=shop.clock.now(), jitter=0.5):
        pass


def passes_time(shop: Shop, **how: int) -> None:
    """Time goes by, and what is due by the clock is done."""
    shop.clock.forward(**how)
    while messages.follow_clock(shop.db, shop.read, shop.clock.now()):
        pass
    rolls_out(shop)


def due(shop: Shop) -> list[Any]:
    with shop.read() as session:
        return list(session.scalars(select(MessageRow.due_at).order_by(MessageRow.id)))


# --- saying ---


def test_a_message_to_one_card_raises_that_card_alone(shop: Shop) -> None:
    anna, vera = shop.customer("Anna"), shop.customer("Vera")
    says(shop, serial=anna)
    assert (["Hello"], []) == (shown(shop, anna), shown(shop, vera))
    assert (2, 1) == (shop.card(anna).version, shop.card(vera).version)
    shop.works()
    assert [shop.card(anna).id] == [job.card_id for job in shop.pocket.told]


def test_a_message_to_all_reaches_every_card_by_a_roll_out(shop: Shop) -> None:
    serials = [shop.customer(name) for name in ("Anna", "Vera", "Ieva")]
    says(shop)
    rolls_out(shop)
    assert [["Hello"]] * 3 == [shown(shop, serial) for serial in serials]
    assert [2, 2, 2] == [shop.card(serial).version for serial in serials]


def test_a_message_shows_from_its_start_to_its_end_and_each_moves_the_card_once(shop: Shop) -> None:
    anna, now = shop.customer("Anna"), shop.clock.now()
    span: dict[str, Any] = {"starts_at": now + timedelta(hours=1), "ends_at": now + timedelta(hours=2)}
    says(shop, "Mine", anna, **span)
    says(shop, "All", **span)
    seen = []
    for minutes in (0, 59, 1, 59, 1, 1):
        passes_time(shop, minutes=minutes)
        seen.append((shown(shop, anna), shop.card(anna).version))
    both = ["All", "Mine"]
    assert [([], 1), ([], 1), (both, 2), (both, 2), ([], 3), ([], 3)] == seen
    assert [None, None] == due(shop)


def test_by_itself_a_message_stays_for_thirty_days(small_shop: Shop) -> None:
    anna = small_shop.customer("Anna")
    says(small_shop, serial=anna)
    passes_time(small_shop, days=29, hours=23)
    assert ["Hello"] == shown(small_shop, anna)
    passes_time(small_shop, hours=1)
    assert ([], 3) == (shown(small_shop, anna), small_shop.card(anna).version)


def test_the_newest_ten_are_shown(small_shop: Shop) -> None:
    anna = small_shop.customer("Anna")
    for number in range(12):
        says(small_shop, f"No {number}", anna if number % 2 else None)
        small_shop.clock.forward(seconds=1)
    assert [f"No {number}" for number in range(11, 1, -1)] == shown(small_shop, anna)


def test_withdrawn_it_leaves_the_cards_and_again_changes_nothing(shop: Shop) -> None:
    anna = shop.customer("Anna")
    mine, all_, later = (
        says(shop, "Mine", anna),
        says(shop, "All"),
        says(shop, "Later", starts_at=shop.clock.now() + timedelta(days=1)),
    )
    rolls_out(shop)
    for number in (mine, all_, later):
        for _ in range(2):
            messages.withdraw(shop.db, "cafe", number, now=shop.clock.now(), author="marta")
    rolls_out(shop)
    version = shop.card(anna).version
    passes_time(shop, days=2)
    assert ([], version) == (shown(shop, anna), shop.card(anna).version)
    with shop.read() as session:
        told = session.scalars(select(Event.kind).where(Event.kind == "message.withdrawn")).all()
        listed = messages.listed(session, "cafe", now=shop.clock.now())
    assert (3, [later, all_]) == (len(told), [one.id for one in listed])
    assert {"withdrawn"} == {one.state for one in listed}


def test_a_message_of_another_programme_or_card_is_not_there(small_shop: Shop) -> None:
    anna, vera = small_shop.customer("Anna"), small_shop.customer("Vera")
    number = says(small_shop, serial=anna)
    Shop(small_shop.database, small_shop.clock, [POINTS], slug="bakery")
    now = small_shop.clock.now()
    with pytest.raises(NotFound):
        messages.withdraw(small_shop.db, "bakery", number, now=now)
    with pytest.raises(NotFound):
        messages.withdraw(small_shop.db, "cafe", number, serial=vera, now=now)
    with pytest.raises(NotFound):
        messages.withdraw(small_shop.db, "cafe", number + 99, now=now)
    with pytest.raises(NotFound):
        messages.post(small_shop.db, "bakery", MessageInput(header="a", body="b"), serial=anna, now=now)
    assert ["Hello"] == shown(small_shop, anna)


def test_an_end_that_passed_is_refused(small_shop: Shop) -> None:
    hour = timedelta(hours=1)
    with pytest.raises(Invalid, match="past"):
        says(small_shop, ends_at=small_shop.clock.now() - hour)
    with pytest.raises(Invalid, match="within a year"):
        says(small_shop, ends_at=small_shop.clock.now() + timedelta(days=400))
    assert [] == due(small_shop)


# --- news ---


def test_news_are_on_cards_of_those_who_agree_now(shop: Shop) -> None:
    anna, vera, ieva = (shop.customer(name) for name in ("Anna", "Vera", "Ieva"))
    agrees(shop, anna)
    agrees(shop, ieva)
    agrees(shop, ieva, granted=False)
    says(shop, "Sale", purpose="news")
    rolls_out(shop)
    assert [["Sale"], [], []] == [shown(shop, serial) for serial in (anna, vera, ieva)]
    assert [2, 1, 1] == [shop.card(serial).version for serial in (anna, vera, ieva)]


def test_news_to_somebody_who_did_not_agree_are_refused(shop: Shop) -> None:
    anna = shop.customer("Anna")
    with pytest.raises(Conflict, match="not agreed"):
        says(shop, "Sale", anna, purpose="news")
    agrees(shop, anna)
    says(shop, "Sale", anna, purpose="news")
    assert ["Sale"] == shown(shop, anna)


def test_who_changes_their_mind_on_their_page_sees_it_at_once(shop: Shop) -> None:
    anna = shop.customer("Anna")
    agrees(shop, anna)
    says(shop, "Sale", purpose="news")
    rolls_out(shop)
    wishes = {"marketing": "0" * 64}
    preferences.decide(shop.db, shop.card(anna).link, wishes, frozenset(), now=shop.clock.now())
    assert ([], 3) == (shown(shop, anna), shop.card(anna).version)
    preferences.decide(shop.db, shop.card(anna).link, wishes, frozenset({"marketing"}), now=shop.clock.now())
    assert (["Sale"], 4) == (shown(shop, anna), shop.card(anna).version)


def test_a_new_member_who_agrees_begins_with_the_news(small_shop: Shop) -> None:
    says(small_shop, "Sale", purpose="news")
    rolls_out(small_shop)
    yes = ({"purpose": "marketing", "granted": True},)
    made = enrolment.enrol(
        small_shop.db, Enrol("cafe", {"phone": "+37120000009"}, consents=yes), now=small_shop.clock.now()
    )
    assert ["Sale"] == shown(small_shop, made.serial)
    with small_shop.db.begin() as session:
        card = queries.card_by_serial(session, made.serial, lock=True)
        assert not cards.touch(session, card, small_shop.clock.now())

    again = enrolment.enrol(
        small_shop.db,
        Enrol("cafe", {"phone": "+37120000009"}, consents=({"purpose": "marketing", "granted": False},)),
        now=small_shop.clock.now(),
    )
    assert (made.serial, []) == (again.serial, shown(small_shop, made.serial))


def test_an_erased_members_card_can_still_be_told(small_shop: Shop) -> None:
    anna = small_shop.customer("Anna")
    says(small_shop, serial=anna)
    erase(small_shop.db, anna, now=small_shop.clock.now())
    passes_time(small_shop, days=31)
    assert [] == shown(small_shop, anna)


# --- twice, at once, restarts ---


def test_the_same_key_says_it_once_even_at_the_same_moment(shop: Shop) -> None:
    anna, done = shop.customer("Anna"), list[tuple[int, bool]]()
    message, now = MessageInput(header="Hello", body="x"), shop.clock.now()

    def say(serial: str | None) -> None:
        once = Once("api", f"k-{serial}", {"header": "Hello"})
        done.append(messages.post_once(shop.db, "cafe", message, serial=serial, now=now, once=once))

    threads = [threading.Thread(target=say, args=(serial,)) for serial in (anna, None) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (6, 2) == (len(done), len({number for number, _ in done}))
    assert 2 == len([1 for _, replayed in done if not replayed])
    assert 2 == len(due(shop))
    with pytest.raises(KeyReused):
        other = Once("api", f"k-{anna}", {"header": "Other"})
        messages.post_once(shop.db, "cafe", message, serial=anna, now=now, once=other)


def test_two_processes_follow_the_clock_and_each_turn_is_taken_once(shop: Shop) -> None:
    anna, vera = shop.customer("Anna"), shop.customer("Vera")
    start = shop.clock.now() + timedelta(hours=1)
    for serial in (anna, vera, None):
        says(shop, serial=serial, starts_at=start)
    shop.clock.forward(hours=1)
    faults: list[BaseException] = []

    def follow() -> None:
        try:
            while messages.follow_clock(shop.db, shop.read, shop.clock.now()):
                pass
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=follow) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [] == faults
    with shop.read() as session:
        assert 1 == len(session.scalars(select(Rollout.id).where(Rollout.task == "cards")).all())
    rolls_out(shop)
    assert [2, 2] == [len(shown(shop, serial)) for serial in (anna, vera)]
    assert shop.card(anna).version in (2, 3)


def test_what_a_dead_process_did_not_finish_the_next_one_does(shop: Shop) -> None:
    """The cards change in the transaction that moves the message on: neither is there without the other."""
    anna = shop.customer("Anna")
    says(shop, serial=anna, starts_at=shop.clock.now() + timedelta(hours=1))
    shop.clock.forward(hours=1)

    class Killed(BaseException):
        pass

    with pytest.raises(Killed), shop.db.begin() as session:
        row = session.scalars(select(MessageRow).with_for_update()).one()
        row.due_at = row.ends_at
        session.flush()
        raise Killed
    passes_time(shop, seconds=1)
    assert (["Hello"], 2) == (shown(shop, anna), shop.card(anna).version)


def test_the_housekeeper_follows_the_clock(small_shop: Shop) -> None:
    anna = small_shop.customer("Anna")
    says(small_shop, serial=anna, starts_at=small_shop.clock.now() + timedelta(hours=1))
    rounds = Housekeeper(small_shop.db, small_shop.read, small_shop.clock.now)
    small_shop.clock.forward(hours=1)
    while rounds.step():
        pass
    assert (["Hello"], 2) == (shown(small_shop, anna), small_shop.card(anna).version)


def test_a_programme_that_says_nothing_is_not_asked(small_shop: Shop) -> None:
    with small_shop.read() as session:
        assert None is session.get_one(ProgrammeRow, small_shop.programme_id).messages_until
    says(small_shop, ends_at=small_shop.clock.now() + timedelta(days=5))
    says(small_shop, ends_at=small_shop.clock.now() + timedelta(days=2))
    with small_shop.read() as session:
        until = session.get_one(ProgrammeRow, small_shop.programme_id).messages_until
    least = small_shop.clock.now() + timedelta(days=5)
    assert until is not None and least <= until <= least + timedelta(days=1)


def test_advice_knows_what_phones_do(small_shop: Shop) -> None:
    good = MessageInput(header={"en": "Open", "ru": "Открыто"}, body="9 to 18")
    assert () == advise(good, ("en", "ru"))
    loud = MessageInput(header="x" * 36, body={"en": "GO!!"}, purpose="news", loud=True)
    assert ("header-long", "language-missing", "shouting", "news-silent", "news-permission") == advise(
        loud, ("en", "ru")
    )
