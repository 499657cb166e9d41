"""What a shop owes its customers: points, rewards and money on cards, by the month in which they end."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import case, func, select, text
from sqlalchemy.orm import Session

from app.domain.ledger import SPEND, VISITS
from app.domain.mechanics.gift_card import UNIT as GIFT
from app.domain.mechanics.points import Points
from app.domain.programme import Programme
from app.storage import queries
from app.storage.tables import Account, Card, LotRow, ProgrammeRow

COUNTED = (SPEND, VISITS)
"""Counts of what was done; nobody is owed any."""


@dataclass(frozen=True, slots=True)
class Month:
    """What ends in a month (`2026-05`, in the programme's time zone; '' has no end): usable now, or later."""

    month: str
    usable: int
    pending: int

    @property
    def amount(self) -> int:
        """Both."""
        return self.usable + self.pending


@dataclass(frozen=True, slots=True)
class Owed:
    """One unit. `held` is set aside for tills, `debt` is what customers owe back, `over` ended and is taken
    out with the next round. `value_minor` is what one is worth in money, 0 where it is not money's worth.
    """

    unit: str
    months: tuple[Month, ...]
    held: int
    debt: int
    over: int
    value_minor: int

    @property
    def usable(self) -> int:
        """What may be spent now."""
        return sum(each.usable for each in self.months)

    @property
    def pending(self) -> int:
        """What may be spent later."""
        return sum(each.pending for each in self.months)

    @property
    def outstanding(self) -> int:
        """All that customers can still claim."""
        return self.usable + self.pending + self.held

    @property
    def worth_minor(self) -> int:
        """What that is worth in money, in minor units."""
        return self.outstanding * self.value_minor


@dataclass(frozen=True, slots=True)
class Liability:
    """A programme's at a moment."""

    programme: str
    currency: str
    at: datetime
    units: tuple[Owed, ...]

    @property
    def worth_minor(self) -> int:
        """Of all units together."""
        return sum(each.worth_minor for each in self.units)

    def rows(self) -> Iterator[tuple[str, str, int, int, int]]:
        """Unit, month, usable, pending and worth in minor units, for tables and files."""
        for owed in self.units:
            for month in owed.months:
                yield owed.unit, month.month, month.usable, month.pending, month.amount * owed.value_minor
            if owed.held:
                yield owed.unit, "held", owed.held, 0, owed.held * owed.value_minor


def liability(session: Session, row: ProgrammeRow, now: datetime) -> Liability:
    """Counted by the database, in one statement that locks nothing."""
    programme = queries.programme_of(row)
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL statement_timeout = '5min'"))
    lots, sides = _lots(session, row.id, now), _sides(session, row.id)
    found: dict[str, dict[str, list[int]]] = {unit: {} for unit in sides}
    over: dict[str, int] = {}
    for unit, ends_at, usable, pending in lots:
        if ends_at is not None and ends_at <= now:
            over[unit] = over.get(unit, 0) + usable + pending
            continue
        month = "" if ends_at is None else _month(programme, ends_at)
        sums = found.setdefault(unit, {}).setdefault(month, [0, 0])
        sums[0] += usable
        sums[1] += pending
    values = value_of(programme)
    units = tuple(
        Owed(unit, _months(months), *sides.get(unit, (0, 0)), over.get(unit, 0), values.get(unit, 0))
        for unit, months in sorted(found.items(), key=lambda each: (each[0].startswith("reward."), each[0]))
        if months or any(sides.get(unit, ()))
    )
    return Liability(programme.slug, programme.currency, now, units)


def value_of(programme: Programme) -> dict[str, int]:
    """What one of a unit is worth, in minor units."""
    values = {rule.unit: rule.point_value_minor for rule in programme.rules if isinstance(rule, Points)}
    return values | {GIFT: 1}


def _lots(session: Session, programme_id: int, now: datetime) -> Sequence[Any]:
    waits = LotRow.active_from > now
    statement = (
        select(
            LotRow.unit,
            LotRow.expires_at,
            func.sum(case((waits, 0), else_=LotRow.remaining)),
            func.sum(case((waits, LotRow.remaining), else_=0)),
        )
        .join(Card, Card.id == LotRow.card_id)
        .where(Card.programme_id == programme_id, LotRow.remaining > 0, LotRow.unit.not_in(COUNTED))
        .group_by(LotRow.unit, LotRow.expires_at)
    )
    return [(unit, at, int(usable), int(pending)) for unit, at, usable, pending in session.execute(statement)]


def _sides(session: Session, programme_id: int) -> dict[str, tuple[int, int]]:
    """Held and owed, by unit."""
    statement = (
        select(Account.unit, func.sum(Account.held), func.sum(Account.debt))
        .join(Card, Card.id == Account.card_id)
        .where(Card.programme_id == programme_id, Account.unit.not_in(COUNTED))
        .group_by(Account.unit)
    )
    return {unit: (int(held), int(debt)) for unit, held, debt in session.execute(statement)}


def _month(programme: Programme, ends_at: datetime) -> str:
    """The month of the last moment that counts: what ends at midnight of 1 June ends in May."""
    last = datetime.fromtimestamp(ends_at.timestamp() - 0.001, programme.zone)
    return f"{last:%Y-%m}"


def _months(found: dict[str, list[int]]) -> tuple[Month, ...]:
    """In order, those without an end last."""
    return tuple(Month(month, *sums) for month, sums in sorted(found.items(), key=lambda e: (not e[0], e[0])))


def write_csv(file: Any, found: Sequence[Liability]) -> None:
    """One line a month; `held` stands for what tills set aside, and an empty month for what has no end."""
    lines = csv.writer(file)
    lines.writerow(("programme", "unit", "month", "usable", "pending", "worth_minor", "currency"))
    for each in found:
        lines.writerows((each.programme, *row, each.currency) for row in each.rows())


def as_json(found: Liability) -> dict[str, Any]:
    """For programs; times are RFC 3339 UTC."""
    return {
        "programme": found.programme,
        "currency": found.currency,
        "at": found.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "worth_minor": found.worth_minor,
        "units": [_unit_json(each) for each in found.units],
    }


def _unit_json(owed: Owed) -> dict[str, Any]:
    names = ("unit", "outstanding", "usable", "pending", "held", "debt", "over", "value_minor", "worth_minor")
    months = [
        {"month": each.month or None, "usable": each.usable, "pending": each.pending} for each in owed.months
    ]
    return {**{name: getattr(owed, name) for name in names}, "months": months}
