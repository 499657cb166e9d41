"""Paid memberships: once a payment, renewed from their end, cancelled, and over on their day."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import CardNotActive, Conflict, Invalid, KeyReused, NotFound
from app.services import cards, memberships, refunds, tick
from app.services.journal import By, Once
from app.services.memberships import Payment
from app.services.operating import Reply
from app.storage.database import Database
from app.storage.tables import CardTask, Event, Membership
from tests.support.clock import START, Clock
from tests.support.shop import Shop

CLUB = {"kind": "membership", "key": "club", "name": "Club", "months": 1, "tier": "gold", "grace_days": 3}
TIERS = {
    "kind": "tiers",
    "window": "lifetime",
    "levels": [
        {"key": "silver", "name": "Silver", "from": 10_000},
        {"key": "gold", "name": "Gold", "from": 50_000},
    ],
}


class Gym(Shop):
    """A shop whose customers pay for a month."""

    def __init__(self, database: Database, clock: Clock, **more: Any) -> None:
        super().__init__(database, clock, [{**CLUB, **more}, TIERS])

    def paid(self, serial: str, payment: str, *, key: str | None = None, **more: Any) -> Reply:
        cmd = Payment(serial, more.pop("membership", "club"), payment, **more)
        once = Once("test", key or f"pay-{serial}-{payment}", {"payment": payment, **more})
        return memberships.pay(self.db, cmd, once, By("olga"), now=self.clock.now())

    def cancels(self, serial: str, membership_id: int, *, key: str | None = None, **how: Any) -> Reply:
        once = self.once(key, how)
        by = By("olga", reason="wish")
        return memberships.cancel(self.db, serial, membership_id, once, by, now=self.clock.now(), **how)

    def follows(self) -> int:
        return int(memberships.run(self.db, self.read, self.clock.now()))

    def told(self, kind: str) -> int:
        with self.read() as session:
            return len(session.scalars(select(Event).where(Event.kind == kind)).all())

    def listed(self, serial: str) -> list[dict[str, Any]]:
        with self.read() as session:
            return memberships.listed(session, self.card(serial), self.clock.now())


@pytest.fixture
def gym(sqlite_database: Database, clock: Clock) -> Gym:
    return Gym(sqlite_database, clock)


def test_a_payment_gives_the_tier_for_a_month(gym: Gym) -> None:
    anna = gym.customer("Anna")
    reply = gym.paid(anna, "p1")
    assert ("gold", "gold") == (reply.body["tier"], gym.card(anna).tier)
    assert "2026-04-01T21:00:00Z" == reply.body["membership"]["ends_at"]
    assert 1 == gym.told("membership.paid")


def test_the_same_payment_counts_once_whoever_sends_it(gym: Gym) -> None:
    anna = gym.customer("Anna")
    first = gym.paid(anna, "p1", key="k1")
    again = [gym.paid(anna, "p1", key="k1"), gym.paid(anna, "p1", key="crm")]
    assert [(True, first.body)] * 2 == [(each.replayed, each.body) for each in again]
    assert 1 == len(gym.listed(anna))


def test_a_key_or_a_payment_that_was_for_something_else_is_refused(gym: Gym) -> None:
    anna, boris = gym.customer("Anna"), gym.customer("Boris")
    gym.paid(anna, "p1", key="k1")
    with pytest.raises(KeyReused):
        gym.paid(anna, "p2", key="k1")
    with pytest.raises(Conflict):
        gym.paid(boris, "p1", key="k2")
    assert [] == gym.listed(boris)


def test_a_renewal_follows_on_what_is_paid_and_later_begins_anew(gym: Gym) -> None:
    anna = gym.customer("Anna")
    gym.paid(anna, "p1")
    gym.clock.forward(days=20)
    assert "2026-05-01T21:00:00Z" == gym.paid(anna, "p2").body["membership"]["ends_at"]
    gym.clock.begin(datetime(2026, 7, 1, 9, tzinfo=UTC))
    assert "2026-07-31T21:00:00Z" == gym.paid(anna, "p3").body["membership"]["ends_at"]


def test_a_renewal_in_days_of_grace_counts_from_the_end(gym: Gym) -> None:
    anna = gym.customer("Anna")
    gym.paid(anna, "p1")
    gym.clock.begin(datetime(2026, 4, 3, 9, tzinfo=UTC))
    assert "grace" == gym.listed(anna)[0]["status"]
    assert "2026-05-01T21:00:00Z" == gym.paid(anna, "p2").body["membership"]["ends_at"]


def test_when_it_is_over_the_tier_goes_once_and_what_was_earned_is_there(gym: Gym) -> None:
    anna = gym.customer("Anna")
    gym.paid(anna, "p1")
    gym.buys(anna, 12_000)
    gym.clock.begin(datetime(2026, 4, 4, 20, 59, tzinfo=UTC))
    assert (0, "gold") == (gym.follows(), gym.card(anna).tier)
    gym.clock.forward(minutes=1)
    assert [1, 0] == [gym.follows(), gym.follows()]
    assert ("silver", 1, "over") == (
        gym.card(anna).tier,
        gym.told("membership.ended"),
        gym.listed(anna)[0]["status"],
    )


def test_one_that_was_renewed_does_not_end(gym: Gym) -> None:
    anna = gym.customer("Anna")
    gym.paid(anna, "p1")
    gym.paid(anna, "p2")
    gym.clock.begin(datetime(2026, 4, 10, 9, tzinfo=UTC))
    gym.follows()
    assert ("gold", 0) == (gym.card(anna).tier, gym.told("membership.ended"))
    with gym.read() as session:
        assert {"renewed", "begun", ""} == {task.outcome for task in session.scalars(select(CardTask))}


def test_one_that_begins_later_begins_by_itself(gym: Gym) -> None:
    anna = gym.customer("Anna")
    reply = gym.paid(anna, "p1", starts_at=START + timedelta(days=7))
    assert ("", "upcoming") == (reply.body["tier"], reply.body["membership"]["status"])
    gym.clock.forward(days=7)
    list(tick.run(gym.db, gym.read, gym.clock.now, only="memberships"))
    assert "gold" == gym.card(anna).tier


def test_it_is_cancelled_at_once(gym: Gym) -> None:
    anna = gym.customer("Anna")
    mine = gym.paid(anna, "p1").body["membership"]["id"]
    reply = gym.cancels(anna, mine, key="c1", refund=True)
    assert ("", "cancelled", True) == (
        gym.card(anna).tier,
        reply.body["membership"]["status"],
        reply.body["refund"],
    )
    assert gym.cancels(anna, mine, key="c1", refund=True).replayed
    with pytest.raises(Conflict):
        gym.cancels(anna, mine)


def test_it_is_cancelled_at_the_end_of_its_period(gym: Gym) -> None:
    anna = gym.customer("Anna")
    mine = gym.paid(anna, "p1").body["membership"]["id"]
    assert "paid" == gym.cancels(anna, mine, at="period_end").body["membership"]["status"]
    assert "gold" == gym.card(anna).tier
    gym.clock.begin(datetime(2026, 4, 5, 9, tzinfo=UTC))
    gym.follows()
    assert "" == gym.card(anna).tier


def test_a_membership_of_another_card_cannot_be_cancelled(gym: Gym) -> None:
    anna, boris = gym.customer("Anna"), gym.customer("Boris")
    mine = gym.paid(anna, "p1").body["membership"]["id"]
    for serial, membership_id in ((boris, mine), (anna, mine + 1)):
        with pytest.raises(NotFound):
            gym.cancels(serial, membership_id)


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"membership": "spa"}, "/membership"),
        ({"periods": 0}, "/periods"),
        ({"starts_at": START + timedelta(days=400)}, "/starts_at"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(gym: Gym, more: Any, where: str) -> None:
    anna = gym.customer("Anna")
    with pytest.raises(Invalid) as refused:
        gym.paid(anna, "p1", **more)
    assert ([where], []) == (list(refused.value.faults), gym.listed(anna))


def test_a_blocked_card_takes_no_payment(gym: Gym) -> None:
    anna = gym.customer("Anna")
    cards.change(gym.db, anna, now=gym.clock.now(), status="blocked")
    with pytest.raises(CardNotActive):
        gym.paid(anna, "p1")


def test_a_payment_is_cancelled_and_not_taken_back_as_a_purchase(gym: Gym) -> None:
    anna = gym.customer("Anna")
    paid = gym.paid(anna, "p1")
    with pytest.raises(Conflict):
        refunds.refund(gym.db, paid.body["id"], gym.once(), By("boris"), now=gym.clock.now())


def test_two_tellers_of_the_same_payment_at_once_make_one_membership(
    postgres_database: Database, clock: Clock
) -> None:
    """Different keys and one payment id: the second finds what the first one did."""
    gym = Gym(postgres_database, clock)
    anna = gym.customer("Anna")
    gate, replies = threading.Barrier(2), []

    def tell(key: str) -> None:
        gate.wait()
        replies.append(gym.paid(anna, "p1", key=key))

    tellers = [threading.Thread(target=tell, args=(key,)) for key in ("a", "b")]
    for each in tellers:
        each.start()
    for each in tellers:
        each.join()
    assert [False, True] == sorted(reply.replayed for reply in replies)
    with gym.read() as session:
        assert 1 == len(session.scalars(select(Membership)).all())
