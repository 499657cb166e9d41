"""Settlement between the partners of a programme and its house."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from flask import Response
from pydantic import Field

from app.api.answers import csv_reply, reply
from app.api.calls import call
from app.api.keys import reachable_programme
from app.api.replies import Out
from app.api.requests import Query
from app.audience import audience
from app.deps import deps
from app.domain.text import in_locale
from app.services import settlement
from app.storage import queries

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]


class SettlementQuery(Query):
    """Days of the programme's zone, both included; `format=csv` gives a file for a spreadsheet."""

    first: Day = Field(alias="from")
    last: Day = Field(alias="to")
    format: Literal["json", "csv"] = "json"
    locale: str = Field("en", max_length=20)


class SettlementLineOut(Out):
    """A partner's month. `net_minor` is what the partner owes the house (negative: the house the partner)."""

    month: str
    partner: str
    name: dict[str, str]
    receipts: int
    turnover_minor: int
    returned_minor: int
    given: int
    given_back: int
    taken: int
    restored: int
    expired: int
    pays_minor: int
    gets_minor: int
    net_minor: int


class SettlementOut(Out):
    """All partners' months, in order; money in minor units of `currency`."""

    currency: str
    items: list[SettlementLineOut]


@call(
    "GET",
    "/programmes/<slug>/settlement",
    summary="What partners and the house owe each other",
    scope="programmes:read",
    query=SettlementQuery,
    gives=SettlementOut,
    also_files=("text/csv",),
)
@audience("api")
def report(slug: str, query: SettlementQuery) -> Response:
    """By month and partner, exact to the entry; an entry belongs to the month in which it was recorded."""
    with deps().read() as session:
        row = reachable_programme(queries.programme_row(session, slug))
        lines = settlement.report(session, row, query.first, query.last)
        currency = queries.programme_of(row).currency
    if query.format == "csv":
        text = settlement.as_csv(lines, lambda name: in_locale(name, query.locale))
        return csv_reply(text, f"{slug}-settlement-{query.first}-{query.last}.csv")
    return reply({"currency": currency, "items": settlement.as_json(lines)})
