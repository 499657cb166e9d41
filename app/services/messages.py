"""What the shop says on the back of cards: to one card, or to all of a programme.

A message is written once, never edited, and withdrawn at most. It goes out as every other change does: the
cards that show it are touched, and their deliveries bring it to the phones. What starts or ends later is
found by the clock (`follow_clock`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Invalid, KeyReused, NotFound
from app.domain.messages import LONGEST, MessageInput, advise
from app.domain.text import LocalText
from app.services.cards import touch
from app.services.events import record
from app.services.journal import Once
from app.services.rollouts import start_rollout
from app.services.shown_messages import MOST_SHOWN, NEWS_CONSENT, agreeing, shown, to_everyone
from app.storage import queries
from app.storage.tables import Card, GoogleMessage, GoogleObject, MessageRow, ProgrammeRow
from app.storage.tables.delivery import NORMAL

__all__ = [
    "MOST_SHOWN",
    "MessageInput",
    "Posted",
    "advise",
    "follow_clock",
    "listed",
    "one",
    "post",
    "post_once",
    "shown",
    "to_everyone",
    "withdraw",
]
BATCH = 200
"""Messages that one step of the clock looks at."""
State = Literal["scheduled", "shown", "ended", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Posted:
    """A message as staff see it. `serial` is empty for one to all cards.

    `google_sent` counts the cards and looks at Google that have it, `google_reached` the cards among them
    that somebody holds.
    """

    id: int
    serial: str
    header: LocalText
    body: LocalText
    purpose: Literal["service", "news"]
    loud: bool
    starts_at: datetime
    ends_at: datetime
    withdrawn_at: datetime | None
    state: State
    author: str
    created_at: datetime
    google_sent: int = 0
    google_reached: int = 0


def post(
    db: sessionmaker[Session],
    slug: str,
    message: MessageInput,
    *,
    serial: str | None = None,
    now: datetime,
    author: str = "",
) -> int:
    """Say this on one card (`serial`) or on all of the programme, and return the message's number.

    Raises NotFound, Invalid, and Conflict for news to a member who has not agreed to them.
    """
    return post_once(db, slug, message, serial=serial, now=now, author=author, once=None)[0]


def post_once(
    db: sessionmaker[Session],
    slug: str,
    message: MessageInput,
    *,
    serial: str | None = None,
    now: datetime,
    author: str = "",
    once: Once | None,
) -> tuple[int, bool]:
    """The same for programs that may repeat a call: (number, whether it was there already).

    Also raises KeyReused.
    """
    try:
        return _post(db, slug, message, serial, now, author, once)
    except IntegrityError:  # the same key, at the same moment: the other one was first
        if once is None:
            raise
        return _post(db, slug, message, serial, now, author, once)


def _post(
    db: sessionmaker[Session],
    slug: str,
    message: MessageInput,
    serial: str | None,
    now: datetime,
    author: str,
    once: Once | None,
) -> tuple[int, bool]:
    start, end = _span(message, now)
    with db.begin() as session:
        programme = queries.programme_row(session, slug)
        card = None if serial is None else _card(session, programme, serial)
        if known := _recall(session, programme, once):
            return known.id, True
        if card is not None and message.purpose == "news" and not agreeing(session, [card.member_id]):
            raise Conflict("This member has not agreed to news.", purpose=NEWS_CONSENT)
        row = MessageRow(
            programme_id=programme.id,
            card_id=card.id if card else None,
            header=dict(message.header),
            body=dict(message.body),
            purpose=message.purpose,
            loud=message.loud,
            starts_at=start,
            ends_at=end,
            due_at=start if start > now else end,
            request_key=once and f"{once.source}:{once.key}"[:255],
            request_hash=once.request_hash if once else "",
            author=author[:120],
            created_at=now,
        )
        session.add(row)
        session.flush()
        speak_until(session, programme, end)
        told = {"message": row.id, "purpose": row.purpose, "everyone": card is None, "actor": author}
        record(session, programme.id, "message.posted", told, now, card=card)
        if start <= now:
            _tell(session, programme, card, now)
        return row.id, False


def _span(message: MessageInput, now: datetime) -> tuple[datetime, datetime]:
    start, end = message.span(now)
    if end <= start:
        raise Invalid({"/ends_at": "lies in the past"})
    if end > start + LONGEST:
        raise Invalid({"/ends_at": "must lie within a year"})
    if start > now + LONGEST:
        raise Invalid({"/starts_at": "must lie within a year"})
    return start, end


def _card(session: Session, programme: ProgrammeRow, serial: str) -> Card:
    card = queries.card_by_serial(session, serial, lock=True)
    if card.programme_id != programme.id:
        raise NotFound("There is no such card.", serial=serial)
    return card


def _recall(session: Session, programme: ProgrammeRow, once: Once | None) -> MessageRow | None:
    if once is None:
        return None
    key = f"{once.source}:{once.key}"[:255]
    asked = select(MessageRow).where(MessageRow.programme_id == programme.id, MessageRow.request_key == key)
    found = session.scalars(asked).one_or_none()
    if found is not None and found.request_hash != once.request_hash:
        raise KeyReused("This Idempotency-Key was used before with another request.", key=once.key)
    return found


def speak_until(session: Session, programme: ProgrammeRow, end: datetime) -> None:
    """Messages are looked for until then. Rounded up to a day: else each message would write this row."""
    until = end.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    silent = or_(ProgrammeRow.messages_until.is_(None), ProgrammeRow.messages_until < until)
    session.execute(
        update(ProgrammeRow)
        .where(ProgrammeRow.id == programme.id, silent)
        .values(messages_until=until)
        .execution_options(synchronize_session=False)
    )
    session.refresh(programme, ["messages_until"])


def _tell(session: Session, programme: ProgrammeRow, card: Card | None, now: datetime) -> None:
    if card is None:
        start_rollout(session, programme, now=now, why="message")
    else:
        touch(session, card, now, priority=NORMAL)


def withdraw(
    db: sessionmaker[Session],
    slug: str,
    message_id: int,
    *,
    now: datetime,
    author: str = "",
    serial: str | None = None,
) -> None:
    """Take a message from all phones; again changes nothing. `serial`: only if it is that card's own.

    Raises NotFound.
    """
    with db.begin() as session:
        programme = queries.programme_row(session, slug)
        known = session.get(MessageRow, message_id)
        if known is None or known.programme_id != programme.id:
            raise NotFound("There is no such message.", number=message_id)
        card = session.get(Card, known.card_id, with_for_update=True) if known.card_id else None
        if serial is not None and (card is None or card.serial != serial):
            raise NotFound("There is no such message.", number=message_id)
        row = session.get_one(MessageRow, message_id, with_for_update=True, populate_existing=True)
        if row.withdrawn_at is not None or row.ends_at <= now:
            return
        row.withdrawn_at, row.due_at = now, None
        session.flush()
        told = {"message": row.id, "everyone": card is None, "actor": author}
        record(session, programme.id, "message.withdrawn", told, now, card=card)
        if row.starts_at <= now:
            _tell(session, programme, card, now)


def listed(
    session: Session, slug: str, *, serial: str | None = None, limit: int = 50, after: int = 0, now: datetime
) -> Sequence[Posted]:
    """Messages to all cards, or those of one card alone, the newest first; `after` is the last number seen.

    Raises NotFound.
    """
    programme = queries.programme_row(session, slug)
    card = None if serial is None else queries.card_by_serial(session, serial)
    if card is not None and card.programme_id != programme.id:
        raise NotFound("There is no such card.", serial=serial)
    asked = select(MessageRow).where(
        MessageRow.programme_id == programme.id,
        MessageRow.card_id.is_(None) if card is None else MessageRow.card_id == card.id,
    )
    if after:
        asked = asked.where(MessageRow.id < after)
    rows = session.scalars(asked.order_by(MessageRow.id.desc()).limit(limit)).all()
    reach = _reach(session, rows)
    return [_posted(row, serial or "", reach.get(f"m{row.id}", (0, 0)), now) for row in rows]


def one(session: Session, message_id: int, *, now: datetime) -> Posted:
    """A message by its number; raises NotFound."""
    row = session.get(MessageRow, message_id)
    if row is None:
        raise NotFound("There is no such message.", number=message_id)
    card = session.get(Card, row.card_id) if row.card_id else None
    return _posted(row, card.serial if card else "", _reach(session, [row]).get(f"m{row.id}", (0, 0)), now)


def _reach(session: Session, rows: Sequence[MessageRow]) -> Mapping[str, tuple[int, int]]:
    """What Google took of each, by the key that Google knows: on cards, and on looks with all their cards."""
    keys = [f"m{row.id}" for row in rows]
    taken = (GoogleMessage.message_id.in_(keys), GoogleMessage.body_hash != "")
    reached = func.sum(case((GoogleMessage.reached, 1), else_=0))
    asked = select(GoogleMessage.message_id, func.count(), reached).where(*taken)
    held = (
        select(GoogleMessage.message_id, func.count())
        .join(GoogleObject, GoogleObject.class_id == GoogleMessage.target)
        .where(*taken, GoogleObject.saved_at.is_not(None), GoogleObject.removed_at.is_(None))
    )
    by_look: dict[str, int] = dict(session.execute(held.group_by(GoogleMessage.message_id)).all())
    return {
        key: (sent, int(alone or 0) + by_look.get(key, 0))
        for key, sent, alone in session.execute(asked.group_by(GoogleMessage.message_id))
    }


def _posted(row: MessageRow, serial: str, reach: tuple[int, int], now: datetime) -> Posted:
    return Posted(
        id=row.id,
        serial=serial,
        header=row.header,
        body=row.body,
        purpose=row.purpose,  # type: ignore[arg-type]
        loud=row.loud,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        withdrawn_at=row.withdrawn_at,
        state=_state(row, now),
        author=row.author,
        created_at=row.created_at,
        google_sent=reach[0],
        google_reached=reach[1],
    )


def _state(row: MessageRow, now: datetime) -> State:
    if row.withdrawn_at is not None:
        return "withdrawn"
    if row.ends_at <= now:
        return "ended"
    return "shown" if row.starts_at <= now else "scheduled"


def follow_clock(db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> bool:
    """Show what starts and take away what ends: a bounded batch; returns whether there was any.

    Each start and end is acted on once: the cards change in the transaction that moves the message on.
    """
    due = select(MessageRow.card_id, MessageRow.programme_id).where(MessageRow.due_at <= now)
    with read() as session:
        found = session.execute(due.order_by(MessageRow.due_at).limit(BATCH)).all()
    for programme_id, card_id in dict.fromkeys((row.programme_id, row.card_id) for row in found):
        _move_on(db, programme_id, card_id, now)
    return bool(found)


def _move_on(db: sessionmaker[Session], programme_id: int, card_id: int | None, now: datetime) -> None:
    """Everything that starts or ends on one card, or on all of a programme, in one transaction."""
    with db.begin() as session:
        card = session.get_one(Card, card_id, with_for_update=True) if card_id else None
        theirs = MessageRow.card_id.is_(None) if card is None else MessageRow.card_id == card_id
        rows = session.scalars(
            select(MessageRow)
            .where(MessageRow.programme_id == programme_id, theirs, MessageRow.due_at <= now)
            .order_by(MessageRow.id)
            .limit(BATCH)
            .with_for_update()
        ).all()
        for row in rows:
            row.due_at = row.ends_at if row.ends_at > now else None
        session.flush()
        if rows:
            _tell(session, session.get_one(ProgrammeRow, programme_id), card, now)
