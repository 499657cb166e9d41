"""Many cards in one transaction: a CRM that tells of a thousand people sends a thousand calls.

Only what sets something on a card that is known goes this way: named values, status, the member's data.
Events of one card are applied in their order, its face is drawn once. Where anything is refused, nothing of
the bulk is done, and each event goes its own way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.services.card_changes import CardChange, apply_change
from app.services.crm.bodies import MemberAction, StatusAction, ValuesAction, parsed
from app.services.crm.taking import LeaseLost
from app.services.crm.targets import TARGET_KEYS, Target, named
from app.services.events import record
from app.services.inputs import named_values
from app.services.ports import Action
from app.services.touching import faces, raise_versions
from app.storage.batches import among
from app.storage.tables import Card, Member, MemberPii, ProgrammeRow
from app.storage.tables.delivery import NORMAL

log = structlog.get_logger(__name__)
CHUNK = 50
"""So many cards are locked at once: a till waits for as long as their faces take to draw."""
_KINDS = frozenset({"values", "status", "member"})


@dataclass(frozen=True, slots=True)
class Wish:
    """Changes of one card, in order."""

    card_id: int
    changes: Sequence[CardChange]


def wish_of(actions: Sequence[Action], card_ids: Sequence[int]) -> Wish | None:
    """The actions of a lane as changes of its only card; None where one of them needs a way of its own."""
    if len(card_ids) != 1 or not actions or any(action.kind not in _KINDS for action in actions):
        return None
    try:
        changes = [_change(action) for action in actions]
    except Exception:  # whatever is wrong with it is told when it goes its own way
        return None
    known = [each for each in changes if each is not None]
    return Wish(card_ids[0], known) if len(known) == len(changes) else None


def _change(action: Action) -> CardChange | None:
    if action.kind == "member":
        member = parsed(MemberAction, action.body)
        return None if member.consents or not _says_who(action) else CardChange(member=member.given())
    parsed(Target, named(action.body))
    rest = {key: value for key, value in action.body.items() if key not in TARGET_KEYS}
    if action.kind == "values":
        return CardChange(values=named_values(parsed(ValuesAction, rest).values))
    body = parsed(StatusAction, rest)
    if body.tier is not None:
        return None  # what a tier means say the rules
    ends = "expires_at" in body.model_fields_set
    return CardChange(status=body.status, expires_at=body.expires_at, clear_expiry=ends)


def _says_who(action: Action) -> bool:
    return any(action.body.get(key) for key in ("phone", "email", "external_id"))


def change_all(
    db: sessionmaker[Session], wishes: Sequence[Wish], *, now: datetime, actor: str
) -> dict[int, str]:
    """Carry out all of them, some cards a transaction; serials of the cards that were changed, by card.

    What is not in the answer was not done.
    """
    done: dict[int, str] = {}
    for start in range(0, len(wishes), CHUNK):
        try:
            with db.begin() as session:
                made = _change_some(session, wishes[start : start + CHUNK], now, actor)
            done |= made
        except LeaseLost:
            raise
        except Exception as error:  # each goes its own way, and is told what was wrong with it
            log.info("crm.bulk_refused", error=type(error).__name__)
    return done


def _change_some(session: Session, wishes: Sequence[Wish], now: datetime, actor: str) -> dict[int, str]:
    wanted = {wish.card_id: wish for wish in wishes}
    cards = _locked(session, list(wanted))
    with session.no_autoflush:
        for card in cards:
            for change in wanted[card.id].changes:
                apply_change(session, card, change, now, actor=actor, flush=False)
    session.flush()
    drawn = faces(session, cards, now)
    changed = set(raise_versions(session, cards, drawn, now, priority=NORMAL))
    for card in cards:
        if card.id in changed:
            told = {"version": card.version}
            record(session, card.programme_id, "card.updated", told, now, card=card)
    return {card.id: card.serial for card in cards}


def _locked(session: Session, card_ids: Sequence[int]) -> Sequence[Card]:
    """The cards, locked in the order of their ids, with their members read along."""
    mine = select(Card).where(among(session, Card.id, card_ids)).order_by(Card.id)
    cards = session.scalars(mine.with_for_update(key_share=True)).all()
    people = [card.member_id for card in cards]
    members = session.scalars(select(Member).where(among(session, Member.id, people))).all()
    names = session.scalars(select(MemberPii).where(among(session, MemberPii.member_id, people))).all()
    programmes = [session.get_one(ProgrammeRow, each) for each in {card.programme_id for card in cards}]
    session.info["bulk"] = (members, names, programmes)  # a session forgets rows that nobody holds
    return cards


def results(actions: Sequence[Action], serial: str) -> list[Mapping[str, object]]:
    """What is told of each action of an event that went this way."""
    return [
        {"kind": action.kind, "serial": serial} | ({"created": False} if action.kind == "member" else {})
        for action in actions
    ]
