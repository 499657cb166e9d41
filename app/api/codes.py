"""Codes of coupons: made for a card or for a list, and listed with what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from flask import Response
from pydantic import ConfigDict, Field

from app.api.answers import csv_reply, reply
from app.api.calls import call
from app.api.keys import caller, reachable_programme
from app.api.replies import Out
from app.api.requests import Page
from app.audience import audience
from app.deps import deps
from app.services import coupon_lists, coupons
from app.services.coupon_lists import Listed
from app.services.coupons import Issue
from app.services.inputs import Code, Input, Key40, Moment, Short
from app.storage import queries
from app.storage.tables import ProgrammeRow


class CodesIn(Input):
    """Codes of the coupon `rule`: for the card `serial`, or `count` for anybody; drawn, or `codes` of yours.

    `uses` null: as often as the coupon allows.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"rule": "spring", "count": 3}]})
    rule: Key40
    serial: Short = ""
    count: Annotated[int, Field(ge=1, le=coupons.MOST_AT_ONCE)] = 1
    uses: Annotated[int, Field(ge=1, le=10_000)] | None = 1
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    codes: Annotated[tuple[Code, ...], Field(max_length=coupons.MOST_AT_ONCE)] = ()


class CodesQuery(Page):
    """Codes of one coupon or one card; `format=csv` gives a file for a spreadsheet, without a cursor."""

    rule: Annotated[str, Field(max_length=40)] = ""
    serial: Annotated[str, Field(max_length=40)] = ""
    format: Literal["json", "csv"] = "json"


class CodeOut(Out):
    """A code; `serial` is empty for one that anybody may use, `state` is open, waiting, used or ended."""

    id: int
    code: str
    rule: str
    serial: str
    uses_left: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    created_at: datetime
    state: str


class CodesOut(Out):
    """A part of a list of codes; `next_cursor` is null at the end."""

    items: list[CodeOut]
    next_cursor: str | None = None


@call(
    "POST",
    "/programmes/<slug>/codes",
    summary="Make codes of a coupon",
    scope="cards:write",
    takes=CodesIn,
    gives=CodesOut,
    status=201,
    key="optional",
)
@audience("api")
def create(slug: str, body: CodesIn, key: str) -> Response:
    """A card shows its own codes at once. The same Idempotency-Key answers with the same codes."""
    known = deps()
    _reach(slug)
    seed = coupons.seed_of(known.rotating_key, slug, key) if key else b""
    cmd = Issue(**body.model_dump(), seed=seed)
    made = coupons.issue(known.db, slug, cmd, now=known.now(), actor=caller().name)
    items = [coupon_lists.shown(row, cmd.serial, known.now()) for row in made]
    return reply({"items": [asdict(each) for each in items], "next_cursor": None}, 201)


@call(
    "GET",
    "/programmes/<slug>/codes",
    summary="Codes, and what became of them",
    scope="cards:read",
    query=CodesQuery,
    gives=CodesOut,
    also_files=("text/csv",),
)
@audience("api")
def listed(slug: str, query: CodesQuery) -> Response:
    """In the order in which they were made."""
    row, known = _reach(slug), deps()
    if query.format == "csv":
        with known.read() as session:
            every = coupon_lists.every(session, row, known.now(), rule=query.rule, serial=query.serial)
            return csv_reply(coupon_lists.as_csv(every), f"{slug}-codes.csv")
    with known.read() as session:
        found = coupon_lists.listed(
            session,
            row,
            known.now(),
            rule=query.rule,
            serial=query.serial,
            after_id=query.after,
            limit=query.limit + 1,
        )
    return reply(_page(found, query.limit))


def _page(found: Sequence[Listed], limit: int) -> Mapping[str, Any]:
    page = found[:limit]
    more = str(page[-1].id) if len(found) > len(page) else None
    return {"items": [asdict(each) for each in page], "next_cursor": more}


def _reach(slug: str) -> ProgrammeRow:
    with deps().read() as session:
        return reachable_programme(queries.programme_row(session, slug))
