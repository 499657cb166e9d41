"""What a file says of balances, as moves of the ledger: always the difference to what is there, never an
overwrite. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.domain.ledger import SPEND, Earn, Holdings, Lot, Move, Spend, Transfer, spending_order
from app.services.moving.rows import Counted, DayRow, LotRow

Ends = Callable[[str], datetime | None]
"""When what is given of a unit by hand now would end."""
Span = tuple[datetime | None, datetime | None]


def moves_towards(
    wanted: Mapping[str, int | Sequence[LotRow]], holdings: Holdings, now: datetime, ends: Ends
) -> list[Move]:
    """What to give and take so that the card holds what is wanted; units that are not named stay."""
    found: list[Move] = []
    for unit, amount in wanted.items():
        if isinstance(amount, int):
            found += _to_number(unit, amount, holdings, now, ends)
        else:
            found += _to_lots(unit, amount, holdings, now)
    return found


def _to_number(unit: str, amount: int, holdings: Holdings, now: datetime, ends: Ends) -> list[Move]:
    """What a till set aside belongs to the customer still; what is owed is paid first by what comes in."""
    has = holdings.usable(unit, now) + holdings.held.get(unit, 0)
    if amount > has:
        return [Earn(unit, amount - has + holdings.debts.get(unit, 0), "adjusted", expires_at=ends(unit))]
    return [Spend(unit, has - amount, "adjusted", at_most=True)] if amount < has else []


def _to_lots(unit: str, wanted: Sequence[LotRow], holdings: Holdings, now: datetime) -> list[Move]:
    """Lot by lot: those that begin and end together are one."""
    left: dict[Span, int] = {}
    for each in wanted:
        span = (_waiting(each.active_from, now), each.expires_at)
        left[span] = left.get(span, 0) + each.amount
    taken: list[Move] = []
    for lot in spending_order(one for one in holdings.lots.values() if one.unit == unit and one.remaining):
        span = (_waiting(lot.active_from, now), lot.expires_at)
        kept = min(lot.remaining, left.get(span, 0))
        left[span] = left.get(span, 0) - kept
        if lot.remaining > kept:
            taken.append(Spend(unit, lot.remaining - kept, "adjusted", lot=lot.key))
    owed = holdings.debts.get(unit, 0)
    given: list[Move] = []
    for (begins, over), amount in left.items():
        if amount > 0:
            given.append(Earn(unit, amount + owed, "adjusted", active_from=begins, expires_at=over))
            owed = 0
    return [*taken, *given]


def _waiting(moment: datetime | None, now: datetime) -> datetime | None:
    return moment if moment is not None and moment > now else None


def owing(holdings: Holdings, debts: Mapping[str, int]) -> tuple[Holdings, list[Transfer]]:
    """Note what a new card owes: a line without a lot."""
    lines: list[Transfer] = []
    for unit, amount in debts.items():
        if amount:
            holdings = holdings.with_debt(unit, amount)
            lines.append(Transfer(unit, "debt", "adjusted", amount, holdings.balance(unit), None))
    return holdings, lines


@dataclass(frozen=True, slots=True)
class Counting:
    """What to add to a card's counts: by what and day."""

    days: Mapping[tuple[str, date], int]

    @property
    def spent(self) -> int:
        """By how much the money spent differs in all."""
        return sum(amount for (what, _), amount in self.days.items() if what == SPEND)

    def moves(self) -> list[Move]:
        """Money spent stands in the ledger as well."""
        if self.spent > 0:
            return [Earn(SPEND, self.spent, "adjusted")]
        return [Spend(SPEND, -self.spent, "adjusted")] if self.spent < 0 else []


def counting(wanted: Mapping[str, Counted], known: Mapping[tuple[str, date], int], day: date) -> Counting:
    """What to count so that the card's counts are those that are wanted. `known`: what was counted, by what
    and day (without the sum of all days); a plain number is made up for on `day`.
    """
    found: dict[tuple[str, date], int] = {}
    for what, said in wanted.items():
        mine = {each: amount for (name, each), amount in known.items() if name == what}
        if isinstance(said, int):
            found[what, day] = said - sum(mine.values())
            continue
        days = _by_day(said)
        for each in {*mine, *days}:
            found[what, each] = days.get(each, 0) - mine.get(each, 0)
    return Counting({key: amount for key, amount in sorted(found.items()) if amount})


def _by_day(said: Sequence[DayRow]) -> dict[date, int]:
    days: dict[date, int] = {}
    for each in said:
        days[each.day] = days.get(each.day, 0) + each.amount
    return days


def told(lots: Sequence[Lot], now: datetime, *, plain: bool) -> int | list[dict[str, object]]:
    """Lots of one unit as a file tells them; `plain`: a number will do where nothing ends or waits."""
    spans: dict[Span, int] = {}
    for lot in spending_order(lots):
        span = (_waiting(lot.active_from, now), lot.expires_at)
        spans[span] = spans.get(span, 0) + lot.remaining
    if plain and set(spans) == {(None, None)}:
        return spans[None, None]
    made: list[dict[str, object]] = []
    for (begins, over), amount in sorted(spans.items(), key=_order):
        lot_: dict[str, object] = {"amount": amount}
        lot_ |= {"active_from": moment(begins)} if begins else {}
        lot_ |= {"expires_at": moment(over)} if over else {}
        made.append(lot_)
    return made


def _order(pair: tuple[Span, int]) -> tuple[str, str]:
    begins, over = pair[0]
    return (over.isoformat() if over else "~", begins.isoformat() if begins else "")


def moment(at: datetime) -> str:
    """RFC 3339 in UTC."""
    return at.isoformat().replace("+00:00", "Z")
