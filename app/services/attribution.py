"""Where members come from: short tracked links of channels and of single persons, and their clicks."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.domain.errors import Conflict, Invalid, NotFound
from app.services.enrolment import UTM
from app.storage import queries
from app.storage.tables import Card, ChannelLink, ProgrammeRow

MEDIUMS = (
    "email",
    "sms",
    "push",
    "qr",
    "pos",
    "receipt",
    "social",
    "messenger",
    "web",
    "referral",
    "print",
)
"""The values of `utm_medium` that reports can compare; anything else is a typing error or a new word for an
old thing.
"""
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_TYPED = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a short link leads: the programme's join page with `utm`, or the card page of `card_link`."""

    programme: str
    utm: Mapping[str, str]
    card_link: str = ""


def short_code() -> str:
    """Seven characters that nobody mistakes for one another: QR codes stay small, guessing stays hopeless
    enough.
    """
    return "".join(secrets.choice(_ALPHABET) for _ in range(7))


def normal(utm: Mapping[str, str]) -> dict[str, str]:
    """The known keys with values in one form: UTM values differ by case, and `Instagram` is not another
    channel.
    """
    made = {key: str(utm.get(key) or "").strip()[:200] for key in UTM}
    return {key: value if key == "ref" else value.lower() for key, value in made.items() if value}


def create_link(
    db: sessionmaker[Session],
    programme: str,
    *,
    now: datetime,
    utm: Mapping[str, str],
    code: str = "",
    make_code: Callable[[], str] = short_code,
) -> str:
    """A link of a channel to the programme's join page; returns its code (`code`, if one is wished for).

    Raises NotFound (programme), Invalid (UTM values, code), Conflict (the code is taken).
    """
    values = normal(utm)
    _check(values, code)
    return _add(db, programme, None, values, now, code, make_code)


def personal_link(
    db: sessionmaker[Session],
    card_id: int,
    *,
    now: datetime,
    utm: Mapping[str, str],
    make_code: Callable[[], str] = short_code,
) -> str:
    """The code of a link to one person's card for a mail or a message; the same channel gets the same code
    again.
    """
    values = normal(utm)
    with db() as session:
        card = session.get_one(Card, card_id)
        slug = session.get_one(ProgrammeRow, card.programme_id).slug
        for row in session.scalars(select(ChannelLink).where(ChannelLink.card_id == card_id)):
            if row.utm == values:
                return row.code
    return _add(db, slug, card_id, values, now, "", make_code)


def _check(utm: Mapping[str, str], code: str) -> None:
    faults = {}
    if not utm.get("utm_source"):
        faults["/utm_source"] = "is required: who brings the visitor, such as newsletter or store-17"
    if utm.get("utm_medium", MEDIUMS[0]) not in MEDIUMS:
        faults["/utm_medium"] = f"must be one of {', '.join(MEDIUMS)}"
    faults |= {
        f"/{key}": "holds personal data: an address belongs in no link"
        for key, value in utm.items()
        if "@" in value
    }
    if code and not (3 <= len(code) <= 40 and set(code) <= _TYPED):
        faults["/code"] = "has 3 to 40 small Latin letters, digits and hyphens"
    if faults:
        raise Invalid(faults)


def _add(
    db: sessionmaker[Session],
    programme: str,
    card_id: int | None,
    utm: Mapping[str, str],
    now: datetime,
    code: str,
    make_code: Callable[[], str],
) -> str:
    for _ in range(5):
        wanted = code or make_code()
        try:
            with db.begin() as session:
                row = queries.programme_row(session, programme)
                session.add(
                    ChannelLink(
                        code=wanted, programme_id=row.id, card_id=card_id, utm=dict(utm), created_at=now
                    )
                )
            return wanted
        except IntegrityError:
            if code:
                raise Conflict(f"The short link '{code}' is taken.", code=code) from None
    raise Conflict("No free short link was found; try again.")


def follow(db: sessionmaker[Session], code: str, *, counted: bool = True) -> Target:
    """Where the link leads, with its click counted; raises NotFound."""
    with db.begin() as session:
        row = session.get(ChannelLink, code) if len(code) <= 40 else None
        if row is None:
            raise NotFound("There is no such link.")
        if counted:
            clicks = ChannelLink.clicks + 1  # added by the database: two at once are two
            session.execute(update(ChannelLink).where(ChannelLink.code == code).values(clicks=clicks))
        card = session.get(Card, row.card_id) if row.card_id is not None else None
        programme = session.get_one(ProgrammeRow, row.programme_id)
        return Target(programme.slug, dict(row.utm), card.link if card else "")
