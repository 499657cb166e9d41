"""Proving the ledger: every invariant over the whole database, a stretch of cards at a time.

It only reads, and each proof sees one moment, so that tills go on meanwhile (`app.services.ledger_proofs`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Date, bindparam, func, select, text
from sqlalchemy.orm import Session, sessionmaker

from app.domain.mechanics.base import EVER
from app.services import ledger_returns, seals
from app.services.ledger_proofs import AGREEMENTS, ONCE, PROOFS, SUMS, Proof
from app.storage.tables import Card, Operation, TransferRow

STRETCH = 20_000
"""Cards in a statement: what is broken is all that it answers. Lots and receipts of all cards are walked over
once a stretch, so that few long ones are quicker than many short ones.
"""
_TABLES = "athlry"
"""The names that proofs give to tables; see `app.services.ledger_proofs`."""


@dataclass
class Broken:
    """An invariant that does not hold: on how many cards, and the first of them with what was found."""

    name: str
    card: str
    unit: str
    says: str
    cards: int = 1


@dataclass
class Checked:
    """What was looked at so far, and what was found."""

    cards: int = 0
    total: int = 0
    operations: int = 0
    transfers: int = 0
    days: int = 0
    broken: dict[str, Broken] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)

    def note(self, name: str, card_id: int, card: str, unit: str, says: str) -> None:
        """Note it; a card counts once for an invariant (cards come in the order of their ids)."""
        if name not in self.broken:
            self.broken[name] = Broken(name, card, unit, says)
        elif self._seen[name] != card_id:
            self.broken[name].cards += 1
        self._seen[name] = card_id


def check(
    read: sessionmaker[Session], *, programme_id: int | None = None, stretch: int = STRETCH
) -> Iterator[Checked]:
    """Prove everything, and tell after each stretch; the last answer is the whole. Seals and keys are of all
    programmes, and left out where one is asked for.
    """
    found = Checked()
    with read() as session:
        mine = () if programme_id is None else (Card.programme_id == programme_id,)
        found.total = session.scalar(select(func.count()).select_from(Card).where(*mine)) or 0
    last = 0
    while (reached := _stretch(read, found, programme_id, last, stretch)) is not None:
        last = reached
        yield found
    if programme_id is None:
        _at_once(read, found)
        yield found
        for broken in seals.verify(read):
            found.days += 1
            if broken:
                found.note("seals", 0, "", "", f"{broken.day}: {broken.says}")
            yield found
    with read() as session:
        _without_timeout(session)
        found.operations = session.scalar(select(func.count()).select_from(Operation)) or 0
        found.transfers = session.scalar(select(func.count()).select_from(TransferRow)) or 0
    yield found


def _stretch(
    read: sessionmaker[Session], found: Checked, programme_id: int | None, after: int, size: int
) -> int | None:
    """Prove the next cards; the id of the last of them, None where there are none."""
    with read() as session:
        _without_timeout(session)
        next_ = select(Card.id).where(Card.id > after).order_by(Card.id).limit(size)
        mine = next_ if programme_id is None else next_.where(Card.programme_id == programme_id)
        ids = session.scalars(mine).all()
        if not ids:
            return None
        given = {"first": ids[0], "last": ids[-1]}
        where = "{0}.card_id between :first and :last"
        if programme_id is not None:
            given["programme"] = programme_id
            where += (
                " and exists (select 1 from cards c where c.id = {0}.card_id and c.programme_id = :programme)"
            )
        _agree(session, found, where, given)
        for proof in PROOFS:
            _prove(session, found, proof, where, given)
        for card_id, unit, says in ledger_returns.faults(session, ids[0], ids[-1], programme_id):
            found.note("returns", card_id, _named(session, found, "returns", card_id), unit, says)
    found.cards += len(ids)
    return ids[-1]


def _at_once(read: sessionmaker[Session], found: Checked) -> None:
    with read() as session:
        _without_timeout(session)
        for proof in ONCE:
            _prove(session, found, proof, "", {})


def _agree(session: Session, found: Checked, where: str, given: Mapping[str, Any]) -> None:
    """One reading serves all agreements; which of them are broken is looked at here."""
    for row in sorted(_rows(session, SUMS, where, given), key=lambda row: (row.card_id, row.unit)):
        sums = {name: int(value) for name, value in row._mapping.items() if name not in ("card_id", "unit")}
        for each in AGREEMENTS:
            if each.broken(sums):
                says = each.says.format(*(sums[name] for name in each.facts))
                found.note(
                    each.name, row.card_id, _named(session, found, each.name, row.card_id), row.unit, says
                )


def _prove(session: Session, found: Checked, proof: Proof, where: str, given: Mapping[str, Any]) -> None:
    rows = sorted(_rows(session, proof.sql, where, given), key=lambda row: (row[0], str(row[1])))
    for card_id, unit, *facts in rows:
        named = _named(session, found, proof.name, card_id)
        found.note(proof.name, card_id, named, unit, proof.says.format(*facts))


def _rows(session: Session, sql: str, where: str, given: Mapping[str, Any]) -> Sequence[Any]:
    for table in _TABLES:
        sql = sql.replace(f"{{{table}}}", where.format(table))
    statement = text(sql)
    if ":ever" in sql:
        statement = statement.bindparams(bindparam("ever", EVER, type_=Date()))
    return session.execute(
        statement, {name: value for name, value in given.items() if f":{name}" in sql}
    ).all()


def _named(session: Session, found: Checked, name: str, card_id: int) -> str:
    """The serial of the first card that breaks this; the others are only counted."""
    return "" if name in found.broken else _serial(session, card_id)


def _serial(session: Session, card_id: int) -> str:
    return session.scalar(select(Card.serial).where(Card.id == card_id)) or f"(no card {card_id})"


def _without_timeout(session: Session) -> None:
    """Proofs of many lines may take their time; they lock nothing."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL statement_timeout = 0"))
