"""What a till closed while it was offline: each thing by itself, once by its number, by the rules of then.

Value may have moved meanwhile: points are spent up to what is there, and a card that is blocked by now
refuses its own things and nobody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Invalid, NotFound, Refused
from app.services import loyalty, refunds
from app.services.crm import targets
from app.services.crm.targets import Target
from app.services.inputs import ReturnedItem
from app.services.journal import By, Once
from app.services.operating import Reply
from app.storage import queries
from app.storage.tables import ProgrammeRow, Receipt

SOURCE = "offline"
CLOCKS_DIFFER = timedelta(minutes=10)
"""So much may the clocks of tills differ from each other and from ours."""


@dataclass(frozen=True, slots=True)
class Closed:
    """One thing that happened at a till. `number` is the till's own for it, and what makes it happen once;
    `request` is all that was said, which the number stands for.
    """

    kind: Literal["purchase", "stamps", "refund"]
    number: str
    occurred_at: datetime
    request: Mapping[str, Any]
    target: Target
    store: str = ""
    purchase: Mapping[str, Any] | None = None
    stamps: int = 0
    returned: str = ""
    amount_minor: int | None = None
    items: tuple[ReturnedItem, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of one thing: an answer, or a refusal."""

    reply: Reply | None = None
    refused: Refused | None = None

    @property
    def status(self) -> str:
        """done, replayed or refused."""
        if self.reply is None:
            return "refused"
        return "replayed" if self.reply.replayed else "done"


def enter(db: sessionmaker[Session], slug: str, closed: Closed, actor: str, *, now: datetime) -> Entered:
    """Do it in a transaction of its own. What the rules refuse is told; a fault of ours is raised, and
    all that was entered before stays entered.
    """
    try:
        return Entered(_enter(db, slug, closed, actor, now))
    except Refused as refused:
        return Entered(refused=refused)


def _enter(db: sessionmaker[Session], slug: str, closed: Closed, actor: str, now: datetime) -> Reply:
    once = Once(SOURCE, f"{closed.kind}:{closed.number}", closed.request)
    by = By(actor, closed.store, closed.reason)
    if closed.kind == "refund":
        return _refund(db, slug, closed, once, by, now)
    serial = _serial(db, slug, closed.target)
    if closed.kind == "stamps":
        return loyalty.stamp(db, serial, closed.stamps, once, by, now=now, at=closed.occurred_at)
    assert closed.purchase is not None, "a purchase has what was bought"
    once = Once(SOURCE, f"purchase:{once.request_hash}", once.request)  # its number is looked up as a receipt
    return loyalty.purchase(db, loyalty.Purchase(serial, **closed.purchase), once, by, now=now)


def _serial(db: sessionmaker[Session], slug: str, target: Target) -> str:
    with db() as session:
        row = queries.programme_row(session, slug)
        found = targets.find(session, row.id, queries.programme_of(row), target)
        if not found:
            raise NotFound("There is no such card.", **target.model_dump(exclude_defaults=True))
        if len(found) > 1:
            raise Conflict("Several cards fit: name the one that is meant by its serial.")
        return found[0].serial


def _refund(db: sessionmaker[Session], slug: str, closed: Closed, once: Once, by: By, now: datetime) -> Reply:
    with db() as session:
        row = queries.programme_row(session, slug)
        sold = _receipt_of(session, row, closed.returned)
        _after_its_sale(sold, closed.occurred_at, now)
        public_id = sold.public_id
    return refunds.refund(
        db,
        public_id,
        once,
        by,
        now=now,
        amount_minor=closed.amount_minor,
        items=[(item.which, item.quantity) for item in closed.items],
        programme_ids=[row.id],
    )


def _receipt_of(session: Session, row: ProgrammeRow, number: str) -> Receipt:
    asked = select(Receipt).where(Receipt.programme_id == row.id, Receipt.external_id == number)
    found = session.scalars(asked).one_or_none()
    if found is None:
        raise NotFound("There is no such receipt: send it before what comes back of it.", receipt=number)
    return found


def _after_its_sale(sold: Receipt, at: datetime, now: datetime) -> None:
    if not sold.closed_at - CLOCKS_DIFFER <= at <= now + CLOCKS_DIFFER:
        raise Invalid({"/occurred_at": "lies before the sale, or in the future"})
