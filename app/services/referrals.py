"""Members who bring friends: personal codes, who brought whom, and the thanks for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Invalid
from app.domain.ledger import Earn
from app.domain.mechanics import Decision, follows
from app.domain.mechanics.referral import Referral
from app.domain.programme import Programme
from app.services import ids
from app.services.cards import require_active, touch
from app.services.journal import By, Once
from app.services.operating import Order, Work, operate
from app.storage import queries
from app.storage.states import programme_at
from app.storage.tables import Card, ProgrammeRow, Receipt
from app.storage.tables.delivery import NORMAL

UNKNOWN = "is no code of a member of this programme"


def rule_of(programme: Programme) -> Referral | None:
    """The rule that rewards bringing friends, if the programme has one."""
    return next((rule for rule in programme.rules if isinstance(rule, Referral)), None)


def give_code(card: Card, programme: Programme) -> None:
    """A new card's personal code, where the programme rewards bringing friends."""
    if rule_of(programme) and not card.referral_code:
        card.referral_code = ids.referral_code()


def code_of(db: sessionmaker[Session], serial: str, *, now: datetime) -> str:
    """The card's personal code, made now where it has none; empty where nobody is rewarded for it."""
    try:
        return _code_of(db, serial, now)
    except IntegrityError:  # somebody has this code: another one is drawn
        return _code_of(db, serial, now)


def _code_of(db: sessionmaker[Session], serial: str, now: datetime) -> str:
    with db.begin() as session:
        card = queries.card_by_serial(session, serial, lock=True)
        row = session.get_one(ProgrammeRow, card.programme_id)
        programme = programme_at(row, card, now)
        if rule_of(programme) is None or card.status != "active":
            return ""
        if not card.referral_code:
            give_code(card, programme)
            session.flush()
            touch(session, card, now)
        return card.referral_code or ""


def referrer(session: Session, row: ProgrammeRow, typed: str, now: datetime) -> Card | None:
    """The card whose personal code this is, if it may bring friends now; the code is forgiven slips."""
    code = ids.read_number(typed)[:20]
    if not code:
        return None
    mine = (Card.programme_id == row.id, Card.referral_code == code)
    card = session.scalars(select(Card).where(*mine)).one_or_none()
    if card is None or card.status != "active" or (card.expires_at and card.expires_at <= now):
        return None
    return card if rule_of(programme_at(row, card, now)) else None


def bring(session: Session, row: ProgrammeRow, card: Card, typed: str, now: datetime) -> None:
    """Note who brought the member of this new card; raises Invalid for a code that nobody has."""
    if not typed.strip():
        return
    friend = referrer(session, row, typed, now)
    if friend is None or friend.id == card.id:
        raise Invalid({"/friend_code": UNKNOWN})
    card.referred_by_id = friend.id


def refuse_for_member(session: Session, row: ProgrammeRow, card: Card, typed: str, now: datetime) -> None:
    """Who is a member already is brought by nobody, least of all by their own code; the same request sent
    again is no fault. Raises Conflict, and Invalid for a code that nobody has.
    """
    if not typed.strip():
        return
    friend = referrer(session, row, typed, now)
    if friend is None:
        raise Invalid({"/friend_code": UNKNOWN})
    if friend.id == card.id:
        raise Conflict("This is the member's own code.", serial=card.serial)
    if card.referred_by_id != friend.id:
        raise Conflict("This person is a member already, and was not brought by this code.")


def thank(
    db: sessionmaker[Session], task_id: int, body: Mapping[str, Any], serial: str, now: datetime
) -> str:
    """Give the referrer what the friend's first purchase brought; answers what came of it.

    Raises CardNotActive, and TakenBack where the friend's purchase is no purchase any more.
    """
    gifts = tuple(_gift(each) for each in body["gifts"])
    with db() as session:
        card = queries.card_by_serial(session, serial)
        require_active(card, now)
        known = rule_of(programme_at(session.get_one(ProgrammeRow, card.programme_id), card, now))
        if _left(session, str(body["operation"])) < max(1, known.minimum_minor if known else 0):
            raise TakenBack("The friend's purchase was taken back.")

    def decided(work: Work) -> Decision:
        rule = rule_of(work.programme)
        award = rule.thanks(gifts, work.state) if rule else None
        if award is None or not award.moves:
            raise TooOften("This member was thanked often enough.")
        made = follows(work.programme.rules, award.moves, work.state)
        return Decision(made.moves, counts={**made.counts, **award.counts})

    once = Once("clock", f"task:{task_id}", {"task": task_id})
    operate(db, serial, Order("referral", once, By("clock"), priority=NORMAL), decided, now=now)
    return "given"


class TakenBack(Conflict):
    """The friend's purchase was taken back before the referrer was thanked; the next one may count."""

    code = "taken-back"


class TooOften(Conflict):
    """The rule's limits allow no more, or the rule is gone."""

    code = "too-often"


def _gift(said: Mapping[str, Any]) -> Earn:
    ends = said.get("expires_at")
    return Earn(
        said["unit"],
        int(said["amount"]),
        expires_at=datetime.fromisoformat(ends) if ends else None,
        rule=said["rule"],
    )


def _left(session: Session, operation: str) -> int:
    """What of the friend's purchase was not taken back, in minor units."""
    kept = select(Receipt.amount_minor - Receipt.refunded_minor).where(Receipt.public_id == operation)
    return session.scalar(kept) or 0
