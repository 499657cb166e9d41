"""Cards under numbers that the shop's own systems give: by card number, once for their transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Invalid
from app.domain.passes import face_hash
from app.services import enrolment, happenings, ids, members, standings
from app.services.cards import current_pass
from app.services.events import record
from app.storage import queries
from app.storage.tables import Attribution, Card, HookObject, ProgrammeRow


class CardExists(Conflict):
    """A card has this number, or this member has a card."""


@dataclass(frozen=True, slots=True)
class NewCard:
    """A card as another system wants it; what it calls the request (`transaction`) happens once a source."""

    source_id: int
    programme_id: int
    number: str
    member: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    transaction: str = ""
    source: str = "api"


def kept_number(typed: str) -> str:
    """The number as it is kept and found again; raises Invalid for one that would be read otherwise."""
    number = ids.read_number(typed)
    if not number.isascii() or not 1 <= len(number) <= 40 or number != typed.strip().upper():
        raise Invalid({"/serial": "should be 1 to 40 digits and capital Latin letters but I, L and O"})
    return number


def find(session: Session, programme_ids: list[int], name: str) -> Card | None:
    """The card of these programmes with this number, or this serial of an installed pass."""
    if "\x00" in name:
        return None
    names = or_(Card.number.in_([name, ids.read_number(name)]), Card.serial == name)
    mine = select(Card).where(names, Card.programme_id.in_(programme_ids)).order_by(Card.id)
    return session.scalars(mine.limit(1)).one_or_none()


def issue(
    db: sessionmaker[Session], new: NewCard, *, now: datetime, default_pass_type: str = ""
) -> tuple[str, bool]:
    """Its serial, and whether it is new: a transaction twice is one card. Raises CardExists, Invalid."""
    number = kept_number(new.number)
    try:
        return _issue(db, new, number, now, default_pass_type)
    except IntegrityError:  # somebody was first at the same moment, and is found now
        try:
            return _issue(db, new, number, now, default_pass_type)
        except IntegrityError:
            raise CardExists("This number is taken.", number=number) from None


def _issue(
    db: sessionmaker[Session], new: NewCard, number: str, now: datetime, default_pass_type: str
) -> tuple[str, bool]:
    with db.begin() as session:
        before = _of_transaction(session, new)
        if before is not None and before.number == number:
            return before.serial, False
        row = session.get_one(ProgrammeRow, new.programme_id)
        programme = queries.programme_of(row)
        person = members.clean(new.member, programme)
        _refuse_known(session, new, number, person)
        card = enrolment.issue(session, row, programme, person, now, default_pass_type)
        card.number, card.values = number, dict(new.values)
        session.flush()
        standings.begin(session, card, now)
        record(session, row.id, "card.issued", {"source": new.source}, now, card=card)
        happenings.begin_with(session, card, now, source=new.source)
        card.face = face_hash(current_pass(session, card, now))
        session.add(Attribution(card_id=card.id, programme_id=row.id, at=now, **_NO_CHANNEL))
        _remember(session, new, card, now)
        return card.serial, True


_NO_CHANNEL = {**dict.fromkeys(enrolment.UTM, ""), "link_code": ""}


def _refuse_known(session: Session, new: NewCard, number: str, person: Mapping[str, Any]) -> None:
    if session.scalar(select(Card.id).where(Card.number == number)):
        raise CardExists("A card has this number already.", number=number)
    known = members.find(session, new.programme_id, person)
    if known is not None:
        raise CardExists("This member has a card already.")


def _of_transaction(session: Session, new: NewCard) -> Card | None:
    known = session.get(HookObject, (new.source_id, _ref(new))) if new.transaction else None
    return session.get(Card, known.version) if known else None


def _remember(session: Session, new: NewCard, card: Card, now: datetime) -> None:
    if new.transaction:
        session.merge(HookObject(source_id=new.source_id, ref=_ref(new), version=card.id, at=now))


def _ref(new: NewCard) -> str:
    """A source's note of which card a transaction made: its `version` is the card's row."""
    return f"transaction:{hashlib.sha256(new.transaction.encode('utf-8', 'replace')).hexdigest()}"
