"""Messages on the back of cards: to one card, or to all of a programme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from app.api.answers import reply
from app.api.calls import call
from app.api.keys import caller, reachable, reachable_programme
from app.api.replies import MessageOut, PageOut
from app.api.requests import Page
from app.audience import audience
from app.deps import deps
from app.domain.programme import Programme
from app.services import messages
from app.services.journal import Once
from app.services.messages import MessageInput, Posted
from app.storage import queries
from app.storage.tables import ProgrammeRow

SOURCE = "api"
EXAMPLE = {
    "header": {"en": "Open again", "ru": "Снова открыто"},
    "body": {"en": "We are back from 9 to 18.", "ru": "Мы снова работаем с 9 до 18."},
    "purpose": "service",
    "loud": True,
}


@call(
    "GET",
    "/programmes/<slug>/messages",
    summary="Messages to all cards, newest first",
    scope="programmes:read",
    query=Page,
    gives=PageOut[MessageOut],
)
@audience("api")
def listed(slug: str, query: Page) -> Mapping[str, Any]:
    """Those that were sent to one card are listed there."""
    with deps().read() as session:
        return _page(session, reachable_programme(queries.programme_row(session, slug)), None, query)


@call(
    "POST",
    "/programmes/<slug>/messages",
    summary="Say something on all cards",
    scope="designs:write",
    takes=MessageInput,
    gives=MessageOut,
    status=201,
    key="optional",
    example=EXAMPLE,
)
@audience("api")
def post(slug: str, body: MessageInput, key: str) -> Response:
    """Shown from `starts_at` (now) to `ends_at` (30 days later). News are shown to members who gave the
    consent `marketing`; `advice` says what to think of.
    """
    with deps().read() as session:
        reachable_programme(queries.programme_row(session, slug))
    return _post(slug, None, body, key)


@call(
    "DELETE",
    "/programmes/<slug>/messages/<message_id>",
    summary="Take a message from all cards",
    scope="designs:write",
    gives=MessageOut,
)
@audience("api")
def withdraw(slug: str, message_id: int) -> Mapping[str, Any]:
    """It leaves the phones with their next update; again changes nothing."""
    with deps().read() as session:
        reachable_programme(queries.programme_row(session, slug))
    return _withdraw(slug, None, message_id)


@call(
    "GET",
    "/cards/<serial>/messages",
    summary="Messages to this card alone, newest first",
    scope="cards:read",
    query=Page,
    gives=PageOut[MessageOut],
)
@audience("api")
def listed_of_card(serial: str, query: Page) -> Mapping[str, Any]:
    """Those to all cards are listed with the programme."""
    with deps().read() as session:
        return _page(session, _programme_of(session, serial), serial, query)


@call(
    "POST",
    "/cards/<serial>/messages",
    summary="Say something on this card",
    scope="cards:write",
    takes=MessageInput,
    gives=MessageOut,
    status=201,
    key="optional",
    example=EXAMPLE,
)
@audience("api")
def post_to_card(serial: str, body: MessageInput, key: str) -> Response:
    """News to a member who did not give the consent `marketing` are refused with 409."""
    with deps().read() as session:
        slug = _programme_of(session, serial).slug
    return _post(slug, serial, body, key)


@call(
    "DELETE",
    "/cards/<serial>/messages/<message_id>",
    summary="Take a message from this card",
    scope="cards:write",
    gives=MessageOut,
)
@audience("api")
def withdraw_from_card(serial: str, message_id: int) -> Mapping[str, Any]:
    """Only one that was sent to this card alone; again changes nothing."""
    with deps().read() as session:
        slug = _programme_of(session, serial).slug
    return _withdraw(slug, serial, message_id)


def _programme_of(session: Session, serial: str) -> ProgrammeRow:
    card = reachable(queries.card_by_serial(session, serial))
    return session.get_one(ProgrammeRow, card.programme_id)


def _post(slug: str, serial: str | None, body: MessageInput, key: str) -> Response:
    known = deps()
    said = {"call": "message", "target": serial or slug, **body.model_dump(mode="json")}
    once = Once(SOURCE, key, said) if key else None
    number, replayed = messages.post_once(
        known.db, slug, body, serial=serial, now=known.now(), author=caller().name, once=once
    )
    headers = {"Idempotency-Replayed": "true"} if replayed else None
    return reply(_one(slug, serial, number), 201, headers)


def _withdraw(slug: str, serial: str | None, number: int) -> Mapping[str, Any]:
    known = deps()
    messages.withdraw(known.db, slug, number, now=known.now(), author=caller().name, serial=serial)
    return _one(slug, serial, number)


def _one(slug: str, serial: str | None, number: int) -> dict[str, Any]:
    known = deps()
    with known.read() as session:
        programme = queries.programme_of(queries.programme_row(session, slug))
        return _answer(messages.one(session, number, now=known.now()), programme)


def _page(session: Session, row: ProgrammeRow, serial: str | None, query: Page) -> dict[str, Any]:
    found = messages.listed(
        session, row.slug, serial=serial, limit=query.limit + 1, after=query.after, now=deps().now()
    )
    shown, programme = found[: query.limit], queries.programme_of(row)
    more = str(shown[-1].id) if len(found) > query.limit else None
    return {"items": [_answer(each, programme) for each in shown], "next_cursor": more}


def _answer(posted: Posted, programme: Programme) -> dict[str, Any]:
    said = asdict(posted)
    google = {"sent": said.pop("google_sent"), "reached": said.pop("google_reached")}
    written = MessageInput(header=posted.header, body=posted.body, purpose=posted.purpose, loud=posted.loud)
    advice = list(messages.advise(written, programme.locales))
    return {**said, "serial": posted.serial or None, "google": google, "advice": advice}
