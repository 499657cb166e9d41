"""What partners and the house owe each other for points, by month and partner, exact to the entry.

An entry belongs to the month in which it was recorded (in the programme's time zone), so that a month that is
over never changes: a receipt that comes late, and a purchase that is taken back later, count when they come.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session, aliased

from app.domain.errors import Invalid
from app.domain.mechanics import parse_rules
from app.domain.mechanics.bill import shares
from app.domain.mechanics.partner import Partner
from app.domain.mechanics.points import Points
from app.domain.programme import Programme
from app.domain.text import LocalText, plain
from app.storage import queries
from app.storage.tables import Operation, ProgrammeRow, Receipt, Refund, TransferRow

MOST_MONTHS = 36
COUNTED = (
    "receipts",
    "turnover_minor",
    "returned_minor",
    "given",
    "given_back",
    "taken",
    "restored",
    "expired",
)


@dataclass(frozen=True, slots=True)
class Line:
    """A partner's month. `given` and `taken` are points, of which `given_back` and `restored` went back when
    purchases were; `expired` are those it gave that ran out. `net_minor` is what the partner owes the house
    (or, negative, the house it): `pays_minor` less `gets_minor`.
    """

    month: str
    partner: str
    name: LocalText
    receipts: int
    turnover_minor: int
    returned_minor: int
    given: int
    given_back: int
    taken: int
    restored: int
    expired: int
    pays_minor: int
    gets_minor: int
    net_minor: int


@dataclass(slots=True)
class _Sum:
    """A partner's month while it is being summed up; prices may change within it."""

    counted: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    pays: Decimal = Decimal(0)
    gets: Decimal = Decimal(0)


Sums = dict[str, dict[str, int]]
"""Partner's key to what was counted."""


def report(session: Session, row: ProgrammeRow, first: date, last: date) -> list[Line]:
    """A line per month and partner for the days `first` to `last`, both included. Raises Invalid."""
    _check(first, last)
    programme = queries.programme_of(row)
    names = {rule.key: rule.name for rule in _partners(programme.rules)}
    lines: list[Line] = []
    for month, days in _months(first, last):
        sums: dict[str, _Sum] = {}
        for begin, end, partners in _spans(row, programme, *days):
            _add_span(sums, _counted(session, row, programme, begin, end), partners)
        lines += [_line(month, key, names, sums[key]) for key in sorted(sums) if key]
    return lines


def _check(first: date, last: date) -> None:
    if last < first:
        raise Invalid({"/to": "lies before from"})
    if (last.year - first.year) * 12 + last.month - first.month >= MOST_MONTHS:
        raise Invalid({"/to": f"lies more than {MOST_MONTHS} months after from"})


def _partners(rules: Sequence[Any]) -> list[Partner]:
    return [rule for rule in rules if isinstance(rule, Partner)]


def _months(first: date, last: date) -> Iterator[tuple[str, tuple[date, date]]]:
    """Each month with the days of it that are asked for: from, and up to (not included)."""
    day, end = first, date.fromordinal(last.toordinal() + 1)
    while day < end:
        following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        yield f"{day:%Y-%m}", (day, min(following, end))
        day = following


def _spans(
    row: ProgrammeRow, programme: Programme, first: date, end: date
) -> Iterator[tuple[datetime, datetime, Mapping[str, Partner]]]:
    """These days, cut where rules changed, each part with the partners (and their prices) of its time."""
    zone = programme.zone
    begin_at, end_at = (datetime.combine(day, time.min, zone).astimezone(UTC) for day in (first, end))
    plan = [(datetime.fromisoformat(version["starts_at"]), version["rules"]) for version in row.rule_plan]
    cuts = [begin_at, *(at for at, _ in plan if begin_at < at < end_at), end_at]
    for begin, after in pairwise(cuts):
        raw = next((rules for at, rules in reversed(plan) if at <= begin), None)
        rules = programme.rules if raw is None else parse_rules(raw)
        yield begin, after, {rule.key: rule for rule in _partners(rules)}


def _add_span(sums: dict[str, _Sum], counted: Sums, partners: Mapping[str, Partner]) -> None:
    for key, amounts in counted.items():
        mine = sums.setdefault(key, _Sum())
        for what, amount in amounts.items():
            mine.counted[what] += amount
        if rule := partners.get(key):
            mine.pays += (amounts["given"] - amounts["given_back"]) * rule.pays_per_point_minor
            mine.gets += (amounts["taken"] - amounts["restored"]) * rule.gets_per_point_minor


def _line(month: str, key: str, names: Mapping[str, LocalText], made: _Sum) -> Line:
    pays, gets = _whole(made.pays), _whole(made.gets)
    name = names.get(key, plain(key))
    return Line(month, key, name, **made.counted, pays_minor=pays, gets_minor=gets, net_minor=pays - gets)


def _whole(exact: Decimal) -> int:
    return int(exact.to_integral_value(ROUND_HALF_UP))


def _counted(
    session: Session, row: ProgrammeRow, programme: Programme, begin: datetime, end: datetime
) -> Sums:
    """What each partner did between two moments."""
    unit = next((rule.unit for rule in programme.rules if isinstance(rule, Points)), "points")
    span = (Operation.programme_id == row.id, Operation.recorded_at >= begin, Operation.recorded_at < end)
    sums: Sums = {}
    for partner, what, amount in (
        *_receipts(session, span),
        *_returns(session, span),
        *_moved(session, span, unit),
        *_expired(session, span, unit),
    ):
        mine = sums.setdefault(partner, dict.fromkeys(COUNTED, 0))
        mine[what] += int(amount)
    return sums


Found = Iterator[tuple[str, str, int]]


def _receipts(session: Session, span: Sequence[Any]) -> Found:
    statement = (
        select(Receipt.partner, func.count(), func.sum(Receipt.amount_minor))
        .join(Operation, Operation.id == Receipt.operation_id)
        .where(*span)
        .group_by(Receipt.partner)
    )
    for partner, count, turnover in session.execute(statement):
        yield partner, "receipts", count
        yield partner, "turnover_minor", turnover


def _returns(session: Session, span: Sequence[Any]) -> Found:
    statement = (
        select(Receipt.partner, func.sum(Refund.amount_minor))
        .join(Refund, Refund.receipt_id == Receipt.id)
        .join(Operation, Operation.id == Refund.operation_id)
        .where(*span)
        .group_by(Receipt.partner)
    )
    for partner, amount in session.execute(statement):
        yield partner, "returned_minor", amount


def _moved(session: Session, span: Sequence[Any], unit: str) -> Found:
    """Points given and taken, and what of both went back: a reversal is the partner's of its purchase."""
    lines, back = TransferRow, Operation.reverses_id.is_not(None)
    sort = case(
        (and_(back, lines.debit.in_(("available", "debt")), lines.credit == "reversed"), "given_back"),
        (and_(back, lines.debit == "reversed", lines.credit == "available"), "restored"),
        (back, ""),
        (and_(lines.debit == "issued", lines.credit == "available"), "given"),
        (and_(lines.debit.in_(("available", "held")), lines.credit == "redeemed"), "taken"),
        else_="",
    ).label("sort")
    statement = (
        select(Operation.partner, sort, func.sum(lines.amount))
        .join(Operation, Operation.id == lines.operation_id)
        .where(*span, lines.unit == unit)
        .group_by(Operation.partner, "sort")
    )
    for key, kind, amount in session.execute(statement):
        if kind:
            yield key, kind, amount


def _expired(session: Session, span: Sequence[Any], unit: str) -> Found:
    """What ran out, by who gave it. A lot may hold points of several partners: what is left of it when it
    ends is shared among them as they gave it.
    """
    ended = (
        select(TransferRow.card_id, TransferRow.lot_id, func.sum(TransferRow.amount).label("amount"))
        .join(Operation, Operation.id == TransferRow.operation_id)
        .where(*span, TransferRow.unit == unit, TransferRow.credit == "expired")
        .group_by(TransferRow.card_id, TransferRow.lot_id)
        .subquery()
    )
    given, giver = aliased(TransferRow), aliased(Operation)
    statement = (
        select(ended.c.lot_id, ended.c.amount, giver.partner, func.sum(given.amount))
        .join(given, and_(given.card_id == ended.c.card_id, given.lot_id == ended.c.lot_id))
        .join(giver, giver.id == given.operation_id)
        .where(given.credit == "available", given.debit == "issued")
        .group_by(ended.c.lot_id, ended.c.amount, giver.partner)
        .order_by(ended.c.lot_id, giver.partner)
        .execution_options(yield_per=1000)
    )
    lot: list[Any] = []
    for found in session.execute(statement):
        if lot and lot[0][0] != found[0]:
            yield from _shared(lot)
            lot = []
        lot.append(found)
    yield from _shared(lot)


def _shared(lot: Sequence[Any]) -> Found:
    parts = shares(int(lot[0][1]), [int(each[3]) for each in lot]) if lot else []
    for each, part in zip(lot, parts, strict=True):
        yield each[2], "expired", part


def as_csv(lines: Sequence[Line], name: Callable[[LocalText], str]) -> str:
    """The report for a spreadsheet: a head with the names of the fields, amounts in minor units."""
    told = io.StringIO()
    writer = csv.writer(told)
    columns = [each.name for each in fields(Line)]
    writer.writerow(columns)
    for line in lines:
        writer.writerow([_cell(getattr(line, column), name) for column in columns])
    return told.getvalue()


def _cell(value: Any, name: Callable[[LocalText], str]) -> str:
    """Text that a spreadsheet does not take for a formula."""
    said = name(value) if isinstance(value, Mapping) else str(value)
    risky = isinstance(value, str | Mapping) and said[:1] in ("=", "+", "-", "@")
    return f"'{said}" if risky else said


def as_json(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The report as JSON values."""
    made: list[dict[str, Any]] = TypeAdapter(list[Line]).dump_python(list(lines), mode="json")
    return made
