"""What the shop says on the back of cards: to one card, or to all of a programme."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.domain.passes import Message
from app.storage.tables import Card, MessageRow, ProgrammeRow

MOST_SHOWN = 10
"""Google keeps ten messages on a card; the newest are shown everywhere."""


def shown(session: Session, cards: Sequence[Card], now: datetime) -> dict[int, tuple[Message, ...]]:
    """The messages that these cards show now, the newest first, by card; those without any are left out.

    A programme that says nothing costs no statement.
    """
    said = {
        card.id: card.programme_id
        for card in cards
        if (until := session.get_one(ProgrammeRow, card.programme_id).messages_until) and until > now
    }
    if not said:
        return {}
    rows = session.scalars(
        select(MessageRow)
        .where(
            MessageRow.programme_id.in_(set(said.values())),
            or_(MessageRow.card_id.is_(None), MessageRow.card_id.in_(said)),
            MessageRow.starts_at <= now,
            MessageRow.ends_at > now,
            MessageRow.withdrawn_at.is_(None),
        )
        .order_by(MessageRow.starts_at.desc(), MessageRow.id.desc())
    ).all()
    found = {
        card_id: tuple(
            _message(row)
            for row in rows
            if row.card_id == card_id or (row.card_id is None and row.programme_id == programme_id)
        )[:MOST_SHOWN]
        for card_id, programme_id in said.items()
    }
    return {card_id: each for card_id, each in found.items() if each}


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
