"""Forgetting a person: what names them goes, the ledger stays, and the card says that it is over."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text, cast, delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.services.cards import touch
from app.services.events import record
from app.storage import queries
from app.storage.tables import (
    Attribution,
    Card,
    Event,
    HookEvent,
    HookSource,
    Member,
    MemberPii,
    WebhookAttempt,
    WebhookEndpoint,
    WebhookMessage,
)


def erase(db: sessionmaker[Session], serial: str, *, now: datetime, actor: str = "") -> None:
    """Delete the member's data and void the card, which tells the phones; a second time changes nothing.

    The journal keeps opaque numbers only. Webhooks that named the person lose their bodies.
    Raises NotFound.
    """
    with db.begin() as session:
        card = queries.card_by_serial(session, serial, lock=True)
        member = session.get_one(Member, card.member_id)
        if member.erased_at is not None:
            return
        session.execute(delete(MemberPii).where(MemberPii.member_id == member.id))
        session.execute(
            update(Attribution).where(Attribution.card_id == card.id).values(ref="", link_code="")
        )
        _forget_answers(session, card)
        _forget_calls(session, card)
        session.expire_all()
        member.erased_at, member.locale = now, ""
        card.status, card.values = "void", {}
        session.flush()
        record(session, card.programme_id, "member.erased", {"actor": actor}, now, card=card)
        touch(session, card, now)


def _forget_answers(session: Session, card: Card) -> None:
    """What others answered to our webhooks about this card may say what we told them."""
    endpoints = select(WebhookEndpoint.id).where(WebhookEndpoint.programme_id == card.programme_id)
    events = select(Event.id).where(Event.card_id == card.id)
    told = select(WebhookMessage.id).where(
        WebhookMessage.endpoint_id.in_(endpoints), WebhookMessage.event_id.in_(events)
    )
    session.execute(
        update(WebhookAttempt)
        .where(WebhookAttempt.message_id.in_(told), WebhookAttempt.answer != "")
        .values(answer="")
        .execution_options(synchronize_session=False)
    )


def _forget_calls(session: Session, card: Card) -> None:
    """What was done by these calls is done; their bodies name the person, and no replay may bring them back.
    Calls that wait for this card are over.
    """
    mine = HookEvent.source_id.in_(select(HookSource.id).where(HookSource.programme_id == card.programme_id))
    did = cast(HookEvent.result, Text).contains(f'"{card.serial}"', autoescape=True)
    waits = cast(HookEvent.keys, Text).contains(f'"card:{card.id}"', autoescape=True)
    over = {"state": "dead", "due_at": None, "last_error": "its person was erased"}
    for where, values in ((waits, over), (did, {})):
        forgotten = update(HookEvent).where(mine, where).values(body=b"", keys=[], **values)
        session.execute(forgotten.execution_options(synchronize_session=False))
