"""What the rules may look at, for one card or for many in a handful of statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.domain.ledger import Holdings, Lot
from app.domain.mechanics import needs
from app.domain.mechanics.base import EVER, RISK, Count, Person, Standing, State
from app.domain.programme import Programme
from app.storage import queries
from app.storage.batches import among
from app.storage.tables import (
    Account,
    Budget,
    Card,
    LotRow,
    Member,
    MemberPii,
    Membership,
    ProgrammeRow,
    PromoCode,
    Tally,
)

_LOTS: Any = LotRow.__table__
_LOT = ("card_id", "id", "unit", "initial", "remaining", "active_from", "expires_at")
_OPEN_LOTS = select(*(_LOTS.c[name] for name in _LOT)).where(_LOTS.c.remaining > 0)
_LOTS_OF_ONE = _OPEN_LOTS.where(_LOTS.c.card_id == bindparam("card"))
"""A statement that is made once is found ready-made each time it is sent."""
FILLED = ("given_name", "family_name", "phone", "email", "birthday", "city")


def account_of(card: Card) -> int:
    """The card whose account this card spends from: its own, or one that it shares."""
    return card.account_id or card.id


def programme_at(row: ProgrammeRow, card: Card, at: datetime) -> Programme:
    """The programme with the rules that count for this card at `at`."""
    programme = queries.programme_of(row)
    if not row.rule_plan:
        return programme
    for version in reversed(row.rule_plan):
        starts_at = datetime.fromisoformat(version["starts_at"])
        if starts_at <= at and not (version["keep_old"] and card.created_at < starts_at):
            return queries.with_rules(orjson.dumps(row.body), orjson.dumps(version["rules"]))
    return programme


def state_of(session: Session, card: Card, programme: Programme, now: datetime) -> State:
    """What the rules may look at before an operation: with what is set aside and owed; the card must be
    locked.
    """
    statement: Any = select(Account.__table__).where(Account.card_id == account_of(card))
    rows: Any = session.execute(statement).mappings().all()
    return states_of(session, [card], {card.id: programme}, now, accounts=rows)[card.id]


def states_of(
    session: Session,
    cards: Sequence[Card],
    programmes: Mapping[int, Programme],
    now: datetime,
    *,
    accounts: Iterable[Mapping[str, Any]] = (),
) -> dict[int, State]:
    """States by card; `programmes` maps a card to its programme, with the rules that count for it.

    `accounts` are rows of theirs, where it matters what is set aside and owed.
    """
    held = holdings_of_accounts(session, {account_of(card) for card in cards}, accounts=accounts)
    facts = _Facts(session, cards, programmes, now)
    return {
        card.id: State(
            held[account_of(card)],
            now,
            card.tier,
            dict(card.values),
            programmes[card.id].zone,
            facts.counts.get(card.id, {}),
            Standing(card.tier, card.tier_since, card.tier_until, card.tier_invited, card.tier_earned),
            facts.people.get(card.id, Person()),
            facts.memberships.get(card.id, {}),
            facts.codes.get(card.id, {}),
            facts.spent_budgets(card),
            facts.code_ends.get(card.id, {}),
            programmes[card.id].currency,
            card.account_id is not None,
        )
        for card in cards
    }


def holdings_of_accounts(
    session: Session, account_ids: Iterable[int], *, accounts: Iterable[Mapping[str, Any]] = ()
) -> dict[int, Holdings]:
    """Open lots by card; with rows of `accounts`, what is set aside and owed too."""
    wanted = sorted(account_ids)
    lots: dict[int, list[Lot]] = {card_id: [] for card_id in wanted}
    if len(wanted) == 1:
        rows = session.connection().execute(_LOTS_OF_ONE, {"card": wanted[0]})
    else:
        rows = session.connection().execute(_OPEN_LOTS.where(among(session, _LOTS.c.card_id, wanted)))
    for card_id, *lot in rows:
        lots[card_id].append(Lot(*lot))
    held: dict[int, dict[str, int]] = {card_id: {} for card_id in wanted}
    debts: dict[int, dict[str, int]] = {card_id: {} for card_id in wanted}
    for row in accounts:
        held[row["card_id"]][row["unit"]], debts[row["card_id"]][row["unit"]] = row["held"], row["debt"]
    return {key: Holdings.of(each, held[key], debts[key]) for key, each in lots.items()}


def _of(session: Session, column: Any, keys: Sequence[int]) -> Any:
    return column == keys[0] if len(keys) == 1 else among(session, column, keys)


def open_codes(now: datetime) -> tuple[Any, ...]:
    """What is true of a promo code that may be used at `now`."""
    return (
        or_(PromoCode.starts_at.is_(None), PromoCode.starts_at <= now),
        or_(PromoCode.ends_at.is_(None), PromoCode.ends_at > now),
        or_(PromoCode.uses_left.is_(None), PromoCode.uses_left > 0),
    )


class _Facts:
    """What the rules of these cards ask for, and nothing else."""

    def __init__(
        self, session: Session, cards: Sequence[Card], programmes: Mapping[int, Programme], now: datetime
    ) -> None:
        self._session, self._now = session, now
        self._asking = {
            card.id: frozenset(what for rule in programmes[card.id].rules for what in rule.looks_at)
            for card in cards
        }
        self.counts = self._counts(cards, programmes)
        self.people = self._people([card for card in cards if "person" in self._asking[card.id]])
        paid = [card for card in cards if "memberships" in self._asking[card.id]]
        self.memberships = self._memberships(paid)
        self.code_ends: dict[int, dict[str, datetime]] = {}
        self.codes = self._codes([card for card in cards if "codes" in self._asking[card.id]])
        self._budgets = self._gone([card for card in cards if "budgets" in self._asking[card.id]], programmes)

    def _counts(
        self, cards: Sequence[Card], programmes: Mapping[int, Programme]
    ) -> dict[int, dict[Count, int]]:
        """Cards of the same rules ask for the same counts, so they are read together, a count at a time."""
        asked: dict[Count, list[Card]] = {}
        for card in cards:
            programme = programmes[card.id]
            for count in self._needs(card, programme):
                asked.setdefault(count, []).append(card)
        tallied: dict[tuple[int, Count], int] = {}
        grouped: dict[date, set[str]] = {}
        for count in asked:
            grouped.setdefault(count.since, set()).add(count.what)
        for since, whats in grouped.items():
            wanting_it = (wanting for count, wanting in asked.items() if count.since == since)
            ids = sorted({account_of(card) for wanting in wanting_it for card in wanting})
            for account, what, amount in self._tallied(ids, sorted(whats), since):
                tallied[account, Count(what, since)] = amount
        found: dict[int, dict[Count, int]] = {card.id: {} for card in cards}
        for count, wanting in asked.items():
            for card in wanting:
                found[card.id][count] = tallied.get((account_of(card), count), 0)
        return found

    def _needs(self, card: Card, programme: Programme) -> Iterable[Count]:
        wanted = needs(programme.rules, self._now.astimezone(programme.zone).date())
        if card.tier_until is None or not self._now < card.tier_until <= self._now + RISK:
            return wanted
        review = card.tier_until.astimezone(programme.zone).date()
        return dict.fromkeys(
            (*wanted, *(count for rule in programme.rules for count in rule.review_needs(review)))
        )

    def _tallied(self, ids: Sequence[int], whats: Sequence[str], since: date) -> Any:
        day = Tally.day == EVER if since == EVER else Tally.day >= since
        statement = (
            select(Tally.card_id, Tally.what, func.sum(Tally.amount))
            .where(_of(self._session, Tally.card_id, ids), Tally.what.in_(whats), day)
            .group_by(Tally.card_id, Tally.what)
        )
        return [(card, what, int(amount)) for card, what, amount in self._session.execute(statement)]

    def _people(self, cards: Sequence[Card]) -> dict[int, Person]:
        if not cards:
            return {}
        members = sorted({card.member_id for card in cards})
        rows = self._session.scalars(
            select(MemberPii).where(_of(self._session, MemberPii.member_id, members))
        )
        pii = {row.member_id: row for row in rows}
        joined: dict[int, datetime] = dict(
            self._session.execute(
                select(Member.id, Member.created_at).where(_of(self._session, Member.id, members))
            ).all()
        )
        return {card.id: _person(card, pii.get(card.member_id), joined[card.member_id]) for card in cards}

    def _memberships(self, cards: Sequence[Card]) -> dict[int, dict[str, datetime]]:
        """Until when each is paid: renewals follow on, and what was cancelled ends earlier."""
        if not cards:
            return {}
        statement = (
            select(Membership.card_id, Membership.key, Membership.starts_at, Membership.ends_at)
            .add_columns(Membership.cancelled_at)
            .where(_of(self._session, Membership.card_id, sorted(card.id for card in cards)))
            .order_by(Membership.card_id, Membership.key, Membership.starts_at)
        )
        found: dict[int, dict[str, datetime]] = {}
        for card_id, key, starts_at, ends_at, cancelled_at in self._session.execute(statement):
            mine = found.setdefault(card_id, {})
            ends_at = ends_at if cancelled_at is None else min(ends_at, cancelled_at)
            begun = starts_at <= self._now or starts_at <= mine.get(key, self._now)
            if begun and ends_at > starts_at:
                mine[key] = max(ends_at, mine.get(key, ends_at))
        return found

    def _codes(self, cards: Sequence[Card]) -> dict[int, dict[str, str]]:
        """Personal codes of these cards that may be used now. Codes of anybody may be a hundred thousand:
        they are looked up when one is shown (`app.services.coupons`).
        """
        found: dict[int, dict[str, str]] = {}
        if not cards:
            return found
        mine = _of(self._session, PromoCode.card_id, sorted(card.id for card in cards))
        for row in self._session.scalars(select(PromoCode).where(mine, *open_codes(self._now))):
            assert row.card_id is not None
            found.setdefault(row.card_id, {})[row.code] = row.rule
            if row.ends_at is not None:
                self.code_ends.setdefault(row.card_id, {})[row.code] = row.ends_at
        return found

    def _gone(self, cards: Sequence[Card], programmes: Mapping[int, Programme]) -> dict[int, frozenset[str]]:
        """Budgets of these programmes that are used up, by programme."""
        if not cards:
            return {}
        limits = {
            (card.programme_id, key): limit
            for card in cards
            for rule in programmes[card.id].rules
            for key, limit in rule.budgets().items()
        }
        rows = self._session.execute(
            select(Budget.programme_id, Budget.key, Budget.used).where(
                Budget.programme_id.in_({card.programme_id for card in cards})
            )
        )
        gone: dict[int, set[str]] = {}
        for programme_id, key, used in rows:
            if (limit := limits.get((programme_id, key))) is not None and used >= limit:
                gone.setdefault(programme_id, set()).add(key)
        return {programme_id: frozenset(keys) for programme_id, keys in gone.items()}

    def spent_budgets(self, card: Card) -> frozenset[str]:
        """Budgets that are gone in the card's programme."""
        return self._budgets.get(card.programme_id, frozenset())


def _person(card: Card, pii: MemberPii | None, joined_at: datetime) -> Person:
    code, referred = card.referral_code or "", card.referred_by_id is not None
    if pii is None:
        return Person(joined_at=joined_at, referral_code=code, referred=referred)
    return Person(
        birthday=pii.birthday,
        city=pii.city,
        filled=frozenset(name for name in FILLED if getattr(pii, name)),
        attributes={key: str(value) for key, value in pii.attributes.items()},
        joined_at=joined_at,
        referral_code=code,
        referred=referred,
    )
