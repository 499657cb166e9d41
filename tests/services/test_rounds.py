"""Rounds by the clock: whose turn it is, and who may hurry one."""

from __future__ import annotations

from datetime import timedelta

from app.services import rounds
from app.services.rounds import LEASE, Turn
from app.storage.database import Database
from tests.support.clock import Clock

NAME = "a round"


def takes(database: Database, clock: Clock, *, first_in_s: float = 0) -> Turn | None:
    first = clock.now() + timedelta(seconds=first_in_s)
    return rounds.take(database.write, database.read, NAME, clock.now(), first=first)


def keeps(database: Database, clock: Clock, turn: Turn, *, again_in_s: float) -> bool:
    now = clock.now()
    again = now + timedelta(seconds=again_in_s)
    return rounds.keep(database.write, turn, {"page": 1}, next_at=again, last_at=now)


def test_a_round_that_is_due_in_two_minutes_is_hastened(database: Database, clock: Clock) -> None:
    assert takes(database, clock, first_in_s=120) is None

    rounds.hasten(database.write, NAME, clock.now())

    assert takes(database, clock) is not None


def test_a_round_that_was_kept_and_comes_again_in_two_minutes_is_hastened(
    database: Database, clock: Clock
) -> None:
    turn = takes(database, clock)
    assert turn is not None and keeps(database, clock, turn, again_in_s=120)

    rounds.hasten(database.write, NAME, clock.now())

    again = takes(database, clock)
    assert again is not None and {"page": 1} == again.result


def test_a_round_that_somebody_is_making_stays_theirs(database: Database, clock: Clock) -> None:
    turn = takes(database, clock)
    assert turn is not None

    rounds.hasten(database.write, NAME, clock.now())

    assert takes(database, clock) is None
    assert keeps(database, clock, turn, again_in_s=3600)


def test_who_died_over_a_round_that_was_hastened_delays_it_by_the_lease(
    database: Database, clock: Clock
) -> None:
    died = takes(database, clock)
    assert died is not None
    rounds.hasten(database.write, NAME, clock.now())

    clock.forward(seconds=LEASE.total_seconds() + 1)

    assert takes(database, clock) is not None
    assert not keeps(database, clock, died, again_in_s=0)


def test_a_round_that_nobody_knows_yet_is_hastened_into_being(database: Database, clock: Clock) -> None:
    rounds.hasten(database.write, NAME, clock.now())

    assert takes(database, clock, first_in_s=86_400) is not None
