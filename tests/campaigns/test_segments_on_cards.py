"""A rule finds in the database whom a naive reading of it would find, on both engines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.mechanics.base import EVER
from app.domain.mechanics.event import anniversary
from app.domain.segments import Birthday, Every, Not, Rule, Some, parse
from app.storage.database import Database
from app.storage.segments import Asked, matching
from app.storage.tables import (
    Account,
    AppleDevice,
    AppleRegistration,
    Attribution,
    Card,
    Consent,
    GoogleObject,
    LotRow,
    Member,
    MemberPii,
    Operation,
    ProgrammeRow,
    SamsungCard,
    Tally,
)

NOW = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Riga")
TODAY = date(2026, 3, 2)  # it is past midnight there


@dataclass
class Facts:
    """What one card is, as plainly as it can be said."""

    tier: str = ""
    status: str = "active"
    points: int = 0
    gifts: int = 0
    visits: dict[int, int] = field(default_factory=dict)
    """Days ago to the money spent."""
    stores: dict[int, str] = field(default_factory=dict)
    issued: int = 400
    born: date | None = None
    city: str = ""
    locale: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    consents: tuple[bool, ...] = ()
    source: str | None = None
    wallets: frozenset[str] = frozenset()
    lots: tuple[tuple[int, int], ...] = ()
    """(days until it ends, how much)."""
    holder_of: int | None = None


CAST = [
    Facts(),
    Facts(status="void", tier="gold", points=500),
    Facts(status="blocked", tier="gold", city="Рига", locale="ru", born=date(1990, 3, 2)),
    Facts(tier="gold", points=100, visits={0: 500, 40: 900}, stores={0: "Centre"}, issued=0),
    Facts(tier="silver", points=7, visits={30: 100}, stores={30: "Centre"}, locale="ru-RU", issued=30),
    Facts(points=1, visits={31: 100}, stores={31: "Market"}, consents=(True,), issued=31),
    Facts(gifts=1, born=date(1992, 2, 29), city="Riga", locale="pt-BR", consents=(True, False)),
    Facts(born=date(1985, 3, 9), attributes={"vip": True, "n": 5, "mark": "x"}, consents=(False, True)),
    Facts(attributes={"vip": 1, "n": "5", "mark": "true"}, source="vk", wallets=frozenset({"apple"})),
    Facts(source="mail", wallets=frozenset({"google", "apple"}), lots=((0, 5), (7, 5))),
    Facts(wallets=frozenset({"samsung"}), lots=((-1, 9), (8, 90))),
    Facts(wallets=frozenset({"left google"}), points=3, holder_of=3, locale="en", city="рига"),
]


def naive(rule: Rule, one: Facts) -> bool:
    """Read the rule out loud."""
    if isinstance(rule, Every | Some):
        return (all if isinstance(rule, Every) else any)(naive(each, one) for each in rule.rules)
    if isinstance(rule, Not):
        return not naive(rule.rule, one)
    said: Any = rule
    owner = one if one.holder_of is None else CAST[one.holder_of]
    last = min(owner.visits, default=None)
    reading: dict[str, Callable[[], bool]] = {
        "tier": lambda: one.tier in said.any_of,
        "status": lambda: one.status in said.any_of,
        "balance": lambda: _within({"points": owner.points, "reward.coffee": owner.gifts}[said.unit], said),
        "spend_minor": lambda: _within(sum(_recent(owner.visits, said.days)), said),
        "visits": lambda: _within(len(_recent(owner.visits, said.days)), said),
        "last_purchase": lambda: last is not None and _ago(last, said),
        "joined": lambda: _ago(one.issued, said) and _between(one.issued, said),
        "birthday": lambda: one.born is not None and _celebrates(one.born, said),
        "city": lambda: one.city in said.any_of,
        "locale": lambda: one.locale in said.any_of or one.locale.split("-")[0] in {*said.any_of} - {""},
        "attribute": lambda: _told(one.attributes.get(said.name)) in said.written(),
        "consent": lambda: (one.consents[-1:] == (True,)) == said.granted,
        "channel": lambda: one.source in said.any_of,
        "wallet": lambda: bool({*said.any_of} & (one.wallets & _KNOWN or {"none"})),
        "expiring": lambda: sum(n for d, n in owner.lots if 0 <= d <= said.within_days) >= said.at_least,
        "store": lambda: bool({*said.any_of} & {*_recent(owner.stores, said.days)}),
        "reward": lambda: owner.gifts > 0 and said.key in ("", "coffee"),
    }
    return reading[said.field]()


_KNOWN = frozenset({"apple", "google", "samsung"})


def _within(amount: int, said: Any) -> bool:
    return (said.at_least is None or amount >= said.at_least) and (
        said.at_most is None or amount <= said.at_most
    )


def _recent(by_day: dict[int, Any], days: int | None) -> list[Any]:
    return [each for ago, each in by_day.items() if days is None or ago <= days]


def _ago(ago: int, said: Any) -> bool:
    first, last = said.at_least_days_ago, said.at_most_days_ago
    return (first is None or ago >= first) and (last is None or ago <= last)


def _between(ago: int, said: Any) -> bool:
    day = TODAY - timedelta(days=ago)
    return (said.since is None or day >= said.since) and (said.until is None or day <= said.until)


def _celebrates(born: date, said: Birthday) -> bool:
    coming = (anniversary(born, TODAY.year + more) for more in (0, 1, 2))
    return any(TODAY <= day <= TODAY + timedelta(days=said.within_days) for day in coming)


def _told(value: Any) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


DAYS = st.sampled_from([0, 1, 7, 8, 30, 31, 365])
AMOUNTS = st.sampled_from([0, 1, 2, 5, 7, 100, 600])
RANGE = st.builds(lambda n: {"at_least": n}, AMOUNTS) | st.builds(lambda n: {"at_most": n}, AMOUNTS)
LATELY = st.builds(lambda n: {"days": n}, DAYS) | st.just({})
AGO = (
    st.builds(lambda n: {"at_least_days_ago": n}, DAYS)
    | st.builds(lambda n: {"at_most_days_ago": n}, DAYS)
    | st.builds(lambda a, b: {"at_least_days_ago": min(a, b), "at_most_days_ago": max(a, b)}, DAYS, DAYS)
)


def some(*of: Any) -> Any:
    return st.lists(st.sampled_from(of), min_size=1, max_size=2, unique=True).map(lambda x: {"any_of": x})


def said(of: str, *parts: Any, **fixed: Any) -> Any:
    return st.tuples(*parts).map(
        lambda found: {"field": of, **fixed, **{k: v for part in found for k, v in part.items()}}
    )


CONDITIONS = st.one_of(
    said("tier", some("", "gold", "silver")),
    said("status", some("active", "blocked", "expired")),
    said("balance", RANGE, unit="points"),
    said("balance", RANGE, unit="reward.coffee"),
    said("spend_minor", RANGE, LATELY),
    said("visits", RANGE, LATELY),
    said("last_purchase", AGO),
    said("joined", AGO),
    said("joined", st.sampled_from([{"since": "2026-01-30"}, {"until": "2026-01-31"}])),
    said("birthday", st.sampled_from([{"within_days": n} for n in (0, 6, 7, 362, 363)])),
    said("city", some("Riga", "Рига", "")),
    said("locale", some("ru", "pt", "en", "ru-RU", "")),
    said("attribute", some(True, "x", "true", "1"), name="vip"),
    said("attribute", some(5, 4), name="n"),
    said("attribute", some("x", True), name="mark"),
    said("consent", st.sampled_from([{"granted": True}, {"granted": False}])),
    said("channel", some("vk", "mail"), name="utm_source"),
    said("wallet", some("apple", "google", "samsung", "none")),
    said(
        "expiring",
        st.builds(lambda d, n: {"within_days": d, "at_least": n}, DAYS, st.integers(1, 11)),
        unit="points",
    ),
    said("store", some("Centre", "Market"), LATELY),
    said("reward", st.sampled_from([{}, {"key": "coffee"}, {"key": "tea"}])),
)
EDGES: list[dict[str, Any]] = [
    *({"field": "last_purchase", "at_least_days_ago": days} for days in (0, 1, 30, 31, 32)),
    *({"field": "last_purchase", "at_most_days_ago": days} for days in (0, 29, 30, 31)),
    *({"field": "joined", "at_least_days_ago": days} for days in (0, 1, 30, 31)),
    *({"field": "joined", "at_most_days_ago": days} for days in (0, 29, 30)),
    *({"field": "visits", "at_least": 1, "days": days} for days in (0, 29, 30, 31)),
    *({"field": "spend_minor", "at_most": 100, "days": days} for days in (30, 31)),
    *({"field": "expiring", "unit": "points", "within_days": days} for days in (0, 6, 7, 8)),
    *({"field": "store", "any_of": ["Centre"], "days": days} for days in (29, 30)),
    *({"field": "birthday", "within_days": days} for days in (0, 6, 7, 362, 363)),
]
"""Where a day more or less counts."""
RULES = st.recursive(
    CONDITIONS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda each: {"all": each}),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: {"any": each}),
        inner.map(lambda each: {"not": each}),
    ),
    max_leaves=5,
)


def test_a_rule_finds_whom_it_says(database: Database) -> None:
    with database.write.begin() as session:
        programme = _stored(session)
        ids = [row.id for row in _cards(session, programme)]

    many = 60 if database.write.kw["bind"].dialect.name == "sqlite" else 25

    @settings(max_examples=many, deadline=None, database=None, derandomize=True)
    @given(RULES)
    def holds(raw: dict[str, Any]) -> None:
        compare(raw)

    def compare(raw: dict[str, Any]) -> None:
        rule = parse(raw)
        with database.read() as reading:
            found = set(reading.scalars(select(Card.id).where(*matching(1, rule, Asked(NOW, ZONE)))))
        expected = {ids[place] for place, one in enumerate(CAST) if one.status != "void" and naive(rule, one)}
        assert expected == found

    for each in EDGES:
        compare(each)
    holds()


def _stored(session: Session) -> int:
    body = {"slug": "cafe", "name": "Cafe", "rules": []}
    row = ProgrammeRow(id=1, slug="cafe", body=body, created_at=NOW, updated_at=NOW)
    session.add(row)
    session.flush()
    return row.id


def _cards(session: Session, programme: int) -> list[Card]:
    number = count(1)
    made: list[Card] = []
    device = AppleDevice(library_id="d", pass_type_identifier="p", token_seen_at=NOW)
    session.add(device)
    session.flush()
    for place, one in enumerate(CAST):
        member = Member(programme_id=programme, locale=one.locale, created_at=NOW)
        session.add(member)
        session.flush()
        card = Card(
            programme_id=programme,
            member_id=member.id,
            serial=f"s{place}",
            number=f"n{place}",
            link=f"l{place}",
            salt=b"",
            status=one.status,
            tier=one.tier,
            account_id=None if one.holder_of is None else made[one.holder_of].id,
            changed_at=NOW,
            created_at=NOW - timedelta(days=one.issued),
        )
        session.add(card)
        session.flush()
        made.append(card)
        first = _operation(card, next(number), "", NOW)
        first.kind = "adjustment"
        session.add(first)
        session.flush()
        session.add_all(_rows(one, card, device, number, first.id))
        session.flush()
    return made


def _rows(one: Facts, card: Card, device: AppleDevice, number: Iterator[int], first: int) -> Iterator[Any]:
    yield MemberPii(
        member_id=card.member_id,
        programme_id=card.programme_id,
        birthday=one.born,
        city=one.city,
        attributes=one.attributes,
    )
    for granted in one.consents:
        yield Consent(member_id=card.member_id, purpose="marketing", granted=granted, at=NOW)
    yield Consent(member_id=card.member_id, purpose="other", granted=True, at=NOW)
    for unit, amount in (("points", one.points), ("reward.coffee", one.gifts)):
        yield Account(card_id=card.id, unit=unit, balance=amount)
    for ago, spent in [*one.visits.items(), (None, 0)]:
        day = EVER if ago is None else TODAY - timedelta(days=ago)
        both = {"visits": len(one.visits) if ago is None else 1}
        both["spend_minor"] = sum(one.visits.values()) if ago is None else spent
        for what, amount in both.items():
            yield Tally(card_id=card.id, what=what, day=day, amount=amount)
    for ago, store in one.stores.items():
        yield _operation(card, next(number), store, NOW - timedelta(days=ago))
    if one.source:
        yield Attribution(card_id=card.id, programme_id=card.programme_id, utm_source=one.source, at=NOW)
    yield from _wallets(one, card, device)
    for place, (days, amount) in enumerate(one.lots):
        ends_at = NOW + timedelta(days=days, hours=1)
        yield LotRow(
            card_id=card.id,
            operation_id=first,
            unit="points",
            initial=amount,
            remaining=amount,
            active_from=NOW - timedelta(days=place),
            expires_at=ends_at,
        )


def _operation(card: Card, number: int, store: str, at: datetime) -> Operation:
    return Operation(
        public_id=f"o{number}",
        programme_id=card.programme_id,
        card_id=card.id,
        kind="purchase",
        source="api",
        key=str(number),
        request_hash="",
        reply={},
        store=store,
        occurred_at=at,
        recorded_at=NOW,
    )


def _wallets(one: Facts, card: Card, device: AppleDevice) -> Iterator[Any]:
    if "apple" in one.wallets:
        yield AppleRegistration(device_id=device.id, card_id=card.id, registered_at=NOW)
    if "samsung" in one.wallets:
        yield SamsungCard(card_id=card.id, ref_id=f"r{card.id}", added_at=NOW)
    if any("google" in name for name in one.wallets):
        left = NOW if "left google" in one.wallets else None
        yield GoogleObject(
            card_id=card.id,
            object_id=f"g{card.id}",
            class_id="c",
            inserted_at=NOW,
            saved_at=NOW,
            removed_at=left,
        )
