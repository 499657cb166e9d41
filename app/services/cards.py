"""The state of a card, and the only place that raises its version."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import CardNotActive
from app.domain.faces import Holder, build_pass
from app.domain.mechanics.base import State
from app.domain.passes import Pass, face_hash
from app.domain.programme import Programme
from app.services.card_changes import CardChange, apply_change
from app.services.events import record
from app.services.shown_banners import standing_in
from app.services.shown_messages import shown
from app.storage import queries
from app.storage.batches import among
from app.storage.states import programme_at, states_of
from app.storage.tables import Card, Delivery, ProgrammeRow
from app.storage.tables.delivery import NORMAL, URGENT

CHANNEL = "tillpass_due"
"""The PostgreSQL notification that wakes workers on other machines."""


def current_pass(session: Session, card: Card, now: datetime, state: State | None = None) -> Pass:
    """The face of this card now; reads in the caller's snapshot what the caller does not know."""
    states = None if state is None else {card.id: state}
    return _draw(session, [card], {card.id: queries.holder_of(session, card)}, now, states)[card.id]


def passes(session: Session, card_ids: Sequence[int], now: datetime) -> dict[int, Pass]:
    """The faces of many cards, in a handful of statements."""
    return draw(session, session.scalars(select(Card).where(Card.id.in_(card_ids))).all(), now)


def draw(
    session: Session, found: Sequence[Card], now: datetime, states: Mapping[int, State] | None = None
) -> dict[int, Pass]:
    """The faces of these cards, by card; of `states` that the caller knows."""
    return _draw(session, found, queries.many_holders(session, found), now, states)


def _draw(
    session: Session,
    found: Sequence[Card],
    holders: Mapping[int, Holder],
    now: datetime,
    states: Mapping[int, State] | None = None,
) -> dict[int, Pass]:
    """The only place where a face is made of rows."""
    made: dict[int, Pass] = {}
    # A session forgets rows that nobody holds: held to the end, each is read once and not once a card.
    rows = {each: session.get_one(ProgrammeRow, each) for each in {card.programme_id for card in found}}
    looks = {each: queries.design_of(queries.design_row(session, row)) for each, row in rows.items()}
    said, banners = shown(session, found, now), standing_in(session, found, now)
    programmes = programmes_of(session, found, now)
    states = states or states_of(session, found, programmes, now)
    for card in found:
        look, beside = looks[card.programme_id], (said.get(card.id, ()), banners.get(card.id, ""))
        face = build_pass(programmes[card.id], look, holders[card.id], states[card.id], *beside)
        made[card.id] = _with_pass_type(face, card.pass_type_identifier)
    return made


def programmes_of(session: Session, found: Sequence[Card], now: datetime) -> dict[int, Programme]:
    """By card: its programme with the rules that count for it now."""
    rows = {each: session.get_one(ProgrammeRow, each) for each in {card.programme_id for card in found}}
    plain = {each: queries.programme_of(row) for each, row in rows.items() if not row.rule_plan}
    return {
        card.id: plain.get(card.programme_id) or programme_at(rows[card.programme_id], card, now)
        for card in found
    }


def _with_pass_type(face: Pass, pass_type_identifier: str) -> Pass:
    """The card keeps the pass type it was issued under: an installed pass is known by it."""
    if pass_type_identifier in ("", face.pass_type_identifier):
        return face
    return replace(face, pass_type_identifier=pass_type_identifier)


def touch(
    session: Session, card: Card, now: datetime, *, priority: int = URGENT, state: State | None = None
) -> bool:
    """Raise the version and make deliveries due, if the face really changed; the card's row must be locked.
    `state` is what the rules look at now, where the caller knows it.

    Returns whether anybody can see a difference. What nobody can see pushes nothing.
    """
    face = face_hash(current_pass(session, card, now, state))
    if face == card.face:
        return False
    advance(card, face, now)
    make_due(session, [card.id], now, priority)
    record(session, card.programme_id, "card.updated", {"version": card.version}, now, card=card)
    return True


def advance(card: Card, face: str, now: datetime) -> None:
    """The next version. Its time moves by a second at least, because HTTP dates have that grain."""
    card.face = face
    card.version += 1
    card.changed_at = max(now.replace(microsecond=0), card.changed_at + timedelta(seconds=1))


def make_due(session: Session, card_ids: Sequence[int], now: datetime, priority: int) -> None:
    """Queue the cards' deliveries; a burst on one card stays one row, and the better lane wins."""
    asked = {"now": now, "lane": priority}
    if len(card_ids) == 1:
        session.connection().execute(_DUE_OF_ONE, {**asked, "card": card_ids[0]})
    else:
        session.connection().execute(_due(among(session, Delivery.card_id, card_ids)), asked)
    wake(session, priority)


def _due(mine: Any) -> Any:
    """Always locks in the order of ids, as settling does: no deadlock between the two."""
    deliveries: Any = Delivery.__table__
    table, lane = deliveries.c, bindparam("lane", type_=deliveries.c.priority.type)
    now = bindparam("now", type_=deliveries.c.due_at.type)
    held = select(table.id).where(mine).order_by(table.id).with_for_update().cte("held")
    better = case((table.due_at.is_(None), lane), (table.priority > lane, lane), else_=table.priority)
    queued_at = func.coalesce(case((table.due_at.is_not(None), table.queued_at)), now)
    return (
        update(deliveries)
        .where(table.id.in_(select(held.c.id)))
        .values(due_at=now, attempts=0, queued_at=queued_at, priority=better)
    )


_DUE_OF_ONE = _due(Delivery.card_id == bindparam("card"))


def wake(session: Session, priority: int = URGENT) -> None:
    """Tell workers after the commit: ours by the session's mark, others by one notification for an urgent
    change.
    """
    session.info["due"] = True
    if priority == URGENT and session.get_bind().dialect.name == "postgresql":
        session.connection().exec_driver_sql(f"NOTIFY {CHANNEL}")


def deliver_to(session: Session, card: Card, wallet: str, now: datetime, *, due: bool) -> None:
    """Make sure that this wallet is kept in step from now on; `due` also delivers at once."""
    row = session.scalars(
        select(Delivery).where(Delivery.card_id == card.id, Delivery.wallet == wallet)
    ).one_or_none()
    if row is None:
        row = Delivery(card_id=card.id, wallet=wallet, delivered_version=0 if due else card.version)
        session.add(row)
    if due:
        row.due_at, row.priority, row.attempts, row.queued_at = now, URGENT, 0, now
        wake(session)


def require_active(card: Card, now: datetime) -> None:
    """Raise CardNotActive unless the card may be used at `now`."""
    expired = card.expires_at is not None and card.expires_at <= now
    if card.status != "active" or expired:
        status = "expired" if expired and card.status == "active" else card.status
        raise CardNotActive(f"This card is {status}.", status=status, serial=card.serial)


def change(
    db: sessionmaker[Session],
    serial: str,
    *,
    now: datetime,
    actor: str = "",
    guard: Callable[[Session, Card], None] | None = None,
    **wanted: Any,
) -> None:
    """Set what is given (see `CardChange`). `guard` may refuse, once the card is locked. Raises NotFound,
    Conflict, Invalid.
    """
    wish = CardChange(**wanted)
    with db.begin() as session:
        card = queries.card_by_serial(session, serial, lock=True)
        if guard:
            guard(session, card)
        apply_change(session, card, wish, now, actor=actor)
        touch(session, card, now)


def again(db: sessionmaker[Session], serial: str, *, now: datetime) -> None:
    """Deliver the current card once more, on an operator's word; given-up deliveries revive."""
    with db.begin() as session:
        card = queries.card_by_serial(session, serial, lock=True)
        make_due(session, [card.id], now, NORMAL)
