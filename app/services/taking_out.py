"""Points that ended, taken out of many cards in a handful of statements.

All is worked out before anything is locked: faces, lines, answers. Under the lock it is only asked whether
the cards are still as they were, and written; one that is not is left for the next round.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.domain import ledger
from app.domain.ledger import Holdings, Spend, Transfer, spending_order
from app.domain.mechanics.base import State
from app.domain.programme import Programme
from app.services import cards, ids, tasks, touching
from app.services.journal import Once
from app.services.operating import lost, public_balances
from app.storage.batches import among, insert_many, set_many
from app.storage.states import holdings_of_accounts, states_of
from app.storage.tables import Account, Card, Event, LotRow, Operation, ProgrammeRow, TransferRow
from app.storage.tables.delivery import NORMAL

_ACCOUNTS: Any = Account.__table__
_LOTS: Any = LotRow.__table__
_OPERATIONS: Any = Operation.__table__
_TRANSFERS: Any = TransferRow.__table__
_EVENTS: Any = Event.__table__
_BALANCE = ("card_id", "unit", "balance", "version")
Row = dict[str, Any]


@dataclass(slots=True)
class Ending:
    """What ended on a card, as rows to write. `accounts` are its balances by unit, and as they will be then;
    `versions` are those that they must still have.
    """

    card: Card
    programme: Programme
    face: str
    holdings: Holdings
    accounts: dict[str, Row]
    versions: dict[str, int]
    operations: list[Row] = field(default_factory=list)
    lines: list[tuple[str, int, Transfer, int]] = field(default_factory=list)
    """The operation's name, the line's place in it, the line, and the version of the account after it."""


def work_out(read: sessionmaker[Session], card_ids: Sequence[int], now: datetime) -> list[Ending]:
    """What ended on these cards; nothing is locked. What may change is read before what follows from it, so
    that versions tell.
    """
    with read() as session:
        found = session.scalars(select(Card).where(among(session, Card.id, list(card_ids)))).all()
        accounts = _accounts(session, card_ids)
        programmes = cards.programmes_of(session, found, now)
        states = states_of(session, found, programmes, now)
        faces = touching.faces(session, found, now, states)
        joined = [card.id for card in found if card.account_id is not None]
        own = holdings_of_accounts(session, joined) if joined else {}
        of = {each: session.get_one(ProgrammeRow, each).revision for each in {c.programme_id for c in found}}
    made = []
    for card in found:
        mine = accounts.get(card.id, {})
        versions = {unit: row["version"] for unit, row in mine.items()}
        held = own.get(card.id) or states[card.id].holdings
        ending = Ending(card, programmes[card.id], faces[card.id], held, mine, versions)
        _take_out(ending, of[card.programme_id], now)
        made.append(ending)
    return made


def _accounts(session: Session, card_ids: Sequence[int]) -> dict[int, dict[str, Row]]:
    rows = session.connection().execute(
        select(_ACCOUNTS).where(among(session, _ACCOUNTS.c.card_id, list(card_ids)))
    )
    found: dict[int, dict[str, Row]] = {}
    for row in rows.mappings():
        found.setdefault(row["card_id"], {})[row["unit"]] = dict(row)
    return found


def _take_out(ending: Ending, revision: int, now: datetime) -> None:
    """One operation a lot; its key has the account's version, as a lot that was refilled may end again."""
    for lot in spending_order(lot for lot in ending.holdings.lots.values() if lot.over(now)):
        version = ending.accounts[lot.unit]["version"]
        once = Once("clock", f"expire:{lot.key}:{version}", {"lot": lot.key, "version": version})
        taken = Spend(lot.unit, lot.remaining, "expired", lot=lot.key)
        ending.holdings, lines = ledger.apply(ending.holdings, [taken], now=now)
        operation = _operation(ending, once, revision, lines, now)
        ending.operations.append(operation)
        for seq, line in enumerate(lines):
            account = ending.accounts[line.unit]
            account["balance"] += line.signed
            account["version"] += 1
            assert account["balance"] == line.balance_after, "the cached balance and the lots agree"
            ending.lines.append((operation["public_id"], seq, line, account["version"]))


def _operation(ending: Ending, once: Once, revision: int, lines: Sequence[Transfer], now: datetime) -> Row:
    name = ids.token(12)
    return {
        "public_id": name,
        "programme_id": ending.card.programme_id,
        "card_id": ending.card.id,
        "via_card_id": None,
        "kind": "expiry",
        "source": once.source,
        "key": once.key,
        "request_hash": once.request_hash,
        "reply": _reply(name, ending, lines, now),
        "reverses_id": None,
        "rules_revision": revision,
        "actor": "clock",
        "store": "",
        "reason": "",
        "partner": "",
        "detail": {},
        "occurred_at": now,
        "recorded_at": now,
    }


def _reply(name: str, ending: Ending, lines: Sequence[Transfer], now: datetime) -> Row:
    return {
        "id": name,
        "kind": "expiry",
        "earned": {},
        "redeemed": lost(lines),
        "balances": public_balances(ending.programme, State(ending.holdings, now)),
        "tier": ending.card.tier,
        "entries": [
            {"unit": each.unit, "amount": each.signed, "balance": each.balance_after} for each in lines
        ],
    }


def write(session: Session, endings: Sequence[Ending], now: datetime) -> int:
    """Write what of this still holds, and let the cards show it; gives how many lots it was."""
    mine = _as_they_were(session, endings)
    operations = [row for each in mine for row in each.operations]
    if operations:
        _store(session, mine, operations)
        _tell(session, mine, now)
        faces = {each.card.id: each.face for each in mine}
        touching.raise_versions(session, [each.card for each in mine], faces, now, priority=NORMAL)
    return len(operations)


def _as_they_were(session: Session, endings: Sequence[Ending]) -> list[Ending]:
    """Those whose card is as it was, and locked by us, in the order of their ids; one that a till has now is
    passed over.
    """
    all_ids = [each.card.id for each in endings]
    free = select(Card.id, Card.version).where(among(session, Card.id, all_ids)).order_by(Card.id)
    locked = dict(session.execute(free.with_for_update(skip_locked=True, key_share=True)).all())
    rows = select(Account.card_id, Account.unit, Account.version)
    versions: dict[int, dict[str, int]] = {}
    for card_id, unit, version in session.execute(rows.where(among(session, Account.card_id, all_ids))):
        versions.setdefault(card_id, {})[unit] = version
    return [
        each
        for each in endings
        if locked.get(each.card.id) == each.card.version and versions.get(each.card.id, {}) == each.versions
    ]


def _store(session: Session, endings: Sequence[Ending], operations: Sequence[Row]) -> None:
    numbers = insert_many(session, _OPERATIONS, operations, by="public_id")
    moved = [(each, line.unit, line.lot) for each in endings for _, _, line, _ in each.lines]
    left = {lot: each.holdings.lots[lot].remaining for each, _, lot in moved if lot is not None}
    set_many(session, _LOTS, [{"id": lot, "remaining": rest} for lot, rest in left.items()], keys=("id",))
    accounts = {(each.card.id, unit): each.accounts[unit] for each, unit, _ in moved}
    rows = [{name: row[name] for name in _BALANCE} for row in accounts.values()]
    set_many(session, _ACCOUNTS, rows, keys=("card_id", "unit"))
    lines = [_line(numbers, each.card.id, *line) for each in endings for line in each.lines]
    insert_many(session, _TRANSFERS, lines)


def _line(numbers: Mapping[str, int], card_id: int, name: str, seq: int, line: Transfer, version: int) -> Row:
    return {
        "operation_id": numbers[name],
        "seq": seq,
        "card_id": card_id,
        "unit": line.unit,
        "debit": line.debit,
        "credit": line.credit,
        "amount": line.amount,
        "lot_id": line.lot,
        "rule": line.rule,
        "balance_after": line.balance_after,
        "account_version": version,
    }


def _tell(session: Session, endings: Iterable[Ending], now: datetime) -> None:
    events = []
    for each in endings:
        for row in each.operations:
            told = {key: row["reply"][key] for key in ("id", "earned", "redeemed", "balances")}
            events.append(_event(each.card, told, now))
        if each.programme.shares_accounts:
            tasks.redraw_holders(session, each.card.id, each.card.id, each.operations[-1]["public_id"], now)
    insert_many(session, _EVENTS, events)


def _event(card: Card, told: Row, now: datetime) -> Row:
    return {
        "programme_id": card.programme_id,
        "card_id": card.id,
        "card_version": card.version,
        "due_at": now,
        "kind": "ledger.expiry",
        "body": told,
        "at": now,
    }
