"""Whether rules make sense together: what stands in the way of saving them (`check_rules`), and what a
careful shopkeeper would think over (`advice`).

Each rule judges itself (`Mechanic.faults`); here is what only all of them together can get wrong. Sentences
are in English; pages translate them by their pattern (`SENTENCES`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from app.domain.ledger import SPEND, Earn, Holdings
from app.domain.mechanics.base import Mechanic, Sale, Standing, State
from app.domain.mechanics.bill import Bill, Item
from app.domain.programme import Programme

SAME_KEY = "another rule of this kind has the key '%(key)s' already"
SAME_REWARD = "another rule calls the reward '%(key)s' by another name: give it a key of its own"
NO_TIER = "nobody can have the tier '%(tier)s': no level and no membership gives it"
TOO_MUCH = "together the rules give back up to %(share)s %% of a receipt: 100 %% is the most"
NOTHING_LEFT = "together the discounts take the whole receipt"
TWO_CURRENCIES = (
    "There are %(count)s things to collect. Customers understand one best: think whether they need each."
)
NO_END = "Points never end. What customers hold is your debt to them: most shops let points end after a year."
NO_CAP = (
    "A visit gives a stamp as often as the cashier likes. A limit a day keeps friends of the till honest."
)
EMPTY_PURCHASE = "A purchase of any amount gives a stamp, however small. Think of a minimum."
TIERS_BY_HAND = "Tiers are named, but no rule gives them: a person or another system must, or nobody has one."
SENTENCES = (
    *(SAME_KEY, SAME_REWARD, NO_TIER, TOO_MUCH, NOTHING_LEFT, TWO_CURRENCIES, NO_END, NO_CAP),
    *(EMPTY_PURCHASE, TIERS_BY_HAND),
)
CURRENCIES = ("points", "cashback", "stamps")
"""Kinds that give something to collect for as long as the programme runs."""
_NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)
_LARGE_MINOR = 1_000_000


def check_rules(programme: Programme) -> dict[str, str]:
    """Every fault that stands in the way of saving: JSON pointer (`/rules/2/percent`) to a sentence."""
    found: dict[str, str] = {}
    for place, rule in enumerate(programme.rules):
        for pointer, sentence in rule.faults(programme).items():
            found[f"/rules/{place}{pointer}"] = sentence
    for look in (_same_keys, _same_rewards, _unknown_tiers, _pays_too_much):
        for pointer, sentence in look(programme):
            if not _said(found, pointer):
                found[pointer] = sentence
    return found


def _said(found: Mapping[str, str], pointer: str) -> bool:
    """Whether a rule has complained of this place, or of a part of it, itself."""
    if pointer == "/rules":
        return any("%" in sentence for sentence in found.values())
    return any(known == pointer or known.startswith(f"{pointer}/") for known in found)


def _same_keys(programme: Programme) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for place, rule in enumerate(programme.rules):
        key = getattr(rule, "key", "")
        if rule.rule in seen and key:
            yield f"/rules/{place}/key", SAME_KEY % {"key": key}
        seen.add(rule.rule)


def _same_rewards(programme: Programme) -> Iterator[tuple[str, str]]:
    names: dict[str, Any] = {}
    for place, rule in enumerate(programme.rules):
        for key, name in rule.reward_names().items():
            if dict(names.setdefault(key, name)) != dict(name):
                yield f"/rules/{place}/reward_key", SAME_REWARD % {"key": key}


def _unknown_tiers(programme: Programme) -> Iterator[tuple[str, str]]:
    known = tiers_given(programme.rules)
    if not known:
        return
    for place, rule in enumerate(programme.rules):
        for name in ("tiers", "tier_percents"):
            for tier in tiers_named(rule, name):
                if tier not in known:
                    yield f"/rules/{place}/{name}", NO_TIER % {"tier": tier}


def tiers_given(rules: Sequence[Mechanic]) -> frozenset[str]:
    """The tiers that rules give: levels, and what a membership lends."""
    levels = {level.key for rule in rules for level in getattr(rule, "levels", ())}
    lent = {str(getattr(rule, "tier", "")) for rule in rules if rule.kind == "membership"} - {""}
    return frozenset(levels | lent)


def tiers_named(rule: Mechanic, name: str) -> tuple[str, ...]:
    """The tiers that a rule looks at under this name."""
    return tuple(str(each) for each in getattr(rule, name, ()))


def _pays_too_much(programme: Programme) -> Iterator[tuple[str, str]]:
    """The dearest case: every factor at once, the best tier, the goods that earn most."""
    states = [_in_tier(tier, programme) for tier in ("", *sorted(_tiers_anywhere(programme.rules)))]
    sales = [_sale_of(item) for item in _items(programme.rules)]
    dearest = max(
        (_share(programme.rules, sale, state) for sale in sales for state in states), default=Decimal(0)
    )
    if dearest > 100:
        yield "/rules", TOO_MUCH % {"share": f"{float(dearest):g}"}
    if any(_nothing_left(programme.rules, sale, state) for sale in sales for state in states):
        yield "/rules", NOTHING_LEFT


def _tiers_anywhere(rules: Sequence[Mechanic]) -> frozenset[str]:
    named = {
        tier for rule in rules for name in ("tiers", "tier_percents") for tier in tiers_named(rule, name)
    }
    return tiers_given(rules) | named


def _in_tier(tier: str, programme: Programme) -> State:
    """A card that spent more than anybody, in this tier."""
    counts = {count: 10**12 for rule in programme.rules for count in rule.needs(_NOON.date())}
    only_money = {count: amount for count, amount in counts.items() if count.what == SPEND}
    return State(Holdings(), _NOON, tier, counts=only_money, standing=Standing(tier))


def _items(rules: Sequence[Mechanic]) -> list[Item]:
    boosts = [boost for rule in rules for boost in getattr(rule, "boosted", ())]
    special = [Item(sku=boost.sku, category=boost.category, amount_minor=_LARGE_MINOR) for boost in boosts]
    return [Item(amount_minor=_LARGE_MINOR), *special]


def _sale_of(item: Item) -> Sale:
    return Sale(item.amount_minor, items=(item,), at=_NOON)


def _share(rules: Sequence[Mechanic], sale: Sale, state: State) -> Decimal:
    """What earning alone gives back, in percent: discounts take their part off what earns."""
    bill = Bill.of(sale.amount_minor, sale.items)
    bill = bill.boosted([boost for rule in rules for boost in _dearest_boosts(rule)])
    worth = sum(_worth(rule, sale, bill, state) for rule in rules)
    return Decimal(worth) * 100 / sale.amount_minor


def _dearest_boosts(rule: Mechanic) -> Sequence[Any]:
    made = getattr(rule, "_boost", None)
    return (made(),) if rule.kind == "multiplier" and made else ()


def _worth(rule: Mechanic, sale: Sale, bill: Bill, state: State) -> int:
    if rule.kind not in ("points", "cashback"):
        return 0
    value = int(getattr(rule, "point_value_minor", 1))
    moves = rule.award(sale, bill, state).moves
    return sum(move.amount * value for move in moves if isinstance(move, Earn) and move.source == "issued")


def _nothing_left(rules: Sequence[Mechanic], sale: Sale, state: State) -> bool:
    bill = Bill.of(sale.amount_minor, sale.items)
    offers = [offer for rule in rules for offer in rule.offers(bill, sale, state)]
    return bool(offers) and bill.discounted(offers).due_minor == 0


def advice(programme: Programme) -> tuple[tuple[str, str], ...]:
    """What to think over before saving, though nothing is wrong: JSON pointer and sentence."""
    return tuple(pair for look in (_currencies, _one_by_one, _tiers_by_hand) for pair in look(programme))


def _currencies(programme: Programme) -> Iterator[tuple[str, str]]:
    kinds = [rule.kind for rule in programme.rules if rule.kind in (*CURRENCIES, "chips")]
    if len(kinds) > 1:
        yield "/rules", TWO_CURRENCIES % {"count": len(kinds)}


def _one_by_one(programme: Programme) -> Iterator[tuple[str, str]]:
    for place, rule in enumerate(programme.rules):
        where = f"/rules/{place}"
        if rule.kind in ("points", "cashback") and not _ends(rule):
            yield f"{where}/expires_after_days", NO_END
        if rule.kind == "stamps":
            yield from _stamps(rule, where)


def _ends(rule: Mechanic) -> bool:
    names = ("expires_after_days", "expires_after_idle_days", "expires_on")
    return any(getattr(rule, name, None) for name in names)


def _stamps(rule: Mechanic, where: str) -> Iterator[tuple[str, str]]:
    per = getattr(rule, "per", "visit")
    if per == "visit" and not getattr(rule, "daily_cap", None):
        yield f"{where}/daily_cap", NO_CAP
    if per == "purchase" and not getattr(rule, "minimum_minor", 0):
        yield f"{where}/minimum_minor", EMPTY_PURCHASE


def _tiers_by_hand(programme: Programme) -> Iterator[tuple[str, str]]:
    if tiers_given(programme.rules):
        return
    for place, rule in enumerate(programme.rules):
        if tiers_named(rule, "tiers") or tiers_named(rule, "tier_percents"):
            yield f"/rules/{place}", TIERS_BY_HAND
            return
