"""Outbound webhooks: endpoints, what was sent to them and how they answered, sending again, the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.api.calls import call
from app.api.keys import caller, reachable_programme
from app.api.replies import PageOut
from app.api.requests import Nothing, Page
from app.api.tags import guard, picks
from app.api.webhook_types import (
    HOOK,
    EndpointIn,
    EndpointOut,
    EndpointPatch,
    EventKindsOut,
    GoneEndpointOut,
    MessageQuery,
    NewEndpointOut,
    ReplayedOut,
    ReplayIn,
    RotateIn,
    SecretOut,
    WebhookMessageOut,
)
from app.audience import audience
from app.deps import deps
from app.services.webhooks import endpoints, replaying
from app.services.webhooks.catalogue import EVENTS, EXAMPLE
from app.services.webhooks.endpoints import EndpointChange, NewEndpoint
from app.storage import queries
from app.storage.tables import HookSource, ProgrammeRow, WebhookAttempt, WebhookEndpoint, WebhookMessage

SCOPE = "webhooks:write"
_CHANGEABLE = ("url", "kinds", "description", "member_data", "state")
_SHOWN: Mapping[str, Any] = {
    "id": 3,
    **HOOK,
    "source": "",
    "member_data": False,
    "state": "active",
    "disabled_reason": "",
    "failing_since": None,
    "last_ok_at": "2026-03-02T09:00:07Z",
    "former_until": None,
    "created_at": "2026-03-01T10:00:00Z",
    "changed_at": "2026-03-01T10:00:00Z",
}
_SECRET = "whsec_bm90IGEgc2VjcmV0LCBidXQgYW4gZXhhbXBsZQ=="
_MESSAGE: Mapping[str, Any] = {
    "id": "msg_3_1718",
    "event": 1718,
    "type": "purchase",
    "state": "pending",
    "due_at": "2026-03-02T09:00:05Z",
    "last_status": 503,
    "last_error": "it answered 503",
    "created_at": "2026-03-02T09:00:00Z",
    "delivered_at": None,
    "attempts": [
        {
            "at": "2026-03-02T09:00:00Z",
            "status": 503,
            "took_ms": 41,
            "error": "it answered 503",
            "answer": "Back soon",
        }
    ],
}
_TAG = picks(*_CHANGEABLE)


@call(
    "POST",
    "/webhook-endpoints",
    summary="Let an address hear of events",
    scope=SCOPE,
    takes=EndpointIn,
    gives=NewEndpointOut,
    status=201,
    example=HOOK,
    answer={**_SHOWN, "secret": _SECRET},
)
@audience("api")
def create(body: EndpointIn) -> Mapping[str, Any]:
    """The secret is shown this once. An address in a private network is refused."""
    known = deps()
    with known.read() as session:
        reachable_programme(queries.programme_row(session, body.programme))
    new = NewEndpoint(**body.model_dump(), author=caller().name)
    made, secret = endpoints.create(
        known.db,
        new,
        now=known.now(),
        check=known.outside.check,
        seal=known.seal,
        connectors=known.connectors,
    )
    return {**_one(made), "secret": secret}


@call(
    "GET",
    "/webhook-endpoints",
    summary="Endpoints",
    scope=SCOPE,
    query=Page,
    gives=PageOut[EndpointOut],
    answer={"items": [_SHOWN], "next_cursor": None},
)
@audience("api")
def listed(query: Page) -> Mapping[str, Any]:
    """The oldest first, without their secrets."""
    with deps().read() as session:
        mine = caller().programme_ids()
        rows = endpoints.listed(session, mine, after_id=query.after, limit=query.limit + 1)
    page = rows[: query.limit]
    more = str(page[-1][0].id) if len(rows) > len(page) else None
    return {"items": [_told(*each) for each in page], "next_cursor": more}


@call(
    "GET",
    "/webhook-endpoints/<endpoint_id>",
    summary="An endpoint",
    scope=SCOPE,
    gives=EndpointOut,
    tag=_TAG,
    answer=_SHOWN,
)
@audience("api")
def read(endpoint_id: int) -> Mapping[str, Any]:
    """How it is: when it last took something, since when it fails, why it was disabled."""
    return _one(endpoint_id)


@call(
    "PATCH",
    "/webhook-endpoints/<endpoint_id>",
    summary="Change, pause or bring back an endpoint",
    scope=SCOPE,
    takes=EndpointPatch,
    gives=EndpointOut,
    tag=_TAG,
    guarded=True,
    example={"state": "paused"},
    answer={**_SHOWN, "state": "paused"},
)
@audience("api")
def change(endpoint_id: int, body: EndpointPatch) -> Mapping[str, Any]:
    """What is not named stays. A paused endpoint misses nothing: its events wait up to 30 days.

    `If-Match` with the ETag that you read refuses it where somebody else was faster.
    """
    known = deps()
    endpoints.change(
        known.db,
        endpoint_id,
        EndpointChange(**body.model_dump()),
        caller().programme_ids(),
        now=known.now(),
        check=known.outside.check,
        guard=guard(_changeable),
    )
    return _one(endpoint_id)


def _changeable(row: WebhookEndpoint) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _CHANGEABLE}


@call(
    "DELETE",
    "/webhook-endpoints/<endpoint_id>",
    summary="Take an endpoint away",
    scope=SCOPE,
    gives=GoneEndpointOut,
    answer={"id": 3},
)
@audience("api")
def delete(endpoint_id: int) -> Mapping[str, Any]:
    """With all that waits for it and all that was kept of it."""
    endpoints.remove(deps().db, endpoint_id, caller().programme_ids(), now=deps().now())
    return {"id": endpoint_id}


@call(
    "POST",
    "/webhook-endpoints/<endpoint_id>/secret",
    summary="A new secret, with an overlap",
    scope=SCOPE,
    takes=RotateIn,
    optional_body=True,
    gives=SecretOut,
    example={"hours": 24},
    answer={"secret": _SECRET, "former_until": "2026-03-03T09:00:00Z"},
)
@audience("api")
def rotate(endpoint_id: int, body: RotateIn) -> Mapping[str, Any]:
    """For `hours` every webhook has a signature of both, so a receiver changes over without losing any."""
    known = deps()
    mine = caller().programme_ids()
    secret = endpoints.rotate(known.db, endpoint_id, mine, now=known.now(), hours=body.hours, seal=known.seal)
    return {"secret": secret, "former_until": _one(endpoint_id)["former_until"]}


@call(
    "GET",
    "/webhook-endpoints/<endpoint_id>/attempts",
    summary="What was sent, and how it was answered",
    scope=SCOPE,
    query=MessageQuery,
    gives=PageOut[WebhookMessageOut],
    answer={"items": [_MESSAGE], "next_cursor": None},
)
@audience("api")
def attempts(endpoint_id: int, query: MessageQuery) -> Mapping[str, Any]:
    """Messages of the last 30 days, the newest first, each with all its tries."""
    with deps().read() as session:
        endpoints.reached(session, endpoint_id, caller().programme_ids())
        rows = replaying.messages(
            session, endpoint_id, state=query.state, before_id=query.after, limit=query.limit + 1
        )
        page = rows[: query.limit]
        tried = replaying.attempts(session, [row.id for row in page])
    more = str(page[-1].id) if len(rows) > len(page) else None
    return {"items": [_message(row, tried[row.id]) for row in page], "next_cursor": more}


@call(
    "POST",
    "/webhook-endpoints/<endpoint_id>/replay",
    summary="Send again",
    scope=SCOPE,
    takes=ReplayIn,
    gives=ReplayedOut,
    status=202,
    example={"since": "2026-03-02T09:00:00Z"},
    answer={"messages": 42},
)
@audience("api")
def replay(endpoint_id: int, body: ReplayIn) -> Mapping[str, Any]:
    """Each with the `webhook-id` that it had, so a receiver knows what it has. `since` also sends what the
    endpoint never got, because it was disabled then.
    """
    known, mine = deps(), caller().programme_ids()
    if body.message is not None:
        done = replaying.replay_one(known.db, endpoint_id, body.message, mine, now=known.now())
    elif body.since is not None:
        done = replaying.replay_since(known.db, endpoint_id, body.since, mine, now=known.now())
    else:
        done = replaying.replay_failed(known.db, endpoint_id, mine, now=known.now())
    return {"messages": done}


@call(
    "POST",
    "/webhook-endpoints/<endpoint_id>/test",
    summary="Send a ping",
    scope=SCOPE,
    takes=Nothing,
    optional_body=True,
    gives=WebhookMessageOut,
    status=202,
    answer={**_MESSAGE, "type": "ping", "attempts": [], "last_status": None, "last_error": ""},
)
@audience("api")
def test(endpoint_id: int, body: Nothing) -> Mapping[str, Any]:
    """To this endpoint alone; what came of it stands in its attempts a moment later."""
    known = deps()
    made = endpoints.ping(known.db, endpoint_id, caller().programme_ids(), now=known.now())
    with known.read() as session:
        return _message(session.get_one(WebhookMessage, made), ())


@call(
    "GET",
    "/webhook-events",
    summary="Events that there are",
    scope=SCOPE,
    gives=EventKindsOut,
    answer={
        "items": [{"type": "tier.up", "says": "The tier rose.", "changed": {"from": "silver", "to": "gold"}}],
        "example": EXAMPLE,
    },
)
@audience("api")
def kinds() -> Mapping[str, Any]:
    """What an endpoint may choose, and a whole example of what is sent."""
    items = [{"type": each.name, "says": each.says, "changed": each.changed} for each in EVENTS]
    return {"items": items, "example": EXAMPLE}


def _one(endpoint_id: int) -> dict[str, Any]:
    with deps().read() as session:
        row = endpoints.reached(session, endpoint_id, caller().programme_ids())
        return _told(row, *_names(session, row))


def _names(session: Session, row: WebhookEndpoint) -> tuple[str, str]:
    source = session.get(HookSource, row.source_id) if row.source_id else None
    return session.get_one(ProgrammeRow, row.programme_id).slug, source.slug if source else ""


def _told(row: WebhookEndpoint, programme: str, source: str) -> dict[str, Any]:
    names = [name for name in EndpointOut.model_fields if name not in ("programme", "source")]
    return {name: getattr(row, name) for name in names} | {"programme": programme, "source": source}


def _message(row: WebhookMessage, tried: Sequence[WebhookAttempt]) -> dict[str, Any]:
    names = ("state", "due_at", "last_status", "last_error", "created_at", "delivered_at")
    told = {name: getattr(row, name) for name in names}
    about = ("at", "status", "took_ms", "error", "answer")
    made = [{name: getattr(each, name) for name in about} for each in tried]
    return {"id": row.public_id, "event": row.event_id, "type": row.kind, **told, "attempts": made}
