"""Programmes: made, read, changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from app.api.calls import call
from app.api.keys import caller, reachable_programme
from app.api.problems import Problem
from app.api.replies import PageOut, ProgrammeOut
from app.api.requests import Page, ProgrammePatch
from app.api.tags import Guard, guard, picks
from app.audience import audience
from app.deps import deps
from app.domain.programme import Programme
from app.services import programmes
from app.storage import queries
from app.storage.tables import ProgrammeRow

EXAMPLE = {
    "slug": "cafe",
    "name": "Кофе и мята",
    "currency": "EUR",
    "locales": ["en", "ru"],
    "time_zone": "Europe/Riga",
    "rules": [{"kind": "points", "percent": 10}],
    "apple": {"pass_type_identifier": "pass.example.cafe"},
}
TAG = picks("revision", "design")


@call(
    "POST",
    "/programmes",
    example=EXAMPLE,
    summary="Start a programme",
    scope="programmes:write",
    takes=Programme,
    gives=ProgrammeOut,
    status=201,
)
@audience("api")
def create(body: Programme) -> Mapping[str, Any]:
    """It gets a starter design that fits its rules."""
    known = deps()
    if caller().programme_id is not None:
        raise Problem("forbidden", "This key belongs to one programme and can start no other.")
    programmes.create(known.db, body, now=known.now(), fit_starter=known.fit_starter, author=caller().name)
    return _programme(body.slug)


@call(
    "GET",
    "/programmes",
    summary="Programmes",
    scope="programmes:read",
    query=Page,
    gives=PageOut[ProgrammeOut],
)
@audience("api")
def listed(query: Page) -> Mapping[str, Any]:
    """By slug."""
    with deps().read() as session:
        rows = programmes.listed(session, caller().programme_ids())
        page = rows[query.after : query.after + query.limit]
        end = query.after + len(page)
        return {"items": [_answer(row) for row in page], "next_cursor": str(end) if end < len(rows) else None}


@call(
    "GET", "/programmes/<slug>", summary="A programme", scope="programmes:read", gives=ProgrammeOut, tag=TAG
)
@audience("api")
def read(slug: str) -> Mapping[str, Any]:
    """With its rules, form and texts."""
    return _programme(slug)


@call(
    "PATCH",
    "/programmes/<slug>",
    example={"name": "Кофе и мята", "rules": [{"kind": "points", "percent": 5}]},
    summary="Change a programme",
    scope="programmes:write",
    takes=ProgrammePatch,
    gives=ProgrammeOut,
    tag=TAG,
    guarded=True,
)
@audience("api")
def change(slug: str, body: BaseModel) -> Mapping[str, Any]:
    """Keys that are given are replaced whole; all cards follow in the background.

    `If-Match` with the ETag that you read refuses it where somebody else was faster.
    """
    known = deps()
    check = guarded()
    with known.read() as session:
        row = reachable_programme(queries.programme_row(session, slug))
        if check:
            check(row)
    patch = body.model_dump(mode="json", include=body.model_fields_set)
    if patch:
        programmes.change(known.db, slug, patch, now=known.now(), author=caller().name, guard=check)
    return _programme(slug)


def guarded() -> Guard | None:
    """What refuses to change a programme that somebody changed since the caller read it."""
    return guard(lambda row: {"revision": row.revision, "design": row.design_id})


def _programme(slug: str) -> dict[str, Any]:
    with deps().read() as session:
        return _answer(reachable_programme(queries.programme_row(session, slug)))


def _answer(row: ProgrammeRow) -> dict[str, Any]:
    return {
        **queries.programme_of(row).model_dump(),
        "revision": row.revision,
        "design": row.design_id,
        "links": {"join": f"{deps().base_url}/join/{row.slug}"},
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
