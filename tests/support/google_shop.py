"""What tests of Google do and look at, with the whole service and Google across the wire."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from app.services import cards, members, messages
from app.services.messages import MessageInput
from app.storage.tables import Chore, GoogleMessage, GoogleNotice, GoogleObject
from tests.support.google_server import ISSUER
from tests.support.service import Service


def add_url(service: Service, serial: str) -> str:
    """What the card's page does when somebody follows its Google link."""
    with service.parts.deps.read() as session:
        card = cards.current_pass(session, service.card(serial), service.clock.now())
    return service.google_wallet.add_url(card)


def holder(service: Service, name: str = "Anna", *, phone: str = "anna") -> str:
    """A customer whose card is saved on an Android phone, and in step."""
    serial = service.customer(name)
    token = add_url(service, serial).rpartition("/")[2]
    service.google.state.save_link(token, phone)
    wait_until(lambda: row(service, serial).saved_at is not None)
    service.works()
    return serial


def wait_until(true: Callable[[], bool], *, most_s: float = 30.0) -> None:
    """Callbacks come from Google's own thread."""
    waiting = threading.Event()
    for _ in range(int(most_s / 0.02)):
        if true():
            return
        waiting.wait(0.02)
    raise AssertionError("it never came true")


def row(service: Service, serial: str) -> GoogleObject:
    with service.parts.deps.read() as session:
        return session.get_one(GoogleObject, service.card(serial).id)


def shown(service: Service, serial: str) -> dict[str, Any]:
    """Google's object."""
    found: dict[str, Any] = service.google.state.view(f"{ISSUER}.{serial}")["object"]
    return found


def look(service: Service, serial: str) -> dict[str, Any]:
    """Google's class of the card."""
    found: dict[str, Any] = service.google.state.view(f"{ISSUER}.{serial}")["class"]
    return found


def said(body: dict[str, Any]) -> list[tuple[str, str]]:
    """(header, type) of the messages of an object or class."""
    return [(one["header"], one["messageType"]) for one in body.get("messages", [])]


def calls(service: Service, since: int = 0) -> list[tuple[str, str]]:
    """(method, what) of what Google was asked, sign-ins left out: kind, and `addMessage` where it is one."""
    made = list(service.google.state.requests)[since:]
    rest = [
        (one["method"], one["path"].partition("?")[0].split("/"))
        for one in made
        if "/walletobjects/" in one["path"]
    ]
    return [(method, f"{path[3]}/addMessage" if len(path) > 5 else path[3]) for method, path in rest]


def so_far(service: Service) -> int:
    return len(service.google.state.requests)


def says(service: Service, header: str = "Hello", serial: str | None = None, **about: Any) -> int:
    """The shop says something: to one card, or to all."""
    message = MessageInput(header=header, body=f"{header}: read on.", **about)
    return messages.post(
        service.parts.deps.db, "cafe", message, serial=serial, now=service.clock.now(), author="marta"
    )


def takes_back(service: Service, number: int) -> None:
    messages.withdraw(service.parts.deps.db, "cafe", number, now=service.clock.now())


def agrees(service: Service, serial: str, granted: bool = True) -> None:
    """The member decides about news."""
    now, card = service.clock.now(), service.card(serial)
    with service.parts.deps.db.begin() as session:
        members.consent(session, card.member_id, [{"purpose": "marketing", "granted": granted}], "test", now)


def kept_messages(service: Service) -> dict[tuple[str, str], tuple[bool, bool]]:
    """(target, id) -> (confirmed, loud) of what we know to have told."""
    with service.parts.deps.read() as session:
        rows = session.scalars(select(GoogleMessage)).all()
        return {(one.target, one.message_id): (bool(one.body_hash), one.loud) for one in rows}


def turns(service: Service, kind: str) -> int:
    """How many notices of a kind are remembered."""
    with service.parts.deps.read() as session:
        return len(session.scalars(select(GoogleNotice.id).where(GoogleNotice.kind == kind)).all())


def chore(service: Service, name: str) -> Chore:
    with service.parts.deps.read() as session:
        return session.get_one(Chore, name)


class Buzzes:
    """Hears which phones buzzed, as people would."""

    def __init__(self, service: Service) -> None:
        self.heard: list[tuple[str, str]] = []
        service.google.state.subscribe(self._hear)

    def _hear(self, event: dict[str, Any]) -> None:
        if event.get("notify") and "object_id" in event:
            self.heard.append((event["object_id"].partition(".")[2], event["notify"]))
