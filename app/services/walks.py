"""Walks along the clock: whatever comes into sight is told of once, a page at a time, in its order.

How far a walk came stands in its row of `chores` and moves on in the transaction that tells: what is killed
in between happens again whole, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, sessionmaker

from app.services import rounds, touching
from app.services.expiry import drawn
from app.services.rounds import Turn
from app.storage.batches import among
from app.storage.tables import Card
from app.storage.tables.delivery import NORMAL

PAGE = 50
IDLE = timedelta(minutes=10)
"""So often a walk moves on where there is nothing to tell, so that no look goes far back."""
Place = tuple[datetime, int]
Tell = Callable[[Session, Card, Sequence[Any], datetime], None]


@dataclass(frozen=True, slots=True)
class Walk:
    """Rows of `statement` (with `id`, `card_id` and `at` among its columns) by the time column `by` and `id`.

    A row is in sight from `ahead` before its time; one that has only `until` left is not told of any more.
    """

    name: str
    statement: Any
    by: Any
    id: Any
    tell: Tell
    ahead: timedelta
    until: timedelta | None = None

    def run(self, db: sessionmaker[Session], read: sessionmaker[Session], now: datetime) -> int:
        """Tell of a page of what came into sight; gives how much it was."""
        upto = now + self.ahead
        with read() as session:
            since = self._since(rounds.result_of(session, self.name), now)
            if not self._page(session, since, upto, 1) and since[0] > upto - IDLE:
                return 0
        turn = rounds.take(db, read, self.name, now, first=now)
        if turn is None:
            return 0
        with read() as session:
            page = self._page(session, self._since(turn.result, now), upto, PAGE)
        if page:
            self._show(db, read, turn, page, now)
        else:
            rounds.keep(db, turn, self._place((), now), next_at=now, last_at=now)
        return len(page)

    def waiting(self, session: Session, now: datetime) -> int:
        """How much came into sight and was not told of."""
        since = self._since(rounds.result_of(session, self.name), now)
        rows = self._rows(since, now + self.ahead).subquery()
        return session.scalar(select(func.count()).select_from(rows)) or 0

    def _since(self, result: Mapping[str, Any], now: datetime) -> Place:
        """The place of the last row that was told of; on the first walk, the oldest that may be."""
        at = result.get("at")
        found = (datetime.fromisoformat(at), int(result["id"])) if at else (LONG_AGO, 0)
        return found if self.until is None else max(found, (now + self.until, 0))

    def _rows(self, since: Place, upto: datetime) -> Any:
        at, id_ = since
        return self.statement.where(
            self.by >= at, self.by <= upto, or_(self.by > at, self.id > id_)
        ).order_by(self.by, self.id)

    def _page(self, session: Session, since: Place, upto: datetime, limit: int) -> Sequence[Any]:
        found: Sequence[Any] = session.execute(self._rows(since, upto).limit(limit)).all()
        return found

    def _show(
        self,
        db: sessionmaker[Session],
        read: sessionmaker[Session],
        turn: Turn,
        page: Sequence[Any],
        now: datetime,
    ) -> None:
        card_ids = sorted({row.card_id for row in page})
        before, faces = drawn(read, card_ids, now)
        with db.begin() as session:
            mine = select(Card).where(among(session, Card.id, card_ids)).order_by(Card.id)
            for card in session.scalars(mine.with_for_update(key_share=True)).all():
                self.tell(session, card, [row for row in page if row.card_id == card.id], now)
            touching.advance_all(session, before, faces, now, priority=NORMAL)
            if not rounds.keep_with(session, turn, self._place(page, now), next_at=now, last_at=now):
                session.rollback()

    def _place(self, page: Sequence[Any], now: datetime) -> dict[str, Any]:
        """How far the walk is after this page: at its last row, or with all that is in sight."""
        at, last = (page[-1].at, page[-1].id) if len(page) == PAGE else (now + self.ahead, 0)
        return {"at": at.isoformat(), "id": last}


LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
