"""Cards in groups of equal states: what rules look at is counted by the database, so that each state is
judged once, however many cards share it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from app.domain.ledger import Holdings, Lot
from app.domain.mechanics import needs
from app.domain.mechanics.base import EVER, Count, Mechanic, Standing, State
from app.domain.programme import Programme
from app.storage.tables import Card, LotRow, Membership, ProgrammeRow, Tally

STRETCH = 50_000
"""Cards in one statement: a second or two on PostgreSQL, and a step of the progress bar."""
_SPREAD, _ROUND = 2_654_435_761, 2**32
"""Knuth's multiplier: which cards are in a sample does not follow any pattern of their numbers."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What makes two cards different in the eyes of the rules."""

    units: tuple[str, ...]
    counts: tuple[Count, ...]
    memberships: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Cards in the same state: how many, and one of them. `version` is the entry of the plan that counts."""

    version: int
    state: State
    cards: int
    example: int


def shape_of(rulebooks: Sequence[Sequence[Mechanic]], programme: Programme, now: datetime) -> Shape:
    """What these rules look at."""
    every = [rule for rules in rulebooks for rule in rules]
    today = now.astimezone(programme.zone).date()
    units = dict.fromkeys(unit for rule in every for unit in rule.units())
    paid = any("memberships" in rule.looks_at for rule in every)
    keys = dict.fromkeys(str(getattr(rule, "key", "")) for rule in every if rule.kind == "membership")
    return Shape(tuple(units), needs(every, today), tuple(keys) if paid else ())


def boundaries(session: Session, programme_id: int) -> Iterator[tuple[int, int]]:
    """Ranges of card ids (first excluded, last included) with a stretch of this programme's cards each."""
    first = 0
    while True:
        rest = select(Card.id).where(Card.programme_id == programme_id, Card.id > first).order_by(Card.id)
        last = session.scalar(rest.offset(STRETCH - 1).limit(1))
        yield first, last or 2**62
        if last is None:
            return
        first = last


def counted(
    session: Session,
    row: ProgrammeRow,
    shape: Shape,
    span: tuple[int, int],
    now: datetime,
    share: float = 1.0,
) -> Sequence[Any]:
    """Rows of (version, tier, earned, invited, safety, units…, counts…, memberships…, cards, example)."""
    mine = _mine(row, span, share)
    held = _held(shape, mine, now)
    tallied = _tallied(shape, mine)
    known: list[Any] = [_version(row, now), Card.tier, Card.tier_earned, Card.tier_invited, _safety(now)]
    known += [func.coalesce(held.c[f"u{n}"], 0) for n in range(len(shape.units))] if held is not None else []
    known += (
        [func.coalesce(tallied.c[f"c{n}"], 0) for n in range(len(shape.counts))]
        if tallied is not None
        else []
    )
    known += [_paid(key, now) for key in shape.memberships]
    named = [each.label(f"k{n}") for n, each in enumerate(known)]
    wide = select(Card.id.label("card"), *named).where(*mine)
    if held is not None:
        wide = wide.outerjoin(held, held.c.card == Card.id)
    if tallied is not None:
        wide = wide.outerjoin(tallied, tallied.c.card == Card.id)
    flat = wide.subquery()
    keys = [flat.c[f"k{n}"] for n in range(len(known))]
    statement = select(*keys, func.count(), func.min(flat.c.card)).group_by(*keys)
    return session.execute(statement).all()


def _mine(row: ProgrammeRow, span: tuple[int, int], share: float) -> list[ColumnElement[bool]]:
    alive = Card.status.in_(("active", "blocked"))
    mine = [Card.programme_id == row.id, Card.id > span[0], Card.id <= span[1], alive]
    if share < 1:
        spread = (Card.id * literal(_SPREAD, BigInteger)) % literal(_ROUND, BigInteger)
        mine.append(spread < int(share * _ROUND))
    return mine


def _account() -> ColumnElement[int]:
    return func.coalesce(Card.account_id, Card.id)


def _held(shape: Shape, mine: Sequence[ColumnElement[bool]], now: datetime) -> Any:
    if not shape.units:
        return None
    usable = and_(
        LotRow.card_id == _account(),
        LotRow.remaining > 0,
        LotRow.active_from <= now,
        or_(LotRow.expires_at.is_(None), LotRow.expires_at > now),
    )
    sums = [
        func.sum(case((LotRow.unit == unit, LotRow.remaining), else_=0)).label(f"u{n}")
        for n, unit in enumerate(shape.units)
    ]
    joined = select(Card.id.label("card"), *sums).join(LotRow, usable).where(*mine)
    return joined.group_by(Card.id).subquery()


def _tallied(shape: Shape, mine: Sequence[ColumnElement[bool]]) -> Any:
    if not shape.counts:
        return None
    whats = {count.what for count in shape.counts}
    wanted = and_(Tally.card_id == _account(), Tally.what.in_(sorted(whats)))
    sums = [
        func.sum(case((_counts(count), Tally.amount), else_=0)).label(f"c{n}")
        for n, count in enumerate(shape.counts)
    ]
    joined = select(Card.id.label("card"), *sums).join(Tally, wanted).where(*mine)
    return joined.group_by(Card.id).subquery()


def _counts(count: Count) -> ColumnElement[bool]:
    days = Tally.day == EVER if count.since == EVER else Tally.day >= count.since
    return and_(Tally.what == count.what, days)


def _version(row: ProgrammeRow, now: datetime) -> ColumnElement[Any]:
    """The place in the plan of the version that counts for the card now, as `programme_at` chooses; -1
    without a plan.
    """
    chosen: list[tuple[ColumnElement[bool], int]] = []
    for place in reversed(range(len(row.rule_plan))):
        version = row.rule_plan[place]
        starts_at = datetime.fromisoformat(version["starts_at"])
        if starts_at > now:
            continue
        issued_after = Card.created_at >= starts_at if version["keep_old"] else literal(True)
        chosen.append((issued_after, place))
    return case(*chosen, else_=-1) if chosen else literal(-1)


def _safety(now: datetime) -> ColumnElement[Any]:
    return case((Card.tier_until.is_(None), 0), (Card.tier_until > now, 1), else_=2)


def _paid(key: str, now: datetime) -> ColumnElement[Any]:
    valid = (Membership.starts_at <= now, Membership.ends_at > now, Membership.cancelled_at.is_(None))
    one = select(Membership.id).where(Membership.card_id == Card.id, Membership.key == key, *valid)
    return case((one.exists(), 1), else_=0)


def group_of(
    key: Sequence[Any], cards: int, example: int, shape: Shape, programme: Programme, now: datetime
) -> Group:
    """The group with its state as rules see it."""
    version, tier, earned, invited, safety, *rest = key
    units, rest = rest[: len(shape.units)], rest[len(shape.units) :]
    counts, paid = rest[: len(shape.counts)], rest[len(shape.counts) :]
    lots = (
        Lot(n, unit, int(amount), int(amount), _LONG_AGO)
        for n, (unit, amount) in enumerate(zip(shape.units, units, strict=True), 1)
        if amount > 0
    )
    year = timedelta(days=365)
    until = {0: None, 1: now + year, 2: now - timedelta(seconds=1)}[int(safety)]
    state = State(
        Holdings.of(lots),
        now,
        tier,
        zone=programme.zone,
        counts={count: int(amount) for count, amount in zip(shape.counts, counts, strict=True)},
        standing=Standing(tier, _LONG_AGO if tier else None, until, bool(invited), earned),
        memberships={key: now + year for key, has in zip(shape.memberships, paid, strict=True) if has},
    )
    return Group(int(version), state, cards, example)


_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
