"""What a purchase would do, for a till that asks before the receipt is closed; nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from app.domain import ledger
from app.domain.ledger import Earn, Move
from app.domain.mechanics import Decision, decide, paying_rule
from app.domain.mechanics.base import State
from app.domain.mechanics.bill import Bill
from app.domain.mechanics.points import Points
from app.domain.mechanics.standing import standing_now
from app.domain.programme import Programme
from app.domain.text import in_locale
from app.services import sales
from app.services.cards import require_active
from app.services.loyalty import Purchase, check_purchase, sale_of
from app.services.operating import gained
from app.storage import queries
from app.storage.states import programme_at, state_of
from app.storage.tables import ProgrammeRow


def quote(db: sessionmaker[Session], cmd: Purchase, *, now: datetime) -> Mapping[str, Any]:
    """What a purchase would earn, how many points it could be paid with, and what would be due; per line
    too.
    """
    with db() as session:
        card = queries.card_by_serial(session, cmd.serial)
        require_active(card, now)
        row = session.get_one(ProgrammeRow, card.programme_id)
        programme = programme_at(row, card, cmd.occurred_at or now)
        check_purchase(cmd, programme, now)
        state = state_of(session, card, programme, now)
        sale, state = sales.prepared(session, card, programme, sale_of(cmd), state)
        return answer(programme, decide(programme.rules, sale, state), state)


def answer(programme: Programme, decision: Decision, state: State) -> Mapping[str, Any]:
    """The quote of what was decided."""
    bill, rule = decision.bill, paying_rule(programme.rules)
    state = replace(state, tier=standing_now(programme.rules, state).tier)
    _, lines = ledger.apply(state.holdings, decision.moves, now=state.now)
    open_bill = _without_points(bill)
    points = rule.most_redeemable(open_bill, state.holdings.usable(rule.unit, state.now)) if rule else 0
    return {
        "earned": gained(lines),
        "redeemable_points": points,
        "discount_minor": bill.discount_minor,
        "due_minor": bill.due_minor,
        "notes": [in_locale(name, programme.default_locale) for name in (*bill.notes, *decision.notes)],
        "pending_until": _pending_until(decision.moves, state.now, rule),
        "lines": _lines(bill, open_bill, rule, points, state),
    }


def _lines(
    bill: Bill, open_bill: Bill, rule: Points | None, points: int, state: State
) -> list[dict[str, int]]:
    """Per item in the order in which they came; what no item names is the last line."""
    nothing = [0] * len(bill.lines)
    earned = rule.earned_by_line(bill, state) if rule else nothing
    payable = rule.redeemable_by_line(open_bill, points) if rule and points else nothing
    return [
        {"line": place, "earned": mine, "redeemable_minor": paid, "discount_minor": line.discount_minor}
        for place, (line, mine, paid) in enumerate(zip(bill.lines, earned, payable, strict=True))
    ]


def _without_points(bill: Bill) -> Bill:
    """The receipt before any of it is paid in points."""
    return replace(bill, lines=tuple(replace(line, points_minor=0) for line in bill.lines))


def _pending_until(moves: Sequence[Move], now: datetime, rule: Points | None) -> datetime | None:
    """When the points of this receipt may be spent, if that is not at once."""
    unit = rule.unit if rule else ""
    waiting = (each.active_from for each in moves if isinstance(each, Earn) and each.unit == unit)
    return next((day for day in waiting if day is not None and day > now), None)
