"""Sources of inbound webhooks, and the events that came from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.api.calls import call
from app.api.keys import caller, reachable_programme
from app.api.replies import EventOut, PageOut
from app.api.requests import EventQuery, Nothing, Page
from app.api.source_types import (
    NewSourceOut,
    ReplayedOut,
    ReplayIn,
    RotateIn,
    SecretOut,
    SourceIn,
    SourceOut,
    SourcePatch,
    TriedOut,
    TryIn,
)
from app.api.tags import guard, picks
from app.audience import audience
from app.deps import deps
from app.domain.errors import NotFound
from app.services import crm
from app.services.crm import NewSource, SourceChange, trying
from app.services.ports import Stored
from app.storage import queries
from app.storage.tables import HookEvent, HookSource, ProgrammeRow


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
    new = NewSource(**body.model_dump())
    check = known.outside.check
    secret = crm.create_source(known.db, new, known.connectors, known.seal, now=known.now(), check_url=check)
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
    "/sources/<source_id>",
    summary="A source",
    scope="sources:write",
    gives=SourceOut,
    tag=picks("revision"),
)
@audience("api")
def read(source_id: int) -> Mapping[str, Any]:
    """As it is set up now, without its secrets."""
    with deps().read() as session:
        return _told(session, source_id)


@call(
    "PATCH",
    "/sources/<source_id>",
    summary="Change how a source is read, called and watched, or pause it",
    scope="sources:write",
    takes=SourcePatch,
    gives=SourceOut,
    tag=picks("revision"),
    guarded=True,
)
@audience("api")
def change(source_id: int, body: SourcePatch) -> Mapping[str, Any]:
    """While it is paused, what comes is kept; it is applied in order when the pause ends."""
    known, mine, now = deps(), caller().programme_ids(), deps().now()
    said = body.model_dump(exclude={"paused"})
    crm.change_source(
        known.db,
        source_id,
        SourceChange(**said),
        known.connectors,
        known.seal,
        now=now,
        programme_ids=mine,
        check_url=known.outside.check,
        fits=guard(lambda row: {"revision": row.revision}),
    )
    if body.paused is True:
        crm.pause(known.db, source_id, now=now, programme_ids=mine)
    elif body.paused is False:
        crm.resume(known.db, source_id, programme_ids=mine)
    return read(source_id)


@call(
    "POST",
    "/sources/<source_id>/secret",
    summary="Give a source a new secret",
    scope="sources:write",
    takes=RotateIn,
    optional_body=True,
    gives=SecretOut,
    status=201,
)
@audience("api")
def rotate(source_id: int, body: RotateIn) -> Mapping[str, Any]:
    """The one before it is good for some hours longer, until the system has the new one."""
    known, overlap = deps(), timedelta(hours=body.overlap_hours)
    now = known.now()
    secret = crm.rotate_secret(
        known.db,
        source_id,
        known.seal,
        now=now,
        overlap=overlap,
        secret=body.secret,
        programme_ids=caller().programme_ids(),
    )
    return {"secret": secret, "former_until": now + overlap}


@call(
    "POST",
    "/sources/<source_id>/replay",
    summary="Apply many events again",
    scope="sources:write",
    takes=ReplayIn,
    optional_body=True,
    gives=ReplayedOut,
    status=202,
)
@audience("api")
def replay_many(source_id: int, body: ReplayIn) -> Mapping[str, Any]:
    """Since a time, all that are dead, or those that are named; nothing is done twice."""
    done = crm.replay_many(
        deps().db,
        source_id,
        now=deps().now(),
        since=body.since,
        state=body.state,
        event_ids=body.events,
        programme_ids=caller().programme_ids(),
    )
    return {"replayed": done}


@call(
    "POST",
    "/sources/<source_id>/try",
    summary="What a call would do, before it does it",
    scope="sources:write",
    takes=TryIn,
    gives=TriedOut,
)
@audience("api")
def attempt(source_id: int, body: TryIn) -> Mapping[str, Any]:
    """A pasted sample goes through connector and mapping; nothing is stored, and no signature is needed."""
    known = deps()
    with known.read() as session:
        row = _reach(session, source_id)
    connector = known.connectors.get(row.kind)
    if connector is None:
        raise NotFound(f"There is no connector '{row.kind}' here.", source=source_id)
    stored = Stored(body.body.encode(), body.topic, body.content_type, known.now())
    trial = trying.attempt(known.read, row, connector, stored, now=known.now(), mapping=body.mapping)
    return {
        "actions": [_tried(each) for each in trial.actions],
        "asks": list(trial.asks),
        "faults": _listed(trial.faults or {}),
    }


def _tried(each: trying.Tried) -> dict[str, Any]:
    action = each.action
    told = {"kind": action.kind, "body": dict(action.body), "card": each.card, "says": each.says}
    return {**told, "faults": _listed(each.faults)}


def _listed(faults: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"pointer": where, "detail": words} for where, words in faults.items()]


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


def _reach(session: Session, source_id: int) -> HookSource:
    row = session.get(HookSource, source_id)
    if row is None or caller().programme_id not in (None, row.programme_id):
        raise NotFound("There is no such source.", source=source_id)
    return row


def _told(session: Session, source_id: int) -> dict[str, Any]:
    row = _reach(session, source_id)
    return _source(row, session.get_one(ProgrammeRow, row.programme_id).slug)


def _source(row: HookSource, programme: str) -> dict[str, Any]:
    names = ("id", "slug", "kind", "mapping", "settings", "quiet_after_s", "revision")
    times = ("created_at", "paused_at", "polled_at", "poll_error")
    given = {name: getattr(row, name) for name in (*names, *times)}
    url = f"{deps().base_url}/hooks/{row.slug}"
    return {**given, "programme": programme, "url": url, "has_token": bool(row.token)}


def _event(row: HookEvent) -> dict[str, Any]:
    names = ("id", "state", "content_type", "result", "last_error", "attempts")
    times = ("received_at", "due_at", "applied_at")
    body = crm.shown_body(row, deps().unseal)
    return {name: getattr(row, name) for name in (*names, *times)} | {"key": row.dedup_key, "body": body}
