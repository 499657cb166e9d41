"""A programme moves to another pass type: new cards at once, those on phones one by one, and none is lost.

An installed pass is known by its pass type and serial, and neither can change. So a card's old pass goes on
under the old certificate with a link to the new one, and is replaced once the new one is on a phone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Select, case, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.domain.passes import face_hash
from app.services import cards
from app.services.events import record
from app.storage import queries
from app.storage.tables import (
    AppleDevice,
    AppleMove,
    AppleRegistration,
    Card,
    Delivery,
    FormerPass,
    ProgrammeRow,
)
from app.storage.tables.delivery import BULK, URGENT

CHUNK = 100
"""Cards that are switched over in one transaction: a till waits behind it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a move is. Cards: all, and those still to switch over; old passes: whose holder has not moved
    yet, who has, and how many of the latter are still on a phone.
    """

    pass_type_identifier: str
    started_at: datetime
    cards: int
    to_switch: int
    waiting: int
    moved: int
    registered: int


def start(db: sessionmaker[Session], slug: str, pass_type: str, *, now: datetime, author: str = "") -> bool:
    """Let a programme issue under `pass_type` from now on, and move its cards; False if that was said before.

    The caller has seen that there is a certificate for it. Raises NotFound.
    """
    with db.begin() as session:
        row = queries.programme_row(session, slug, lock=True)
        last = latest(session, row.id)
        apple = {**row.body.get("apple", {}), "pass_type_identifier": pass_type}
        if last is not None and last.pass_type_identifier == pass_type and row.body.get("apple") == apple:
            return False
        row.body, row.revision, row.updated_at = {**row.body, "apple": apple}, row.revision + 1, now
        session.execute(
            update(AppleMove)
            .where(AppleMove.programme_id == row.id, AppleMove.switched_at.is_(None))
            .values(switched_at=now)
        )
        session.add(AppleMove(programme_id=row.id, pass_type_identifier=pass_type, started_at=now))
        record(session, row.id, "programme.changed", {"keys": ["apple"], "author": author}, now)
        return True


def latest(session: Session, programme_id: int) -> AppleMove | None:
    """The move that counts for a programme."""
    mine = select(AppleMove).where(AppleMove.programme_id == programme_id)
    return session.scalars(mine.order_by(AppleMove.id.desc()).limit(1)).one_or_none()


def step(db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> bool:
    """Switch a chunk of cards over; returns whether there was any move under way. Two at once do it once."""
    with read() as session:
        move = session.scalars(
            select(AppleMove).where(AppleMove.switched_at.is_(None)).order_by(AppleMove.id).limit(1)
        ).one_or_none()
        if move is None:
            return False
        ids = _next(session, move)
        faces = _faces(session, ids, move.pass_type_identifier, now)
    with db.begin() as session:
        held = session.get(AppleMove, move.id, with_for_update=True)
        if held is None or held.switched_at is not None or held.cursor != move.cursor:
            return True  # somebody else was here; the next look tells
        _switch(session, ids, held.pass_type_identifier, faces, now)
        held.cursor = ids[-1] if ids else held.cursor
        held.switched_at = None if ids else now
    return True


def _next(session: Session, move: AppleMove) -> list[int]:
    mine = select(Card.id).where(
        Card.programme_id == move.programme_id,
        Card.id > move.cursor,
        Card.pass_type_identifier != move.pass_type_identifier,
    )
    return list(session.scalars(mine.order_by(Card.id).limit(CHUNK)))


Drawn = Mapping[int, tuple[int, str]]
"""By card: the version that was seen, and the hash of its face under the new pass type."""


def _faces(session: Session, ids: Sequence[int], pass_type: str, now: datetime) -> Drawn:
    """Drawn without a lock, in a handful of statements."""
    drawn = cards.passes(session, ids, now)
    return {
        card_id: (face.version, face_hash(replace(face, pass_type_identifier=pass_type)))
        for card_id, face in drawn.items()
    }


def _switch(session: Session, ids: Sequence[int], pass_type: str, faces: Drawn, now: datetime) -> None:
    held = select(Card).where(Card.id.in_(ids), Card.pass_type_identifier != pass_type)
    for card in session.scalars(held.order_by(Card.id).with_for_update()).all():
        back = session.get(FormerPass, (card.id, pass_type))
        _leave(session, card, now)
        card.pass_type_identifier, card.served_version = pass_type, 0
        seen, face = faces.get(card.id, (-1, ""))
        if back is not None:
            _return(session, card, back, now)
        elif seen == card.version:
            card.face = face
        else:
            card.face = face_hash(cards.current_pass(session, card, now))
    session.flush()
    _queue(session, ids, now, BULK)


def _return(session: Session, card: Card, back: FormerPass, now: datetime) -> None:
    """A former pass is the present one again: its phones have seen its own steps, so the card passes them."""
    card.version += back.steps
    card.changed_at += timedelta(seconds=back.steps)
    session.delete(back)
    session.flush()
    cards.touch(session, card, now, priority=BULK)


def _leave(session: Session, card: Card, now: datetime) -> None:
    """Keep the old pass of a card that somebody may hold; its first own step is the link to the new one."""
    registered = (
        select(AppleRegistration.id)
        .join(AppleDevice, AppleDevice.id == AppleRegistration.device_id)
        .where(
            AppleRegistration.card_id == card.id,
            AppleDevice.pass_type_identifier == card.pass_type_identifier,
        )
        .limit(1)
    )
    if not card.pass_type_identifier or not (card.served_version or session.scalar(registered)):
        return
    session.add(
        FormerPass(
            card_id=card.id,
            pass_type_identifier=card.pass_type_identifier,
            steps=1,
            served_version=card.served_version,
            since=now,
        )
    )


def _queue(session: Session, card_ids: Sequence[int], now: datetime, priority: int) -> None:
    """Knock at Apple's phones alone: what the other wallets show has not changed."""
    mine = select(Delivery.id).where(Delivery.card_id.in_(card_ids), Delivery.wallet == "apple")
    held = session.scalars(mine.order_by(Delivery.id).with_for_update()).all()
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(held))
        .values(
            due_at=now,
            attempts=0,
            queued_at=func.coalesce(case((Delivery.due_at.is_not(None), Delivery.queued_at)), now),
            priority=case((Delivery.due_at.is_(None), priority), else_=Delivery.priority),
        )
        .execution_options(synchronize_session=False)
    )
    cards.wake(session, priority)


def arrived(session: Session, card: Card, now: datetime) -> bool:
    """The new pass is on a phone: the card's old passes are replaced, and their phones told; the card's row
    must be locked. Returns whether there was any.
    """
    waiting = select(FormerPass).where(FormerPass.card_id == card.id, FormerPass.moved_at.is_(None))
    rows = session.scalars(waiting.with_for_update()).all()
    for row in rows:
        row.moved_at, row.steps = now, row.steps + 1
        row.moved_version = card.version + row.steps
    if rows:
        session.flush()
        _queue(session, [card.id], now, URGENT)
    return bool(rows)


def is_waiting(session: Session, card_id: int) -> bool:
    """Whether the holder of this card has an old pass, and should add the new one."""
    waiting = select(FormerPass.card_id).where(FormerPass.card_id == card_id, FormerPass.moved_at.is_(None))
    return session.scalar(waiting.limit(1)) is not None


def progress(session: Session, slug: str) -> Progress | None:
    """How far the programme's last move is, None where there never was one; raises NotFound."""
    row = queries.programme_row(session, slug)
    move = latest(session, row.id)
    if move is None:
        return None
    mine = select(func.count()).select_from(Card).where(Card.programme_id == row.id)
    there = Card.pass_type_identifier == move.pass_type_identifier
    old = mine.join(FormerPass, FormerPass.card_id == Card.id)
    return Progress(
        move.pass_type_identifier,
        move.started_at,
        cards=session.scalar(mine) or 0,
        to_switch=session.scalar(mine.where(~there)) or 0,
        waiting=session.scalar(old.where(FormerPass.moved_at.is_(None))) or 0,
        moved=session.scalar(old.where(FormerPass.moved_at.is_not(None))) or 0,
        registered=session.scalar(_registered(row)) or 0,
    )


def _registered(row: ProgrammeRow) -> Select[int]:
    """Old passes that are on a phone, as far as we know."""
    return (
        select(func.count())
        .select_from(AppleRegistration)
        .join(AppleDevice, AppleDevice.id == AppleRegistration.device_id)
        .join(Card, Card.id == AppleRegistration.card_id)
        .where(Card.programme_id == row.id, AppleDevice.pass_type_identifier != Card.pass_type_identifier)
    )


def left_behind(session: Session) -> dict[str, int]:
    """Pass types that no programme issues any more, with the number of old passes that nobody replaced."""
    in_use = {
        (body.get("apple") or {}).get("pass_type_identifier", "")
        for body in session.scalars(select(ProgrammeRow.body))
    }
    waiting = func.count(case((FormerPass.moved_at.is_(None), 1)))
    rows = session.execute(
        select(FormerPass.pass_type_identifier, waiting).group_by(FormerPass.pass_type_identifier)
    )
    return {name: count for name, count in rows if name not in in_use}
