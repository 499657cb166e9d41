"""Trying again where the database let another go first: nothing was written, so nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError

MOST_TRIES = 4
_GIVEN_WAY = ("40P01", "40001")
"""PostgreSQL's deadlock_detected and serialization_failure: one of those who wait gives way."""
Done = TypeVar("Done")


def once_more(act: Callable[[], Done]) -> Done:
    """What `act` (a whole transaction) answers; tried again where two of them waited for each other, and once
    where another was first with a unique key, whose answer is found then.
    """
    keys = 0
    for tries in range(1, MOST_TRIES + 1):
        try:
            return act()
        except DBAPIError as error:
            keys += isinstance(error, IntegrityError)
            if tries == MOST_TRIES or keys > 1 or not _may_pass(error):
                raise
    raise AssertionError("the last try answers or raises")


def _may_pass(error: DBAPIError) -> bool:
    return isinstance(error, IntegrityError) or getattr(error.orig, "sqlstate", "") in _GIVEN_WAY
