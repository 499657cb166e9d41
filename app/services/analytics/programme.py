"""A programme at a glance: its cards now, what they hold, and what was done within the days asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import and_, case, func, select, union_all
from sqlalchemy.orm import Session

from app.services.analytics.counting import ACTOR, SCANS, customers
from app.services.analytics.figures import Figures, share, total
from app.services.analytics.funnel import FunnelDay, daily
from app.services.analytics.question import Question
from app.services.liability import liability
from app.storage.tables import (
    AppleRegistration,
    Card,
    GoogleObject,
    Operation,
    SamsungCard,
    TransferRow,
)

Every = Literal["day", "week", "month"]
STATUSES = ("active", "blocked", "void", "expired")
_REWARD = "reward."


@dataclass(frozen=True, slots=True)
class Overview:
    """`figures` and `series` are of the days asked for, everything else is as it stands now."""

    cards: Mapping[str, int]
    active_30: int
    active_90: int
    in_wallets: Mapping[str, int]
    tiers: Mapping[str, int]
    balances: Sequence[Mapping[str, Any]]
    liability_minor: int
    figures: Figures
    buyers: int
    repeat_buyers: int
    rewards: Sequence[Mapping[str, Any]]
    series: Sequence[FunnelDay]

    @property
    def average_receipt_minor(self) -> int | None:
        """Of receipts with a card, before returns."""
        made = self.figures
        return (made.sales_minor + made.receipts // 2) // made.receipts if made.receipts else None

    def rates(self) -> dict[str, float | None]:
        """How much is used, and who comes again."""
        made = self.figures
        return {
            "redemption_rate": share(made.points_redeemed, made.points_earned),
            "repeat_rate": share(self.repeat_buyers, self.buyers),
        }


def overview(session: Session, asked: Question, now: datetime, every: Every = "day") -> Overview:
    """Counted in a dozen statements that lock nothing."""
    owed = liability(session, asked.row, now)
    days = daily(session, asked)
    buyers, repeat = customers(session, asked)
    return Overview(
        cards=_statuses(session, asked),
        active_30=_active(session, asked, now - timedelta(days=30)),
        active_90=_active(session, asked, now - timedelta(days=90)),
        in_wallets=_in_wallets(session, asked),
        tiers=_tiers(session, asked),
        balances=[
            {"unit": each.unit, "outstanding": each.outstanding, "worth_minor": each.worth_minor}
            for each in owed.units
        ],
        liability_minor=owed.worth_minor,
        figures=total(each.figures for each in days),
        buyers=buyers,
        repeat_buyers=repeat,
        rewards=_rewards(session, asked),
        series=merged(days, every),
    )


def merged(days: Sequence[FunnelDay], every: Every) -> Sequence[FunnelDay]:
    """Weeks (by their Monday) or months (by their first day), cut at the ends of the days asked for."""
    sums: dict[date, Figures] = {}
    for each in days:
        begin = _begin(each.day, every)
        sums[begin] = sums.get(begin, Figures()).added(each.figures)
    return [FunnelDay(day, made) for day, made in sums.items()]


def _begin(day: date, every: Every) -> date:
    if every == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if every == "month" else day


def _statuses(session: Session, asked: Question) -> dict[str, int]:
    statement = select(Card.status, func.count()).where(Card.programme_id == asked.row.id)
    rows = session.execute(statement.group_by(Card.status)).all()
    return dict.fromkeys(STATUSES, 0) | {str(status): int(cards) for status, cards in rows}


def _tiers(session: Session, asked: Question) -> dict[str, int]:
    """Of active cards; the empty name has no tier."""
    statement = select(Card.tier, func.count()).where(
        Card.programme_id == asked.row.id, Card.status == "active"
    )
    found = session.execute(statement.group_by(Card.tier).order_by(Card.tier))
    return {str(tier): int(cards) for tier, cards in found}


def _active(session: Session, asked: Question, since: datetime) -> int:
    """Cards that were shown at a till since then; `recorded_at` has the index."""
    statement = select(func.count(ACTOR.distinct())).where(
        Operation.kind.in_(SCANS), Operation.recorded_at >= since, Operation.occurred_at >= since
    )
    statement = statement.join(Card, Card.id == ACTOR).where(Card.programme_id == asked.row.id)
    return session.scalar(statement) or 0


def _in_wallets(session: Session, asked: Question) -> dict[str, int]:
    """Cards that stand in a wallet now; `any` counts a card once that stands in two."""
    held = {
        "apple": select(AppleRegistration.card_id),
        "google": select(GoogleObject.card_id).where(
            GoogleObject.saved_at.is_not(None), GoogleObject.removed_at.is_(None)
        ),
        "samsung": select(SamsungCard.card_id).where(
            SamsungCard.added_at.is_not(None), SamsungCard.removed_at.is_(None)
        ),
    }
    made = {name: _cards(session, asked, each) for name, each in held.items()}
    return made | {"any": _cards(session, asked, union_all(*held.values()))}


def _cards(session: Session, asked: Question, held: Any) -> int:
    mine = (Card.programme_id == asked.row.id, Card.id.in_(held))
    return session.scalar(select(func.count()).select_from(Card).where(*mine)) or 0


def _rewards(session: Session, asked: Question) -> list[dict[str, Any]]:
    """By key: given, and handed out; less what was taken back."""
    line, back = TransferRow, Operation.reverses_id.is_not(None)
    gave = line.debit.in_(("issued", "converted", "adjusted")) & (line.credit == "available")
    given = case(
        (and_(gave, ~back), line.amount), (and_(back, line.credit == "reversed"), -line.amount), else_=0
    )
    used = case(
        (and_(~back, line.credit == "redeemed"), line.amount),
        (and_(back, line.debit == "reversed"), -line.amount),
        else_=0,
    )
    statement = (
        select(line.unit, func.sum(given), func.sum(used))
        .join(Operation, Operation.id == line.operation_id)
        .join(Card, Card.id == ACTOR)
        .where(
            Card.programme_id == asked.row.id,
            Operation.recorded_at >= asked.begin - timedelta(minutes=15),
            asked.within(Operation.occurred_at),
            line.unit.startswith(_REWARD, autoescape=True),
        )
        .group_by(line.unit)
        .order_by(line.unit)
    )
    return [
        {"reward": unit.removeprefix(_REWARD), "given": int(made), "handed_out": int(taken)}
        for unit, made, taken in session.execute(statement)
    ]
