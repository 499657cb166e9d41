"""Sources of inbound webhooks, and the events that came from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.api.calls import call
from app.api.keys import caller, reachable_programme
from app.api.replies import EventOut, NewSourceOut, PageOut, SourceOut
from app.api.requests import EventQuery, Nothing, Page, SourceIn
from app.audience import audience
from app.deps import deps
from app.domain.errors import NotFound
from app.services import crm
from app.services.crm import NewSource
from app.storage import queries
from app.storage.tables import HookEvent, HookSource


@call(
    "POST",
    "/sources",
    summary="Let a system send webhooks",
    scope="sources:write",
    takes=SourceIn,
    gives=NewSourceOut,
    status=201,
)
@audience("api")
def create(body: SourceIn) -> Mapping[str, Any]:
    """The secret is shown this once."""
    known = deps()
    with known.read() as session:
        reachable_programme(queries.programme_row(session, body.programme))
    new = NewSource(body.slug, body.programme, body.kind, body.secret, body.mapping)
    secret = crm.create_source(known.db, new, known.connectors, known.seal, now=known.now())
    with known.read() as session:
        row = crm.source_called(session, body.slug)
        assert row is not None, "it was made above"
        return {**_source(row, body.programme), "secret": secret}


@call("GET", "/sources", summary="Sources", scope="sources:write", query=Page, gives=PageOut[SourceOut])
@audience("api")
def listed(query: Page) -> Mapping[str, Any]:
    """By slug, without their secrets."""
    with deps().read() as session:
        rows = crm.sources(session, caller().programme_ids())
    page = rows[query.after : query.after + query.limit]
    end = query.after + len(page)
    more = str(end) if end < len(rows) else None
    return {"items": [_source(row, slug) for row, slug in page], "next_cursor": more}


@call(
    "GET",
    "/sources/<source_id>/events",
    summary="What a source sent, newest first",
    scope="sources:write",
    query=EventQuery,
    gives=PageOut[EventOut],
)
@audience("api")
def events(source_id: int, query: EventQuery) -> Mapping[str, Any]:
    """`received` waits, `applied` is done, `dead` says why it cannot be."""
    with deps().read() as session:
        _reach(session, source_id)
        rows = crm.events(session, source_id, state=query.state, before_id=query.after, limit=query.limit + 1)
    page = rows[: query.limit]
    more = str(page[-1].id) if len(rows) > len(page) else None
    return {"items": [_event(row) for row in page], "next_cursor": more}


@call(
    "POST",
    "/events/<event_id>/replay",
    summary="Apply an event again",
    scope="sources:write",
    takes=Nothing,
    optional_body=True,
    gives=EventOut,
    status=202,
)
@audience("api")
def replay(event_id: int, body: Nothing) -> Mapping[str, Any]:
    """What it did before is recalled and not done twice."""
    crm.replay(deps().db, event_id, now=deps().now(), programme_ids=caller().programme_ids())
    with deps().read() as session:
        return _event(session.get_one(HookEvent, event_id))


def _reach(session: Session, source_id: int) -> None:
    row = session.get(HookSource, source_id)
    if row is None or caller().programme_id not in (None, row.programme_id):
        raise NotFound("There is no such source.", source=source_id)


def _source(row: HookSource, programme: str) -> dict[str, Any]:
    names = ("id", "slug", "kind", "mapping", "created_at", "paused_at")
    given = {name: getattr(row, name) for name in names}
    return {**given, "programme": programme, "url": f"{deps().base_url}/hooks/{row.slug}"}


def _event(row: HookEvent) -> dict[str, Any]:
    names = ("id", "state", "content_type", "result", "last_error", "attempts")
    times = ("received_at", "due_at", "applied_at")
    body = crm.open_body(row.body, deps().unseal).decode("utf-8", "replace")
    return {name: getattr(row, name) for name in (*names, *times)} | {"key": row.dedup_key, "body": body}
