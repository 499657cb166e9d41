"""The one way in which value moves: lock the card, recall the key, decide, write, count, touch.

Every use case of `app.services.loyalty` and its neighbours is a function from `Work` to `Decision`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from app.domain import ledger
from app.domain.ledger import SPEND, Holdings, Move, Transfer
from app.domain.mechanics import Decision, show
from app.domain.mechanics.base import Reward, State
from app.domain.programme import Programme
from app.domain.text import in_locale
from app.services import budgets, coupons, journal, sales, standings, tallies, tasks, triggers
from app.services.cards import require_active, touch
from app.services.events import record
from app.services.journal import By, Once
from app.services.once_more import once_more
from app.storage import queries
from app.storage.states import programme_at, states_of
from app.storage.tables import Card, Operation, ProgrammeRow
from app.storage.tables.delivery import URGENT


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to an operation: `body` as the contract gives it, `replayed` if it was the first answer
    again.
    """

    body: Mapping[str, Any] = field(default_factory=dict)
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """A card that is locked, with all that a use case may look at. `account` is the card whose account
    moves.
    """

    session: Session
    card: Card
    account: Card
    programme: Programme
    state: State
    now: datetime
    at: datetime
    accounts: journal.Accounts | None = None
    """Rows of the account, where they were read already."""
    held: tuple[tuple[int, int], ...] = ()
    """What a hold set aside for this: (lot, amount)."""


@dataclass(frozen=True, slots=True)
class Order:
    """An operation that was asked for: what it is called, its key, who wants it, and when it happened.

    `counts_on` is when what it counts was done, where that was another time.
    """

    kind: str
    once: Once
    by: By
    at: datetime | None = None
    counts_on: datetime | None = None
    needs_active: bool = True
    reverses: int | None = None
    priority: int = URGENT
    partner: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


Decide = Callable[[Work], Decision]
Found = Callable[[Session, Card], Operation | None]
Prepare = Callable[["Work"], "Work"]
After = Callable[[Work, Operation, Decision], None]


def operate(
    db: sessionmaker[Session],
    serial: str,
    order: Order,
    decided: Decide,
    *,
    now: datetime,
    before: Found | None = None,
    prepare: Prepare | None = None,
    after: After | None = None,
) -> Reply:
    """Do it once: the same key (or what `before` finds) returns the first answer. `prepare` looks at more
    than the card, `after` writes what belongs to the operation.

    Two first requests at once: the second breaks on a unique key, and then finds the first one's answer.
    """

    def work() -> Reply:
        with db.begin() as session:
            card = queries.card_at_work(session, serial)
            found = journal.recall(session, card.programme_id, order.once)
            if found := found or (before(session, card) if before else None):
                return Reply(found.reply, replayed=True)
            if order.needs_active:
                require_active(card, now)
            begun = begin(session, card, now, order.at)
            return carry_out(prepare(begun) if prepare else begun, order, decided, after)

    return once_more(work)


def begin(session: Session, card: Card, now: datetime, at: datetime | None = None) -> Work:
    """The card as an operation finds it; its row must be locked. A shared account is locked after it."""
    row = session.get_one(ProgrammeRow, card.programme_id)
    session.info["programme"] = row  # held to the end, so that it is read once
    account = card
    if card.account_id is not None:
        account = session.get_one(Card, card.account_id, with_for_update={"key_share": True})
    programme = programme_at(row, card, at or now)
    accounts = journal.accounts_of(session, [account.id])
    state = states_of(session, [card], {card.id: programme}, now, accounts=accounts.values())[card.id]
    return Work(session, card, account, programme, state, now, at or now, accounts)


def carry_out(work: Work, order: Order, decided: Decide, after: After | None = None) -> Reply:
    """Decide and write; a budget that is gone meanwhile is decided without."""
    while True:
        savepoint = work.session.begin_nested() if _may_claim(work) else None
        decision = decided(work)
        gone = budgets.claim(work.session, work.card.programme_id, decision.claims)
        if not gone:
            break
        assert savepoint is not None, "only rules with budgets claim"
        savepoint.rollback()
        spent = work.state.spent_budgets | {gone}
        work = replace(work, state=replace(work.state, spent_budgets=spent))
    holdings, lines = ledger.apply(work.state.holdings, decision.moves, now=work.now)
    return settle(work, order, decision, holdings, lines, after)


def _may_claim(work: Work) -> bool:
    return any(rule.budgets() for rule in work.programme.rules)


def settle(
    work: Work,
    order: Order,
    decision: Decision,
    holdings: Holdings,
    lines: Sequence[Transfer],
    after: After | None = None,
) -> Reply:
    """Write what was decided, tell of it, and let the card show it."""
    session, card = work.session, work.card
    kept = sales.attributed(work, _with_what_it_used(order, decision), decision)
    operation = journal.open_operation(session, work, kept)
    moved = replace(work.state, holdings=holdings)
    if decision.standing:
        moved = replace(moved, standing=decision.standing, tier=decision.standing.tier)
    body = _body(work, operation, decision, moved, lines) | dict(order.detail)
    journal.write(session, operation, holdings, lines, body, work.accounts)
    day = (order.counts_on or work.at).astimezone(work.programme.zone).date()
    tallies.raise_counts(session, work.account.id, decision.counts, day)
    coupons.use_up(session, card.programme_id, work.programme.rules, decision.used_codes)
    if decision.standing:
        standings.take(session, card, decision.standing, work.now, actor=order.by.actor, operation=operation)
    tasks.after_operation(work, decision, operation)
    triggers.after_operation(work, moved.counted(decision.counts, day), lines, operation)
    told = {key: body[key] for key in ("id", "earned", "redeemed", "balances")}
    record(session, card.programme_id, f"ledger.{operation.kind}", told, work.now, card=card)
    if after:
        after(work, operation, decision)
    if card.face:  # none yet: the card is being issued, and nobody has seen it
        touch(session, card, work.now, priority=order.priority, state=_known(work, moved, decision, day))
    return Reply(body)


def _known(work: Work, moved: State, decision: Decision, day: date) -> State | None:
    """The state after the operation, where nothing but holdings, counts and tier can have changed; else it
    is read anew.
    """
    beside = any(rule.looks_at - {"person"} for rule in work.programme.rules)
    late = work.at != work.now and work.programme != programme_at(_row(work), work.card, work.now)
    return None if beside or late else moved.counted(decision.counts, day)


def _row(work: Work) -> ProgrammeRow:
    return work.session.get_one(ProgrammeRow, work.card.programme_id)


def _with_what_it_used(order: Order, decision: Decision) -> Order:
    """What a reversal has to know of it: what it counted (a receipt knows that itself), and what it claimed
    of which budget.
    """
    claims = {claim.key: claim.amount for claim in decision.claims}
    counts = dict(decision.counts) if order.kind != "purchase" and order.reverses is None else {}
    used = {"claims": claims, "counts": counts}
    return replace(order, detail={**order.detail, **{key: each for key, each in used.items() if each}})


def _body(
    work: Work, operation: Operation, decision: Decision, moved: State, lines: Sequence[Transfer]
) -> dict[str, Any]:
    programme, locale = work.programme, work.programme.default_locale
    bill = decision.bill
    return {
        "id": operation.public_id,
        "kind": operation.kind,
        "earned": gained(lines),
        "redeemed": lost(lines),
        "balances": public_balances(programme, moved),
        "tier": moved.tier,
        "rewards": public_rewards(programme, show(programme.rules, moved).rewards),
        "entries": [
            {"unit": line.unit, "amount": line.signed, "balance": line.balance_after}
            for line in lines
            if line.signed
        ],
        "discount_minor": bill.discount_minor,
        "due_minor": bill.due_minor,
        "notes": [in_locale(words, locale) for words in (*bill.notes, *decision.notes)],
    }


def public_balances(programme: Programme, state: State) -> dict[str, int]:
    """Balances as the contract names them: what may be spent now of each unit, and the money spent."""
    units = dict.fromkeys(("points", "stamps", *programme.units))
    counted = {SPEND: state.holdings.balance(SPEND)}
    return {unit: state.holdings.usable(unit, state.now) for unit in units} | counted


def public_rewards(programme: Programme, rewards: Sequence[Reward]) -> list[dict[str, Any]]:
    """Rewards that are ready, named in the programme's first language."""
    locale = programme.default_locale
    return [{"key": each.key, "name": in_locale(each.name, locale), "count": each.count} for each in rewards]


def gained(lines: Sequence[Transfer]) -> dict[str, int]:
    """What came in, by unit; an end that moved is no gain."""
    return _sums(line for line in lines if line.credit == "available" and line.debit not in _INSIDE)


def lost(lines: Sequence[Transfer]) -> dict[str, int]:
    """What went out, by unit."""
    return _sums(
        line
        for line in lines
        if (line.debit == "available" and line.credit not in (*_INSIDE, "held"))
        or (line.debit == "held" and line.credit == "redeemed")
    )


_INSIDE = ("extended", "held")


def _sums(lines: Any) -> dict[str, int]:
    total: dict[str, int] = {}
    for line in lines:
        if line.unit != SPEND:
            total[line.unit] = total.get(line.unit, 0) + line.amount
    return total


def only(*moves: Move, counts: Mapping[str, int] | None = None) -> Decision:
    """A decision of moves alone."""
    return Decision(tuple(moves), counts=counts or {})
