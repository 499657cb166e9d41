"""What other systems are told of a card: the API's answers and the webhooks' payloads say the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.domain.mechanics import show
from app.services import operating
from app.services.ports import Wallet
from app.storage import queries
from app.storage.states import programme_at, state_of
from app.storage.tables import Card, Member, ProgrammeRow

_MEMBER = ("phone", "email", "external_id", "given_name", "family_name", "birthday", "city", "attributes")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a card's own rows do not know: the public address, and the wallets that count its phones."""

    base_url: str
    wallets: Mapping[str, Wallet]


def changeable(card: Card) -> dict[str, Any]:
    """What others may set, beside the member's data."""
    return {name: getattr(card, name) for name in ("status", "tier", "expires_at", "values")}


def card_facts(session: Session, card: Card, around: Surroundings, now: datetime) -> dict[str, Any]:
    """The card as the contract gives it, without who holds it."""
    programme = programme_at(session.get_one(ProgrammeRow, card.programme_id), card, now)
    state = state_of(session, card, programme, now)
    page = f"{around.base_url}/c/{card.link}"
    return {
        "serial": card.serial,
        "number": card.number,
        "programme": programme.slug,
        **changeable(card),
        "balances": operating.public_balances(programme, state),
        "rewards": operating.public_rewards(programme, show(programme.rules, state).rewards),
        "version": card.version,
        "links": {"page": page, "apple": f"{page}/card.pkpass", "google": f"{page}/google"},
        "wallets": {
            "apple": {"devices": _phones(around, "apple", card)},
            "google": {"saved": _phones(around, "google", card) > 0},
        },
        "created_at": card.created_at,
        "updated_at": card.changed_at,
    }


def _phones(around: Surroundings, wallet: str, card: Card) -> int:
    known = around.wallets.get(wallet)
    return len(known.devices(card.id)) if known else 0


def member_facts(session: Session, card: Card) -> dict[str, Any] | None:
    """Who holds the card; None for a person who was erased."""
    pii = queries.pii_of(session, card)
    if pii is None:
        return None
    locale = session.get_one(Member, card.member_id).locale
    return {name: getattr(pii, name) for name in _MEMBER} | {"locale": locale}
