"""A card that was handed out blank learns whose it is, from the answers that its holder gave on the phone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Invalid
from app.services.cards import current_pass, touch
from app.services.events import record
from app.services.members import update_member
from app.storage import queries
from app.storage.tables import Card, Event, ProgrammeRow

Answer = Literal["taken", "again", "over", "not asked"]
EVENT = "card.personalised"
_OURS = ("phone", "email")
"""What another member may have already: then the card is signed up without it."""


def offers(session: Session, card: Card, now: datetime) -> bool:
    """Whether the card asks its holder to sign up."""
    return card.personalised_at is None and current_pass(session, card, now).personalise


def sign_up(
    db: sessionmaker[Session], serial: str, member: Mapping[str, Any], digest: str, *, now: datetime
) -> Answer:
    """Take a holder's answers, once: the same request (`digest`) is `again`, another one `over`.

    What cannot be used (a phone number that is none, an e-mail that another member has) is left out: the
    holder stands at a reader and cannot be asked. Raises NotFound.
    """
    for part in _ever_less(member):
        try:
            return _sign_up(db, serial, part, digest, now)
        except Conflict:
            continue
    return "not asked"  # this person was erased


def _ever_less(member: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All, then without what may be another member's, one by one."""
    yield member
    for name in _OURS:
        if name in member:
            yield {key: value for key, value in member.items() if key != name}
    yield {key: value for key, value in member.items() if key not in _OURS}


def _sign_up(
    db: sessionmaker[Session], serial: str, member: Mapping[str, Any], digest: str, now: datetime
) -> Answer:
    with db.begin() as session:
        card = queries.card_by_serial(session, serial, lock=True)
        if card.personalised_at is not None:
            return "again" if _was(session, card, digest) else "over"
        if not offers(session, card, now):
            return "not asked"
        _fill(session, card, member, now)
        card.personalised_at = now
        session.flush()
        record(session, card.programme_id, EVENT, {"request": digest, "got": sorted(member)}, now, card=card)
        touch(session, card, now)
        return "taken"


def _fill(session: Session, card: Card, member: Mapping[str, Any], now: datetime) -> None:
    programme = queries.programme_of(session.get_one(ProgrammeRow, card.programme_id))
    try:
        update_member(session, card, member, programme, now)
    except Invalid as error:
        faulty = {pointer.rpartition("/")[2] for pointer in error.faults}
        rest = {key: value for key, value in member.items() if key not in faulty}
        if len(rest) < len(member):
            _fill(session, card, rest, now)


def _was(session: Session, card: Card, digest: str) -> bool:
    last = select(Event.body).where(Event.card_id == card.id, Event.kind == EVENT)
    body = session.scalars(last.order_by(Event.id.desc()).limit(1)).first()
    return body is not None and body.get("request") == digest
