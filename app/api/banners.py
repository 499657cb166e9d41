"""The banner: at once and for good, or for a time, or for some."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from flask import request
from pydantic import Field

from app.api.calls import call, read_query
from app.api.designs import picture_sent, published
from app.api.keys import caller, reachable_programme
from app.api.programmes import guarded
from app.api.replies import Out, PageOut, PublishedOut
from app.api.requests import Page, Query
from app.audience import audience
from app.deps import deps
from app.domain.errors import Invalid, NotFound
from app.services import banners, campaigns, designs, images, rollouts
from app.services.banners import State
from app.services.inputs import Moment
from app.storage import queries


class BannerForm(Query):
    """When and to whom; the key of a segment. Without any of them, everybody from now on."""

    starts_at: Moment | None = None
    ends_at: Moment | None = None
    segment: Annotated[str, Field(max_length=40, examples=["sleeping-gold"])] = ""


class BannerOut(Out):
    """A banner of some time or of some cards; `segment` is its name, empty for one to all cards."""

    id: int
    image: str
    url: str
    segment: str
    starts_at: datetime
    ends_at: datetime | None
    withdrawn_at: datetime | None
    state: State
    author: str
    created_at: datetime


@call(
    "PUT",
    "/programmes/<slug>/banner",
    summary="A new banner, for all cards or for some, for good or for a time",
    scope="designs:write",
    picture=True,
    form=BannerForm,
    gives=PublishedOut,
    guarded=True,
)
@audience("api")
def put(slug: str) -> Mapping[str, Any]:
    """Multipart with one picture called `image` (PNG, JPEG or WebP). Alone it is a new version of the look,
    which everybody sees from now on; restore the version before to undo it. `If-Match` takes the ETag of the
    programme.

    With `starts_at`, `ends_at` or `segment` it stands in for the look's own banner; delete it to undo it.
    """
    known = deps()
    _reach(slug)
    picture, form = picture_sent(), _form()
    sha256 = images.upload(known.db, picture, now=known.now())
    if form.segment:
        return _to_some(slug, sha256, form)
    if form.starts_at or form.ends_at:
        times = {"starts_at": form.starts_at, "ends_at": form.ends_at}
        number = banners.put(known.db, slug, sha256, **times, now=known.now(), author=caller().name)
        return {**published(slug, _newest(slug)), "banner": number}
    designs.set_image(
        known.db, slug, "banner", sha256, now=known.now(), author=caller().name, guard=guarded()
    )
    return published(slug, _newest(slug))


def _form() -> BannerForm:
    said = {name: values for name, values in request.form.to_dict(flat=False).items() if any(values)}
    form = read_query(BannerForm, said)
    assert isinstance(form, BannerForm), "read_query gives what it was asked for"
    return form


def _to_some(slug: str, sha256: str, form: BannerForm) -> Mapping[str, Any]:
    known = deps()
    try:
        number = campaigns.deck(
            known.db,
            known.read,
            slug,
            sha256,
            segment=form.segment,
            starts_at=form.starts_at,
            ends_at=form.ends_at,
            now=known.now(),
            author=caller().name,
        )
    except NotFound as missing:
        raise Invalid({"/segment": missing.message}) from None
    with known.read() as session:
        row = campaigns.one(session, number)
        return {**published(slug, None), "banner": row.content["banner_id"], "campaign": number}


def _newest(slug: str) -> int | None:
    with deps().read() as session:
        rollout = rollouts.latest(session, queries.programme_row(session, slug).id)
        return rollout.id if rollout else None


@call(
    "GET",
    "/programmes/<slug>/banners",
    summary="Banners of a time or of a segment, newest first",
    scope="programmes:read",
    query=Page,
    gives=PageOut[BannerOut],
)
@audience("api")
def listed(slug: str, query: Page) -> Mapping[str, Any]:
    """The look's own banner is in its design."""
    known = deps()
    _reach(slug)
    with known.read() as session:
        found = banners.listed(session, slug, after=query.after, limit=query.limit + 1, now=known.now())
        page = found[: query.limit]
        more = str(page[-1].id) if len(found) > query.limit else None
        return {"items": [_told(each) for each in page], "next_cursor": more}


@call(
    "DELETE",
    "/programmes/<slug>/banners/<banner_id>",
    summary="Take a banner from all cards",
    scope="designs:write",
    gives=BannerOut,
)
@audience("api")
def withdraw(slug: str, banner_id: int) -> Mapping[str, Any]:
    """Cards show their look's own again with their next update; again changes nothing."""
    known = deps()
    _reach(slug)
    banners.withdraw(known.db, slug, banner_id, now=known.now(), author=caller().name)
    with known.read() as session:
        return _told(banners.one(session, banner_id, now=known.now()))


def _reach(slug: str) -> None:
    with deps().read() as session:
        reachable_programme(queries.programme_row(session, slug))


def _told(hung: banners.Hung) -> dict[str, Any]:
    known = deps()
    with known.read() as session:
        kind = images.read(session, hung.image).media_type
    return {**asdict(hung), "url": f"{known.base_url}/media/{hung.image}.{images.EXTENSIONS[kind]}"}
