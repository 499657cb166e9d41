"""What a member allows us: read and changed by themselves, on the page of their card."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.services import members
from app.services.cards import touch
from app.services.events import record
from app.storage import queries
from app.storage.tables import Consent
from app.storage.tables.delivery import NORMAL


def granted(session: Session, member_id: int) -> frozenset[str]:
    """The purposes that the member agrees to now: of each purpose the newest word counts."""
    rows = session.execute(
        select(Consent.purpose, Consent.granted).where(Consent.member_id == member_id).order_by(Consent.id)
    )
    newest = dict(rows.all())
    return frozenset(purpose for purpose, allowed in newest.items() if allowed)


def decide(
    db: sessionmaker[Session], link: str, wishes: Mapping[str, str], wanted: frozenset[str], *, now: datetime
) -> int:
    """Keep what the member of this card page allows from now on; returns how many permissions changed.

    `wishes` maps each purpose that was asked to the SHA-256 of the words beside it, `wanted` holds the ticked
    ones; only differences are written down. Raises NotFound.
    """
    with db.begin() as session:
        card = queries.card_by_link(session, link)
        before = granted(session, card.member_id)
        changed = [purpose for purpose in wishes if (purpose in wanted) != (purpose in before)]
        given = [
            {"purpose": purpose, "granted": purpose in wanted, "text_sha256": wishes[purpose]}
            for purpose in changed
        ]
        members.consent(session, card.member_id, given, "card-page", now)
        if changed:
            session.refresh(card, with_for_update=True)
            touch(session, card, now, priority=NORMAL)  # news are shown to those alone who agree to them
            record(session, card.programme_id, "member.consents", {"changed": changed}, now, card=card)
        return len(changed)
