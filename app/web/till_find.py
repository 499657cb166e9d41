"""What a till is given to find a card by: a scan, a number as people type it, a phone number, a link."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.deps import deps
from app.domain.errors import Invalid
from app.domain.programme import Programme
from app.services import programmes, rotating
from app.services.contacts import phone_e164, region_for
from app.services.ids import looks_right, read_number
from app.storage import queries
from app.storage.tables import Card

_READER_MARK = re.compile(r"^\][A-Za-z][0-9A-Za-z]")
_LINK = re.compile(r"/c/([A-Za-z0-9_-]{8,60})")
_PHONE = re.compile(r"^\+?[0-9][0-9 ().\-\u00a0]{5,24}$")
_RUSSIAN = str.maketrans("ЙЦУКЕНГШЩЗФЫВАПРОЛДЯЧСМИТЬ", "QWERTYUIOPASDFGHJKLZXCVBNM")
"""A reader is a keyboard: on a till set to Russian letters it types those that stand on the same keys."""


def tidy(typed: str) -> str:
    """The text without control characters and without the mark that some readers put in front (`]Q1`)."""
    return _READER_MARK.sub("", "".join(char for char in typed if char.isprintable()).strip())[:300]


def find(session: Session, typed: str, programme_ids: Sequence[int] | None) -> Sequence[Card]:
    """The cards that this may mean: none, one, or one in each programme that knows the phone number."""
    text = tidy(typed)
    if not text:
        return ()
    link = _LINK.search(text)
    for code in (link[1] if link else text, *_numbers(text)):
        card = queries.card_by_code(session, code, programme_ids)
        if card is not None:
            return (card,)
    return _by_phone(session, text, programme_ids) if _PHONE.match(text) else ()


def _numbers(text: str) -> tuple[str, ...]:
    return (read_number(text), read_number(text.upper().translate(_RUSSIAN)))


def find_rotating(typed: str, programme_ids: Sequence[int] | None) -> Card | None:
    """The card whose changing code was scanned, which uses it up; None for anything else. Raises OldCode or
    UsedCode.
    """
    text = tidy(typed).upper().translate(_RUSSIAN)
    return rotating.find(deps().db, deps().rotating_key, text, programme_ids, now=deps().now())


def mistyped(typed: str) -> bool:
    """Whether this is as long as a card number but cannot be one: a slip, and not an unknown card."""
    numbers = _numbers(tidy(typed))
    return any(len(each) == 16 for each in numbers) and not any(looks_right(each) for each in numbers)


def _by_phone(session: Session, text: str, programme_ids: Sequence[int] | None) -> Sequence[Card]:
    found: dict[int, Card] = {}
    for row in programmes.listed(session, programme_ids):
        phone = _phone(text, queries.programme_of(row))
        if phone:
            found |= {card.id: card for card in queries.find_cards(session, [row.id], phone=phone, limit=1)}
    return tuple(found.values())


def _phone(text: str, programme: Programme) -> str:
    try:
        return phone_e164(text, region_for(programme.time_zone, programme.locales)) or ""
    except Invalid:
        return ""
