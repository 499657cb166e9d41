"""A campaign before it is started: whom it reaches, what it costs, what one card would show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.domain.campaigns import Content
from app.domain.faces import build_pass
from app.domain.messages import advise
from app.domain.passes import Message, Pass
from app.domain.segments import Rule
from app.services import campaigns, cards, segments
from app.services.liability import value_of
from app.services.message_reach import LOUD_A_DAY
from app.services.ports import Wallet
from app.services.segments import Counted
from app.services.shown_messages import MOST_SHOWN
from app.storage import queries
from app.storage.segments import matching
from app.storage.states import states_of
from app.storage.tables import Campaign, Card, MessageRow, ProgrammeRow


@dataclass(frozen=True, slots=True)
class Cost:
    """What is given of a unit, to all cards together, and what that is worth in money, if anything."""

    unit: str
    amount: int
    cards: int
    total: int
    worth_minor: int


@dataclass(frozen=True, slots=True)
class Trial:
    """What would happen if it were started now.

    `reaches` counts cards on which something happens, `without_consent` those that get no news. `told_today`:
    cards that had a loud message within a day; `over_limit`: those of them that Google keeps silent.
    """

    counted: Counted
    reaches: int
    without_consent: int
    loud: bool
    told_today: int
    over_limit: int
    costs: tuple[Cost, ...]
    currency: str
    first: Sequence[str]
    advice: tuple[str, ...]
    faults: Mapping[str, str]
    sample: str
    """The card whose face is shown; empty where there is none."""
    shown: Mapping[str, Any]
    """What each wallet would be given for that card."""


def try_out(session: Session, row: Campaign, wallets: Mapping[str, Wallet], *, now: datetime) -> Trial:
    """Look at a campaign; raises NotFound where its segment is gone."""
    programme = session.get_one(ProgrammeRow, row.programme_id)
    content, rule = campaigns.content_of(row), campaigns.rule_for(session, row)
    counted = segments.count(session, programme, rule, now)
    first = segments.first(session, programme, rule, now)
    news = content.message is not None and content.message.purpose == "news"
    told, silent = _buzzed(session, programme, rule, now)
    face = _face(session, content, first[0], now) if first else None
    return Trial(
        counted=counted,
        reaches=counted.news if content.news_alone else counted.cards,
        without_consent=counted.cards - counted.news if news else 0,
        loud=content.message is not None and content.message.loud,
        told_today=told,
        over_limit=silent,
        costs=_costs(programme, content, counted.cards),
        currency=queries.programme_of(programme).currency,
        first=first,
        advice=advise(content.message, queries.programme_of(programme).locales) if content.message else (),
        faults=campaigns.faults_of(session, programme, content, row.starts_at, now)
        if not row.started_at
        else {},
        sample=first[0] if first else "",
        shown=_shown(session, programme, face, wallets) if face else {},
    )


def _costs(row: ProgrammeRow, content: Content, count: int) -> tuple[Cost, ...]:
    worth = value_of(queries.programme_of(row))
    return tuple(
        Cost(unit, amount, count, amount * count, amount * count * worth.get(unit, 0))
        for unit, amount in content.gifts.items()
    )


def _buzzed(session: Session, programme: ProgrammeRow, rule: Rule, now: datetime) -> tuple[int, int]:
    """Cards that had a loud message within a day, and those that had as many as Google lets buzz."""
    begun = (MessageRow.starts_at > now - timedelta(days=1), MessageRow.starts_at <= now, MessageRow.loud)
    mine = or_(MessageRow.card_id == Card.id, MessageRow.card_id.is_(None))
    loud = (
        select(func.count())
        .select_from(MessageRow)
        .where(MessageRow.programme_id == programme.id, mine, *begun)
        .correlate(Card)
        .scalar_subquery()
    )
    fits = matching(programme.id, rule, segments.asked_now(programme, now))
    return (
        session.scalar(select(func.count()).select_from(Card).where(*fits, loud >= 1)) or 0,
        session.scalar(select(func.count()).select_from(Card).where(*fits, loud >= LOUD_A_DAY)) or 0,
    )


def _face(session: Session, content: Content, serial: str, now: datetime) -> Pass:
    """The card's face with what the campaign would add; gifts are not counted in."""
    card = queries.card_by_serial(session, serial)
    row = session.get_one(ProgrammeRow, card.programme_id)
    programme = cards.programmes_of(session, [card], now)[card.id]
    state = states_of(session, [card], {card.id: programme}, now)[card.id]
    holder = queries.holder_of(session, card)
    holder = replace(holder, values={**holder.values, **content.values})
    now_shown = cards.current_pass(session, card, now)
    words = (*_said(content, now), *now_shown.messages)[:MOST_SHOWN]
    banner = content.banner.image if content.banner else now_shown.banner
    look = queries.design_of(queries.design_row(session, row))
    return build_pass(programme, look, holder, replace(state, values=holder.values), words, banner)


def _said(content: Content, now: datetime) -> tuple[Message, ...]:
    message = content.message
    if message is None:
        return ()
    ends_at = message.span(now)[1]
    words = (message.header, message.body, message.purpose, message.loud)
    return (Message("m0", *words, at=now, ends_at=ends_at),)


def _shown(
    session: Session, programme: ProgrammeRow, face: Pass, wallets: Mapping[str, Wallet]
) -> dict[str, Any]:
    look = queries.design_of(queries.design_row(session, programme))
    known = queries.programme_of(programme)
    return {name: wallet.preview(face, known, look) for name, wallet in wallets.items()}
