"""Everything about one card: where it is, how far the news went, what was said, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.services.explain import explain
from app.services.ports import Wallet
from app.storage.tables import Card, DeviceLog, ProgrammeRow

ADVICE: Mapping[str, str] = {
    "nowhere": "Send the customer the link of their card page. If they say they have it: the phone never"
    " registered; look at the public address.",
    "in-step": "The phones have what there is. Is it the right card? Compare its number with the code's.",
    "queued": "More than some seconds: is a worker running? See: tillpass doctor --symptom does-not-update",
    "retrying": "It is tried again by itself. The bracket says why; see: tillpass doctor",
    "given-up": "Mend what the sentence names, then send the card again on its page in /staff.",
    "not-asked": "On the phone: Wallet, the card, ..., Pass Details: Automatic Updates on; pull it down to"
    " refresh.",
    "not-fetched": "It fetches within seconds. If not: tillpass doctor looks at the way to us; look for 401"
    " and 5xx below /apple in the log.",
}
"""What to do about each code of `explain`."""
COMPLAINTS = 10


@dataclass(frozen=True, slots=True)
class CardReport:
    """`told` is that of `services/explain`; `faults` are filled in by who can make the pass."""

    card_id: int
    serial: str
    number: str
    programme: str
    status: str
    version: int
    changed_at: datetime
    pass_type: str
    told: dict[str, Any]
    advice: str
    complaints: list[tuple[datetime, str, str]] = field(default_factory=list)


def report(session: Session, wallets: Mapping[str, Wallet], wanted: str, now: datetime) -> CardReport:
    """All that is known of the card with this serial or number; raises NotFound."""
    number = wanted.replace(" ", "")
    row = session.execute(
        select(Card, ProgrammeRow.slug)
        .join(ProgrammeRow, ProgrammeRow.id == Card.programme_id)
        .where(or_(Card.serial == wanted, Card.number == number))
    ).first()
    if row is None:
        raise NotFound(f"There is no card with the serial or number '{wanted}'.", card=wanted)
    card, slug = row
    told = explain(session, wallets, card, now)
    lines = select(DeviceLog).where(DeviceLog.serial == card.serial).order_by(DeviceLog.id.desc())
    return CardReport(
        card_id=card.id,
        serial=card.serial,
        number=card.number,
        programme=slug,
        status=card.status,
        version=card.version,
        changed_at=card.changed_at,
        pass_type=card.pass_type_identifier,
        told=told,
        advice=ADVICE.get(told["code"], ""),
        complaints=[(line.at, line.kind, line.message) for line in session.scalars(lines.limit(COMPLAINTS))],
    )
