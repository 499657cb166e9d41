"""What rules would have cost: the last receipts counted again, under the rules of today and the new ones.

Each receipt is counted with what its card holds today, not with what it held then; where there are too many,
a sample of them speaks for all, in proportion to the money.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, func, literal, select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.mechanics import changed_standing
from app.domain.mechanics.base import Item, Mechanic, Sale, State
from app.domain.programme import Programme
from app.services.cards import programmes_of
from app.services.preview_outcomes import Given, given, worths
from app.storage.batches import among
from app.storage.states import states_of
from app.storage.tables import Card, ProgrammeRow, Receipt

MOST_RECEIPTS = 10_000
STRETCH = 500
WINDOWS = (30, 90)
MONTH_DAYS = 30
_SPREAD, _ROUND = 2_654_435_761, 2**32


@dataclass(slots=True)
class Sums:
    """What a set of receipts brought under one rulebook."""

    worth_minor: int = 0
    discount_minor: int = 0
    units: dict[str, int] = field(default_factory=dict)

    def add(self, one: Given) -> None:
        """One receipt more."""
        self.worth_minor += one.worth_minor
        self.discount_minor += one.discount_minor
        for unit, amount in one.units.items():
            self.units[unit] = self.units.get(unit, 0) + amount

    def times(self, factor: float) -> Sums:
        """In proportion."""
        units = {unit: round(amount * factor) for unit, amount in self.units.items()}
        return Sums(round(self.worth_minor * factor), round(self.discount_minor * factor), units)

    @property
    def money_minor(self) -> int:
        """All that was given, in money."""
        return self.worth_minor + self.discount_minor


@dataclass(frozen=True, slots=True)
class Cost:
    """The receipts of `days` days under both rulebooks. `exact`: every one was counted, else `looked_at`.

    `monthly_minor` is what the new rules cost more (+) or less (-) in a month; `margin_minor` how far that
    may be off because of the sample (19 times out of 20).
    """

    days: int
    receipts: int
    looked_at: int
    exact: bool
    spent_minor: int
    before: Sums
    after: Sums
    monthly_minor: int
    margin_minor: int


@dataclass(slots=True)
class _Window:
    """What was found of one window while walking over the sample."""

    days: int
    since: datetime
    receipts: int = 0
    spent_minor: int = 0
    before: Sums = field(default_factory=Sums)
    after: Sums = field(default_factory=Sums)
    money: list[tuple[int, int]] = field(default_factory=list)
    """Per receipt of the sample: what was spent, and what the new rules give more."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which receipts are counted, and how many there are."""

    windows: tuple[_Window, ...]
    ids: Sequence[int]
    exact: bool


def plan(session: Session, row: ProgrammeRow, now: datetime) -> Plan:
    """Look how many receipts there are, and choose those that are counted again."""
    windows = tuple(_Window(days, now - timedelta(days=days)) for days in WINDOWS)
    for window in windows:
        window.receipts, window.spent_minor = _totals(session, row, window.since, now)
    total = windows[-1].receipts
    mine = _mine(row, windows[-1].since, now)
    exact = total <= MOST_RECEIPTS
    if not exact:
        spread = (Receipt.id * literal(_SPREAD, BigInteger)) % literal(_ROUND, BigInteger)
        mine.append(spread < int(_ROUND * MOST_RECEIPTS / total))
    ids = session.scalars(select(Receipt.id).where(*mine).order_by(Receipt.card_id, Receipt.id)).all()
    return Plan(windows, ids, exact)


def _mine(row: ProgrammeRow, since: datetime, now: datetime) -> list[ColumnElement[bool]]:
    paid = Receipt.amount_minor > Receipt.refunded_minor
    return [Receipt.programme_id == row.id, Receipt.closed_at > since, Receipt.closed_at <= now, paid]


def _totals(session: Session, row: ProgrammeRow, since: datetime, now: datetime) -> tuple[int, int]:
    left = func.sum(Receipt.amount_minor - Receipt.refunded_minor)
    found = session.execute(select(func.count(), left).where(*_mine(row, since, now))).one()
    return found[0], int(found[1] or 0)


def walk(
    read: sessionmaker[Session], wanted: Plan, rules: Sequence[Mechanic], now: datetime
) -> Iterator[int]:
    """Count the receipts of the plan again, a stretch at a time; yields how many are done."""
    known = worths(rules)
    for start in range(0, len(wanted.ids), STRETCH):
        some = wanted.ids[start : start + STRETCH]
        with read() as session:
            receipts = session.scalars(select(Receipt).where(among(session, Receipt.id, some))).all()
            _count(session, wanted.windows, receipts, rules, known, now)
        yield start + len(some)


def _count(
    session: Session,
    windows: Sequence[_Window],
    receipts: Sequence[Receipt],
    rules: Sequence[Mechanic],
    known: Mapping[str, int],
    now: datetime,
) -> None:
    ids = sorted({each.card_id for each in receipts})
    cards = session.scalars(select(Card).where(among(session, Card.id, ids))).all()
    programmes = programmes_of(session, cards, now)
    states = states_of(session, cards, _with(programmes, rules), now)
    for receipt in receipts:
        old = programmes[receipt.card_id]
        sale = _sale(receipt, old.rules)
        before = given(old.rules, worths(old.rules), states[receipt.card_id], sale)
        after = given(rules, known, _tiered(rules, states[receipt.card_id]), sale)
        for window in windows:
            if receipt.closed_at > window.since:
                window.before.add(before)
                window.after.add(after)
                difference = after.money_minor - before.money_minor
                window.money.append((sale.amount_minor, difference))


def _with(programmes: Mapping[int, Programme], rules: Sequence[Mechanic]) -> dict[int, Programme]:
    """Programmes that look at what either rulebook looks at."""
    made = {
        id(each): each.model_copy(update={"rules": (*each.rules, *rules)}) for each in programmes.values()
    }
    return {card_id: made[id(programme)] for card_id, programme in programmes.items()}


def _tiered(rules: Sequence[Mechanic], state: State) -> State:
    """The state with the tier that the new rules would give it."""
    standing = changed_standing(rules, state)
    return state if standing is None else replace(state, standing=standing, tier=standing.tier)


def _sale(receipt: Receipt, rules: Sequence[Mechanic]) -> Sale:
    """The receipt as it would come again; what was paid in points or went back earns nothing."""
    worth = worths(rules).get("points", 1)
    amount = receipt.amount_minor - receipt.refunded_minor - receipt.points_paid * worth
    items = tuple(Item(**item) for item in receipt.items)
    luck = receipt.id * 7_919 % 10_000
    partner, store = receipt.partner, receipt.store
    return Sale(max(0, amount), items=items, store=store, partner=partner, luck=luck, at=receipt.closed_at)


def costs(wanted: Plan) -> tuple[Cost, ...]:
    """What was found, for each window."""
    return tuple(_cost(window, wanted.exact) for window in wanted.windows)


def _cost(window: _Window, exact: bool) -> Cost:
    looked = sum(money for money, _ in window.money)
    factor = window.spent_minor / looked if looked and not exact else 1.0
    before, after = window.before.times(factor), window.after.times(factor)
    monthly = MONTH_DAYS / window.days
    return Cost(
        window.days,
        window.receipts,
        len(window.money),
        exact,
        window.spent_minor,
        before,
        after,
        round((after.money_minor - before.money_minor) * monthly),
        0 if exact else round(_margin(window) * monthly),
    )


def _margin(window: _Window) -> float:
    """1.96 standard errors of the ratio estimate (Cochran's formula), in minor units for the window."""
    size = len(window.money)
    spent = sum(money for money, _ in window.money)
    if size < 2 or not spent:
        return float(window.spent_minor)
    ratio = sum(more for _, more in window.money) / spent
    squares = sum((more - ratio * money) ** 2 for money, more in window.money) / (size - 1)
    rest = max(0.0, 1 - size / window.receipts)
    error: float = window.receipts * (rest * squares / size) ** 0.5
    return 1.96 * error
