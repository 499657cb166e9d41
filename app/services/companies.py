"""Several card holders of one company: they share the account of its first card. Who joins brings what their
card holds, who leaves takes nothing.

Joining and leaving stand in line by programme, so that they lock as operations do: the holder's own card, and
then the card whose account it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.ledger import Earn, Lot, Spend
from app.domain.mechanics.company import Company
from app.domain.passes import face_hash
from app.domain.programme import Programme
from app.services import enrolment, journal, members, standings
from app.services.cards import current_pass, require_active, touch
from app.services.events import record
from app.services.journal import By, Once
from app.services.once_more import once_more
from app.services.operating import Order, Work, begin, carry_out, only
from app.storage import queries
from app.storage.states import account_of
from app.storage.tables import Card, MemberPii, Operation, ProgrammeRow, Tally, TransferRow

GONE_OVER = "This was before the card joined a shared account: correct it by hand."
_LOCK: Any = {"key_share": True}
"""As `queries.card_by_serial` locks."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A holder of a company's account; `first` is the card whose account it is."""

    serial: str
    number: str
    name: str
    status: str
    first: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class _Company:
    """A company that is about to get another holder, or to lose one."""

    session: Session
    row: ProgrammeRow
    programme: Programme
    account: Card
    rule: Company


def holders(session: Session, card: Card) -> list[Seat]:
    """All who share this card's account, the first card first; one alone where it is not shared."""
    account = account_of(card)
    statement = (
        select(Card, MemberPii)
        .outerjoin(MemberPii, MemberPii.member_id == Card.member_id)
        .where((Card.id == account) | (Card.account_id == account))
        .order_by(Card.account_id.is_not(None), Card.id)
    )
    return [_seat(each, pii) for each, pii in session.execute(statement).all()]


def _seat(card: Card, pii: MemberPii | None) -> Seat:
    name = f"{pii.given_name} {pii.family_name}".strip() if pii else ""
    return Seat(card.serial, card.number, name, card.status, card.account_id is None, card.created_at)


def add(
    db: sessionmaker[Session],
    serial: str,
    member: Mapping[str, Any],
    *,
    now: datetime,
    actor: str = "",
    default_pass_type: str = "",
) -> tuple[str, bool]:
    """A card for one more holder of this card's company: its serial, and whether it is new.

    Raises NotFound, Invalid, and Conflict where this member has a card of another account already.
    """
    return once_more(lambda: _add(db, serial, member, now, actor, default_pass_type))


def _add(
    db: sessionmaker[Session],
    serial: str,
    member: Mapping[str, Any],
    now: datetime,
    actor: str,
    default_pass_type: str,
) -> tuple[str, bool]:
    with db.begin() as session:
        company = _company(session, serial)
        clean = members.clean(member, company.programme)
        known = members.find(session, company.row.id, clean)
        if known is not None:
            card = session.scalars(select(Card).where(Card.member_id == known.member_id)).one()
            if account_of(card) == company.account.id:
                return card.serial, False
            raise Conflict("This member has a card already, which can join the company.", serial=card.serial)
        _lock(company, None, now)
        card = enrolment.issue(session, company.row, company.programme, clean, now, default_pass_type)
        _sit_down(company, card)
        standings.begin(session, card, now)
        card.face = face_hash(current_pass(session, card, now))
        record(session, card.programme_id, "card.issued", {"source": "company"}, now, card=card)
        _tell(company, card, "company.joined", actor, now)
        return card.serial, True


def join(db: sessionmaker[Session], serial: str, joining: str, once: Once, by: By, *, now: datetime) -> bool:
    """Let the card `joining` share the account of `serial`; what it holds goes over to that. Answers whether
    it joined now. Raises NotFound, Invalid, Conflict.
    """
    return once_more(lambda: _join(db, serial, joining, once, by, now))


def _join(db: sessionmaker[Session], serial: str, joining: str, once: Once, by: By, now: datetime) -> bool:
    with db.begin() as session:
        company = _company(session, serial)
        card = queries.card_by_serial(session, joining)
        if card.programme_id != company.row.id:
            raise NotFound("There is no such card.", serial=joining)
        if account_of(card) == company.account.id:
            return False
        if journal.recall(session, card.programme_id, once) is not None:
            return False  # this very request was done, and undone since
        _lock(company, card, now)
        _may_join(session, card, now)
        lots = _give_up(session, card, once, by, now)
        _sit_down(company, card)
        _bring(session, card, lots, once, by, now)
        _move_counts(session, card.id, company.account.id)
        _tell(company, card, "company.joined", by.actor, now)
        touch(session, card, now)
        return True


def remove(db: sessionmaker[Session], serial: str, holder: str, *, now: datetime, actor: str = "") -> bool:
    """Let a holder go: their card stays theirs and empty, the account stays with the others. Answers whether
    they left now. Raises NotFound, and Conflict for the first card, whose account it is.
    """
    return once_more(lambda: _remove(db, serial, holder, now, actor))


def _remove(db: sessionmaker[Session], serial: str, holder: str, now: datetime, actor: str) -> bool:
    with db.begin() as session:
        company = _company(session, serial)
        card = queries.card_by_serial(session, holder)
        if card.id == company.account.id:
            raise Conflict("The account is this card's: the others can leave it.", serial=holder)
        if card.programme_id != company.row.id or card.account_id not in (None, company.account.id):
            raise NotFound("There is no such holder.", serial=holder)
        if card.account_id is None:
            return False
        for each in (card, company.account):
            session.refresh(each, with_for_update=_LOCK)
        card.account_id = None
        session.flush()
        _tell(company, card, "company.left", actor, now)
        touch(session, card, now)
        return True


def _company(session: Session, serial: str) -> _Company:
    """The company of a card. Nobody else joins or leaves one of this programme until we commit."""
    card = queries.card_by_serial(session, serial)
    held = select(ProgrammeRow).where(ProgrammeRow.id == card.programme_id)
    row = session.scalars(held.with_for_update(key_share=True)).one()
    session.refresh(card)
    programme = queries.programme_of(row)
    rule = next((rule for rule in programme.rules if isinstance(rule, Company)), None)
    if rule is None:
        raise Invalid({"": "in this programme every card has an account of its own"})
    account = card if card.account_id is None else session.get_one(Card, card.account_id)
    return _Company(session, row, programme, account, rule)


def _lock(company: _Company, card: Card | None, now: datetime) -> None:
    """Lock the card that joins, then the account, and see that there is room. Raises Conflict."""
    session, account = company.session, company.account
    if card is not None:
        session.refresh(card, with_for_update=_LOCK)
    session.refresh(account, with_for_update=_LOCK)
    if account.status == "blocked":
        require_active(account, now)
    seats = select(func.count()).where(Card.account_id == account.id, Card.status != "void")
    if session.execute(seats).scalar_one() + 1 >= company.rule.most_holders:
        raise Conflict("This company has as many holders as it may have.", most=company.rule.most_holders)


def _may_join(session: Session, card: Card, now: datetime) -> None:
    require_active(card, now)
    if card.account_id is not None:
        raise Conflict("This card shares another account: let it leave that first.", serial=card.serial)
    if session.scalar(select(Card.id).where(Card.account_id == card.id).limit(1)) is not None:
        raise Conflict("Others share this card's account: let them leave it first.", serial=card.serial)
    work = begin(session, card, now)
    if any(work.state.holdings.held.values()):
        raise Conflict("A till has set something of this card aside.", serial=card.serial)
    if any(work.state.holdings.debts.values()):
        raise Conflict("This card owes something: settle that first.", serial=card.serial)


def _give_up(session: Session, card: Card, once: Once, by: By, now: datetime) -> list[Lot]:
    """Take all lots off the card's own account; gives them."""
    work = begin(session, card, now)
    lots = sorted(work.state.holdings.lots.values(), key=lambda lot: lot.key)
    if lots:
        moves = [Spend(lot.unit, lot.remaining, "adjusted", lot=lot.key) for lot in lots]
        _transfer(work, once, by, moves)
    return lots


def _bring(session: Session, card: Card, lots: list[Lot], once: Once, by: By, now: datetime) -> None:
    """The same lots on the company's account, with the beginnings and ends that they had."""
    if not lots:
        return
    into = replace(once, key=f"{once.key}:into")
    moves = [
        Earn(lot.unit, lot.remaining, "adjusted", active_from=lot.active_from, expires_at=lot.expires_at)
        for lot in lots
    ]
    _transfer(begin(session, card, now), into, by, moves)


def _transfer(work: Work, once: Once, by: By, moves: list[Any]) -> None:
    carry_out(work, Order("transfer", once, by), lambda _: only(*moves))


def _sit_down(company: _Company, card: Card) -> None:
    """From here on the card spends from the company's account, and bears its name."""
    card.account_id = company.account.id
    if name := company.account.values.get("company"):
        card.values = {**card.values, "company": name}
    company.session.flush()


def _move_counts(session: Session, card_id: int, account_id: int) -> None:
    """What the card counted so far counts for the company, as what it will count does."""
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    mine = select(literal(account_id), Tally.what, Tally.day, Tally.amount).where(Tally.card_id == card_id)
    adding = insert(Tally).from_select(["card_id", "what", "day", "amount"], mine)
    session.execute(
        adding.on_conflict_do_update(
            index_elements=["card_id", "what", "day"], set_={"amount": Tally.amount + adding.excluded.amount}
        )
    )
    session.execute(delete(Tally).where(Tally.card_id == card_id))


def _tell(company: _Company, card: Card, kind: str, actor: str, now: datetime) -> None:
    body = {"account": company.account.serial, "actor": actor}
    record(company.session, card.programme_id, kind, body, now, card=card)


def card_of(session: Session, operation: Operation) -> Card:
    """The card under which an operation is taken back: the one that was shown, as long as it still shares the
    account that moved, else the one whose account it is. Raises Conflict where that account has gone over to
    another: its lots are not there any more.
    """
    shown = session.get_one(Card, operation.via_card_id or operation.card_id)
    if account_of(shown) == operation.card_id:
        return shown
    own = session.get_one(Card, operation.card_id)
    if account_of(own) == operation.card_id:
        return own
    raise Conflict(GONE_OVER, id=operation.public_id)


def require_its_lots(session: Session, operation: Operation) -> None:
    """Raise Conflict where all that the account held went over to a company's since this was done, though the
    card has left that again: neither what was given nor what was counted is there any more.
    """
    went_over = (
        select(Operation.id)
        .join(TransferRow, TransferRow.operation_id == Operation.id)
        .where(
            Operation.card_id == operation.card_id,
            Operation.id > operation.id,
            Operation.kind == "transfer",
            TransferRow.debit == "available",
        )
    )
    if session.scalar(went_over.limit(1)) is not None:
        raise Conflict(GONE_OVER, id=operation.public_id)
