"""Groups of cards by a rule: kept, changed, counted. Who is in one is asked when it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, NotFound
from app.domain.segments import ConsentIs, Rule, parse, written
from app.services.shown_messages import NEWS_CONSENT
from app.storage import queries
from app.storage.segments import WALLETS, Asked, fits, in_wallet, matching
from app.storage.tables import Campaign, Card, ProgrammeRow, SegmentRow

SHOWN = 20
"""Cards that a look at a rule names."""
AT_WORK = ("scheduled", "running", "paused")
"""States of campaigns that still need their segment."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many cards fit, and how many of them can be reached: in a wallet, nowhere, with news allowed."""

    cards: int
    apple: int
    google: int
    samsung: int
    nowhere: int
    news: int


def create(
    db: sessionmaker[Session],
    slug: str,
    *,
    key: str,
    name: str,
    rule: Rule,
    now: datetime,
    author: str = "",
) -> int:
    """Keep a new segment; returns its number. Raises NotFound, and Conflict if the key is taken."""
    try:
        with db.begin() as session:
            row = SegmentRow(
                programme_id=queries.programme_row(session, slug).id,
                key=key,
                name=name,
                rule=written(rule),
                author=author[:120],
                created_at=now,
                changed_at=now,
            )
            session.add(row)
            session.flush()
            return row.id
    except IntegrityError:
        raise Conflict(f"There is a segment '{key}' already.", key=key) from None


def change(
    db: sessionmaker[Session],
    segment_id: int,
    *,
    now: datetime,
    name: str | None = None,
    rule: Rule | None = None,
    revision: int | None = None,
) -> None:
    """Set what is given. `revision` is the one that the caller has seen: raises Conflict if it is another by
    now, and NotFound. A campaign that runs keeps the rule with which it started.
    """
    with db.begin() as session:
        row = one(session, segment_id, lock=True)
        if revision is not None and revision != row.revision:
            raise Conflict("Somebody changed this segment since you read it.", revision=row.revision)
        row.name = row.name if name is None else name
        row.rule = row.rule if rule is None else written(rule)
        row.revision, row.changed_at = row.revision + 1, now


def delete(db: sessionmaker[Session], segment_id: int, *, now: datetime) -> None:
    """Take it away; its key is free again. Raises NotFound, and Conflict while a campaign works on it."""
    with db.begin() as session:
        row = one(session, segment_id, lock=True)
        used = select(Campaign.id).where(Campaign.segment_id == row.id, Campaign.state.in_(AT_WORK))
        if (campaign := session.scalar(used.limit(1))) is not None:
            raise Conflict("A campaign is at work on this segment.", campaign=campaign)
        row.deleted_at, row.changed_at, row.key = now, now, f"~{row.id}"


def one(session: Session, segment_id: int, *, lock: bool = False) -> SegmentRow:
    """The segment; raises NotFound."""
    row = session.get(SegmentRow, segment_id, with_for_update=lock or None, populate_existing=lock)
    if row is None or row.deleted_at is not None:
        raise NotFound("There is no such segment.", segment=segment_id)
    return row


def by_key(session: Session, programme_id: int, key: str) -> SegmentRow:
    """The programme's segment with this key; raises NotFound."""
    mine = (SegmentRow.programme_id == programme_id, SegmentRow.key == key, SegmentRow.deleted_at.is_(None))
    row = session.scalars(select(SegmentRow).where(*mine)).one_or_none()
    if row is None:
        raise NotFound(f"There is no segment '{key}' in this programme.", segment=key)
    return row


def listed(
    session: Session, programme_ids: Sequence[int] | None, *, after: int = 0, limit: int = 50
) -> Sequence[tuple[SegmentRow, str]]:
    """Segments with the slug of their programme, oldest first; None means those of all programmes."""
    asked = (
        select(SegmentRow, ProgrammeRow.slug)
        .join(ProgrammeRow, ProgrammeRow.id == SegmentRow.programme_id)
        .where(SegmentRow.deleted_at.is_(None), SegmentRow.id > after)
        .order_by(SegmentRow.id)
        .limit(limit)
    )
    if programme_ids is not None:
        asked = asked.where(SegmentRow.programme_id.in_(programme_ids))
    return [(row, slug) for row, slug in session.execute(asked).all()]


def rule_of(row: SegmentRow | None) -> Rule:
    """What it asks; without a segment, every card."""
    return parse({} if row is None else row.rule)


def asked_now(programme: ProgrammeRow, now: datetime) -> Asked:
    """How a rule of this programme is read at `now`."""
    return Asked(now, queries.programme_of(programme).zone)


def count(session: Session, programme: ProgrammeRow, rule: Rule, now: datetime) -> Counted:
    """Counted by the database, in one statement that locks nothing."""
    asked = asked_now(programme, now)
    agreed = fits(ConsentIs(field="consent", purpose=NEWS_CONSENT), asked)
    tests = [*(in_wallet(name) for name in (*WALLETS, "none")), agreed]
    sums = [func.coalesce(func.sum(case((test, 1), else_=0)), 0) for test in tests]
    row = session.execute(select(func.count(), *sums).where(*matching(programme.id, rule, asked))).one()
    return Counted(*(int(each) for each in row))


def first(session: Session, programme: ProgrammeRow, rule: Rule, now: datetime) -> Sequence[str]:
    """Serials of the oldest cards that fit."""
    mine = select(Card.serial).where(*matching(programme.id, rule, asked_now(programme, now)))
    return session.scalars(mine.order_by(Card.id).limit(SHOWN)).all()


def as_told(row: SegmentRow, slug: str) -> Mapping[str, Any]:
    """A segment as programs read it."""
    names = ("id", "key", "name", "rule", "revision", "author", "created_at", "changed_at")
    return {"programme": slug, **{name: getattr(row, name) for name in names}}
