"""Who a member is, kept apart from everything that outlives them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.errors import Conflict, Invalid
from app.domain.programme import Programme
from app.services.contacts import email_address, phone_e164, region_for
from app.services.events import record
from app.storage.tables import Card, Consent, Member, MemberPii

NAMES = ("given_name", "family_name", "city")
KEYS = ("phone", "email", "external_id")
_LOCALE = re.compile(r"^(?=.{2,20}$)[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")


def clean(member: Mapping[str, Any], programme: Programme) -> dict[str, Any]:
    """Member data in one form: E.164 phone, lower-case e-mail, a date; raises Invalid with every fault."""
    faults: dict[str, str] = {}
    made: dict[str, Any] = {}
    for name, value in member.items():
        try:
            made[name] = _clean_one(name, value, programme)
        except Invalid as error:
            faults |= error.faults
    if faults:
        raise Invalid(faults)
    return made


def _clean_one(name: str, value: Any, programme: Programme) -> Any:
    if value is None or value == "":
        return None if name in (*KEYS, "birthday") else {} if name == "attributes" else ""
    if name == "phone":
        return phone_e164(str(value), region_for(programme.time_zone, programme.locales))
    if name == "email":
        return email_address(str(value))
    if name == "birthday":
        return _birthday(value)
    if name == "attributes":
        return dict(value)
    if name == "locale" and not _LOCALE.match(str(value)):
        raise Invalid({"/member/locale": "is not a language tag such as 'en'"})
    if len(str(value)) > 120:
        raise Invalid({f"/member/{name}": "may have 120 characters at most"})
    return _printable(str(value))


def _birthday(value: Any) -> date:
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise Invalid({"/member/birthday": "is not a date such as 1990-05-17"}) from None
    if not 1900 <= day.year <= 2100:
        raise Invalid({"/member/birthday": "is not a believable birthday"})
    return day


def _printable(value: str) -> str:
    return "".join(char for char in value.strip() if char.isprintable())


def find(session: Session, programme_id: int, member: Mapping[str, Any]) -> MemberPii | None:
    """The member who has any of these keys; raises Conflict where they belong to two different people."""
    tests: list[ColumnElement[bool]] = [
        getattr(MemberPii, key) == member[key] for key in KEYS if member.get(key)
    ]
    if not tests:
        return None
    rows = session.scalars(select(MemberPii).where(MemberPii.programme_id == programme_id, or_(*tests))).all()
    if len(rows) > 1:
        raise Conflict("These phone, e-mail and external id belong to different members.", members=len(rows))
    return rows[0] if rows else None


def add(session: Session, programme_id: int, member: Mapping[str, Any], now: datetime) -> Member:
    """A new member with what names them."""
    row = Member(programme_id=programme_id, locale=member.get("locale") or "", created_at=now)
    session.add(row)
    session.flush()
    pii = {key: value for key, value in member.items() if key in (*KEYS, *NAMES, "birthday", "attributes")}
    session.add(MemberPii(member_id=row.id, programme_id=programme_id, **pii))
    session.flush()
    return row


def update_member(
    session: Session,
    card: Card,
    member: Mapping[str, Any],
    programme: Programme,
    now: datetime,
    *,
    flush: bool = True,
) -> None:
    """Change what is given, and tell which of it is different now (never what it is); raises Conflict if
    another member has that phone, e-mail or external id.
    """
    made = clean(member, programme)
    row, pii = session.get_one(Member, card.member_id), session.get(MemberPii, card.member_id)
    if pii is None:
        raise Conflict("This person was erased; their data cannot be set again.")
    if made.get("attributes"):
        made["attributes"] = {**pii.attributes, **made["attributes"]}
    if not made.get("locale"):
        made.pop("locale", None)
    changed = []
    for key, value in made.items():
        owner: Member | MemberPii = row if key == "locale" else pii
        if getattr(owner, key) != value:
            setattr(owner, key, value)
            changed.append(key)
    if changed:
        record(session, card.programme_id, "member.updated", {"changed": sorted(changed)}, now, card=card)
    try:
        if changed and flush:
            session.flush()
    except IntegrityError:
        raise Conflict("Another member of this programme has this phone, e-mail or external id.") from None


def consent(
    session: Session, member_id: int, given: Sequence[Mapping[str, Any]], source: str, now: datetime
) -> None:
    """Keep what was agreed to or withdrawn, with the hash of the words that were shown."""
    for each in given:
        session.add(
            Consent(
                member_id=member_id,
                purpose=each["purpose"],
                granted=bool(each["granted"]),
                text_sha256=each.get("text_sha256", ""),
                source=source,
                at=now,
            )
        )
