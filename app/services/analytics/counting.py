"""One statement for each kind of row: figures by channel, and by day where that is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, and_, case, func, literal, select, text, union_all
from sqlalchemy.orm import Session, aliased

from app.services.analytics.question import Question
from app.storage.tables import (
    AppleRegistration,
    Attribution,
    Card,
    Event,
    FunnelCount,
    GoogleObject,
    Operation,
    Receipt,
    Refund,
    SamsungCard,
    TransferRow,
)

SCANS = ("purchase", "stamps", "redemption")
"""What a cashier does with a card that was shown."""
VISITS = ("purchase", "stamps")
WALLETS = ("apple", "google", "samsung")
_AHEAD = timedelta(minutes=15)
"""So far may a till's clock run before ours."""
ACTOR = Operation.card_id + 0
"""The card of an operation, so written that operations are found by their time and not card by card: there
are few in the days asked for, and SQLite guesses otherwise.
"""
_MOVED = text("events.kind IN ('card.installed', 'card.removed')")
"""Spelled as in the index of these events, so that both engines see that it serves."""
Found = dict[tuple[str, ...], dict[str, int]]


@dataclass(frozen=True, slots=True)
class Counting:
    """How to count: the question, what tells groups apart, and whether days do too."""

    asked: Question
    by: tuple[str, ...] = ()
    daily: bool = False
    dialect: str = "sqlite"

    def keys(self, source: Any = None) -> list[Any]:
        """The labelled values of the channel; `source` gives the value of a name."""
        return [_plain(name, source).label(f"of_{name}") for name in self.by]

    def select(self, at: Any, **sums: Any) -> Select[Any]:
        """Sums per group over cards (joined with what brought them) and what the caller joins."""
        days = [self.asked.day(at, self.dialect).label("on_day")] if self.daily else []
        named = [each.label(name) for name, each in sums.items()]
        statement = select(*self.keys(), *days, *named).select_from(Card)
        statement = statement.outerjoin(Attribution, Attribution.card_id == Card.id)
        mine = [_plain(name) == value for name, value in self.asked.only.items()]
        return self._grouped(statement.where(Card.programme_id == self.asked.row.id, *mine))

    def _grouped(self, statement: Select[Any]) -> Select[Any]:
        names = [*(f"of_{name}" for name in self.by), *(["on_day"] if self.daily else [])]
        return statement.group_by(*names) if names else statement


def _plain(name: str, source: Any = None) -> Any:
    """A value of the channel in the one form in which it is counted."""
    value = func.coalesce(source(name) if source else getattr(Attribution, name), "")
    return value if name == "link_code" else func.lower(value)


def figures(session: Session, asked: Question, by: tuple[str, ...] = (), *, daily: bool = False) -> Found:
    """All figures by group; the last part of a key is the day, where days are asked for."""
    how = Counting(asked, by, daily, session.get_bind().dialect.name)
    found: Found = {}
    for statement in _statements(how):
        for row in session.execute(statement).mappings():
            _add(found, how, row)
    for row in session.execute(_views(how)).mappings():
        _add(found, how, {**row, {"view": "views", "form": "forms"}.get(row["step"], "other"): row["times"]})
    return found


def _add(found: Found, how: Counting, row: Mapping[Any, Any]) -> None:
    names = [f"of_{name}" for name in how.by] + (["on_day"] if how.daily else [])
    key = tuple(str(row[name]).strip() if name == "of_link_code" else _low(row[name]) for name in names)
    sums = found.setdefault(key, {})
    for name, amount in row.items():
        if name not in (*names, "step", "times") and amount:
            sums[name] = sums.get(name, 0) + int(amount)


def _low(value: Any) -> str:
    return str(value).strip().lower()  # SQLite's lower() knows ASCII alone


def _statements(how: Counting) -> Iterator[Select[Any]]:
    asked = how.asked
    yield how.select(Card.created_at, issued=func.count()).where(asked.within(Card.created_at))
    yield _installs(how)
    yield _removals(how)
    yield _first_scans(how)
    yield _visits(how)
    yield _sales(how)
    yield _refunds(how)
    yield _points(how)


def _views(how: Counting) -> Select[Any]:
    asked = how.asked
    days = [_text_of_day(how.dialect).label("on_day")] if how.daily else []
    keys = how.keys(_of_count)
    mine = [_plain(name, _of_count) == value for name, value in asked.only.items()]
    statement = select(*keys, *days, FunnelCount.step, func.sum(FunnelCount.count).label("times")).where(
        FunnelCount.programme_id == asked.row.id,
        FunnelCount.day >= asked.first,
        FunnelCount.day <= asked.last,
        *mine,
    )
    return statement.group_by(
        *(f"of_{name}" for name in how.by), *(["on_day"] if days else []), FunnelCount.step
    )


def _of_count(name: str) -> Any:
    return FunnelCount.utm[name].as_string()


def _text_of_day(dialect: str) -> Any:
    return func.date(FunnelCount.day) if dialect == "sqlite" else func.to_char(FunnelCount.day, "YYYY-MM-DD")


def _installs(how: Counting) -> Select[Any]:
    """The first time in any wallet, and which one it was."""
    seen, at = _seen(how.asked), {}
    for name in WALLETS:
        at[name] = func.min(case((seen.c.wallet == name, seen.c.at))).label(name)
    first = (
        select(seen.c.card_id, func.min(seen.c.at).label("at"), *at.values())
        .group_by(seen.c.card_id)
        .subquery()
    )
    which = case(*((first.c[name] == first.c.at, name) for name in WALLETS), else_="")
    sums = {f"installed_{name}": func.sum(case((which == name, 1), else_=0)) for name in WALLETS}
    statement = how.select(first.c.at, installed=func.count(), **sums)
    return statement.join(first, first.c.card_id == Card.id).where(how.asked.within(first.c.at))


def _seen(asked: Question) -> Any:
    """What stands in a wallet now, and what events tell of those that left."""
    told = select(
        Event.card_id, Event.body["wallet"].as_string().label("wallet"), Event.at.label("at")
    ).where(Event.programme_id == asked.row.id, _MOVED, Event.kind == "card.installed")
    held = [
        select(table.card_id, literal(name).label("wallet"), at.label("at")).where(at.is_not(None))
        for name, table, at in (
            ("apple", AppleRegistration, AppleRegistration.registered_at),
            ("google", GoogleObject, GoogleObject.saved_at),
            ("samsung", SamsungCard, SamsungCard.added_at),
        )
    ]
    return union_all(told, *held).subquery()


def _removals(how: Counting) -> Select[Any]:
    """The first time that the card was taken off a phone."""
    first = (
        select(Event.card_id, func.min(Event.at).label("at"))
        .where(Event.programme_id == how.asked.row.id, _MOVED, Event.kind == "card.removed")
        .group_by(Event.card_id)
        .subquery()
    )
    statement = how.select(first.c.at, removed=func.count()).join(first, first.c.card_id == Card.id)
    return statement.where(how.asked.within(first.c.at))


def _operations(how: Counting) -> list[Any]:
    """Conditions on operations that may count, of whichever programme: their cards tell. The one on
    `recorded_at` is for its index.
    """
    begin, end = how.asked.begin, how.asked.end
    recorded = Operation.recorded_at >= begin - _AHEAD
    if how.asked.basis == "joined":
        return [recorded]
    return [recorded, Operation.occurred_at >= begin, Operation.occurred_at < end]


def _first_scans(how: Counting) -> Select[Any]:
    first = (
        select(ACTOR.label("card_id"), func.min(Operation.occurred_at).label("at"))
        .where(*_operations(how), Operation.kind.in_(SCANS))
        .group_by(ACTOR)
        .subquery()
    )
    earlier = aliased(Operation)
    before = (
        select(earlier.id)
        .where(
            earlier.card_id == first.c.card_id,
            earlier.kind.in_(SCANS),
            earlier.occurred_at < how.asked.begin,
        )
        .exists()
    )
    statement = how.select(first.c.at, active=func.count()).join(first, first.c.card_id == Card.id)
    return statement.where(how.asked.within(first.c.at), *([] if how.asked.basis == "joined" else [~before]))


def _visits(how: Counting) -> Select[Any]:
    statement = how.select(Operation.occurred_at, visits=func.count())
    return statement.join(Operation, ACTOR == Card.id).where(
        *_operations(how), Operation.kind.in_(VISITS), how.asked.within(Operation.occurred_at)
    )


def _sales(how: Counting) -> Select[Any]:
    sums = {
        "receipts": func.count(),
        "sales_minor": func.sum(Receipt.amount_minor),
        "buyers": func.count(Receipt.card_id.distinct()),
    }
    statement = how.select(Receipt.closed_at, **sums).join(Receipt, Receipt.card_id == Card.id)
    return statement.where(Receipt.programme_id == how.asked.row.id, how.asked.within(Receipt.closed_at))


def _refunds(how: Counting) -> Select[Any]:
    """Those of the days first: they are few."""
    back = select(Refund.receipt_id, Refund.at, Refund.amount_minor).where(Refund.at >= how.asked.begin)
    if how.asked.basis == "happened":
        back = back.where(Refund.at < how.asked.end)
    found = back.subquery()
    statement = how.select(found.c.at, refunds_minor=func.sum(found.c.amount_minor))
    return (
        statement.join(Receipt, Receipt.card_id == Card.id)
        .join(found, found.c.receipt_id == Receipt.id)
        .where(how.asked.within(found.c.at))
    )


def _points(how: Counting) -> Select[Any]:
    """Given and redeemed, less what went back of both with purchases that were."""
    sums = {name: func.sum(case(*whens, else_=0)) for name, whens in _sorts().items()}
    statement = how.select(Operation.occurred_at, **sums)
    return (
        statement.join(Operation, ACTOR == Card.id)
        .join(TransferRow, TransferRow.operation_id == Operation.id)
        .where(
            *_operations(how),
            TransferRow.unit == how.asked.unit,
            how.asked.within(Operation.occurred_at),
        )
    )


def _sorts() -> dict[str, list[Any]]:
    line, back = TransferRow, Operation.reverses_id.is_not(None)
    given = and_(line.debit == "issued", line.credit == "available", ~back)
    given_back = and_(back, line.debit.in_(("available", "debt")), line.credit == "reversed")
    taken = and_(line.debit.in_(("available", "held")), line.credit == "redeemed", ~back)
    restored = and_(back, line.debit == "reversed", line.credit == "available")
    return {
        "points_earned": [(given, line.amount), (given_back, -line.amount)],
        "points_redeemed": [(taken, line.amount), (restored, -line.amount)],
    }


def customers(session: Session, asked: Question) -> tuple[int, int]:
    """How many cards have a receipt that counts, and how many more than one."""
    how = Counting(asked)
    statement = how.select(Receipt.closed_at, card_id=Receipt.card_id, receipts=func.count())
    each = (
        statement.join(Receipt, Receipt.card_id == Card.id)
        .where(Receipt.programme_id == asked.row.id, asked.within(Receipt.closed_at))
        .group_by(Receipt.card_id)
        .subquery()
    )
    again = func.coalesce(func.sum(case((each.c.receipts > 1, 1), else_=0)), 0)
    buyers, repeat = session.execute(select(func.count(), again).select_from(each)).one()
    return int(buyers), int(repeat)
