"""Balances of a file through the ledger: one operation a row, its key the file and the row, so that the same
file again changes nothing, whatever happened since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import ledger
from app.domain.errors import Invalid, Refused
from app.domain.ledger import Holdings, Move, Transfer
from app.domain.mechanics import follows
from app.domain.mechanics.base import EVER, State
from app.domain.programme import Programme
from app.services import ids, journal, tallies
from app.services.events import record
from app.services.journal import Once, Written
from app.services.moving.amounts import Counting, counting, moves_towards, owing
from app.services.moving.taking import Order, Taken
from app.services.operating import gained, lost, public_balances
from app.storage.states import holdings_of_accounts
from app.storage.tables import Operation, ProgrammeRow, Tally

SOURCE = "import"


def post(
    session: Session,
    order: Order,
    row: ProgrammeRow,
    programme: Programme,
    rows: Sequence[Taken],
    now: datetime,
) -> None:
    """Bring balances and counts of these rows' cards to what the rows say."""
    saying = [each for each in rows if each.row.amounts() or each.row.counted() or each.row.debts]
    done = _done(session, row.id, order, saying)
    open_ = [each for each in saying if _key(order, each) not in done]
    known = [each.found.id for each in open_ if not each.is_new]
    accounts = journal.accounts_of(session, known) if known else {}
    held = holdings_of_accounts(session, known, accounts=accounts.values()) if known else {}
    counts = _counts(session, known)
    entries: list[Written] = []
    raised: dict[tuple[int, str, date], int] = {}
    for each in open_:
        holdings = held.get(each.found.id, Holdings())
        counted = _counted(each, programme, counts.get(each.found.id, {}), now)
        entry = _entry(each, order, row, programme, holdings, counted, now)
        entries.append(entry)
        raised |= {(each.found.id, what, day): amount for (what, day), amount in counted.days.items()}
        each.changed = each.changed or bool(entry.transfers or counted.days)
    if not entries:
        return
    journal.write_many(session, entries, accounts)
    tallies.raise_many(session, raised)
    for each, entry in zip(open_, entries, strict=True):
        if not each.is_new and entry.transfers:
            told = {key: entry.reply[key] for key in ("id", "earned", "redeemed", "balances")}
            record(session, row.id, "ledger.import", told, now, card=each.found)


def _key(order: Order, each: Taken) -> str:
    return f"{order.batch}:{each.record.number}"


def _done(session: Session, programme_id: int, order: Order, rows: Sequence[Taken]) -> set[str]:
    keys = [_key(order, each) for each in rows]
    if not keys:
        return set()
    mine = (Operation.programme_id == programme_id, Operation.source == SOURCE, Operation.key.in_(keys))
    return set(session.scalars(select(Operation.key).where(*mine)))


def _counts(session: Session, known: Sequence[int]) -> dict[int, dict[tuple[str, date], int]]:
    found: dict[int, dict[tuple[str, date], int]] = {}
    if known:
        rows = select(Tally.card_id, Tally.what, Tally.day, Tally.amount)
        mine = rows.where(Tally.card_id.in_(known), Tally.day != EVER)
        for card_id, what, day, amount in session.execute(mine):
            found.setdefault(card_id, {})[what, day] = amount
    return found


def _counted(
    each: Taken, programme: Programme, known: Mapping[tuple[str, date], int], now: datetime
) -> Counting:
    """A plain number of a new card counts on the day on which the card was issued: nobody knows a better."""
    on = each.found.created_at if each.is_new else now
    return counting(each.row.counted(), known, on.astimezone(programme.zone).date())


def _entry(
    each: Taken,
    order: Order,
    row: ProgrammeRow,
    programme: Programme,
    holdings: Holdings,
    counted: Counting,
    now: datetime,
) -> Written:
    state = State(holdings, now, each.found.tier, zone=programme.zone, currency=programme.currency)

    def ends(unit: str) -> datetime | None:
        found = (rule.ends(unit, state) for rule in programme.rules)
        return next((end for end in found if end), None)

    moves: list[Move] = [*moves_towards(each.row.amounts(), holdings, now, ends), *counted.moves()]
    if each.is_new and not each.row.rewards:
        moves = _completed(programme, moves, state)
    holdings, lines = ledger.apply(holdings, moves, now=now)
    if each.is_new:
        holdings, owed = owing(holdings, each.row.debts)
        lines = (*lines, *owed)
    operation = _operation(each, order, row, now)
    return Written(operation, holdings, lines, _reply(operation, programme, holdings, lines, now))


def _completed(programme: Programme, moves: list[Move], state: State) -> list[Move]:
    """A stamp card that is full already is a reward; what rules cannot work out stays as it was said."""
    try:
        return list(follows(programme.rules, moves, state).moves)
    except (Invalid, Refused):
        return moves


def _operation(each: Taken, order: Order, row: ProgrammeRow, now: datetime) -> Operation:
    once = Once(SOURCE, _key(order, each), {"row": each.digest})
    return Operation(
        public_id=ids.token(12),
        programme_id=row.id,
        card_id=each.found.id,
        kind="import",
        source=once.source,
        key=once.key,
        request_hash=once.request_hash,
        reply={},
        rules_revision=row.revision,
        actor=order.actor[:120],
        store="",
        reason="import",
        partner="",
        detail={},
        occurred_at=now,
        recorded_at=now,
    )


def _reply(
    operation: Operation, programme: Programme, holdings: Holdings, lines: Sequence[Transfer], now: datetime
) -> dict[str, Any]:
    return {
        "id": operation.public_id,
        "kind": operation.kind,
        "earned": gained(lines),
        "redeemed": lost(lines),
        "balances": public_balances(programme, State(holdings, now, zone=programme.zone)),
        "entries": [
            {"unit": line.unit, "amount": line.signed, "balance": line.balance_after} for line in lines
        ],
    }
