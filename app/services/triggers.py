"""What an operation means for the customer, as events that messages may follow: a reward that was earned, a
goal that came near, a tier that rose or fell. What the clock brings is in `app.services.warnings`.

Names and bodies are a promise to other systems: `docs/events.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.domain.ledger import Transfer
from app.domain.mechanics import show
from app.domain.mechanics.base import Progress, State
from app.domain.mechanics.notices import is_near
from app.domain.mechanics.standing import ladder_of
from app.domain.programme import Programme
from app.services.events import record
from app.storage.tables import Card, CardTask, Operation

if TYPE_CHECKING:
    from app.services.operating import Work

REWARD = "reward."
_GIVEN = ("issued", "converted", "adjusted")


def after_operation(work: Work, moved: State, lines: Sequence[Transfer], operation: Operation) -> None:
    """Tell what this operation brought; `moved` is the state after it. In the operation's own transaction."""
    for key, count in earned_rewards(lines).items():
        body = {"reward": key, "count": count, "operation": operation.public_id}
        record(work.session, work.card.programme_id, "reward.earned", body, work.now, card=work.card)
    if lines:
        _near(work, moved, operation)


def earned_rewards(lines: Sequence[Transfer]) -> dict[str, int]:
    """Rewards that came in, by key; one that only came back was told of before."""
    found: dict[str, int] = {}
    for line in lines:
        if line.unit.startswith(REWARD) and line.credit == "available" and line.debit in _GIVEN:
            key = line.unit.removeprefix(REWARD)
            found[key] = found.get(key, 0) + line.amount
    return found


def _near(work: Work, moved: State, operation: Operation) -> None:
    rules = work.programme.rules
    after = show(rules, moved).progress
    if after is None or not is_near(after):
        return
    before = show(rules, work.state).progress
    if _same_way(before, after) and is_near(before):
        return
    if first_time(work.session, work.account.id, f"near:{after.kind}:{after.goal}:{moved.today}", work.now):
        body = {"done": after.done, "goal": after.goal, "operation": operation.public_id}
        record(work.session, work.card.programme_id, "goal.near", body, work.now, card=work.card)


def _same_way(before: Progress | None, after: Progress) -> bool:
    """Whether both are of one goal, and no new round of it has begun."""
    return before is not None and before.goal == after.goal and before.done <= after.done


def first_time(session: Session, card_id: int, key: str, now: datetime) -> bool:
    """Whether nobody was told of this on this card yet; from now on somebody was."""
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {"card_id": card_id, "kind": "told", "key": key[:120], "body": {}, "due_at": now, "done_at": now}
    noted = insert(CardTask).values(**row, outcome="").on_conflict_do_nothing().returning(CardTask.id)
    return session.execute(noted).one_or_none() is not None


def tier_changed(session: Session, card: Card, programme: Programme, before: str, now: datetime) -> None:
    """`tier.up` or `tier.down`, by the order of the programme's levels; a tier outside of them rises."""
    ladder = ladder_of(programme.rules)
    fell = not card.tier or (ladder is not None and ladder.rank(card.tier) < ladder.rank(before))
    body = {"from": before, "to": card.tier}
    record(session, card.programme_id, "tier.down" if fell else "tier.up", body, now, card=card)
