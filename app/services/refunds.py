"""Taking back: operations whole, receipts whole or in parts; with a reason and an actor. The journal is never
edited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.domain import refunds, returns
from app.domain.errors import AlreadyReversed, Conflict, Invalid
from app.domain.ledger import Transfer
from app.domain.mechanics import Decision
from app.domain.refunds import Back, Piece, Wanted, Working
from app.domain.returns import Part, TakenBack
from app.services import budgets, companies, coupons, journal, standings
from app.services.journal import By, Once
from app.services.once_more import once_more
from app.services.operating import Order, Reply, Work, begin, settle
from app.storage import queries
from app.storage.tables import Operation, Receipt, Refund

FINAL = ("reversal", "transfer", "hold", "void", "hold-end", "membership", "cancellation")
"""What is no operation to take back: a hold is voided, a membership is cancelled."""
WHOLE = Wanted()


def refund(
    db: sessionmaker[Session],
    public_id: str,
    once: Once,
    by: By,
    *,
    now: datetime,
    amount_minor: int | None = None,
    items: Sequence[tuple[int | str, int]] = (),
    up_to_minor: int | None = None,
    programme_ids: Sequence[int] | None = None,
) -> Reply:
    """Take an operation back: whole, or (a receipt) by amount, by items (line from 1 or SKU, quantity), or so
    much that `up_to_minor` is back in all.

    Raises AlreadyReversed where nothing is left, Conflict for more than is left and for a reversal, Invalid,
    NotFound.
    """
    if items and (amount_minor is not None or up_to_minor is not None):
        raise Invalid({"/items": "give either an amount or items"})
    with db() as session:
        first = journal.operation_by_id(session, public_id, programme_ids)
        serial, operation_id = companies.card_of(session, first).serial, first.id
    if first.kind in FINAL or first.reverses_id is not None:
        raise Conflict("This cannot be taken back.", id=public_id)
    order = Order("reversal", once, by, needs_active=False, reverses=operation_id)
    return once_more(lambda: _refund(db, serial, order, Wanted(amount_minor, items, up_to_minor), now))


def _refund(db: sessionmaker[Session], serial: str, order: Order, wanted: Wanted, now: datetime) -> Reply:
    with db.begin() as session:
        card = queries.card_by_serial(session, serial, lock=True)
        if found := journal.recall(session, card.programme_id, order.once):
            return Reply(found.reply, replayed=True)
        work = begin(session, card, now)
        first = session.get_one(Operation, order.reverses)
        if first.card_id != work.account.id:
            raise Conflict("The card joined or left an account at this moment: try again.", serial=serial)
        companies.require_its_lots(session, first)
        lines = journal.transfers_of(session, first)
        holdings = journal.with_lots_of(session, work.state.holdings, lines)
        work = replace(work, state=replace(work.state, holdings=holdings))
        order = replace(order, partner=first.partner, counts_on=first.occurred_at)
        named = select(Receipt).where(
            Receipt.public_id == first.public_id
        )  # as its operation: it has an index
        receipt = session.scalars(named).one_or_none()
        if receipt is not None:
            return _take_receipt_back(work, order, _Sold(receipt, first, lines), wanted)
        if wanted != WHOLE:
            raise Invalid({"": "only a receipt can be taken back in parts"})
        return _take_operation_back(work, order, first, lines)


def _take_operation_back(work: Work, order: Order, first: Operation, lines: Sequence[Transfer]) -> Reply:
    reversed_ = select(Operation.id).where(Operation.reverses_id == first.id)
    if work.session.scalars(reversed_).first():
        raise AlreadyReversed("This was taken back before.", id=first.public_id)
    done = returns.reverse(work.state.holdings, lines, now=work.now, policy=work.programme.returns)
    counted: Mapping[str, int] = first.detail.get("counts", {})
    due = returns.given_by(lines)
    order = replace(order, detail=_told(due, done))
    _give_back_what_it_used(work, first)
    return _write(work, order, refunds.lowered(counted, counted, done), done)


@dataclass(frozen=True, slots=True)
class _Sold:
    """A receipt with the operation that it came of, and its lines in the journal."""

    receipt: Receipt
    operation: Operation
    lines: Sequence[Transfer]

    def working(self) -> Working:
        """What each line cost and earned; of a receipt that kept none, as if it had one line."""
        if self.receipt.working:
            return Working.model_validate(self.receipt.working)
        return refunds.working_of_lines(self.receipt.amount_minor, self.lines)


def _take_receipt_back(work: Work, order: Order, sold: _Sold, wanted: Wanted) -> Reply:
    before = _parts_before(work.session, sold.receipt)
    working = sold.working()
    pieces = [Piece(*piece) for each in before for piece in each.lines]
    back = refunds.plan(working, pieces, wanted)
    part = Part(back.due, back.restored, back.restored_before, _undone(before, back))
    done = returns.unwind(work.state.holdings, sold.lines, part, policy=work.programme.returns, now=work.now)
    counted = {share.unit: share.amount for share in working.counts}
    order = replace(order, detail=_told(back.due, done) | _told_of_receipt(back))
    if back.whole:
        _give_back_what_it_used(work, sold.operation)

    def keep(work: Work, operation: Operation, decision: Decision) -> None:
        sold.receipt.refunded_minor += back.amount
        work.session.add(_row(sold.receipt, operation, back, done))
        work.session.flush()

    return _write(work, order, refunds.lowered(counted, back.counts, done), done, keep)


def _parts_before(session: Session, receipt: Receipt) -> list[Refund]:
    rows = select(Refund).where(Refund.receipt_id == receipt.id).order_by(Refund.id)
    return list(session.scalars(rows))


def _undone(before: Sequence[Refund], back: Back) -> dict[str, int]:
    """Rewards that became stamps again with parts before: what those took beyond what was due itself."""
    taken: dict[str, int] = {}
    for each in before:
        taken = returns.summed(taken, each.due)
    return {
        unit: amount - back.due_before.get(unit, 0)
        for unit, amount in taken.items()
        if unit.startswith("reward.") and amount > back.due_before.get(unit, 0)
    }


def _row(receipt: Receipt, operation: Operation, back: Back, done: TakenBack) -> Refund:
    return Refund(
        receipt_id=receipt.id,
        operation_id=operation.id,
        amount_minor=back.amount,
        lines=[[piece.line, piece.amount, piece.quantity] for piece in back.pieces],
        due=returns.summed(back.due, done.undone),
        written_off=dict(done.written_off),
        debt=dict(done.debt),
        restored=dict(back.restored),
        at=operation.recorded_at,
    )


def _give_back_what_it_used(work: Work, first: Operation) -> None:
    """Budgets have again what was given of them, and coupons may be used again: locked in the order in which
    a purchase takes them.
    """
    for key, amount in sorted(first.detail.get("claims", {}).items()):
        budgets.give_back(work.session, work.card.programme_id, key, amount)
    coupons.give_back(work.session, first)


def _write(work: Work, order: Order, counts: Mapping[str, int], done: TakenBack, after: Any = None) -> Reply:
    """Write it down; the tier follows from the counts as they are without what went back."""
    assert order.counts_on is not None, "what goes back was counted once"
    day = order.counts_on.astimezone(work.programme.zone).date()
    decision = Decision(counts=counts, standing=standings.after_return(work, counts, day))
    return settle(work, order, decision, done.holdings, done.transfers, after)


def _told(due: Mapping[str, int], done: TakenBack) -> dict[str, Any]:
    """Per unit: due = taken + written off + debt. `restored` is what the customer got back."""
    restored: dict[str, int] = {}
    for line in done.transfers:
        if line.debit == "reversed":
            restored[line.unit] = restored.get(line.unit, 0) + line.amount
    taken = {
        unit: amount - done.written_off.get(unit, 0) - done.debt.get(unit, 0) for unit, amount in due.items()
    }
    return {
        "due": dict(due),
        "taken": {unit: amount for unit, amount in taken.items() if amount},
        "written_off": dict(done.written_off),
        "debt": dict(done.debt),
        "restored": restored,
    }


def _told_of_receipt(back: Back) -> dict[str, Any]:
    return {
        "amount_minor": back.amount,
        "money_minor": back.money,
        "gift_minor": back.gift,
        "left_minor": back.left,
        "restored": dict(back.restored),
    }
