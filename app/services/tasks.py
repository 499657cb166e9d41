"""Work that belongs to a card and waits for its time, once for its key: a friend's reward, another holder's
face. The worker and `tillpass tick` do what is due.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.domain.ledger import Earn
from app.domain.mechanics import Decision
from app.domain.mechanics.event import PROFILE, Event
from app.domain.programme import Programme
from app.storage.tables import Card, CardTask, MemberPii, Operation

if TYPE_CHECKING:
    from app.services.operating import Work


def plan(
    session: Session,
    card_id: int,
    kind: str,
    key: str,
    due_at: datetime,
    body: Mapping[str, Any] | None = None,
    *,
    anew: bool = False,
) -> None:
    """Plan something for the card; what is planned under this key already stays as it is. With `anew` it
    stays only where it was done.
    """
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {"card_id": card_id, "kind": kind, "key": key[:120], "body": dict(body or {}), "due_at": due_at}
    adding = insert(CardTask).values(**row, outcome="")
    session.execute(
        adding.on_conflict_do_update(
            index_elements=["card_id", "kind", "key"],
            set_={"body": adding.excluded.body},
            where=CardTask.done_at.is_(None),
        )
        if anew
        else adding.on_conflict_do_nothing()
    )


def after_change(session: Session, card: Card, programme: Programme, now: datetime) -> None:
    """What changed member data mean: a profile that is complete now is rewarded, by itself and once."""
    rule = next((r for r in programme.rules if isinstance(r, Event) and r.key == PROFILE), None)
    pii = session.get(MemberPii, card.member_id)
    if rule and pii and all(getattr(pii, name) for name in rule.fields):
        plan(session, card.id, "profile", "profile", now)


def after_operation(work: Work, decision: Decision, operation: Operation) -> None:
    """What an operation means for other cards: the friend who brought this member, and other holders of
    the same account. They are done by themselves later, so that no operation locks two members' cards.
    """
    session, card = work.session, work.card
    if decision.for_friend and card.referred_by_id is not None:
        gifts = [_said(each) for each in decision.for_friend]
        body = {"gifts": gifts, "friend": card.id, "operation": operation.public_id}
        thanks = (session, card.referred_by_id, "referral", f"friend:{card.id}", work.now, body)
        plan(*thanks, anew=True)  # what waits may be for a purchase that was taken back a moment ago
    if work.programme.shares_accounts:
        redraw_holders(session, work.account.id, card.id, operation.public_id, work.now)
    if decision.counts:
        moments = (rule.changes_at(work.state) for rule in work.programme.rules)
        for at in {at for at in moments if at is not None}:
            plan(session, card.id, "redraw", f"window:{at:%Y%m%d}", at)


def redraw_holders(session: Session, account_id: int, but_for: int, key: str, now: datetime) -> None:
    """All cards of the account show what happened; the one that it was done with does already."""
    holders = select(Card.id).where(
        (Card.account_id == account_id) | (Card.id == account_id), Card.id != but_for
    )
    for holder in session.scalars(holders).all():
        plan(session, holder, "redraw", key, now)


def _said(gift: Earn) -> dict[str, Any]:
    ends = {"expires_at": gift.expires_at.isoformat()} if gift.expires_at else {}
    return {"unit": gift.unit, "amount": gift.amount, "rule": gift.rule, **ends}
