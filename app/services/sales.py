"""What a purchase is before the rules see it: whose it is among partners, and which codes really count."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import Invalid
from app.domain.mechanics import Decision, needs
from app.domain.mechanics.base import EVER, Sale, State
from app.domain.mechanics.company import check as check_payer
from app.domain.mechanics.coupon import normal
from app.domain.mechanics.gift_card import NO_GIFT_CARDS, UNIT
from app.domain.mechanics.partner import check as check_partner
from app.domain.mechanics.partner import partner_at, partner_of
from app.domain.programme import Programme
from app.services import coupons
from app.storage.states import account_of
from app.storage.tables import Card, Tally

if TYPE_CHECKING:
    from app.services.operating import Order, Work


def prepared(
    session: Session, card: Card, programme: Programme, sale: Sale, state: State
) -> tuple[Sale, State]:
    """The purchase with its partner and its codes in their normal form, and the state with the codes that
    anybody may use. Raises Invalid.
    """
    if sale.gift_minor and UNIT not in programme.units:
        raise Invalid({"/gift_minor": NO_GIFT_CARDS})
    day = (sale.at or state.now).astimezone(state.zone).date()
    partner = partner_of(programme.rules, sale.partner, sale.store, day)
    sale = replace(sale, partner=partner, codes=tuple(normal(code) for code in sale.codes))
    state = on_its_day(session, card, programme, state, sale.at)
    return sale, coupons.with_codes(session, card, programme.rules, sale, state)


def on_its_day(
    session: Session, card: Card, programme: Programme, state: State, at: datetime | None
) -> State:
    """The state with the counts of the day `at`, where that is another one: what happened yesterday falls
    under yesterday's limits, however late it is entered.
    """
    day = (at or state.now).astimezone(state.zone).date()
    if day == state.today:
        return state
    asked = (*needs(programme.rules, day), *needs(programme.rules, day + timedelta(days=1)))
    missing = [count for count in dict.fromkeys(asked) if count not in state.counts and count.since != EVER]
    if not missing:
        return state
    rows = session.execute(
        select(Tally.what, Tally.day, Tally.amount).where(
            Tally.card_id == account_of(card),
            Tally.what.in_({count.what for count in missing}),
            Tally.day >= min(count.since for count in missing),
        )
    ).all()
    more = {
        count: sum(row.amount for row in rows if row.what == count.what and row.day >= count.since)
        for count in missing
    }
    return replace(state, counts={**state.counts, **more})


def attributed(work: Work, order: Order, decision: Decision) -> Order:
    """The order with the partner it belongs to and the codes it used. Raises Invalid where this card, or
    this partner, may not take what it takes.
    """
    if order.reverses is not None:
        return order
    partner = decision.partner or order.partner or _at_store(work, order.by.store, work.at)
    check_payer(work.programme.rules, decision.moves, work.state)
    check_partner(work.programme.rules, decision.moves, partner)
    used = {"coupons": coupons.used(decision.used_codes)} if decision.used_codes else {}
    return replace(order, partner=partner, detail={**order.detail, **used})


def _at_store(work: Work, store: str, at: datetime) -> str:
    return partner_at(work.programme.rules, store, at.astimezone(work.programme.zone).date())
