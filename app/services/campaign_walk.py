"""A campaign carried out: a chunk of cards at a time, each card once, whatever dies in between.

What moves value has a key of its own for each card; all else is written in the transaction that moves the
cursor on. A till waits for one chunk's locks at most, and the worker rests between chunks.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import structlog
from sqlalchemy import String, cast, exists, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from app.domain.campaigns import Content
from app.domain.errors import Refused
from app.domain.messages import USUALLY
from app.domain.segments import parse
from app.services import banners, loyalty, segments, touching
from app.services.campaigns import content_of
from app.services.events import record
from app.services.journal import By, Once
from app.services.messages import speak_until
from app.services.shown_messages import agreeing
from app.storage.batches import among
from app.storage.queue import backoff_s, claim
from app.storage.segments import matching
from app.storage.tables import Campaign, Card, CardBanner, MessageRow, Operation, ProgrammeRow
from app.storage.tables.delivery import BULK

log = structlog.get_logger(__name__)
CHUNK = 50
"""Cards in a transaction."""
LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 5
"""After so many failures one after another it is paused, with the reason, until somebody resumes it."""
SOURCE = "campaign"
Kept = sessionmaker[Session]


@dataclass(frozen=True, slots=True)
class Walk:
    """A campaign that is ours until the lease ends."""

    id: int
    programme_id: int
    lease: datetime
    content: Content
    rule: dict[str, Any]
    name: str
    cursor: int
    banner_id: int | None
    started_at: datetime

    def key(self, card_id: int) -> str:
        """What makes its gift to a card happen once."""
        return f"campaign:{self.id}:{card_id}"

    @property
    def actor(self) -> str:
        """Who does it, for the journal."""
        return f"campaign:{self.id}"


def is_due(read: Kept, now: datetime) -> bool:
    """Whether there is a chunk to be done."""
    with read() as session:
        return session.scalar(select(Campaign.id).where(Campaign.due_at <= now).limit(1)) is not None


def run_step(db: Kept, read: Kept, *, now: datetime, jitter: float, lease: timedelta = LEASE) -> bool:
    """One chunk of one campaign; returns whether there was any."""
    with db.begin() as session:
        held = claim(session, Campaign, now, limit=1, lease=lease)
        walk = _walk(held[0]) if held else None
        attempts = held[0].attempts if held else 0
    if walk is None:
        return False
    try:
        _chunk(db, read, walk, now)
    except OperationalError:
        raise  # the database is away or busy: the lease runs out
    except Exception as error:
        log.exception("a campaign's chunk failed", campaign=walk.id, attempts=attempts)
        _postpone(db, walk, error, attempts, now, jitter)
    return True


def _walk(row: Campaign) -> Walk:
    assert row.due_at is not None and row.started_at is not None, "it was claimed, so it was started"
    number = row.content.get("banner_id")
    begins = max(row.started_at, row.starts_at or row.started_at)
    known = (content_of(row), dict(row.rule), row.name, row.cursor, number)
    return Walk(row.id, row.programme_id, row.due_at, *known, begins)


def _postpone(db: Kept, walk: Walk, error: Exception, attempts: int, now: datetime, jitter: float) -> None:
    wait = timedelta(seconds=backoff_s(attempts, jitter, cap_s=300))
    values: dict[str, Any] = {"due_at": now + wait, "last_error": type(error).__name__}
    if attempts >= MOST_ATTEMPTS:
        values |= {"due_at": None, "state": "paused"}
    with db.begin() as session:
        mine = (Campaign.id == walk.id, Campaign.due_at == walk.lease)
        session.execute(update(Campaign).where(*mine).values(values))


def _chunk(db: Kept, read: Kept, walk: Walk, now: datetime) -> None:
    """Choose without a lock; give, each card by itself; then lock, write, draw and move on."""
    with read() as session:
        programme = session.get_one(ProgrammeRow, walk.programme_id)
        rule = parse(walk.rule)
        total = segments.count(session, programme, rule, now).cards if walk.cursor == 0 else None
        found = _next(session, programme, walk, rule, now)
    gifted = {card.id for card in found if _given(db, walk, card, now)}
    with db.begin() as session:
        mine = select(Campaign).where(Campaign.id == walk.id, Campaign.due_at == walk.lease)
        row = session.scalars(mine.with_for_update()).one_or_none()
        if row is None:  # paused, or our lease ran out and another worker has it
            return
        reached = gifted | _written(session, walk, [card.id for card in found], now)
        row.total = row.total if total is None else total
        _move_on(session, row, found, len(reached), now)


def _move_on(session: Session, row: Campaign, found: Sequence[Card], reached: int, now: datetime) -> None:
    row.state, row.attempts, row.last_error = "running", 0, ""
    row.seen, row.reached = row.seen + len(found), row.reached + reached
    row.skipped += len(found) - reached
    row.cursor, row.due_at = found[-1].id if found else row.cursor, now
    if len(found) < CHUNK:
        row.state, row.due_at, row.finished_at = "done", None, now
        told = {"campaign": row.id, "reached": row.reached, "skipped": row.skipped}
        record(session, row.programme_id, "campaign.done", told, now)


def _next(session: Session, programme: ProgrammeRow, walk: Walk, rule: Any, now: datetime) -> Sequence[Card]:
    """The next cards that fit; one that has our gift from a chunk that was cut off fits, come what may."""
    of, *fits = matching(programme.id, rule, segments.asked_now(programme, now))
    tests = fits
    if walk.content.gifts:
        key = literal(walk.key(0)[:-1]) + cast(Card.id, String)
        given = (Operation.programme_id == programme.id, Operation.source == SOURCE, Operation.key == key)
        tests = [or_(*fits, exists().where(*given).correlate(Card))]
    after = select(Card).where(of, Card.id > walk.cursor, *tests)
    return session.scalars(after.order_by(Card.id).limit(CHUNK)).all()


def _given(db: Kept, walk: Walk, card: Card, now: datetime) -> bool:
    """Give what is given, once; whether the card has it. One that cannot take it is left out."""
    if not walk.content.gifts:
        return False
    gifts = dict(walk.content.gifts)
    once = Once(SOURCE, walk.key(card.id), {"campaign": walk.id, "gifts": gifts})
    by = By(walk.actor, reason=walk.name)
    try:
        loyalty.adjust(db, card.serial, gifts, once, by, now=now, priority=BULK)
    except Refused as refused:
        log.info("a campaign's gift was refused", campaign=walk.id, card=card.id, code=refused.code)
        return False
    return True


def _written(session: Session, walk: Walk, card_ids: Sequence[int], now: datetime) -> set[int]:
    """Message, values and banner of these cards, and their faces as they are then; gives whom it reached."""
    content = walk.content
    if not card_ids or not (content.message or content.values or walk.banner_id):
        return set()
    asked = select(Card).where(among(session, Card.id, card_ids)).order_by(Card.id)
    locked = session.scalars(
        asked.with_for_update(key_share=True).execution_options(populate_existing=True)
    ).all()
    found = [card for card in locked if card.status != "void"]
    reached = _say(session, walk, found, now) if content.message else set()
    for card in found if content.values else ():
        merged = {**card.values, **content.values}
        card.values = {name: value for name, value in merged.items() if value != ""}
        reached.add(card.id)
    reached |= _deal_out(session, walk, found, now)
    session.flush()
    drawn = touching.faces(session, found, now)
    touching.raise_versions(session, found, drawn, now, priority=BULK)
    return reached


def _say(session: Session, walk: Walk, found: Sequence[Card], now: datetime) -> set[int]:
    """A message to each; news to those alone who agreed to them."""
    message = walk.content.message
    assert message is not None, "asked where there is one"
    ends_at = message.ends_at or walk.started_at + USUALLY
    if ends_at <= now:
        return set()
    told: Collection[int] = {card.member_id for card in found}
    if message.purpose == "news":
        told = agreeing(session, sorted(told))
    hearing = [card for card in found if card.member_id in told]
    session.add_all(
        MessageRow(
            programme_id=walk.programme_id,
            card_id=card.id,
            header=dict(message.header),
            body=dict(message.body),
            purpose=message.purpose,
            loud=message.loud,
            starts_at=now,
            ends_at=ends_at,
            due_at=ends_at,
            request_key=walk.key(card.id),
            author=walk.actor,
            created_at=now,
        )
        for card in hearing
    )
    session.flush()
    speak_until(session, session.get_one(ProgrammeRow, walk.programme_id), ends_at)
    return {card.id for card in hearing}


def _deal_out(session: Session, walk: Walk, found: Sequence[Card], now: datetime) -> set[int]:
    """The banner, while it counts: in place of any that the card has of its own."""
    row = banners.to_deal_out(session, walk.banner_id, now) if walk.banner_id and found else None
    if row is None:
        return set()
    if row.segment_id is not None:
        rows = [{"card_id": card.id, "banner_id": row.id} for card in found]
        session.connection().execute(_dealing(session.get_bind().dialect.name), rows)
    return {card.id for card in found}


@cache
def _dealing(dialect: str) -> Any:
    table: Any = CardBanner.__table__
    dealing: Any = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    return dealing.on_conflict_do_update(
        index_elements=["card_id"], set_={"banner_id": dealing.excluded.banner_id}
    )
