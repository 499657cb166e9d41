"""Which banner stands in for the design's own on a card now; read whenever a face is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from app.storage.batches import among
from app.storage.tables import Banner, Card, CardBanner, ProgrammeRow

FOR_EVER = datetime.fromisoformat("2199-12-31T00:00:00+00:00")


def standing_in(session: Session, cards: Sequence[Card], now: datetime) -> dict[int, str]:
    """Pictures (SHA-256) by card; the newest banner that fits counts. Programmes without one cost no
    statement.
    """
    theirs = {card.programme_id for card in cards}
    decked = [each for each in theirs if _may_show(session.get_one(ProgrammeRow, each), now)]
    if not decked:
        return {}
    asked = select(Banner).where(Banner.programme_id.in_(decked), *current(now)).order_by(Banner.id)
    rows = session.scalars(asked).all()
    to_all = {row.programme_id: row for row in rows if row.segment_id is None}
    by_id = {row.id: row for row in rows}
    own = _own(session, cards) if len(to_all) < len(rows) else {}
    found: dict[int, str] = {}
    for card in cards:
        mine = (to_all.get(card.programme_id), by_id.get(own.get(card.id, 0)))
        newest = max((row for row in mine if row is not None), key=lambda row: row.id, default=None)
        if newest is not None:
            found[card.id] = newest.image_sha256
    return found


def _may_show(row: ProgrammeRow, now: datetime) -> bool:
    return row.banners_until is not None and row.banners_until > now


def current(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The condition that a banner counts now."""
    open_ended = or_(Banner.ends_at.is_(None), Banner.ends_at > now)
    return Banner.starts_at <= now, open_ended, Banner.withdrawn_at.is_(None)


def _own(session: Session, cards: Sequence[Card]) -> Mapping[int, int]:
    mine = among(session, CardBanner.card_id, [card.id for card in cards])
    rows = session.execute(select(CardBanner.card_id, CardBanner.banner_id).where(mine)).all()
    return dict(rows)


def look_until(session: Session, programme_id: int, ends_at: datetime | None) -> None:
    """Banners are looked for until then. Rounded up to a day: else each banner would write this row."""
    end = ends_at or FOR_EVER
    until = end.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    shorter = or_(ProgrammeRow.banners_until.is_(None), ProgrammeRow.banners_until < until)
    session.execute(
        update(ProgrammeRow)
        .where(ProgrammeRow.id == programme_id, shorter)
        .values(banners_until=until)
        .execution_options(synchronize_session=False)
    )
    session.refresh(session.get_one(ProgrammeRow, programme_id), ["banners_until"])
