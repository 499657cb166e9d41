"""Writing the ledger: one operation, its transfers, lots and balances, exactly once per key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import orjson
from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.domain.errors import KeyReused, NotFound
from app.domain.ledger import Bucket, Holdings, Lot, Transfer
from app.services import ids
from app.storage.batches import among, update_many
from app.storage.tables import Account, LotRow, Operation, ProgrammeRow, TransferRow

if TYPE_CHECKING:
    from app.services.operating import Order, Work

_LOTS, _ACCOUNTS, _TRANSFERS = (cast(Table, each.__table__) for each in (LotRow, Account, TransferRow))
"""Lots, balances and lines are written as plain rows: none is kept as an entity."""
_SET_LOT = (
    update(_LOTS)
    .where(_LOTS.c.id == bindparam("lot"))
    .values(initial=bindparam("whole"), remaining=bindparam("left"))
)
FEW = 20
"""So many rows go one by one in a single round trip; more travel as arrays."""


_OPERATIONS: Any = Operation.__table__
_WRITTEN = tuple(name for name in _OPERATIONS.c.keys() if name != "id")  # noqa: SIM118
_BEGINS = {"rules_revision": 0, "actor": "", "store": "", "reason": "", "partner": "", "detail": {}}
_KNOWN = select(_OPERATIONS.c.id, _OPERATIONS.c.request_hash).where(
    _OPERATIONS.c.programme_id == bindparam("of"),
    _OPERATIONS.c.source == bindparam("by"),
    _OPERATIONS.c.key == bindparam("named"),
)
_ACCOUNTS_OF_ONE = select(_ACCOUNTS).where(_ACCOUNTS.c.card_id == bindparam("card"))
_STORE_OPERATIONS = insert(_OPERATIONS).returning(_OPERATIONS.c.id, sort_by_parameter_order=True)
_STORE_LOTS = insert(_LOTS).returning(_LOTS.c.id, sort_by_parameter_order=True)
_STORE_TRANSFERS = insert(_TRANSFERS)
Accounts = dict[tuple[int, str], dict[str, Any]]
"""Rows of `accounts` by card and unit; writing keeps them as they then are."""


@dataclass(frozen=True, slots=True)
class Once:
    """What makes an operation happen once: the caller, its key, and the input that the key stands for."""

    source: str
    key: str
    request: Mapping[str, Any]

    @property
    def request_hash(self) -> str:
        """Hex SHA-256 of the canonical input."""
        return hashlib.sha256(
            orjson.dumps(self.request, option=orjson.OPT_SORT_KEYS, default=str)
        ).hexdigest()


@dataclass(frozen=True, slots=True)
class By:
    """Who did it, where and why."""

    actor: str = ""
    store: str = ""
    reason: str = ""


def recall(session: Session, programme_id: int, once: Once) -> Operation | None:
    """The operation that this key stands for; look only after the card is locked. Raises KeyReused for
    another input.
    """
    asked = {"of": programme_id, "by": once.source, "named": once.key}
    found = session.connection().execute(_KNOWN, asked).one_or_none()
    if found is None:
        return None
    if found.request_hash != once.request_hash:
        raise KeyReused("This Idempotency-Key was used before with another request.", key=once.key)
    return session.get_one(Operation, found.id)


def open_operation(session: Session, work: Work, order: Order) -> Operation:
    """A new operation, not yet flushed with its reply; set `reply` before the transaction ends."""
    revision = session.get_one(ProgrammeRow, work.card.programme_id).revision
    shared = work.card.id != work.account.id
    return Operation(
        public_id=ids.token(12),
        programme_id=work.card.programme_id,
        card_id=work.account.id,
        via_card_id=work.card.id if shared else None,
        kind=order.kind,
        source=order.once.source,
        key=order.once.key,
        request_hash=order.once.request_hash,
        reply={},
        reverses_id=order.reverses,
        rules_revision=revision,
        actor=order.by.actor[:120],
        store=order.by.store[:120],
        reason=order.by.reason[:500],
        partner=order.partner,
        detail=dict(order.detail),
        occurred_at=work.at,
        recorded_at=work.now,
    )


@dataclass(frozen=True, slots=True)
class Written:
    """An operation that is not stored yet, with what it moves and what the card holds after it."""

    operation: Operation
    holdings: Holdings
    transfers: Sequence[Transfer]
    reply: Mapping[str, Any]


def write(
    session: Session,
    operation: Operation,
    holdings: Holdings,
    transfers: Sequence[Transfer],
    reply: Mapping[str, Any],
    accounts: Accounts | None = None,
) -> None:
    """Store the operation with its journal lines; balances move with them, and in `accounts` as well."""
    write_many(session, [Written(operation, holdings, transfers, reply)], accounts)


def write_many(session: Session, entries: Sequence[Written], accounts: Accounts | None = None) -> None:
    """The same for several in a handful of statements; of two on one card, the later one comes later here.

    All of their cards must be locked. A lot that is new in one entry is no other entry's.
    """
    _store_operations(session, entries)
    keys = [_new_lots(session, entry) for entry in entries]
    _set_lots(session, entries)
    versions = _move_balances(session, entries, accounts)
    rows = [
        _row(entry.operation, seq, line, keys[number], versions[number][seq])
        for number, entry in enumerate(entries)
        for seq, line in enumerate(entry.transfers)
    ]
    if rows:
        session.connection().execute(_STORE_TRANSFERS, rows)


def _store_operations(session: Session, entries: Sequence[Written]) -> None:
    """Insert them and give each its number; the session does not watch them, as they never change."""
    for entry in entries:
        entry.operation.reply = dict(entry.reply)
    rows = [_filled(entry.operation) for entry in entries]
    numbers = session.connection().execute(_STORE_OPERATIONS, rows).scalars().all()
    for entry, number in zip(entries, numbers, strict=True):
        entry.operation.id = number


def _filled(operation: Operation) -> dict[str, Any]:
    """Its values by column; what nobody set is as the table begins it."""
    values = {name: getattr(operation, name) for name in _WRITTEN}
    return {name: _BEGINS.get(name) if value is None else value for name, value in values.items()}


def _row(
    operation: Operation, seq: int, line: Transfer, keys: Mapping[int, int], version: int
) -> dict[str, Any]:
    return {
        "operation_id": operation.id,
        "seq": seq,
        "card_id": operation.card_id,
        "unit": line.unit,
        "debit": line.debit,
        "credit": line.credit,
        "amount": line.amount,
        "rule": line.rule[:80],
        "lot_id": None if line.lot is None else keys.get(line.lot, line.lot),
        "balance_after": line.balance_after,
        "account_version": version,
    }


def _new_lots(session: Session, entry: Written) -> dict[int, int]:
    """Insert new lots (negative keys, the first is -1); returns negative key to row id."""
    named = {line.lot for line in entry.transfers if line.lot is not None and line.lot < 0}
    lots = [entry.holdings.lots[key] for key in sorted(named, reverse=True)]
    rows = [
        {
            "card_id": entry.operation.card_id,
            "operation_id": entry.operation.id,
            "unit": lot.unit,
            "initial": lot.initial,
            "remaining": lot.remaining,
            "active_from": lot.active_from,
            "expires_at": lot.expires_at,
        }
        for lot in lots
    ]
    if not rows:
        return {}
    ids_ = session.connection().execute(_STORE_LOTS, rows).scalars().all()
    return {lot.key: row_id for lot, row_id in zip(lots, ids_, strict=True)}


def _set_lots(session: Session, entries: Sequence[Written]) -> None:
    """Set what remains of lots that were there before, as the last entry that names them has it."""
    left: dict[int, dict[str, int]] = {}
    for entry in entries:
        for key in {line.lot for line in entry.transfers if line.lot is not None and line.lot > 0}:
            lot = entry.holdings.lots[key]
            left[key] = {"initial": lot.initial, "remaining": lot.remaining}
    if len(left) > FEW:
        update_many(session, _LOTS, [({"id": key}, values) for key, values in left.items()])
    elif left:
        rows = [
            {"lot": key, "whole": values["initial"], "left": values["remaining"]}
            for key, values in sorted(left.items())
        ]
        session.connection().execute(_SET_LOT, rows)


def _move_balances(
    session: Session, entries: Sequence[Written], accounts: Accounts | None
) -> list[list[int]]:
    """Move the cached balances; returns the version of each line's account, entry by entry."""
    if accounts is None:
        accounts = accounts_of(session, sorted({entry.operation.card_id for entry in entries}))
    moved: dict[tuple[int, str], dict[str, Any]] = {}
    versions: list[list[int]] = []
    for entry in entries:
        card_id, of_entry = entry.operation.card_id, []
        for line in entry.transfers:
            key = (card_id, line.unit)
            account = accounts.setdefault(
                key, {"card_id": card_id, "unit": line.unit, "balance": 0, "held": 0, "debt": 0, "version": 0}
            )
            account["balance"] += line.signed
            account["held"] += line.moved("held")
            account["debt"] -= line.moved("debt")
            account["version"] += 1
            assert account["balance"] == line.balance_after, "the cached balance and the lots agree"
            moved[key] = account
            of_entry.append(account["version"])
        versions.append(of_entry)
    _store_accounts(session, list(moved.values()))
    return versions


def accounts_of(session: Session, card_ids: Sequence[int]) -> Accounts:
    """The cached balances of these cards; the cards must be locked."""
    if len(card_ids) == 1:
        rows = session.connection().execute(_ACCOUNTS_OF_ONE, {"card": card_ids[0]})
    else:
        rows = session.connection().execute(
            select(_ACCOUNTS).where(among(session, _ACCOUNTS.c.card_id, card_ids))
        )
    return {(row["card_id"], row["unit"]): dict(row) for row in rows.mappings()}


def _store_accounts(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    session.connection().execute(_storing_accounts(session.get_bind().dialect.name), list(rows))


@cache
def _storing_accounts(dialect: str) -> Any:
    adding: Any = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(_ACCOUNTS)
    fresh = {name: adding.excluded[name] for name in ("balance", "held", "debt", "version")}
    return adding.on_conflict_do_update(index_elements=["card_id", "unit"], set_=fresh)


def balances(session: Session, card_id: int) -> dict[str, int]:
    """All cached balances of a card by unit, those of zero too."""
    return dict(
        session.execute(select(Account.unit, Account.balance).where(Account.card_id == card_id)).all()
    )


def transfers_of(session: Session, operation: Operation) -> list[Transfer]:
    """An operation's journal lines as domain values, in order."""
    rows = session.scalars(
        select(TransferRow).where(TransferRow.operation_id == operation.id).order_by(TransferRow.seq)
    ).all()
    return [_transfer(row) for row in rows]


def _transfer(row: TransferRow) -> Transfer:
    debit, credit = cast(Bucket, row.debit), cast(Bucket, row.credit)
    return Transfer(row.unit, debit, credit, row.amount, row.balance_after, row.lot_id, row.rule)


def with_lots_of(session: Session, holdings: Holdings, transfers: Sequence[Transfer]) -> Holdings:
    """These holdings and every lot that these lines name, even where nothing is left of it."""
    keys = {line.lot for line in transfers if line.lot is not None} - set(holdings.lots)
    named = session.scalars(select(LotRow).where(LotRow.id.in_(keys))) if keys else ()
    lots = {
        row.id: Lot(row.id, row.unit, row.initial, row.remaining, row.active_from, row.expires_at)
        for row in named
    }
    return replace(holdings, lots={**holdings.lots, **lots})


def operation_by_id(
    session: Session, public_id: str, programme_ids: Sequence[int] | None = None
) -> Operation:
    """The operation of a receipt or reply; raises NotFound."""
    statement = select(Operation).where(Operation.public_id == public_id)
    if programme_ids is not None:
        statement = statement.where(Operation.programme_id.in_(programme_ids))
    found = session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound("There is no such receipt.", id=public_id)
    return found
