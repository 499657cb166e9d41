"""What a member may take up, on their card's page: codes of coupons and partners' offers, with their ends."""

from __future__ import annotations

from dataclasses import dataclass

from app.deps import deps
from app.domain.mechanics import show
from app.domain.mechanics.base import Coming
from app.domain.mechanics.coming import in_order, last_day
from app.domain.programme import Programme
from app.i18n import local, shown_day
from app.storage.states import programme_at, state_of
from app.storage.tables import Card, ProgrammeRow


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer in this page's language; `until` is empty where it has no end."""

    name: str
    code: str
    until: str


def offers(card: Card, programme: Programme) -> list[Offer]:
    """The soonest to end first; none where no rule of the programme has any."""
    if not any(rule.kind in ("coupon", "partner") for rule in programme.rules):
        return []
    with deps().read() as session:
        now = deps().now()
        ruled = programme_at(session.get_one(ProgrammeRow, card.programme_id), card, now)
        found = show(ruled.rules, state_of(session, card, ruled, now)).coming
    return [_offer(each, programme) for each in in_order(found)]


def _offer(each: Coming, programme: Programme) -> Offer:
    until = "" if each.ends_at is None else shown_day(last_day(each.ends_at, programme.zone))
    return Offer(local(each.name), each.code, until)
