"""Figures agree with the history they are counted from, with one another and with the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import func, literal, select

from app.domain.errors import Invalid
from app.services.analytics import channels, funnel, overview, question
from app.services.analytics.channels import all_together
from app.services.analytics.figures import NAMES
from app.services.analytics.question import Question, local_day
from app.storage import queries
from app.storage.database import Database
from app.storage.tables import Account, Card, Receipt
from tests.analytics.histories import SOURCES, History, counted, history
from tests.support.clock import Clock
from tests.support.shop import Shop

EVER = (date(2026, 1, 1), date(2026, 12, 31))


def asked(shop: Shop, session: Any, first: date, last: date, **more: Any) -> Question:
    row = queries.programme_row(session, shop.slug)
    return question(row, now=shop.clock.now(), since=first, until=last, **more)


def summed(several: Iterable[dict[str, int]]) -> dict[str, int]:
    made: dict[str, int] = {}
    for each in several:
        for name, amount in each.items():
            made[name] = made.get(name, 0) + amount
    return {name: amount for name, amount in made.items() if amount}


def agrees(past: History, first: date, last: date, basis: Any) -> None:
    wanted = counted(past, first, last, basis)
    with past.shop.read() as session:
        found = channels(session, asked(past.shop, session, first, last, basis=basis), "source")
        told = funnel(session, asked(past.shop, session, first, last, basis=basis))
        one = asked(past.shop, session, first, last, basis=basis, only={"utm_source": "VK"})
        alone = funnel(session, one)
    for source in SOURCES:
        mine = [each for each in found if each.values["utm_source"] == source]
        sums = {
            name: each for mine_ in mine for name, each in mine_.told().items() if name in (*NAMES, "buyers")
        }
        assert summed(each for (of, _), each in wanted.items() if of == source) == summed([sums])
    for day in told.days:
        of_day = summed(each for (_, on), each in wanted.items() if on == day.day)
        of_day.pop("buyers", None)
        assert of_day == summed([{name: getattr(day.figures, name) for name in NAMES}])
    vk = summed(each for (of, _), each in wanted.items() if of == "vk")
    assert vk == summed([{name: getattr(alone.figures, name) for name in NAMES}, {"buyers": alone.buyers}])
    together = all_together(found)
    assert (together.figures, together.buyers) == (told.figures, told.buyers)


@pytest.mark.parametrize("seed", [1, 2])
def test_any_history_is_counted_as_it_happened(sqlite_database: Database, clock: Clock, seed: int) -> None:
    past = history(sqlite_database, clock, seed=seed, steps=70)
    days = sorted(past.days())
    for _ in range(4):
        first, last = sorted(past.random.choices(days, k=2))
        agrees(past, first, last, past.random.choice(("happened", "joined")))
    agrees(past, *EVER, "happened")
    agrees_with_the_ledger(past)


def test_postgresql_counts_the_same(postgres_database: Database, clock: Clock) -> None:
    past = history(postgres_database, clock, seed=4, steps=60)
    agrees(past, *EVER, "happened")
    agrees(past, date(2026, 3, 20), date(2026, 4, 5), "joined")
    agrees_with_the_ledger(past)


def agrees_with_the_ledger(past: History) -> None:
    with past.shop.read() as session:
        made = overview(session, asked(past.shop, session, *EVER), past.shop.clock.now(), "month")
        balance = session.scalar(select(func.sum(Account.balance)).where(Account.unit == "points")) or 0
        owed = session.scalar(select(func.sum(Account.debt)).where(Account.unit == "points")) or 0
        receipts = session.execute(select(Receipt.amount_minor, Receipt.refunded_minor)).all()
        cards = session.scalar(select(func.count()).select_from(Card)) or 0
    figures = made.figures
    assert figures.points_earned - figures.points_redeemed == balance - owed
    assert sum(sold - back for sold, back in receipts) == figures.revenue_minor
    assert (cards, cards) == (figures.issued, made.cards["active"])
    assert balance == sum(each["outstanding"] for each in made.balances if each["unit"] == "points")
    assert figures.revenue_minor == sum(each.figures.revenue_minor for each in made.series)
    assert all(1 == each.day.day for each in made.series)


def test_a_day_begins_and_ends_where_the_shop_is(sqlite_database: Database, clock: Clock) -> None:
    shop = Shop(sqlite_database, clock, [])
    with shop.db.begin() as session:
        moments = [
            "2026-03-28T22:00:00", "2026-03-28T21:59:59", "2026-03-29T20:59:59", "2026-03-29T21:00:00",
            "2026-10-25T21:59:59", "2026-10-25T22:00:00", "2026-10-24T21:00:00", "2026-10-24T20:59:59",
        ]  # fmt: skip
        days = asked(shop, session, date(2026, 3, 1), date(2026, 11, 30))
        column = [datetime.fromisoformat(each).replace(tzinfo=UTC) for each in moments]
        told = [
            session.scalar(select(local_day(literal(each, Card.created_at.type), days, "sqlite")))
            for each in column
        ]
    assert [
        "2026-03-29", "2026-03-28", "2026-03-29", "2026-03-30",
        "2026-10-25", "2026-10-26", "2026-10-25", "2026-10-24",
    ] == told  # fmt: skip


def test_impossible_days_are_refused_and_none_means_the_last_thirty(
    sqlite_database: Database, clock: Clock
) -> None:
    shop = Shop(sqlite_database, clock, [])
    with shop.read() as session:
        row = queries.programme_row(session, shop.slug)
        usual = question(row, now=clock.now())
        assert 30 == len(list(usual.days()))
        for since, until in (
            ("2026-05-02", "2026-05-01"),
            ("2020-01-01", "2026-05-01"),
            ("0001-01-01", "0001-01-02"),
        ):
            with pytest.raises(Invalid):
                question(
                    row, now=clock.now(), since=date.fromisoformat(since), until=date.fromisoformat(until)
                )


def test_visits_of_a_stamp_card_count_without_receipts(sqlite_database: Database, clock: Clock) -> None:
    shop = Shop(sqlite_database, clock, [{"kind": "stamps", "goal": 3, "reward": "Coffee"}])
    anna = shop.customer("Anna")
    for _ in range(4):
        shop.stamps(anna)
    shop.redeems(anna, reward="reward")
    with shop.read() as session:
        made = overview(session, asked(shop, session, *EVER), clock.now())
    assert (4, 1, 0, 4) == (
        made.figures.visits,
        made.figures.active,
        made.figures.receipts,
        made.figures.points_earned,
    )
    assert [{"reward": "reward", "given": 1, "handed_out": 1}] == made.rewards
