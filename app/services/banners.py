"""Banners of a time, or of some cards: they stand in for the design's own, and go when their time is over.

A banner to all cards goes out and comes back as every change of a look does: by a roll-out. One to a segment
is dealt out by a campaign (`app.services.campaigns`), and taken in here, a chunk at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Invalid, NotFound
from app.services import touching
from app.services.events import record
from app.services.rollouts import start_rollout
from app.services.shown_banners import look_until
from app.storage import queries
from app.storage.batches import among
from app.storage.tables import Banner, Card, CardBanner, ImageRow, ProgrammeRow, SegmentRow
from app.storage.tables.delivery import BULK

CHUNK = 200
"""Cards that one step takes a banner from."""
State = Literal["scheduled", "shown", "ended", "withdrawn"]
Kept = sessionmaker[Session]


@dataclass(frozen=True, slots=True)
class Hung:
    """A banner as staff see it; `segment` is empty for one to all cards."""

    id: int
    image: str
    segment: str
    starts_at: datetime
    ends_at: datetime | None
    withdrawn_at: datetime | None
    state: State
    author: str
    created_at: datetime


def put(
    db: Kept,
    slug: str,
    image: str,
    *,
    starts_at: datetime | None,
    ends_at: datetime | None,
    now: datetime,
    author: str = "",
) -> int:
    """Show this picture on all cards from `starts_at` (now) to `ends_at` (until it is withdrawn).

    Returns the banner's number. Raises NotFound and Invalid.
    """
    with db.begin() as session:
        programme = queries.programme_row(session, slug)
        row = hang(session, programme, image, starts_at=starts_at, ends_at=ends_at, now=now, author=author)
        if row.starts_at <= now:
            start_rollout(session, programme, now=now, why="banner")
        return row.id


def hang(
    session: Session,
    programme: ProgrammeRow,
    image: str,
    *,
    segment_id: int | None = None,
    starts_at: datetime | None,
    ends_at: datetime | None,
    now: datetime,
    author: str,
) -> Banner:
    """Write a banner down; of a segment, those cards show it that are given it. Raises Invalid."""
    start = max(starts_at or now, now)
    faults = {}
    if ends_at is not None and ends_at <= start:
        faults["/ends_at"] = "must lie after the beginning, and in the future"
    if session.scalar(select(ImageRow.sha256).where(ImageRow.sha256 == image)) is None:
        faults["/image"] = "there is no such picture; upload it first"
    if faults:
        raise Invalid(faults)
    row = Banner(
        programme_id=programme.id,
        image_sha256=image,
        segment_id=segment_id,
        starts_at=start,
        ends_at=ends_at,
        due_at=start if segment_id is None and start > now else ends_at,
        author=author[:120],
        created_at=now,
    )
    session.add(row)
    session.flush()
    look_until(session, programme.id, ends_at)
    told = {"banner": row.id, "everyone": segment_id is None, "actor": author}
    record(session, programme.id, "banner.posted", told, now)
    return row


def withdraw(db: Kept, slug: str, banner_id: int, *, now: datetime, author: str = "") -> None:
    """Take a banner from all cards; again changes nothing. Raises NotFound."""
    with db.begin() as session:
        programme = queries.programme_row(session, slug)
        row = session.get(Banner, banner_id, with_for_update=True)
        if row is None or row.programme_id != programme.id:
            raise NotFound("There is no such banner.", banner=banner_id)
        if row.withdrawn_at is not None or (row.ends_at is not None and row.ends_at <= now):
            return
        row.withdrawn_at = row.due_at = now
        record(session, programme.id, "banner.withdrawn", {"banner": row.id, "actor": author}, now)


def listed(session: Session, slug: str, *, after: int = 0, limit: int = 50, now: datetime) -> Sequence[Hung]:
    """Banners of a programme, the newest first; `after` is the last number seen. Raises NotFound."""
    programme = queries.programme_row(session, slug)
    asked = (
        select(Banner, SegmentRow.name)
        .outerjoin(SegmentRow, SegmentRow.id == Banner.segment_id)
        .where(Banner.programme_id == programme.id)
        .order_by(Banner.id.desc())
        .limit(limit)
    )
    if after:
        asked = asked.where(Banner.id < after)
    return [_hung(row, name or "", now) for row, name in session.execute(asked).all()]


def one(session: Session, banner_id: int, *, now: datetime) -> Hung:
    """A banner by its number; raises NotFound."""
    row = session.get(Banner, banner_id)
    if row is None:
        raise NotFound("There is no such banner.", banner=banner_id)
    segment = session.get(SegmentRow, row.segment_id) if row.segment_id else None
    return _hung(row, segment.name if segment else "", now)


def _hung(row: Banner, segment: str, now: datetime) -> Hung:
    times = (row.starts_at, row.ends_at, row.withdrawn_at)
    return Hung(row.id, row.image_sha256, segment, *times, _state(row, now), row.author, row.created_at)


def _state(row: Banner, now: datetime) -> State:
    if row.withdrawn_at is not None:
        return "withdrawn"
    if row.ends_at is not None and row.ends_at <= now:
        return "ended"
    return "shown" if row.starts_at <= now else "scheduled"


def to_deal_out(session: Session, banner_id: int, now: datetime) -> Banner | None:
    """The banner, locked, if cards may be given it now: not once taking it in is done."""
    row = session.get(Banner, banner_id, with_for_update={"read": True}, populate_existing=True)
    if row is None or _state(row, now) != "shown" or (row.ends_at is not None and row.due_at is None):
        return None
    return row


def follow_clock(db: Kept, read: Kept, now: datetime) -> int:
    """Show what starts and take away what ends: a bounded batch; gives whether there was any."""
    with read() as session:
        due = select(Banner).where(Banner.due_at <= now).order_by(Banner.due_at, Banner.id).limit(1)
        row = session.scalars(due).one_or_none()
    if row is None:
        return 0
    if row.segment_id is not None:
        return _take_in(db, read, row, now)
    with db.begin() as session:
        ends_at = row.ends_at if _state(row, now) == "shown" else None
        if _moved_on(session, row, ends_at):
            start_rollout(session, session.get_one(ProgrammeRow, row.programme_id), now=now, why="banner")
    return 1


def _moved_on(session: Session, row: Banner, due_at: datetime | None) -> bool:
    """A start or an end is acted on once, whoever sees it first."""
    mine = (Banner.id == row.id, Banner.due_at == row.due_at)
    done = session.execute(update(Banner).where(*mine).values(due_at=due_at).returning(Banner.id))
    return done.one_or_none() is not None


def _take_in(db: Kept, read: Kept, row: Banner, now: datetime) -> int:
    """A chunk of the cards that show it show their design's own again."""
    with read() as session:
        held = select(CardBanner.card_id).where(CardBanner.banner_id == row.id)
        ids = session.scalars(held.order_by(CardBanner.card_id).limit(CHUNK)).all()
        found = session.scalars(select(Card).where(among(session, Card.id, ids))).all()
        drawn = touching.faces(session, found, now)
    with db.begin() as session:
        if ids:
            touching.advance_all(session, found, drawn, now, priority=BULK)
            gone = (CardBanner.banner_id == row.id, among(session, CardBanner.card_id, ids))
            session.execute(delete(CardBanner).where(*gone))
        if len(ids) < CHUNK:
            locked = session.get(Banner, row.id, with_for_update=True, populate_existing=True)
            left = select(CardBanner.card_id).where(CardBanner.banner_id == row.id).limit(1)
            if locked is not None and session.scalar(left) is None:
                locked.due_at = None
    return 1
