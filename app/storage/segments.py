"""A segment's rule as one condition on `cards`, the same on both engines: counting and walking are single
statements, however deep the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, String, and_, exists, extract, func, not_, or_, select, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from app.domain import segments as rules
from app.domain.mechanics.base import EVER
from app.storage.tables import (
    Account,
    AppleRegistration,
    Attribution,
    Card,
    Consent,
    GoogleObject,
    LotRow,
    Member,
    MemberPii,
    Operation,
    SamsungCard,
    Tally,
)

Test = ColumnElement[bool]
SPENT, VISITED = "spend_minor", "visits"


@dataclass(frozen=True, slots=True)
class Asked:
    """When it is asked: days end in `zone`."""

    now: datetime
    zone: tzinfo

    @property
    def today(self) -> date:
        """The day in the programme's zone."""
        return self.now.astimezone(self.zone).date()

    def day(self, days_ago: int) -> date:
        """The day so many days ago."""
        return self.today - timedelta(days=days_ago)

    def midnight(self, day: date) -> datetime:
        """When that day begins."""
        return datetime.combine(day, time.min, self.zone)


def fits(rule: rules.Rule, asked: Asked) -> Test:
    """Whether a card (of any programme) fits the rule; void cards fit none."""
    return and_(Card.status != "void", _test(rule, asked))


def _test(rule: rules.Rule, asked: Asked) -> Test:
    if isinstance(rule, rules.Every):
        return and_(true(), *(_test(each, asked) for each in rule.rules))
    if isinstance(rule, rules.Some):
        return or_(*(_test(each, asked) for each in rule.rules))
    if isinstance(rule, rules.Not):
        return not_(_test(rule.rule, asked))
    return _TESTS[type(rule)](rule, asked)


_ACCOUNT: Any = func.coalesce(Card.account_id, Card.id)
"""The card whose account this one shares, or its own."""


def _tier(rule: rules.TierIs, asked: Asked) -> Test:
    return Card.tier.in_(rule.any_of)


def _status(rule: rules.StatusIs, asked: Asked) -> Test:
    return Card.status.in_(rule.any_of)


def _balance(rule: rules.Balance, asked: Asked) -> Test:
    held = select(Account.balance).where(Account.card_id == _ACCOUNT, Account.unit == rule.unit)
    return _within(held, rule)


def _within(amount: Any, rule: Any) -> Test:
    """Nothing counted is zero."""
    found = func.coalesce(amount.correlate(Card).scalar_subquery(), 0)
    bounds = ((rule.at_least, found.__ge__), (rule.at_most, found.__le__))
    return and_(*(test(bound) for bound, test in bounds if bound is not None))


def _counted(what: str) -> Callable[[Any, Asked], Test]:
    def test(rule: Any, asked: Asked) -> Test:
        days = Tally.day == EVER if rule.days is None else Tally.day >= asked.day(rule.days)
        counted = select(func.sum(Tally.amount))
        return _within(counted.where(Tally.card_id == _ACCOUNT, Tally.what == what, days), rule)

    return test


def _last_purchase(rule: rules.LastPurchase, asked: Asked) -> Test:
    def since(day: date) -> Test:
        visited = (Tally.card_id == _ACCOUNT, Tally.what == VISITED, Tally.amount > 0)
        return _there_is(*visited, Tally.day > EVER, Tally.day >= day)

    tests = []
    if rule.at_most_days_ago is not None:
        tests.append(since(asked.day(rule.at_most_days_ago)))
    if rule.at_least_days_ago is not None:
        tests += [since(EVER), not_(since(asked.day(rule.at_least_days_ago - 1)))]
    return and_(*tests)


def _there_is(*tests: Test) -> Test:
    return exists().where(*tests).correlate(Card)


def _joined(rule: rules.Joined, asked: Asked) -> Test:
    first = [asked.day(rule.at_most_days_ago)] if rule.at_most_days_ago is not None else []
    first += [rule.since] if rule.since else []
    last = [asked.day(rule.at_least_days_ago)] if rule.at_least_days_ago is not None else []
    last += [rule.until] if rule.until else []
    return and_(
        *(Card.created_at >= asked.midnight(day) for day in first),
        *(Card.created_at < asked.midnight(day + timedelta(days=1)) for day in last),
    )


def _person(*tests: Test) -> Test:
    return _there_is(MemberPii.member_id == Card.member_id, *tests)


def _birthday(rule: rules.Birthday, asked: Asked) -> Test:
    born = extract("month", MemberPii.birthday) * 100 + extract("day", MemberPii.birthday)
    spans = rules.month_days(asked.today, rule.within_days)
    days = or_(*(born.between(first, last) for first, last in spans))
    return _person(MemberPii.birthday.is_not(None), days)


def _city(rule: rules.City, asked: Asked) -> Test:
    return _person(MemberPii.city.in_(rule.any_of))


def _language(rule: rules.Language, asked: Asked) -> Test:
    wider = (Member.locale.startswith(f"{one}-", autoescape=True) for one in rule.any_of if one)
    return _there_is(Member.id == Card.member_id, or_(Member.locale.in_(rule.any_of), *wider))


class json_words(GenericFunction[str]):
    """A value of a JSON object as text, the same on both engines: `true`, `5`, `VIP`."""

    type = String()
    inherit_cache = True


@compiles(json_words, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **more: Any) -> str:
    column, key = (compiler.process(each, **more) for each in element.clauses)
    return f"({column} ->> {key})"


@compiles(json_words, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    """SQLite says 1 for true; its `->` gives what JSON wrote."""
    column, key = (compiler.process(each, **more) for each in element.clauses)
    path = f"'$.\"' || {key} || '\"'"
    plain = f"CAST(json_extract({column}, {path}) AS TEXT)"
    truth = f"json_type({column}, {path})"
    return f"CASE {truth} WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE {plain} END"


def _attribute(rule: rules.Attribute, asked: Asked) -> Test:
    said = json_words(MemberPii.attributes, rule.name)
    return _person(said.in_(rule.written()))


def _consent(rule: rules.ConsentIs, asked: Asked) -> Test:
    newest = (
        select(Consent.granted)
        .where(Consent.member_id == Card.member_id, Consent.purpose == rule.purpose)
        .order_by(Consent.id.desc())
        .limit(1)
        .correlate(Card)
        .scalar_subquery()
    )
    agreed: Test = func.coalesce(newest, False).is_(True)
    return agreed if rule.granted else not_(agreed)


def _channel(rule: rules.Channel, asked: Asked) -> Test:
    return _there_is(Attribution.card_id == Card.id, getattr(Attribution, rule.name).in_(rule.any_of))


def in_wallet(name: str) -> Test:
    """Whether the card is installed there now."""
    if name == "apple":
        return _there_is(AppleRegistration.card_id == Card.id)
    if name == "samsung":
        return _there_is(
            SamsungCard.card_id == Card.id,
            SamsungCard.added_at.is_not(None),
            SamsungCard.removed_at.is_(None),
        )
    if name == "google":
        return _there_is(
            GoogleObject.card_id == Card.id,
            GoogleObject.saved_at.is_not(None),
            GoogleObject.removed_at.is_(None),
        )
    return and_(*(not_(in_wallet(each)) for each in WALLETS))


WALLETS = ("apple", "google", "samsung")


def _wallet(rule: rules.InWallet, asked: Asked) -> Test:
    return or_(*(in_wallet(name) for name in rule.any_of))


def _expiring(rule: rules.Expiring, asked: Asked) -> Test:
    ends = (
        LotRow.expires_at > asked.now,
        LotRow.expires_at < asked.midnight(asked.day(-rule.within_days - 1)),
    )
    mine = (LotRow.card_id == _ACCOUNT, LotRow.unit == rule.unit, LotRow.remaining > 0)
    burning = select(func.sum(LotRow.remaining)).where(*mine, *ends).correlate(Card).scalar_subquery()
    found: Test = func.coalesce(burning, 0) >= rule.at_least
    return found


def _store(rule: rules.Store, asked: Asked) -> Test:
    bought = [Operation.card_id == _ACCOUNT, Operation.kind == "purchase", Operation.store.in_(rule.any_of)]
    if rule.days is not None:
        bought.append(Operation.occurred_at >= asked.midnight(asked.day(rule.days)))
    return _there_is(*bought)


def _reward(rule: rules.RewardReady, asked: Asked) -> Test:
    units = Account.unit == f"reward.{rule.key}" if rule.key else Account.unit.startswith("reward.")
    return _there_is(Account.card_id == _ACCOUNT, units, Account.balance > 0)


_TESTS: Mapping[type, Callable[[Any, Asked], Test]] = {
    rules.TierIs: _tier,
    rules.StatusIs: _status,
    rules.Balance: _balance,
    rules.Spend: _counted(SPENT),
    rules.Visits: _counted(VISITED),
    rules.LastPurchase: _last_purchase,
    rules.Joined: _joined,
    rules.Birthday: _birthday,
    rules.City: _city,
    rules.Language: _language,
    rules.Attribute: _attribute,
    rules.ConsentIs: _consent,
    rules.Channel: _channel,
    rules.InWallet: _wallet,
    rules.Expiring: _expiring,
    rules.Store: _store,
    rules.RewardReady: _reward,
}


def matching(programme_id: int, rule: rules.Rule, asked: Asked) -> Sequence[Test]:
    """The conditions of a statement over this programme's cards that fit."""
    return Card.programme_id == programme_id, fits(rule, asked)
