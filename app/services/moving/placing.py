"""A stretch of rows put into the database, in the caller's transaction: new members with their cards, changes
of known ones, their balances through the ledger, their papers at Apple and Google, and their faces.

No welcome gifts and no pushes: what comes in was there before, and the phones show it already.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.errors import Invalid, Refused
from app.domain.mechanics import changed_standing
from app.domain.mechanics.base import Standing
from app.domain.mechanics.standing import by_hand
from app.domain.programme import Programme
from app.services import ids, members, referrals, standings, touching
from app.services.events import record
from app.services.inputs import named_values
from app.services.moving import papers, posting
from app.services.moving.taking import Order, Taken, check_tiers, match, since
from app.storage import queries
from app.storage.states import states_of
from app.storage.tables import (
    Attribution,
    Card,
    Consent,
    Member,
    MemberPii,
    Membership,
    ProgrammeRow,
    PromoCode,
)
from app.storage.tables.delivery import BULK

MOST_VALUES = 50
_PII = (*members.KEYS, *members.NAMES, "birthday", "attributes")


def place(session: Session, order: Order, rows: Sequence[Taken], now: datetime) -> None:
    """Carry out these rows, no two of which have a key in common; a row that is refused gets its faults, and
    nothing of it is done. Raises IntegrityError and Conflict where somebody was faster.
    """
    row = queries.programme_row(session, order.slug)
    session.info["programme"] = row  # held to the end, so that it is read once
    programme = queries.programme_of(row)
    check_tiers(rows, programme)
    match(session, row, rows)
    _check_rest(session, row, rows)
    papers.check(session, order, rows)
    good = [each for each in rows if not each.faults]
    _add(session, order, row, programme, [each for each in good if each.is_new], now)
    for each in good:
        if not each.is_new:
            _change(session, each, programme, order, now)
    _add_beside(session, good, now)
    posting.post(session, order, row, programme, good, now)
    papers.keep(session, order, good, now)
    session.flush()
    _settle_tiers(session, programme, good, order, now)
    _draw(session, good, now)


def _check_rest(session: Session, programme: ProgrammeRow, rows: Sequence[Taken]) -> None:
    """Payments and codes are somebody's, once."""
    payments = {one.payment for each in rows if not each.faults for one in each.row.memberships}
    codes = {one.code for each in rows if not each.faults for one in each.row.codes}
    paid = _owners(session, programme, Membership, Membership.payment, payments)
    coded = _owners(session, programme, PromoCode, PromoCode.code, codes)
    for each in rows:
        mine = each.card.id if each.card else None
        if any(paid.get(one.payment, mine) != mine for one in each.row.memberships):
            each.faults.setdefault("memberships", "a payment is another card's already")
        if any(coded.get(one.code, mine) != mine for one in each.row.codes):
            each.faults.setdefault("codes", "a code is another card's already")


def _owners(
    session: Session, programme: ProgrammeRow, table: Any, column: Any, wanted: set[str]
) -> dict[str, int | None]:
    if not wanted:
        return {}
    mine = select(column, table.card_id).where(table.programme_id == programme.id, column.in_(wanted))
    return dict(session.execute(mine).all())


def _add(
    session: Session,
    order: Order,
    row: ProgrammeRow,
    programme: Programme,
    rows: Sequence[Taken],
    now: datetime,
) -> None:
    """Members first, then what names them, then cards; in three statements, however many."""
    people = [
        Member(
            programme_id=row.id,
            locale=each.member.get("locale") or "",
            created_at=since(each.row.card.created_at, now),
            erased_at=each.row.card.erased_at,
        )
        for each in rows
    ]
    session.add_all(people)
    session.flush()
    for each, person in zip(rows, people, strict=True):
        if person.erased_at is None:
            pii = {key: value for key, value in each.member.items() if key in _PII}
            session.add(MemberPii(member_id=person.id, programme_id=row.id, **pii))
        each.card = _card(each, person, row, programme, order, now)
        session.add(each.card)
    session.flush()
    _relate(session, rows)
    for each in rows:
        session.add(_attribution(each, row, now))
        record(session, row.id, "card.issued", {"source": "import"}, now, card=each.found)


def _card(
    each: Taken, person: Member, row: ProgrammeRow, programme: Programme, order: Order, now: datetime
) -> Card:
    said, apple = each.row.card, each.row.apple
    own = apple.pass_type_identifier if apple else None
    made = Card(
        programme_id=row.id,
        member_id=person.id,
        serial=said.serial or ids.token(),
        number=said.number or ids.card_number(programme.card_numbers),
        link=said.link or ids.token(),
        salt=ids.token(16).encode(),
        pass_type_identifier=own or programme.apple.pass_type_identifier or order.default_pass_type,
        status="void" if person.erased_at else said.status or "active",
        tier="",
        values={name: value for name, value in named_values(said.values).items() if value},
        expires_at=said.expires_at,
        referral_code=said.referral_code,
        version=1,
        changed_at=now.replace(microsecond=0),
        created_at=since(said.created_at, now),
    )
    referrals.give_code(made, programme)
    return made


def _relate(session: Session, rows: Sequence[Taken]) -> None:
    """Whose account a card shares, and who brought its member."""
    wanted = {
        serial for each in rows for serial in (each.row.card.account, each.row.card.referred_by) if serial
    }
    if not wanted:
        return
    known = dict(session.execute(select(Card.serial, Card.id).where(Card.serial.in_(wanted))).all())
    for each in rows:
        each.found.account_id = known.get(each.row.card.account or "")
        each.found.referred_by_id = known.get(each.row.card.referred_by or "")


def _attribution(each: Taken, row: ProgrammeRow, now: datetime) -> Attribution:
    said = each.row.channel
    words = said.model_dump(exclude={"at"})
    return Attribution(
        card_id=each.found.id, programme_id=row.id, at=said.at or each.found.created_at, **words
    )


def _change(session: Session, each: Taken, programme: Programme, order: Order, now: datetime) -> None:
    """Set what the row says of a known member and card."""
    card, said = each.found, each.row.card
    each.changed = _differs(session, card, each)
    if each.member:
        members.update_member(session, card, each.row.member.given(), programme, now)
    if said.status and said.status != card.status:
        before, card.status = card.status, said.status
        body = {"from": before, "to": card.status, "actor": order.actor}
        record(session, card.programme_id, "card.status", body, now, card=card)
    if "expires_at" in said.model_fields_set:
        card.expires_at = said.expires_at
    merged = {**card.values, **named_values(said.values)}
    merged = {name: value for name, value in merged.items() if value}
    if len(merged) > MOST_VALUES:
        raise Invalid({"values": f"a card may have {MOST_VALUES} named values at most"})
    each.changed = each.changed or merged != card.values
    card.values = merged


def _differs(session: Session, card: Card, each: Taken) -> bool:
    """Whether the row says anything of member or card that is otherwise there."""
    said, row = each.row.card, session.get_one(Member, card.member_id)
    pii = session.get(MemberPii, card.member_id)
    if said.status not in (None, card.status):
        return True
    if "expires_at" in said.model_fields_set and said.expires_at != card.expires_at:
        return True
    known = {"locale": row.locale, **({key: getattr(pii, key) for key in _PII} if pii else {})}
    known |= {"attributes": {**known.get("attributes", {}), **each.member.get("attributes", {})}}
    given = {**each.member, "attributes": known["attributes"]}
    held = {**known, "attributes": pii.attributes if pii else {}}
    return any(value != held.get(key) for key, value in given.items())


def _add_beside(session: Session, rows: Sequence[Taken], now: datetime) -> None:
    """Consents that say something new, paid periods and codes that are not there yet."""
    newest = _newest_consents(session, [each.found.member_id for each in rows if not each.is_new])
    held = _held_keys(session, [each for each in rows if not each.is_new])
    for each in rows:
        card = each.found
        for said in each.row.consents:
            if newest.get((card.member_id, said.purpose)) == said.granted:
                continue
            digest, source = said.text_sha256 or "", said.source or "import"
            session.add(
                Consent(
                    member_id=card.member_id,
                    purpose=said.purpose,
                    granted=said.granted,
                    text_sha256=digest,
                    source=source,
                    at=since(said.at, now),
                )
            )
        own = {"programme_id": card.programme_id, "card_id": card.id}
        for paid in each.row.memberships:
            if ("payment", paid.payment) not in held:
                session.add(Membership(**own, **paid.model_dump(), actor="import", created_at=now))
        for code in each.row.codes:
            if ("coupon", code.code) not in held:
                at = since(code.created_at, now)
                session.add(PromoCode(**own, **code.model_dump(exclude={"created_at"}), created_at=at))


def _newest_consents(session: Session, people: Sequence[int]) -> dict[tuple[int, str], bool]:
    if not people:
        return {}
    rows = select(Consent.member_id, Consent.purpose, Consent.granted).where(Consent.member_id.in_(people))
    return {(who, what): granted for who, what, granted in session.execute(rows.order_by(Consent.id))}


def _held_keys(session: Session, rows: Sequence[Taken]) -> set[tuple[str, str]]:
    mine = [each.found.id for each in rows if each.row.memberships or each.row.codes]
    if not mine:
        return set()
    paid = session.scalars(select(Membership.payment).where(Membership.card_id.in_(mine)))
    codes = session.scalars(select(PromoCode.code).where(PromoCode.card_id.in_(mine)))
    return {*(("payment", each) for each in paid), *(("coupon", each) for each in codes)}


def _settle_tiers(
    session: Session, programme: Programme, rows: Sequence[Taken], order: Order, now: datetime
) -> None:
    """The tier that a row gives, else for a new card what follows from its counts."""
    given = [each for each in rows if each.is_new or _another_tier(each)]
    if not given:
        return
    found = [each.found for each in given]
    programmes = {card.id: programme for card in found}
    states = states_of(session, found, programmes, now)
    for each in given:
        said, state = each.row.card, states[each.found.id]
        standing: Standing | None
        if said.tier is None:
            standing = changed_standing(programme.rules, state)
        elif said.tier_since is None and said.tier_earned is None:
            standing = by_hand(programme.rules, state, said.tier)
        else:
            earned = said.tier_earned or ""
            standing = Standing(
                said.tier, said.tier_since, said.tier_until, said.tier_invited or False, earned
            )
        if standing is not None and standing != state.standing:
            session.flush()
            standings.take(
                session,
                each.found,
                standing,
                now,
                actor=order.actor,
                reason="import",
                quiet=each.is_new,
            )
            each.changed = True
    session.flush()


def _another_tier(each: Taken) -> bool:
    said = each.row.card
    return said.tier is not None and said.tier != each.found.tier


def _draw(session: Session, rows: Sequence[Taken], now: datetime) -> None:
    """Faces of all of them; a known card whose face is another is told to its phones, behind all else."""
    drawn = touching.faces(session, [each.found for each in rows], now) if rows else {}
    for each in rows:
        if each.is_new:
            each.found.face = drawn[each.found.id]
    session.flush()
    known = [each.found for each in rows if not each.is_new]
    for card_id in touching.raise_versions(session, known, drawn, now, priority=BULK) if known else ():
        card = next(one for one in known if one.id == card_id)
        record(session, card.programme_id, "card.updated", {"version": card.version}, now, card=card)


def refusal(error: Exception) -> dict[str, str]:
    """Why a row cannot be carried out, as its faults."""
    if isinstance(error, Invalid):
        return dict(error.faults)
    if isinstance(error, Refused):
        return {"": error.message}
    if isinstance(error, IntegrityError):
        return {"": "another member or card has one of its keys"}
    return {"": f"it cannot be carried out ({type(error).__name__}): tell whoever runs this service"}
