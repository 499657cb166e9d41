"""Messages on the back of cards: written, looked at, sent, withdrawn; nothing is sent unseen."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.audience import audience
from app.deps import deps
from app.domain.errors import Conflict, Invalid, KeyReused
from app.domain.messages import ADVICE, advise
from app.i18n import gettext as _
from app.services import messages
from app.services.inputs import faults_of
from app.services.journal import Once
from app.services.message_reach import Reached, reach_of_message
from app.services.messages import MessageInput
from app.storage.tables import Card
from app.web.auth import staff_only
from app.web.fault_words import faults_in_words
from app.web.security import limiter
from app.web.studio_room import Room, bp, room_of
from app.web.theme import theme_of
from app.web.till_find import find

Typed = dict[str, str]


@dataclass(slots=True)
class Draft:
    """What was typed, what is wrong with it, and, once nothing is, the message with whom it reaches."""

    typed: Typed
    faults: dict[str, str] = field(default_factory=dict)
    message: MessageInput | None = None
    card: Card | None = None
    reached: Reached | None = None
    advice: tuple[str, ...] = ()


@bp.get("/studio/<slug>/messages", endpoint="messages")
@audience("marketer")
@staff_only("marketer")
def message_list(slug: str) -> Any:
    """The messages, the newest first, and an empty one to be written."""
    with deps().read() as db:
        room = room_of(db, slug)
    return _page(room, Draft({"to": "all", "purpose": "service", "loud": ""}))


@bp.post("/studio/<slug>/messages")
@audience("marketer")
@limiter.limit("60 per minute")
@staff_only("marketer")
def write_message(slug: str) -> Any:
    """Look at it (`act` look), or send it; the same form sent twice is one message."""
    with deps().read() as db:
        room = room_of(db, slug)
        draft = _draft(db, room, request.form)
    if draft.faults or request.form.get("act") != "send" or draft.message is None:
        return _page(room, draft), 422 if draft.faults else 200
    try:
        _send(slug, draft.message, draft)
    except Invalid as error:
        draft.faults = faults_in_words(error.faults)
    except Conflict:
        draft.faults = {"/number": _("This customer has not agreed to news.")}
    except KeyReused:
        draft.faults = {"": _("This message was sent already. To say something else, write a new one.")}
    if draft.faults:
        return _page(room, draft), 422
    flash(_("The message is on its way to the phones."))
    return redirect(url_for("studio.messages", slug=slug), 303)


def _send(slug: str, message: MessageInput, draft: Draft) -> None:
    serial = draft.card.serial if draft.card else None
    said = {**message.model_dump(mode="json"), "serial": serial}
    once = Once("studio", f"{slug}:{draft.typed['key']}", said)
    messages.post_once(
        deps().db, slug, message, serial=serial, now=deps().now(), author=g.staff.name, once=once
    )


@bp.post("/studio/<slug>/messages/<int:number>/withdraw")
@audience("marketer")
@staff_only("marketer")
def withdraw_message(slug: str, number: int) -> Any:
    """Take a message back; again changes nothing."""
    with deps().read() as db:
        room_of(db, slug)
    messages.withdraw(deps().db, slug, number, now=deps().now(), author=g.staff.name)
    flash(_("The message is withdrawn. It leaves the phones as they ask."))
    return redirect(url_for("studio.messages", slug=slug), 303)


def _draft(db: Session, room: Room, form: Mapping[str, str]) -> Draft:
    names = ("to", "number", "purpose", "loud", "starts_at", "ends_at", "key")
    words = [f"{part}/{locale}" for part in ("header", "body") for locale in room.programme.locales]
    draft = Draft({name: form.get(name, "").strip()[:2000] for name in (*names, *words)})
    draft.card = _card(db, room, draft)
    try:
        draft.message = _message(room, draft.typed)
    except Invalid as error:
        draft.faults |= faults_in_words(error.faults)
    if draft.message is not None and not draft.faults:
        now, purpose = deps().now(), draft.message.purpose
        draft.reached = reach_of_message(db, room.row, purpose, draft.card, now)
        draft.advice = tuple(ADVICE[code] for code in advise(draft.message, room.programme.locales))
    return draft


def _card(db: Session, room: Room, draft: Draft) -> Card | None:
    if draft.typed["to"] != "one":
        return None
    found = find(db, draft.typed["number"], [room.row.id])
    if len(found) != 1:
        draft.faults["/number"] = _("There is no card with this number in the programme.")
        return None
    return found[0]


def _message(room: Room, typed: Typed) -> MessageInput:
    raw: dict[str, Any] = {"purpose": typed["purpose"] or "service", "loud": bool(typed["loud"])}
    for part in ("header", "body"):
        said = {locale: typed[f"{part}/{locale}"] for locale in room.programme.locales}
        raw[part] = {locale: text.replace("\r\n", "\n") for locale, text in said.items() if text}
    for name in ("starts_at", "ends_at"):
        if typed[name]:
            raw[name] = _moment(typed[name], room.programme.zone)
    try:
        return MessageInput.model_validate(raw)
    except ValidationError as error:
        raise Invalid(faults_of(error, raw)) from None


def _moment(text: str, zone: tzinfo) -> Any:
    """A time as a browser sends it, which is the shop's; anything else is left to the model to refuse."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text
    return when if when.tzinfo else when.replace(tzinfo=zone)


def _page(room: Room, draft: Draft) -> str:
    now = deps().now()
    with deps().read() as db:
        listed = messages.listed(db, room.programme.slug, limit=50, now=now)
        everyone = reach_of_message(db, room.row, "service", None, now)
        willing = reach_of_message(db, room.row, "news", None, now)
    draft.typed["key"] = draft.typed.get("key") or secrets.token_urlsafe(12)
    return render_template(
        "studio_messages.html",
        room=room,
        draft=draft,
        listed=listed,
        everyone=everyone,
        willing=willing,
        theme=theme_of(room.design.palette),
    )
