"""Many cards touched at once: faces are drawn without a lock, and compared under one that is held shortly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from app.domain.mechanics.base import State
from app.domain.passes import face_hash
from app.services import cards
from app.storage.batches import among, set_many
from app.storage.tables import Card

_RAISED = ("id", "face", "version", "changed_at")


def faces(
    session: Session, found: Sequence[Card], now: datetime, states: Mapping[int, State] | None = None
) -> dict[int, str]:
    """The hashes of these cards' faces, by card; of `states` that the caller knows."""
    return {card_id: face_hash(face) for card_id, face in cards.draw(session, found, now, states).items()}


def advance_all(
    session: Session, found: Sequence[Card], drawn: Mapping[int, str], now: datetime, *, priority: int
) -> list[int]:
    """Raise the versions of cards whose face is another, and make them due; gives their ids.

    `drawn` are hashes of faces that nothing but the clock changes from now on. A card that changed while its
    face was drawn (its version tells) is drawn again, now that it is locked.
    """
    locked = select(Card.id, Card.version).where(among(session, Card.id, list(drawn))).order_by(Card.id)
    versions: dict[int, int] = dict(session.execute(locked.with_for_update(key_share=True)).all())
    same = [card for card in found if card.id in drawn and versions.get(card.id) == card.version]
    moved = [card.id for card in found if versions.get(card.id, card.version) != card.version]
    changed = _raise(session, same, drawn, now) + _touch_again(session, moved, now)
    if changed:
        cards.make_due(session, changed, now, priority)
    return changed


def raise_versions(
    session: Session, same: Sequence[Card], drawn: Mapping[int, str], now: datetime, *, priority: int
) -> list[int]:
    """The same for cards that the caller has locked, and found as they were when their faces were drawn."""
    changed = _raise(session, same, drawn, now)
    if changed:
        cards.make_due(session, changed, now, priority)
    return changed


def _raise(session: Session, same: Sequence[Card], drawn: Mapping[int, str], now: datetime) -> list[int]:
    changed = [card for card in same if drawn[card.id] != card.face]
    for card in changed:
        cards.advance(card, drawn[card.id], now)
    rows = [{name: getattr(card, name) for name in _RAISED} for card in changed]
    set_many(session, cast(Table, Card.__table__), rows, keys=("id",))
    return [card.id for card in changed]


def _touch_again(session: Session, card_ids: Sequence[int], now: datetime) -> list[int]:
    found = session.scalars(select(Card).where(Card.id.in_(card_ids))).all() if card_ids else []
    drawn = faces(session, found, now)
    changed = [card for card in found if drawn[card.id] != card.face]
    for card in changed:
        cards.advance(card, drawn[card.id], now)
    session.flush()
    return [card.id for card in changed]
