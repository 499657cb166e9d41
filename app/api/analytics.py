"""Which channel brought which revenue, how many went how far, and a programme at a glance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal

from flask import Response, request
from pydantic import Field
from sqlalchemy.orm import Session

from app.api.answers import csv_reply, reply
from app.api.calls import call
from app.api.keys import reachable_programme
from app.api.replies import Out
from app.api.requests import Query, Slug
from app.audience import audience
from app.deps import deps
from app.services import analytics
from app.services.analytics import Question, tables
from app.services.analytics.channels import all_together
from app.services.analytics.figures import NAMES
from app.services.analytics.funnel import step_days
from app.services.funnel import KEYS
from app.storage import queries

RATES = tuple(all_together(()).rates())
Value = Annotated[str, Field(max_length=200)]
Rate = Annotated[float | None, Field(description="A share; null where there was nothing to share.")]


class SpanQuery(Query):
    """Days of the programme's time zone, both included; without them the last 30. `basis` is `happened`
    (what was done within the days) or `joined` (cards issued within them, and all that they ever did).
    `format=csv`, or text/csv in Accept, gives a file for a spreadsheet.
    """

    programme: Slug
    since: Annotated[date | None, Field(examples=["2026-05-01"])] = None
    until: Annotated[date | None, Field(examples=["2026-05-31"])] = None
    basis: Literal["happened", "joined"] = "happened"
    utm_source: Value | None = None
    utm_medium: Value | None = None
    utm_campaign: Value | None = None
    link_code: Annotated[str, Field(max_length=40)] | None = None
    format: Literal["json", "csv"] = "json"


class ChannelsQuery(SpanQuery):
    """And what tells channels apart."""

    group_by: Literal["channel", "source", "medium", "campaign", "link"] = "channel"


class OverviewQuery(SpanQuery):
    """And how long the parts of the series are."""

    every: Literal["day", "week", "month"] = "day"


class FiguresOut(Out):
    """Whole numbers; money in minor units. `revenue_minor` is `sales_minor` less `refunds_minor`."""

    views: int
    forms: int
    issued: int
    installed: int
    installed_apple: int
    installed_google: int
    installed_samsung: int
    active: int
    visits: int
    receipts: int
    sales_minor: int
    refunds_minor: int
    revenue_minor: int
    points_earned: int
    points_redeemed: int
    removed: int


class ChannelOut(FiguresOut):
    """A channel, by what it was grouped by; empty values came without any."""

    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    link_code: str | None = None
    buyers: int
    form_rate: Rate
    join_rate: Rate
    install_rate: Rate
    active_rate: Rate
    removal_rate: Rate


class SpanOut(Out):
    """What was asked, in full."""

    programme: str
    currency: str
    since: date
    until: date
    basis: str


class ChannelsOut(SpanOut):
    """Channels, the one with the most revenue first, and all together."""

    items: list[ChannelOut]
    total: ChannelOut


class StepOut(Out):
    """A step; `share_of_previous` of `removed` is that of `installed`."""

    step: Literal["view", "form", "issued", "installed", "first_scan", "revenue", "removed"]
    count: int
    share_of_previous: Rate
    revenue_minor: int | None


class DayOut(FiguresOut):
    """A day, or the first day of a week or month."""

    day: date


class FunnelOut(SpanOut):
    """All steps, and each day."""

    steps: list[StepOut]
    days: list[DayOut]


class BalanceOut(Out):
    """What customers can still claim of a unit."""

    unit: str
    outstanding: int
    worth_minor: int


class RewardCountOut(Out):
    """A reward: how often it was given and handed out, less what was taken back."""

    reward: str
    given: int
    handed_out: int


class OverviewOut(SpanOut):
    """A programme; `figures`, `rewards` and `series` are of the days asked for, the rest as it stands now."""

    cards: dict[str, int]
    active_30_days: int
    active_90_days: int
    in_wallets: dict[str, int]
    tiers: dict[str, int]
    balances: list[BalanceOut]
    liability_minor: int
    figures: FiguresOut
    buyers: int
    average_receipt_minor: int | None
    redemption_rate: Rate
    repeat_rate: Rate
    rewards: list[RewardCountOut]
    series: list[DayOut]


@call(
    "GET",
    "/analytics/channels",
    summary="Which channel brought which cards and which revenue",
    scope="analytics:read",
    query=ChannelsQuery,
    gives=ChannelsOut,
)
@audience("api")
def by_channel(query: ChannelsQuery) -> Response:
    """Counted now. A card belongs to the channel that brought it first, and so does all that it buys."""
    with deps().read() as session:
        asked = _question(session, query)
        found = analytics.channels(session, asked, query.group_by)
    if _wants_csv(query):
        head = (*analytics.GROUPS[query.group_by], *NAMES, "revenue_minor", "buyers", *RATES)
        return _file(query, asked, "channels", [each.told() for each in found], head)
    total = all_together(found).told()
    return reply({**_span(asked), "items": [each.told() for each in found], "total": total})


@call(
    "GET",
    "/analytics/funnel",
    summary="How many went how far, from an opened join page to revenue",
    scope="analytics:read",
    query=SpanQuery,
    gives=FunnelOut,
)
@audience("api")
def steps(query: SpanQuery) -> Response:
    """Each step with its share of the step before, and each day; a file has the days."""
    with deps().read() as session:
        asked = _question(session, query)
        found = analytics.funnel(session, asked)
    days = [step_days(each) for each in found.days]
    if _wants_csv(query):
        return _file(query, asked, "funnel", days, ("day", *NAMES, "revenue_minor"))
    return reply({**_span(asked), "steps": found.steps, "days": days})


@call(
    "GET",
    "/analytics/programme",
    summary="A programme at a glance",
    scope="analytics:read",
    query=OverviewQuery,
    gives=OverviewOut,
)
@audience("api")
def at_a_glance(query: OverviewQuery) -> Response:
    """Cards, wallets, balances and rates; a file has the series. A channel narrows the figures and the series
    alone.
    """
    with deps().read() as session:
        asked = _question(session, query)
        found = analytics.overview(session, asked, deps().now(), query.every)
    series = [step_days(each) for each in found.series]
    if _wants_csv(query):
        return _file(query, asked, "programme", series, ("day", *NAMES, "revenue_minor"))
    told: dict[str, Any] = {
        "cards": found.cards,
        "active_30_days": found.active_30,
        "active_90_days": found.active_90,
        "in_wallets": found.in_wallets,
        "tiers": found.tiers,
        "balances": found.balances,
        "liability_minor": found.liability_minor,
        "figures": found.figures.told(),
        "buyers": found.buyers,
        "average_receipt_minor": found.average_receipt_minor,
        **found.rates(),
        "rewards": found.rewards,
        "series": series,
    }
    return reply({**_span(asked), **told})


def _question(session: Session, query: SpanQuery) -> Question:
    row = reachable_programme(queries.programme_row(session, query.programme))
    only = {key: value for key in KEYS if (value := getattr(query, key)) is not None}
    about = {"since": query.since, "until": query.until, "basis": query.basis, "only": only}
    return analytics.question(row, now=deps().now(), **about)  # type: ignore[arg-type]


def _span(asked: Question) -> Mapping[str, Any]:
    return {
        "programme": asked.row.slug,
        "currency": asked.currency,
        "since": asked.first,
        "until": asked.last,
        "basis": asked.basis,
    }


def _wants_csv(query: SpanQuery) -> bool:
    offered = ("application/json", "text/csv")
    return query.format == "csv" or request.accept_mimetypes.best_match(offered) == "text/csv"


def _file(
    query: SpanQuery, asked: Question, what: str, rows: Sequence[Mapping[str, Any]], head: Sequence[str]
) -> Response:
    name = f"{query.programme}-{what}-{asked.first}-{asked.last}.csv"
    return csv_reply(tables.as_csv(rows, head), name)
