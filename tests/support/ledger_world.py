"""A card and its tills without a database: what the services do, in memory, so that properties of the rules
and of the ledger can be tried a thousand times a second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from app.domain import ledger, refunds, returns
from app.domain.ledger import Earn, Holdings, Move, Spend, Transfer, Unhold
from app.domain.mechanics import Decision, decide, follows, needs, paying_rule
from app.domain.mechanics.base import EVER, Item, Sale, Standing, State, Visit
from app.domain.mechanics.standing import ladder_of, returned
from app.domain.programme import Programme
from app.domain.refunds import Back, Piece, Wanted, Working
from app.domain.returns import Part, TakenBack
from tests.support.clock import START


@dataclass
class Done:
    """An operation: what the card held before, and what moved."""

    at: datetime
    before: Holdings
    lines: tuple[Transfer, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    kind: str = "other"
    reversed: bool = False


@dataclass
class Sold:
    """A receipt, and what went back of it so far, per unit."""

    done: Done
    working: Working
    day: date
    pieces: list[Piece] = field(default_factory=list)
    undone: dict[str, int] = field(default_factory=dict)
    owed: dict[str, int] = field(default_factory=dict)
    settled: dict[str, int] = field(default_factory=dict)
    restored: dict[str, int] = field(default_factory=dict)
    whole: bool = False


@dataclass
class Hold:
    """Points set aside: (lot, amount), of `unit`."""

    unit: str
    parts: tuple[tuple[int, int], ...]
    state: str = "open"

    @property
    def amount(self) -> int:
        return sum(amount for _, amount in self.parts)


class World:
    """One card of one programme."""

    def __init__(self, programme: Programme) -> None:
        self.programme, self.rules = programme, programme.rules
        self.now = START
        self.holdings = Holdings()
        self.standing = Standing()
        self.counted: list[tuple[str, date, int]] = []
        self.journal: list[Done] = []
        self.sold: list[Sold] = []
        self.holds: list[Hold] = []

    @property
    def state(self) -> State:
        zone = self.programme.zone
        day = self.now.astimezone(zone).date()
        counts = {each: self.count(each.what, each.since) for each in needs(self.rules, day)}
        return State(
            self.holdings, self.now, self.standing.tier, zone=zone, counts=counts, standing=self.standing
        )

    def count(self, what: str, since: date = EVER) -> int:
        return sum(amount for name, day, amount in self.counted if name == what and day >= since)

    def days_of(self, what: str) -> dict[date, int]:
        days: dict[date, int] = {}
        for name, day, amount in self.counted:
            if name == what:
                days[day] = days.get(day, 0) + amount
        return days

    def write(
        self,
        holdings: Holdings,
        lines: Sequence[Transfer],
        counts: Mapping[str, int],
        standing: Standing | None,
        *,
        kind: str = "other",
        day: date | None = None,
    ) -> Done:
        done = Done(self.now, self.holdings, tuple(lines), counts, kind)
        self.journal.append(done)
        self.counted += [(what, day or self.state.today, amount) for what, amount in counts.items()]
        self.holdings, self.standing = holdings, standing or self.standing
        return done

    def carry_out(self, decision: Decision, kind: str = "other") -> Done:
        holdings, lines = ledger.apply(self.holdings, decision.moves, now=self.now)
        return self.write(holdings, lines, decision.counts, decision.standing, kind=kind)

    def moves(self, *moves: Move) -> Done:
        return self.carry_out(Decision(moves))

    def buys(self, amount: int, items: Sequence[Mapping[str, Any]] = (), **more: Any) -> Sold:
        """A purchase; with `hold` it is paid from that."""
        hold: Hold | None = more.pop("hold", None)
        if hold is not None:
            more |= {"hold": hold.parts, "redeem_points": hold.amount}
        sale = Sale(amount, items=tuple(Item(**item) for item in items), at=self.now, **more)
        decision = decide(self.rules, sale, self.state)
        if hold is not None:
            hold.state = "captured"
            decision = replace(decision, moves=(*decision.moves, *_rest(hold, decision)))
        working = refunds.working_of(decision, sale, self.rules)
        kept = Working.model_validate_json(working.model_dump_json(exclude_defaults=True))
        sold = Sold(self.carry_out(decision, "purchase"), kept, self.state.today)
        self.sold.append(sold)
        return sold

    def visits(self, stamps: int) -> Done:
        return self.carry_out(decide(self.rules, Visit(stamps), self.state))

    def adjusts(self, unit: str, amount: int, days: int | None = None) -> Done:
        ends = None if days is None else self.state.end_of_day(days)
        given = Earn(unit, amount, "adjusted", expires_at=ends)
        move = given if amount > 0 else Spend(unit, -amount, "adjusted")
        return self.carry_out(follows(self.rules, [move], self.state))

    def sets_aside(self, points: int) -> Hold:
        rule = paying_rule(self.rules)
        assert rule is not None
        done = self.moves(Spend(rule.unit, points, "held"))
        hold = Hold(rule.unit, tuple((line.lot or 0, line.amount) for line in done.lines))
        self.holds.append(hold)
        return hold

    def resolves(self, hold: Hold, spent: int) -> None:
        """Captured with so much, voided with nothing."""
        moves: list[Move] = []
        hold.state, left = ("captured" if spent else "voided"), spent
        for lot, amount in hold.parts:
            part = min(left, amount)
            left -= part
            moves += [Unhold(hold.unit, part, lot, "redeemed")] if part else []
            moves += [Unhold(hold.unit, amount - part, lot, "available")] if amount > part else []
        self.moves(*moves)

    def returns(self, sold: Sold, wanted: Wanted) -> Back:
        """A return of a receipt, whole or in part."""
        back = refunds.plan(sold.working, sold.pieces, wanted)
        part = Part(back.due, back.restored, back.restored_before, sold.undone)
        done = returns.unwind(
            self.holdings, sold.done.lines, part, policy=self.programme.returns, now=self.now
        )
        counted = {share.unit: share.amount for share in sold.working.counts}
        self._lowered(refunds.lowered(counted, back.counts, done), done, sold.day)
        sold.pieces += back.pieces
        sold.whole = back.whole
        sold.undone = returns.summed(sold.undone, done.undone)
        sold.owed = returns.summed(sold.owed, back.due)
        sold.restored = returns.summed(sold.restored, back.restored)
        for unit, due in back.due.items():
            taken = done.taken(unit) - done.undone.get(unit, 0)
            off, debt = done.written_off.get(unit, 0), done.debt.get(unit, 0)
            assert due == taken + off + debt, "I9: what is owed was taken, written off, or is a debt"
        return back

    def reverses(self, first: Done) -> None:
        """Anything else is taken back whole."""
        first.reversed = True
        done = returns.reverse(self.holdings, first.lines, now=self.now, policy=self.programme.returns)
        day = first.at.astimezone(self.programme.zone).date()
        self._lowered(refunds.lowered(first.counts, first.counts, done), done, day)

    def _lowered(self, counts: Mapping[str, int], done: TakenBack, day: date) -> None:
        ladder = ladder_of(self.rules)
        days = self.days_of(ladder.what) if ladder else {}
        state = replace(self.state, holdings=done.holdings)
        standing = returned(self.rules, state, days, counts, day)
        self.write(done.holdings, done.transfers, counts, standing, kind="return", day=day)

    def ends(self) -> None:
        """What the clock does: lots that are over are taken out."""
        for lot in list(self.holdings.lots.values()):
            if lot.remaining and returns.over(lot, self.now):
                self.moves(Spend(lot.unit, lot.remaining, "expired", lot=lot.key))


def _rest(hold: Hold, decision: Decision) -> list[Move]:
    spent: dict[int, int] = {}
    for move in decision.moves:
        if isinstance(move, Unhold):
            spent[move.lot] = spent.get(move.lot, 0) + move.amount
    return [
        Unhold(hold.unit, amount - spent.get(lot, 0), lot, "available")
        for lot, amount in hold.parts
        if amount > spent.get(lot, 0)
    ]
