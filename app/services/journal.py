"""Writing the ledger: one operation, its transfers, lots and balances, exactly once per key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import orjson
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.errors import KeyReused, NotFound
from app.domain.ledger import Bucket, Holdings, Lot, Transfer
from app.services import ids
from app.storage.tables import Account, LotRow, Operation, ProgrammeRow, TransferRow

if TYPE_CHECKING:
    from app.services.operating import Order, Work

_UNSEEN = {"synchronize_session": False}
"""No lot is kept as an entity, so none has to be brought in step."""


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
    found = session.scalars(
        select(Operation).where(
            Operation.programme_id == programme_id, Operation.source == once.source, Operation.key == once.key
        )
    ).one_or_none()
    if found is not None and found.request_hash != once.request_hash:
        raise KeyReused("This Idempotency-Key was used before with another request.", key=once.key)
    return found


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


def write(
    session: Session,
    operation: Operation,
    holdings: Holdings,
    transfers: Sequence[Transfer],
    reply: Mapping[str, Any],
) -> None:
    """Store the operation with its journal lines; balances move with them."""
    operation.reply = dict(reply)
    session.add(operation)
    session.flush()
    keys = _store_lots(session, operation, holdings, transfers)
    versions = _move_balances(session, operation.card_id, transfers)
    for seq, line in enumerate(transfers):
        lot_id = None if line.lot is None else keys.get(line.lot, line.lot)
        session.add(
            TransferRow(
                operation_id=operation.id,
                seq=seq,
                card_id=operation.card_id,
                unit=line.unit,
                debit=line.debit,
                credit=line.credit,
                amount=line.amount,
                rule=line.rule[:80],
                lot_id=lot_id,
                balance_after=line.balance_after,
                account_version=versions[seq],
            )
        )
    session.flush()


def _store_lots(
    session: Session, operation: Operation, holdings: Holdings, transfers: Sequence[Transfer]
) -> dict[int, int]:
    """Insert new lots (negative keys) and set what remains of old ones; returns negative key to row id."""
    touched = {line.lot for line in transfers if line.lot is not None}
    keys: dict[int, int] = {}
    for key in sorted(touched, reverse=True):
        lot = holdings.lots[key]
        if key < 0:
            keys[key] = _new_lot(session, operation, lot)
        else:
            left = {"initial": lot.initial, "remaining": lot.remaining}
            session.execute(update(LotRow).where(LotRow.id == key).values(left), execution_options=_UNSEEN)
    return keys


def _new_lot(session: Session, operation: Operation, lot: Lot) -> int:
    row = LotRow(
        card_id=operation.card_id,
        operation_id=operation.id,
        unit=lot.unit,
        initial=lot.initial,
        remaining=lot.remaining,
        active_from=lot.active_from,
        expires_at=lot.expires_at,
    )
    session.add(row)
    session.flush()
    return row.id


def _move_balances(session: Session, card_id: int, transfers: Sequence[Transfer]) -> list[int]:
    accounts: dict[str, Account] = {}
    versions = []
    for line in transfers:
        account = accounts.get(line.unit) or session.get(Account, (card_id, line.unit))
        if account is None:
            account = Account(card_id=card_id, unit=line.unit, balance=0, held=0, debt=0, version=0)
            session.add(account)
        accounts[line.unit] = account
        account.balance += line.signed
        account.held += line.moved("held")
        account.debt -= line.moved("debt")
        account.version += 1
        assert account.balance == line.balance_after, "the cached balance and the lots agree"
        versions.append(account.version)
    return versions


def balances(session: Session, card_id: int) -> dict[str, int]:
    """All cached balances of a card by unit, those of zero too."""
    return dict(
        session.execute(select(Account.unit, Account.balance).where(Account.card_id == card_id)).all()
    )


def balance_version(session: Session, card_id: int, unit: str) -> int:
    """How many transfers have moved this balance."""
    account = session.get(Account, (card_id, unit))
    return account.version if account else 0


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
