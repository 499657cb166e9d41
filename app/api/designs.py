"""Designs and pictures: drafts, publishing, the way back, the banner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from sqlalchemy.orm import Session

from app.api.calls import MOST_PICTURE_BYTES, call
from app.api.keys import caller, reachable_programme
from app.api.problems import Problem
from app.api.replies import DesignOut, DesignSummary, ImportedOut, PageOut, PictureOut, PublishedOut
from app.api.requests import DesignQuery, Page
from app.audience import audience
from app.deps import deps
from app.domain.design import Design
from app.domain.errors import Invalid, NotFound
from app.services import designs, images, importing
from app.storage import queries
from app.storage.tables import DesignRow, ProgrammeRow


@call(
    "GET",
    "/programmes/<slug>/designs",
    summary="Versions of a programme's look, newest first",
    scope="programmes:read",
    query=Page,
    gives=PageOut[DesignSummary],
)
@audience("api")
def listed(slug: str, query: Page) -> Mapping[str, Any]:
    """Drafts and published versions."""
    with deps().read() as session:
        programme = _reach(session, slug)
        rows = designs.history(session, slug, limit=query.after + query.limit + 1)[query.after :]
        page = rows[: query.limit]
        more = str(query.after + len(page)) if len(rows) > len(page) else None
        return {"items": [_summary(row, programme) for row in page], "next_cursor": more}


@call(
    "POST",
    "/programmes/<slug>/designs",
    summary="Keep a draft",
    scope="designs:write",
    takes=Design,
    query=DesignQuery,
    gives=DesignOut,
    status=201,
)
@audience("api")
def draft(slug: str, body: Design, query: DesignQuery) -> Mapping[str, Any]:
    """Nobody sees it before it is published."""
    known = deps()
    with known.read() as session:
        _reach(session, slug)
    made = designs.draft(known.db, slug, body, now=known.now(), author=caller().name, note=query.note)
    return _design(slug, made)


@call(
    "POST",
    "/programmes/<slug>/designs/import",
    summary="A draft from a pass or template made elsewhere",
    scope="designs:write",
    picture=True,
    part="pass",
    gives=ImportedOut,
    status=201,
)
@audience("api")
def import_draft(slug: str) -> Mapping[str, Any]:
    """Multipart with one file called `pass`: a .pkpass, or a zipped .pkpasstemplate of Pass Designer.

    `notes` say what could not be carried over, and what to look at before publishing.
    """
    known = deps()
    with known.read() as session:
        _reach(session, slug)
    if known.import_design is None:
        raise NotFound("No wallet here reads looks of others.")
    found = known.import_design(_file("pass"))
    kept = importing.keep(known.db, slug, found, now=known.now(), author=caller().name)
    return {"design": _design(slug, kept.design_id), "notes": [str(each) for each in kept.notes]}


@call(
    "GET",
    "/programmes/<slug>/designs/<design_id>",
    summary="A version of a look, whole",
    scope="programmes:read",
    gives=DesignOut,
)
@audience("api")
def read(slug: str, design_id: int) -> Mapping[str, Any]:
    """`design` may be changed and sent again as a new draft."""
    return _design(slug, design_id)


@call(
    "POST",
    "/programmes/<slug>/designs/<design_id>/publish",
    summary="Make a draft the look of all cards",
    scope="designs:write",
    gives=PublishedOut,
)
@audience("api")
def publish(slug: str, design_id: int) -> Mapping[str, Any]:
    """422 lists what should be mended first; the cards follow in the background."""
    _design(slug, design_id)
    rollout = designs.publish(deps().db, slug, design_id, now=deps().now(), author=caller().name)
    return published(slug, rollout)


@call(
    "POST",
    "/programmes/<slug>/designs/<design_id>/restore",
    summary="Go back to an earlier look",
    scope="designs:write",
    gives=PublishedOut,
)
@audience("api")
def restore(slug: str, design_id: int) -> Mapping[str, Any]:
    """Published again, as a new version."""
    _design(slug, design_id)
    rollout = designs.restore(deps().db, slug, design_id, now=deps().now(), author=caller().name)
    return published(slug, rollout)


@call(
    "POST",
    "/images",
    summary="Upload a picture for a design",
    scope="designs:write",
    picture=True,
    gives=PictureOut,
    status=201,
)
@audience("api")
def upload() -> Mapping[str, Any]:
    """Multipart with one picture called `image`; a design names it by `sha256`."""
    known = deps()
    sha256 = images.upload(known.db, picture_sent(), now=known.now())
    with known.read() as session:
        kind = images.read(session, sha256).media_type
    return {"sha256": sha256, "url": f"{known.base_url}/media/{sha256}.{images.EXTENSIONS[kind]}"}


def picture_sent() -> bytes:
    """The bytes of the picture that came along; raises Problem and Invalid."""
    return _file("image")


def _file(name: str) -> bytes:
    """The bytes of a part; read no further than the limit."""
    if request.mimetype != "multipart/form-data":
        raise Problem("unsupported-media-type", f"Send the file as multipart/form-data, in a part `{name}`.")
    part = request.files.get(name)
    if part is None:
        raise Invalid({f"/{name}": "is required"})
    data = part.stream.read(MOST_PICTURE_BYTES + 1)
    if len(data) > MOST_PICTURE_BYTES:
        raise Problem("too-large")
    return data


def _reach(session: Session, slug: str) -> ProgrammeRow:
    return reachable_programme(queries.programme_row(session, slug))


def _design(slug: str, design_id: int) -> dict[str, Any]:
    with deps().read() as session:
        programme = _reach(session, slug)
        row = queries.design_row(session, programme, design_id)
        look = queries.design_of(row)
        said = {"design": look.model_dump(mode="json"), "advice": designs.advice_for(look)}
        return {**_summary(row, programme), **said}


def published(slug: str, rollout: int | None) -> dict[str, Any]:
    """The look that cards have now, and the walk that brings it to them."""
    with deps().read() as session:
        programme = queries.programme_row(session, slug)
        return {"design": _summary(queries.design_row(session, programme), programme), "rollout": rollout}


def _summary(row: DesignRow, programme: ProgrammeRow) -> dict[str, Any]:
    names = ("id", "version", "note", "author", "created_at", "published_at")
    return {name: getattr(row, name) for name in names} | {"current": row.id == programme.design_id}
