"""Rows that use cases need, as domain values. Parsed programmes and designs are kept, because they never
change in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import orjson
from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from app.domain.design import Design
from app.domain.errors import NotFound
from app.domain.faces import Holder
from app.domain.programme import Programme
from app.storage.batches import among
from app.storage.tables import Card, DesignRow, Member, MemberPii, ProgrammeRow


def programme_row(session: Session, slug: str, *, lock: bool = False) -> ProgrammeRow:
    """The programme called `slug`; raises NotFound."""
    statement = select(ProgrammeRow).where(ProgrammeRow.slug == slug)
    row = session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise NotFound(f"There is no programme '{slug}'.", programme=slug)
    return row


def programme_of(row: ProgrammeRow) -> Programme:
    """The programme as a domain value."""
    return _programme(orjson.dumps(row.body))


@lru_cache(maxsize=256)
def _programme(body: bytes) -> Programme:
    return Programme.model_validate_json(body)


@lru_cache(maxsize=256)
def with_rules(body: bytes, rules: bytes) -> Programme:
    """The programme `body` with other rules, both as JSON."""
    return Programme.model_validate({**orjson.loads(body), "rules": orjson.loads(rules)})


def design_row(session: Session, programme: ProgrammeRow, design_id: int | None = None) -> DesignRow:
    """A design of this programme (the published one by default); raises NotFound."""
    row = session.get(DesignRow, design_id or programme.design_id)
    if row is None or row.programme_id != programme.id:
        raise NotFound("There is no such design in this programme.", design=design_id)
    return row


def design_of(row: DesignRow) -> Design:
    """The design as a domain value."""
    return _design(orjson.dumps(row.body))


@lru_cache(maxsize=256)
def _design(body: bytes) -> Design:
    return Design.model_validate_json(body)


def card_by_serial(session: Session, serial: str, *, lock: bool = False) -> Card:
    """The card; with `lock`, nobody else can change it or its ledger until we commit. Raises NotFound.

    The lock leaves the key alone: rows that only refer to the card (another holder's task) do not wait.
    """
    statement = select(Card).where(Card.serial == serial).execution_options(populate_existing=True)
    card = session.scalars(statement.with_for_update(key_share=True) if lock else statement).one_or_none()
    if card is None:
        raise NotFound("There is no such card.", serial=serial)
    return card


_AT_WORK = (
    select(Card, ProgrammeRow, DesignRow, Member, MemberPii)
    .join(ProgrammeRow, ProgrammeRow.id == Card.programme_id)
    .join(DesignRow, DesignRow.id == ProgrammeRow.design_id)
    .join(Member, Member.id == Card.member_id)
    .outerjoin(MemberPii, MemberPii.member_id == Card.member_id)
    .where(Card.serial == bindparam("serial"))
    .with_for_update(key_share=True, of=Card)
    .execution_options(populate_existing=True)
)


def card_at_work(session: Session, serial: str) -> Card:
    """The card, locked for an operation, and with one statement all that its face is drawn from: member,
    programme and published design are in the session for as long as the card is. Raises NotFound.
    """
    found = session.execute(_AT_WORK, {"serial": serial}).one_or_none()
    if found is None:
        return card_by_serial(session, serial, lock=True)
    session.info["at_work"] = tuple(found)  # a session forgets rows that nobody holds
    card: Card = found[0]
    return card


def card_by_link(session: Session, link: str) -> Card:
    """The card of a customer's page; raises NotFound."""
    card = session.scalars(select(Card).where(Card.link == link)).one_or_none()
    if card is None:
        raise NotFound("There is no such card.")
    return card


def find_cards(
    session: Session,
    programme_ids: Sequence[int] | None,
    *,
    numbers: Sequence[str] = (),
    phone: str = "",
    email: str = "",
    external_id: str = "",
    limit: int = 50,
    after_id: int = 0,
) -> Sequence[Card]:
    """Cards that match every given value, oldest first; of `numbers` (all that one typed number may be kept
    as) any. `programme_ids` None means all programmes.
    """
    statement = (
        select(Card).outerjoin(MemberPii, MemberPii.member_id == Card.member_id).where(Card.id > after_id)
    )
    if programme_ids is not None:
        statement = statement.where(Card.programme_id.in_(programme_ids))
    wanted = {
        MemberPii.phone: phone,
        MemberPii.email: email,
        MemberPii.external_id: external_id,
    }
    for column, value in wanted.items():
        if value:
            statement = statement.where(column == value)
    if numbers:
        statement = statement.where(Card.number.in_(numbers))
    return session.scalars(statement.order_by(Card.id).limit(limit)).all()


def card_by_code(session: Session, code: str, programme_ids: Sequence[int] | None) -> Card | None:
    """The card whose number, serial or customer's link a scanner read."""
    statement = select(Card).where(or_(Card.number == code, Card.serial == code, Card.link == code))
    if programme_ids is not None:
        statement = statement.where(Card.programme_id.in_(programme_ids))
    return session.scalars(statement.limit(1)).one_or_none()


def pii_of(session: Session, card: Card) -> MemberPii | None:
    """What names the card's member, unless erased."""
    return session.get(MemberPii, card.member_id)


def holder_of(session: Session, card: Card) -> Holder:
    """The card and its member, as far as the face shows them."""
    at_work = session.info.get("at_work")
    if at_work and at_work[0] is card:
        _, _, _, member, pii = at_work
    else:
        pii, member = pii_of(session, card), session.get(Member, card.member_id)
    return make_holder(card, member.locale if member else "", pii)


def make_holder(card: Card, locale: str, pii: MemberPii | None) -> Holder:
    """A Holder from rows that were read already."""
    return Holder(
        serial=card.serial,
        number=card.number,
        link=card.link,
        status=card.status,  # type: ignore[arg-type]
        tier=card.tier,
        locale=locale,
        given_name=pii.given_name if pii else "",
        family_name=pii.family_name if pii else "",
        values=dict(card.values),
        expires_at=card.expires_at,
        version=card.version,
        changed_at=card.changed_at,
        personalised=card.personalised_at is not None,
    )


def many_holders(session: Session, cards: Sequence[Card]) -> dict[int, Holder]:
    """Holders of many cards in two statements."""
    ids = [card.member_id for card in cards]
    locales: dict[int, str] = dict(
        session.execute(select(Member.id, Member.locale).where(among(session, Member.id, ids))).all()
    )
    named = select(MemberPii).where(among(session, MemberPii.member_id, ids))
    pii = {row.member_id: row for row in session.scalars(named)}
    return {
        card.id: make_holder(card, locales.get(card.member_id, ""), pii.get(card.member_id)) for card in cards
    }
