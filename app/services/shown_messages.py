"""Which messages a card shows now; read whenever a face is drawn."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.domain.passes import Message
from app.storage.batches import among
from app.storage.tables import Card, Consent, MessageRow, ProgrammeRow

MOST_SHOWN = 10
"""Google keeps ten messages on a card; the newest are shown everywhere."""
NEWS_CONSENT = "marketing"
"""The permission that news need."""


def shown(session: Session, cards: Sequence[Card], now: datetime) -> dict[int, tuple[Message, ...]]:
    """The messages that these cards show now, the newest first, by card; those without any are left out.

    News are shown to members who agreed to them. A programme that says nothing costs no statement.
    """
    said = [card for card in cards if _speaks(session, card.programme_id, now)]
    if not said:
        return {}
    rows = _rows(session, said, now)
    news = [row for row in rows if row.purpose == "news"]
    agreed = agreeing(session, [card.member_id for card in said]) if news else frozenset()
    to_all = [row for row in rows if row.card_id is None]
    own: dict[int, list[MessageRow]] = {}
    for row in rows:
        if row.card_id is not None:
            own.setdefault(row.card_id, []).append(row)
    found = {card.id: _for_card(card, [*to_all, *own.get(card.id, ())], agreed) for card in said}
    return {card_id: each for card_id, each in found.items() if each}


def to_everyone(session: Session, programme_id: int, now: datetime) -> tuple[Message, ...]:
    """What the programme tells every card without asking: service messages to all, the newest first."""
    if not _speaks(session, programme_id, now):
        return ()
    rows = session.scalars(
        select(MessageRow)
        .where(
            MessageRow.programme_id == programme_id,
            MessageRow.card_id.is_(None),
            MessageRow.purpose == "service",
            *current(now),
        )
        .order_by(MessageRow.starts_at.desc(), MessageRow.id.desc())
        .limit(MOST_SHOWN)
    )
    return tuple(_message(row) for row in rows)


def current(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The condition that a message is shown now."""
    return MessageRow.starts_at <= now, MessageRow.ends_at > now, MessageRow.withdrawn_at.is_(None)


def agreeing(session: Session, member_ids: Collection[int]) -> frozenset[int]:
    """Those of these members who agree to news; of each the newest word counts."""
    rows = session.execute(
        select(Consent.member_id, Consent.granted)
        .where(among(session, Consent.member_id, list(member_ids)), Consent.purpose == NEWS_CONSENT)
        .order_by(Consent.id)
    )
    newest: Mapping[int, bool] = dict(rows.all())
    return frozenset(member_id for member_id, granted in newest.items() if granted)


def _speaks(session: Session, programme_id: int, now: datetime) -> bool:
    until = session.get_one(ProgrammeRow, programme_id).messages_until
    return until is not None and until > now


def _rows(session: Session, cards: Sequence[Card], now: datetime) -> Sequence[MessageRow]:
    ours = among(session, MessageRow.card_id, [card.id for card in cards])
    return session.scalars(
        select(MessageRow)
        .where(
            MessageRow.programme_id.in_({card.programme_id for card in cards}),
            or_(MessageRow.card_id.is_(None), ours),
            *current(now),
        )
        .order_by(MessageRow.starts_at.desc(), MessageRow.id.desc())
    ).all()


def _for_card(card: Card, rows: Sequence[MessageRow], agreed: Collection[int]) -> tuple[Message, ...]:
    mine = [
        row
        for row in rows
        if row.programme_id == card.programme_id and (row.purpose != "news" or card.member_id in agreed)
    ]
    mine.sort(key=lambda row: (row.starts_at, row.id), reverse=True)
    return tuple(_message(row) for row in mine[:MOST_SHOWN])


def _message(row: MessageRow) -> Message:
    return Message(
        key=f"m{row.id}",
        header=row.header,
        body=row.body,
        purpose=row.purpose,  # type: ignore[arg-type]
        loud=row.loud,
        at=row.starts_at,
        ends_at=row.ends_at,
        everyone=row.card_id is None,
    )
