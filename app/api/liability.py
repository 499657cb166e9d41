"""What a programme owes its customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.api.calls import call
from app.api.keys import reachable_programme
from app.api.replies import Out
from app.audience import audience
from app.deps import deps
from app.services.liability import as_json, liability
from app.storage import queries


class MonthOut(Out):
    """What ends in a month of the programme's time zone; null has no end."""

    month: str | None
    usable: int
    pending: int


class UnitOut(Out):
    """One unit; `outstanding` is usable, pending and held together."""

    unit: str
    outstanding: int
    usable: int
    pending: int
    held: int
    debt: int
    over: int
    value_minor: int
    worth_minor: int
    months: list[MonthOut]


class LiabilityOut(Out):
    """All units of a programme at a moment."""

    programme: str
    currency: str
    at: str
    worth_minor: int
    units: list[UnitOut]


@call(
    "GET",
    "/programmes/<slug>/liability",
    summary="What the programme owes its customers, by the month in which it ends",
    scope="programmes:read",
    gives=LiabilityOut,
)
@audience("api")
def owed(slug: str) -> Mapping[str, Any]:
    """Outstanding points, rewards and money on cards, and what they are worth; counted now."""
    with deps().read() as session:
        row = reachable_programme(queries.programme_row(session, slug))
        return as_json(liability(session, row, deps().now()))
