"""Campaigns: messages, banners, values and gifts to a segment; tried, started, paused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from flask import Response
from pydantic import Field
from sqlalchemy.orm import Session

from app.api.answers import reply
from app.api.calls import call
from app.api.keys import caller, reachable_programme
from app.api.replies import Out, PageOut
from app.api.requests import Page, Slug
from app.api.segments import CountOut
from app.audience import audience
from app.deps import deps
from app.domain.campaigns import Content, State
from app.domain.errors import NotFound
from app.services import campaign_trial, campaigns
from app.services.inputs import Input, Moment
from app.services.journal import Once
from app.storage import queries
from app.storage.tables import Campaign

EXAMPLE = {
    "programme": "cafe",
    "name": "Tea for two",
    "segment": "sleeping-gold",
    "content": {
        "message": {
            "header": {"en": "We miss you", "ru": "Скучаем по вам"},
            "body": {"en": "50 points are on your card.", "ru": "На карте 50 баллов."},
            "purpose": "news",
        },
        "gifts": {"points": 50},
    },
}
Name = Annotated[str, Field(min_length=1, max_length=120)]
SegmentKey = Annotated[str, Field(max_length=40, examples=["sleeping-gold"])]


class CampaignIn(Input):
    """What is done to each card of a segment; without a segment, to all cards of the programme."""

    programme: Slug
    name: Name
    segment: SegmentKey | None = None
    content: Content
    starts_at: Moment | None = None


class CampaignPatch(Input):
    """What to change. `revision` is the one that you read: with another by now, 409."""

    name: Name | None = None
    segment: SegmentKey | None = None
    content: Content | None = None
    starts_at: Moment | None = None
    revision: Annotated[int, Field(ge=1)] | None = None


class CampaignOut(Out):
    """A campaign. `seen` of `total` cards were walked: `reached` got something, `skipped` nothing.

    `rule` is the segment's as it was at the start; `banner` the number of the banner that it hung up.
    """

    id: int
    programme: str
    name: str
    segment: str | None
    rule: dict[str, Any] | None
    content: dict[str, Any]
    state: State
    starts_at: datetime | None
    total: int
    seen: int
    reached: int
    skipped: int
    banner: int | None
    last_error: str
    revision: int
    author: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class CostOut(Out):
    """`total` of a unit would be given, worth so much money; 0 is not money's worth."""

    unit: str
    amount: int
    cards: int
    total: int
    worth_minor: int


class CampaignFault(Out):
    """What stands in the way of starting it."""

    pointer: str
    detail: str


class TrialOut(Out):
    """What would happen now: `reaches` cards get something, `without_consent` get no news.

    `told_today` had a loud message within a day; on `over_limit` of them Google shows it silently. `shown` is
    what each wallet would be given for the card `sample`.
    """

    counted: CountOut
    reaches: int
    without_consent: int
    loud: bool
    told_today: int
    over_limit: int
    costs: list[CostOut]
    currency: str
    first: list[str]
    advice: list[str]
    faults: list[CampaignFault]
    sample: str
    shown: dict[str, Any]


@call(
    "GET", "/campaigns", summary="Campaigns", scope="programmes:read", query=Page, gives=PageOut[CampaignOut]
)
@audience("api")
def listed(query: Page) -> Mapping[str, Any]:
    """Newest first, with how far they are; a key of a programme sees its own."""
    with deps().read() as session:
        found = campaigns.listed(session, caller().programme_ids(), before=query.after, limit=query.limit + 1)
        page = found[: query.limit]
        more = str(page[-1].id) if len(found) > query.limit else None
        return {"items": [campaigns.as_told(session, row) for row in page], "next_cursor": more}


@call(
    "POST",
    "/campaigns",
    summary="Write a campaign",
    scope="campaigns:write",
    takes=CampaignIn,
    gives=CampaignOut,
    status=201,
    key="optional",
    example=EXAMPLE,
)
@audience("api")
def create(body: CampaignIn, key: str) -> Response:
    """A draft: nothing happens before it is started. `content` has a message, a banner, values, gifts, or
    several of them.
    """
    known = deps()
    with known.read() as session:
        reachable_programme(queries.programme_row(session, body.programme))
    once = Once("api", key, {"call": "campaign", **body.model_dump(mode="json")}) if key else None
    number, replayed = campaigns.create(
        known.db,
        body.programme,
        name=body.name,
        content=body.content,
        segment=body.segment,
        starts_at=body.starts_at,
        now=known.now(),
        author=caller().name,
        once=once,
    )
    return reply(_told(number), 201, {"Idempotency-Replayed": "true"} if replayed else None)


@call("GET", "/campaigns/<campaign_id>", summary="A campaign", scope="programmes:read", gives=CampaignOut)
@audience("api")
def read(campaign_id: int) -> Mapping[str, Any]:
    """With how far it is."""
    return _told(campaign_id)


@call(
    "PATCH",
    "/campaigns/<campaign_id>",
    summary="Change a campaign",
    scope="campaigns:write",
    takes=CampaignPatch,
    gives=CampaignOut,
    example={"name": "Tea for two, again", "revision": 1},
)
@audience("api")
def change(campaign_id: int, body: CampaignPatch) -> Mapping[str, Any]:
    """Once it was started, nothing but its name."""
    known = deps()
    _told(campaign_id)
    said = {name: getattr(body, name) for name in body.model_fields_set}
    campaigns.change(known.db, campaign_id, now=known.now(), **said)
    return _told(campaign_id)


@call(
    "POST",
    "/campaigns/<campaign_id>/dry-run",
    summary="Try a campaign",
    scope="campaigns:write",
    gives=TrialOut,
)
@audience("api")
def dry_run(campaign_id: int) -> Mapping[str, Any]:
    """Whom it would reach now, by wallet and consent, what it would cost, and one card as phones would show
    it. Nothing is changed.
    """
    known = deps()
    with known.read() as session:
        row = _reach(session, campaign_id)
        found = asdict(campaign_trial.try_out(session, row, known.wallets, now=known.now()))
    faults = [{"pointer": where, "detail": words} for where, words in found.pop("faults").items()]
    return {**found, "faults": faults}


@call(
    "POST",
    "/campaigns/<campaign_id>/start",
    summary="Start a campaign, or let it go on",
    scope="campaigns:write",
    gives=CampaignOut,
)
@audience("api")
def start(campaign_id: int) -> Mapping[str, Any]:
    """At once, or at its `starts_at`; again changes nothing. Cards follow in the background, each once."""
    known = deps()
    _told(campaign_id)
    campaigns.start(known.db, known.read, campaign_id, now=known.now(), actor=caller().name)
    return _told(campaign_id)


@call(
    "POST",
    "/campaigns/<campaign_id>/pause",
    summary="Pause a campaign",
    scope="campaigns:write",
    gives=CampaignOut,
)
@audience("api")
def pause(campaign_id: int) -> Mapping[str, Any]:
    """What was done stays; start lets it go on from there. Again changes nothing."""
    known = deps()
    _told(campaign_id)
    campaigns.pause(known.db, campaign_id, now=known.now(), actor=caller().name)
    return _told(campaign_id)


def _reach(session: Session, campaign_id: int) -> Campaign:
    row = campaigns.one(session, campaign_id)
    if caller().programme_id not in (None, row.programme_id):
        raise NotFound("There is no such campaign.", campaign=campaign_id)
    return row


def _told(campaign_id: int) -> Mapping[str, Any]:
    with deps().read() as session:
        return campaigns.as_told(session, _reach(session, campaign_id))
