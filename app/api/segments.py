"""Segments: groups of cards by a rule, kept, changed and counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy.orm import Session

from app.api.calls import call
from app.api.keys import caller, reachable_programme
from app.api.replies import Out, PageOut
from app.api.requests import Page, Slug
from app.audience import audience
from app.deps import deps
from app.domain.errors import NotFound
from app.domain.segments import SegmentRule
from app.services import segments
from app.services.inputs import Input
from app.storage import queries
from app.storage.tables import ProgrammeRow, SegmentRow

RULE = {"all": [{"field": "tier", "any_of": ["gold"]}, {"field": "visits", "at_most": 0, "days": 60}]}
EXAMPLE = {"programme": "cafe", "key": "sleeping-gold", "name": "Gold, asleep for two months", "rule": RULE}
Name = Annotated[str, Field(min_length=1, max_length=120)]


class SegmentIn(Input):
    """A group of cards of a programme."""

    programme: Slug
    key: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", examples=["sleeping-gold"])]
    name: Name
    rule: SegmentRule


class SegmentPatch(Input):
    """What to change. `revision` is the one that you read: with another by now, 409."""

    name: Name | None = None
    rule: SegmentRule | None = None
    revision: Annotated[int, Field(ge=1)] | None = None


class SegmentTry(Input):
    """A rule that is only looked at."""

    programme: Slug
    rule: SegmentRule


class SegmentOut(Out):
    """A segment; `revision` rises with each change."""

    id: int
    programme: str
    key: str
    name: str
    rule: dict[str, Any]
    revision: int
    author: str
    created_at: datetime
    changed_at: datetime


class CountOut(Out):
    """Cards that fit now; of them, those in each wallet, those in none, and those who allow news."""

    cards: int
    apple: int
    google: int
    samsung: int
    nowhere: int
    news: int


class TriedOut(CountOut):
    """The same with the serials of the first cards."""

    first: list[str]


class GoneOut(Out):
    """What was taken away."""

    id: int


@call("GET", "/segments", summary="Segments", scope="programmes:read", query=Page, gives=PageOut[SegmentOut])
@audience("api")
def listed(query: Page) -> Mapping[str, Any]:
    """Oldest first; a key of a programme sees its own."""
    with deps().read() as session:
        found = segments.listed(session, caller().programme_ids(), after=query.after, limit=query.limit + 1)
        page = found[: query.limit]
        more = str(page[-1][0].id) if len(found) > query.limit else None
        return {"items": [segments.as_told(row, slug) for row, slug in page], "next_cursor": more}


@call(
    "POST",
    "/segments",
    summary="Keep a segment",
    scope="campaigns:write",
    takes=SegmentIn,
    gives=SegmentOut,
    status=201,
    example=EXAMPLE,
)
@audience("api")
def create(body: SegmentIn) -> Mapping[str, Any]:
    """`rule` is a condition, or `all`, `any` or `not` of conditions; who fits is asked when it is used."""
    known = deps()
    _programme(body.programme)
    said = body.model_dump(include={"key", "name"})
    made = segments.create(
        known.db, body.programme, **said, rule=body.rule, now=known.now(), author=caller().name
    )
    return _told(made)


@call(
    "POST",
    "/segments/preview",
    summary="Whom a rule would find",
    scope="programmes:read",
    takes=SegmentTry,
    gives=TriedOut,
    example={"programme": "cafe", "rule": RULE},
)
@audience("api")
def preview(body: SegmentTry) -> Mapping[str, Any]:
    """Counted now; nothing is kept."""
    known = deps()
    with known.read() as session:
        row = reachable_programme(queries.programme_row(session, body.programme))
        found = segments.count(session, row, body.rule, known.now())
        return {**asdict(found), "first": segments.first(session, row, body.rule, known.now())}


@call("GET", "/segments/<segment_id>", summary="A segment", scope="programmes:read", gives=SegmentOut)
@audience("api")
def read(segment_id: int) -> Mapping[str, Any]:
    """With its rule."""
    return _told(segment_id)


@call(
    "PATCH",
    "/segments/<segment_id>",
    summary="Change a segment",
    scope="campaigns:write",
    takes=SegmentPatch,
    gives=SegmentOut,
    example={"name": "Gold, asleep", "revision": 1},
)
@audience("api")
def change(segment_id: int, body: SegmentPatch) -> Mapping[str, Any]:
    """Campaigns that run keep the rule with which they started."""
    known = deps()
    _told(segment_id)
    segments.change(
        known.db, segment_id, name=body.name, rule=body.rule, revision=body.revision, now=known.now()
    )
    return _told(segment_id)


@call(
    "DELETE",
    "/segments/<segment_id>",
    summary="Take a segment away",
    scope="campaigns:write",
    gives=GoneOut,
)
@audience("api")
def delete(segment_id: int) -> Mapping[str, Any]:
    """409 while a campaign that was started and is not done needs it."""
    known = deps()
    _told(segment_id)
    segments.delete(known.db, segment_id, now=known.now())
    return {"id": segment_id}


@call(
    "GET",
    "/segments/<segment_id>/count",
    summary="How many cards fit now",
    scope="programmes:read",
    gives=CountOut,
)
@audience("api")
def count(segment_id: int) -> Mapping[str, Any]:
    """And how many of them can be reached by which way."""
    known = deps()
    with known.read() as session:
        row, programme = _reach(session, segment_id)
        return asdict(segments.count(session, programme, segments.rule_of(row), known.now()))


def _programme(slug: str) -> None:
    with deps().read() as session:
        reachable_programme(queries.programme_row(session, slug))


def _reach(session: Session, segment_id: int) -> tuple[SegmentRow, ProgrammeRow]:
    row = segments.one(session, segment_id)
    if caller().programme_id not in (None, row.programme_id):
        raise NotFound("There is no such segment.", segment=segment_id)
    return row, session.get_one(ProgrammeRow, row.programme_id)


def _told(segment_id: int) -> Mapping[str, Any]:
    with deps().read() as session:
        row, programme = _reach(session, segment_id)
        return segments.as_told(row, programme.slug)
