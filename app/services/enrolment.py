"""A customer joins: member, card, consents and the channel that brought them, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Invalid
from app.domain.passes import face_hash
from app.domain.programme import Programme
from app.services import happenings, ids, members, preferences, referrals, standings
from app.services.cards import current_pass, touch
from app.services.events import record
from app.storage import queries
from app.storage.tables import Attribution, Card, ProgrammeRow

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "ref")


@dataclass(frozen=True, slots=True)
class Enrol:
    """What is known of the new member; `member` has the contract's keys, `channel` the UTM values and
    `link_code`.
    """

    programme: str
    member: Mapping[str, Any]
    channel: Mapping[str, str] = field(default_factory=dict)
    consents: Sequence[Mapping[str, Any]] = ()
    source: str = "api"
    friend_code: str = ""
    """The personal code of the member who brought this one."""
    form: bool = False
    """Whether the programme's own form was filled in, so that its required questions and consents count."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The card, and whether it is new."""

    serial: str
    link: str
    created: bool


def enrol(
    db: sessionmaker[Session],
    cmd: Enrol,
    *,
    now: datetime,
    default_pass_type: str = "",
    make_token: Callable[[], str] = ids.token,
) -> Enrolled:
    """Issue a card, or find the one that this member already has; two at once give one card.

    Raises NotFound (programme), Invalid (faults of the form), Conflict (keys of two different members).
    """
    try:
        return _enrol(db, cmd, now, default_pass_type, make_token)
    except IntegrityError:  # the same person joined at the same moment: theirs was first, so it is found now
        return _enrol(db, cmd, now, default_pass_type, make_token)


def _enrol(
    db: sessionmaker[Session],
    cmd: Enrol,
    now: datetime,
    default_pass_type: str,
    make_token: Callable[[], str],
) -> Enrolled:
    with db.begin() as session:
        row = queries.programme_row(session, cmd.programme)
        programme = queries.programme_of(row)
        member = members.clean(cmd.member, programme)
        if cmd.form:
            _check_form(programme, member, cmd.consents)
        known = members.find(session, row.id, member)
        if known is not None:
            card = session.scalars(select(Card).where(Card.member_id == known.member_id)).one()
            if not cmd.form:  # anybody can type a member's number into the form: it decides nothing for them
                referrals.refuse_for_member(session, row, card, cmd.friend_code, now)
                _consents(session, card, cmd, now)
            return Enrolled(card.serial, card.link, created=False)
        card = issue(session, row, programme, member, now, default_pass_type, make_token)
        members.consent(session, card.member_id, cmd.consents, cmd.source, now)
        standings.begin(session, card, now)
        referrals.bring(session, row, card, cmd.friend_code, now)
        record(session, row.id, "card.issued", {"source": cmd.source}, now, card=card)
        happenings.begin_with(session, card, now, source=cmd.source)
        card.face = face_hash(current_pass(session, card, now))
        _attribute(session, card, cmd.channel, now)
        return Enrolled(card.serial, card.link, created=True)


def issue(
    session: Session,
    row: ProgrammeRow,
    programme: Programme,
    member: Mapping[str, Any],
    now: datetime,
    default_pass_type: str = "",
    make_token: Callable[[], str] = ids.token,
) -> Card:
    """A new member with a new card, whose face the caller draws."""
    person = members.add(session, row.id, member, now)
    card = Card(
        programme_id=row.id,
        member_id=person.id,
        serial=make_token(),
        number=ids.card_number(programme.card_numbers),
        link=make_token(),
        salt=ids.token(16).encode(),
        pass_type_identifier=programme.apple.pass_type_identifier or default_pass_type,
        status="active",
        tier="",
        values={},
        version=1,
        changed_at=now.replace(microsecond=0),
        created_at=now,
    )
    referrals.give_code(card, programme)
    session.add(card)
    session.flush()
    return card


def _consents(session: Session, card: Card, cmd: Enrol, now: datetime) -> None:
    """What a known member says anew; news are shown to those alone who agree to them."""
    if not cmd.consents:
        return
    before = preferences.granted(session, card.member_id)
    changed = sorted({c["purpose"] for c in cmd.consents if bool(c["granted"]) != (c["purpose"] in before)})
    members.consent(session, card.member_id, cmd.consents, cmd.source, now)
    session.refresh(card, with_for_update=True)
    if changed:
        record(session, card.programme_id, "member.consents", {"changed": changed}, now, card=card)
    touch(session, card, now)


def _attribute(session: Session, card: Card, channel: Mapping[str, str], now: datetime) -> None:
    utm = {key: str(channel.get(key) or "")[:200] for key in UTM}
    link_code = str(channel.get("link_code") or "")[:40]
    session.add(
        Attribution(card_id=card.id, programme_id=card.programme_id, link_code=link_code, at=now, **utm)
    )


def _check_form(
    programme: Programme, member: Mapping[str, Any], consents: Sequence[Mapping[str, Any]]
) -> None:
    form = programme.enrolment
    faults = {
        f"/member/{each.name}": "is required"
        for each in form.fields
        if each.required and not member.get(each.name)
    }
    granted = {each["purpose"] for each in consents if each["granted"]}
    faults |= {
        f"/consents/{each.purpose}": "is required"
        for each in form.consents
        if each.required and each.purpose not in granted
    }
    if not any(member.get(key) for key in members.KEYS) and any(f.name in members.KEYS for f in form.fields):
        faults.setdefault("/member", "a phone number or an e-mail address is needed")
    if faults:
        raise Invalid(faults)
