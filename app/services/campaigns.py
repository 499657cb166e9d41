"""Campaigns: written, looked at before, started, paused, resumed. `campaign_walk` carries them out.

Who is in the segment is judged when the walk comes to a card: the rule is the one of the start, the facts are
those of the moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.domain.campaigns import Content, Decking
from app.domain.errors import Conflict, Invalid, KeyReused, NotFound
from app.domain.segments import Rule, parse, written
from app.services import banners, cards, segments
from app.services.events import record
from app.services.journal import Once
from app.storage import queries
from app.storage.tables import Campaign, ImageRow, ProgrammeRow, SegmentRow
from app.storage.tables.delivery import BULK

Kept = sessionmaker[Session]
UNSET: Any = object()


def create(
    db: Kept,
    slug: str,
    *,
    name: str,
    content: Content,
    segment: str | None,
    now: datetime,
    starts_at: datetime | None = None,
    author: str = "",
    once: Once | None = None,
) -> tuple[int, bool]:
    """Write a draft: (number, whether it was there already). `segment` None means all cards of the programme.

    Raises NotFound, Invalid and KeyReused.
    """
    for last in (False, True):
        try:
            with db.begin() as session:
                programme = queries.programme_row(session, slug)
                if known := _recall(session, programme, once):
                    return known.id, True
                row = _add(session, programme, name, content, segment, starts_at, author, now)
                if once is not None:
                    row.request_key, row.request_hash = _request_key(once), once.request_hash
                session.flush()
                return row.id, False
        except IntegrityError:  # the same key, at the same moment: the other one was first
            if once is None or last:
                raise
    raise AssertionError("the second try answers or raises")


def _recall(session: Session, programme: ProgrammeRow, once: Once | None) -> Campaign | None:
    if once is None:
        return None
    mine = (Campaign.programme_id == programme.id, Campaign.request_key == _request_key(once))
    asked = select(Campaign).where(*mine)
    found = session.scalars(asked).one_or_none()
    if found is not None and found.request_hash != once.request_hash:
        raise KeyReused("This Idempotency-Key was used before with another request.", key=once.key)
    return found


def _request_key(once: Once) -> str:
    return f"{once.source}:{once.key}"[:255]


def _add(
    session: Session,
    programme: ProgrammeRow,
    name: str,
    content: Content,
    segment: str | None,
    starts_at: datetime | None,
    author: str,
    now: datetime,
) -> Campaign:
    if faults := faults_of(session, programme, content, starts_at, now):
        raise Invalid(faults)
    row = Campaign(
        programme_id=programme.id,
        name=name,
        segment_id=segments.by_key(session, programme.id, segment).id if segment else None,
        content=content.model_dump(mode="json", exclude_none=True),
        starts_at=starts_at,
        ends_at=_end_of(content),
        priority=BULK,
        author=author[:120],
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def _end_of(content: Content) -> datetime | None:
    """When all that it shows is over again; None where something stays."""
    ends = [part.ends_at for part in (content.message, content.banner) if part is not None]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def faults_of(
    session: Session, programme: ProgrammeRow, content: Content, starts_at: datetime | None, now: datetime
) -> dict[str, str]:
    """What stands in the way of starting it, by place."""
    start = max(starts_at or now, now)
    faults: dict[str, str] = {}
    for name in ("message", "banner"):
        part = getattr(content, name)
        if part is not None and part.ends_at is not None and part.ends_at <= start:
            faults[f"/content/{name}/ends_at"] = "must lie after the start, and in the future"
    if content.banner and session.get(ImageRow, content.banner.image) is None:
        faults["/content/banner/image"] = "there is no such picture; upload it first"
    units = queries.programme_of(programme).units
    for unit in content.gifts:
        if unit not in units:
            faults[f"/content/gifts/{unit}"] = "is not a unit of this programme"
    return faults


def change(
    db: Kept,
    campaign_id: int,
    *,
    now: datetime,
    revision: int | None = None,
    name: str | None = None,
    content: Content | None = None,
    segment: str | None = UNSET,
    starts_at: datetime | None = UNSET,
) -> None:
    """Set what is given; once it was started, nothing but the name. `revision` is the one that the caller has
    seen. Raises NotFound, Invalid and Conflict.
    """
    with db.begin() as session:
        row = one(session, campaign_id, lock=True)
        if revision is not None and revision != row.revision:
            raise Conflict("Somebody changed this campaign since you read it.", revision=row.revision)
        if row.state != "draft" and (content or segment is not UNSET or starts_at is not UNSET):
            raise Conflict("It was started: only its name can change.", state=row.state)
        programme = session.get_one(ProgrammeRow, row.programme_id)
        row.name = name or row.name
        row.starts_at = row.starts_at if starts_at is UNSET else starts_at
        said = content or content_of(row)
        if row.state == "draft" and (faults := faults_of(session, programme, said, row.starts_at, now)):
            raise Invalid(faults)
        if content is not None:
            row.content, row.ends_at = content.model_dump(mode="json", exclude_none=True), _end_of(content)
        if segment is not UNSET:
            row.segment_id = segments.by_key(session, programme.id, segment).id if segment else None
        row.revision += 1


def start(db: Kept, read: Kept, campaign_id: int, *, now: datetime, actor: str = "") -> None:
    """Let it walk, at once or from its `starts_at` on; one that was paused goes on where it stood. Again
    changes nothing. Raises NotFound, and Invalid for what cannot be done any more.
    """
    with read() as session:
        row = one(session, campaign_id)
        programme = session.get_one(ProgrammeRow, row.programme_id)
        total = segments.count(session, programme, rule_for(session, row), now).cards
    with db.begin() as session:
        row = one(session, campaign_id, lock=True)
        if row.state == "paused":
            row.state, row.due_at, row.attempts, row.last_error = _begun(row, now), _due(row, now), 0, ""
            record(session, row.programme_id, "campaign.resumed", _told(row, actor), now)
            cards.wake(session, BULK)
        elif row.state == "draft":
            set_off(session, row, total, now, actor)


def set_off(session: Session, row: Campaign, total: int, now: datetime, actor: str) -> None:
    """From a draft to a walk: the rule is kept as it is now. Raises Invalid."""
    programme = session.get_one(ProgrammeRow, row.programme_id)
    content = content_of(row)
    if faults := faults_of(session, programme, content, row.starts_at, now):
        raise Invalid(faults)
    row.rule = written(rule_for(session, row))
    if content.banner is not None:
        hung = banners.hang(
            session,
            programme,
            content.banner.image,
            segment_id=row.segment_id,
            starts_at=row.starts_at,
            ends_at=content.banner.ends_at,
            now=now,
            author=actor,
        )
        row.content = {**row.content, "banner_id": hung.id}
    row.total, row.started_at = total, now
    row.state, row.due_at = _begun(row, now), _due(row, now)
    record(session, row.programme_id, "campaign.started", _told(row, actor), now)
    cards.wake(session, BULK)


def deck(
    db: Kept,
    read: Kept,
    slug: str,
    image: str,
    *,
    segment: str,
    starts_at: datetime | None,
    ends_at: datetime | None,
    now: datetime,
    author: str = "",
) -> int:
    """A banner for a segment, by a campaign that is started at once; returns the campaign's number. Raises
    NotFound, and Invalid.
    """
    if ends_at is not None and ends_at <= max(starts_at or now, now):
        raise Invalid({"/ends_at": "must lie after the beginning, and in the future"})
    with read() as session:
        programme = queries.programme_row(session, slug)
        row = segments.by_key(session, programme.id, segment)
        total = segments.count(session, programme, segments.rule_of(row), now).cards
    content = Content(banner=Decking(image=image, ends_at=ends_at))
    with db.begin() as session:
        programme = queries.programme_row(session, slug)
        made = _add(session, programme, row.name, content, segment, starts_at, author, now)
        set_off(session, made, total, now, author)
        return made.id


def _begun(row: Campaign, now: datetime) -> str:
    return "scheduled" if row.starts_at is not None and row.starts_at > now else "running"


def _due(row: Campaign, now: datetime) -> datetime:
    return max(row.starts_at or now, now)


def pause(db: Kept, campaign_id: int, *, now: datetime, actor: str = "") -> None:
    """Stop after the chunk at hand; again changes nothing. Raises NotFound, and Conflict for one that does
    not walk.
    """
    with db.begin() as session:
        row = one(session, campaign_id, lock=True)
        if row.state == "paused":
            return
        if row.state not in ("scheduled", "running"):
            raise Conflict(f"It is {row.state}: there is nothing to pause.", state=row.state)
        row.state, row.due_at = "paused", None
        record(session, row.programme_id, "campaign.paused", _told(row, actor), now)


def _told(row: Campaign, actor: str) -> dict[str, Any]:
    return {"campaign": row.id, "total": row.total, "reached": row.reached, "actor": actor}


def one(session: Session, campaign_id: int, *, lock: bool = False) -> Campaign:
    """The campaign; raises NotFound."""
    row = session.get(Campaign, campaign_id, with_for_update=lock or None, populate_existing=lock)
    if row is None:
        raise NotFound("There is no such campaign.", campaign=campaign_id)
    return row


def listed(
    session: Session, programme_ids: Sequence[int] | None, *, before: int = 0, limit: int = 50
) -> Sequence[Campaign]:
    """Campaigns, the newest first; None means those of all programmes, `before` is the last number seen."""
    asked = select(Campaign).order_by(Campaign.id.desc()).limit(limit)
    if programme_ids is not None:
        asked = asked.where(Campaign.programme_id.in_(programme_ids))
    return session.scalars(asked.where(Campaign.id < before) if before else asked).all()


def content_of(row: Campaign) -> Content:
    """What it does."""
    return Content.model_validate({key: value for key, value in row.content.items() if key != "banner_id"})


def rule_for(session: Session, row: Campaign) -> Rule:
    """The rule by which it picks cards: once it was started, the one of the start. Raises NotFound."""
    if row.started_at is not None:
        return parse(row.rule)
    return segments.rule_of(segments.one(session, row.segment_id) if row.segment_id else None)


def as_told(session: Session, row: Campaign) -> Mapping[str, Any]:
    """A campaign as programs read it."""
    names = ("id", "name", "state", "starts_at", "total", "seen", "reached", "skipped", "last_error")
    more = ("revision", "author", "created_at", "started_at", "finished_at")
    segment = session.get(SegmentRow, row.segment_id) if row.segment_id else None
    return {
        "programme": session.get_one(ProgrammeRow, row.programme_id).slug,
        "segment": segment.key if segment else None,
        "rule": written(parse(row.rule)) if row.started_at else None,
        "content": content_of(row).model_dump(mode="json", exclude_none=True),
        "banner": row.content.get("banner_id"),
        **{name: getattr(row, name) for name in (*names, *more)},
    }
