"""How far a new look has come: cards redrawn, phones told, asked and fetched. Counted by the database, never
by loading cards.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, true
from sqlalchemy.orm import Session

from app.services.rollouts import latest
from app.storage.tables import (
    AppleRegistration,
    Card,
    Delivery,
    GoogleObject,
    ProgrammeRow,
    Rollout,
)


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a change would reach: cards, and the phones (Apple) and accounts (Google) that hold them."""

    cards: int
    iphones: int
    androids: int

    @property
    def phones(self) -> int:
        """All places where the card is held."""
        return self.iphones + self.androids


@dataclass(frozen=True, slots=True)
class Steps:
    """One wallet: how many hold the card, and how many of them were told of the new look, asked, have it."""

    wallet: str
    holders: int
    told: int
    asked: int
    fetched: int


@dataclass(frozen=True, slots=True)
class Reach:
    """The newest roll-out of a programme, now."""

    why: str
    started: datetime | None
    finished: bool
    total: int
    seen: int
    waiting: int
    given_up: int
    error: str
    steps: tuple[Steps, ...]

    @property
    def holders(self) -> int:
        """All phones."""
        return sum(each.holders for each in self.steps)

    @property
    def there(self) -> int:
        """Phones that have the new look."""
        return sum(each.fetched for each in self.steps)

    @property
    def done(self) -> bool:
        """Nothing is under way any more on our side."""
        return self.finished and self.waiting == 0 and self.there >= self.holders - self.given_up

    def as_json(self) -> dict[str, Any]:
        """For the page that watches."""
        return {
            **asdict(self),
            "started": self.started.isoformat() if self.started else None,
            "holders": self.holders,
            "there": self.there,
            "done": self.done,
        }


def audience_of(session: Session, programme: ProgrammeRow) -> Audience:
    """Whom a change of this programme's look would reach."""
    mine = Card.programme_id == programme.id
    cards = session.scalar(select(func.count()).select_from(Card).where(mine)) or 0
    iphones = select(func.count()).select_from(AppleRegistration).join(Card, _of(AppleRegistration))
    androids = select(func.count()).select_from(GoogleObject).join(Card, _of(GoogleObject))
    return Audience(
        cards,
        session.scalar(iphones.where(mine)) or 0,
        session.scalar(androids.where(mine, *_saved())) or 0,
    )


def _of(table: Any) -> ColumnElement[bool]:
    return Card.id == table.card_id  # type: ignore[no-any-return]


def _saved() -> tuple[ColumnElement[bool], ...]:
    return GoogleObject.saved_at.is_not(None), GoogleObject.removed_at.is_(None)


def reach_of(session: Session, programme: ProgrammeRow) -> Reach:
    """How far the newest change has come; cards that the roll-out has not redrawn yet count as not told."""
    rollout = latest(session, programme.id)
    waiting, given_up = _queue(session, programme.id)
    redrawn = true() if rollout is None or rollout.finished_at else Card.id <= rollout.cursor
    return Reach(
        why=rollout.why if rollout else "",
        started=rollout.created_at if rollout else None,
        finished=rollout is None or rollout.finished_at is not None,
        total=rollout.total if rollout else 0,
        seen=rollout.seen if rollout else 0,
        waiting=waiting,
        given_up=given_up,
        error=_error(rollout),
        steps=(_apple(session, programme.id, redrawn), _google(session, programme.id, redrawn)),
    )


def _error(rollout: Rollout | None) -> str:
    return rollout.last_error if rollout and rollout.due_at is not None else ""


def _queue(session: Session, programme_id: int) -> tuple[int, int]:
    lost = and_(
        Delivery.due_at.is_(None), Delivery.last_error != "", Delivery.delivered_version < Card.version
    )
    counted = select(_count(Delivery.due_at.is_not(None)), _count(lost))
    row = session.execute(counted.join(Card, _of(Delivery)).where(Card.programme_id == programme_id)).one()
    return row[0] or 0, row[1] or 0


def _count(test: ColumnElement[bool]) -> Any:
    return func.sum(case((test, 1), else_=0))


def _apple(session: Session, programme_id: int, redrawn: ColumnElement[bool]) -> Steps:
    fetched = AppleRegistration.fetched_version >= Card.version
    asked = or_(AppleRegistration.asked_version >= Card.version, fetched)
    told = or_(AppleRegistration.pushed_version >= Card.version, asked)
    statement = (
        select(func.count(), *(_count(and_(redrawn, test)) for test in (told, asked, fetched)))
        .select_from(AppleRegistration)
        .join(Card, _of(AppleRegistration))
        .where(Card.programme_id == programme_id)
    )
    return Steps("apple", *(count or 0 for count in session.execute(statement).one()))


def _google(session: Session, programme_id: int, redrawn: ColumnElement[bool]) -> Steps:
    """Google's servers bring it to the phones by themselves: what they accepted counts as there."""
    told = and_(Delivery.due_at.is_(None), Delivery.last_error == "", redrawn)
    statement = (
        select(func.count(), _count(told))
        .select_from(GoogleObject)
        .join(Card, _of(GoogleObject))
        .join(Delivery, and_(Delivery.card_id == Card.id, Delivery.wallet == "google"))
        .where(Card.programme_id == programme_id, *_saved())
    )
    holders, accepted = (count or 0 for count in session.execute(statement).one())
    return Steps("google", holders, accepted, accepted, accepted)
