"""Coupons: a code that takes something off a receipt, or gives points, stamps or a reward, so many times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from app.domain.ledger import Earn
from app.domain.mechanics.base import (
    NOTHING,
    Award,
    Claim,
    Coming,
    Count,
    Face,
    Item,
    Key,
    Mechanic,
    Occasion,
    Reward,
    Sale,
    State,
)
from app.domain.mechanics.bill import Bill, Offer, shares
from app.domain.text import LocalText, TextInput, plain

if TYPE_CHECKING:
    from app.domain.programme import Programme

UNKNOWN = "is not known here"
TWICE = "was given twice"
TOGETHER = "does not go together with another code of the same offer"
NOT_YET = "is not valid yet"
ENDED = "is not valid any more"
USED = "was used already"
GONE = "is used up: there were only so many"
TIER = "is for members of another tier"
STORE = "is for another store"
SMALL = "needs a larger purchase"
ITEMS = "fits nothing in this purchase"
NOT_YOURS = "belongs to another card"
REASONS = (UNKNOWN, TWICE, TOGETHER, NOT_YET, ENDED, USED, GONE, TIER, STORE, SMALL, ITEMS, NOT_YOURS)
"""Why a code is refused; each is a sentence that begins with the code."""
NO_END = "can earn without end: set uses_per_card or uses_in_all"
_GIFTS = ("percent", "amount_minor", "points", "stamps", "reward")


def normal(code: str) -> str:
    """A code as it is kept and compared: without spaces, in capitals."""
    return "".join(code.split()).upper()


Code = Annotated[str, AfterValidator(normal), Field(max_length=40)]


class Coupon(Mechanic):
    """One of `percent`, `amount_minor` (off the receipt, or off items of `skus` and `categories`), `points`,
    `stamps` or a `reward`, to whoever shows its public `code` or a personal one.

    `uses_per_card` null: as often as one likes. Days are of the programme's zone, `valid_to` included. A
    public code with `on_card` stands on the cards of all who may use it.
    """

    looks_at: ClassVar[frozenset[str]] = frozenset({"codes", "budgets"})
    kind: Literal["coupon"] = "coupon"
    key: Key
    name: TextInput
    percent: Annotated[Decimal, Field(gt=0, le=100, decimal_places=2)] | None = None
    amount_minor: Annotated[int, Field(ge=1, le=10**12)] | None = None
    points: Annotated[int, Field(ge=1, le=10**9)] | None = None
    stamps: Annotated[int, Field(ge=1, le=100)] | None = None
    reward: TextInput | None = None
    skus: Annotated[tuple[str, ...], Field(max_length=500)] = ()
    categories: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    code: Code = ""
    on_card: bool = False
    uses_per_card: Annotated[int, Field(ge=1, le=10_000)] | None = 1
    uses_in_all: Annotated[int, Field(ge=1, le=10**9)] | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    minimum_minor: Annotated[int, Field(ge=0, le=10**12)] = 0
    tiers: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    stores: Annotated[tuple[str, ...], Field(max_length=500)] = ()
    adds_up: bool = False
    expires_after_days: Annotated[int, Field(ge=1, le=3660)] | None = None
    """After how many days what it gave ends."""

    @model_validator(mode="after")
    def _gives_one_thing(self) -> Coupon:
        given = [name for name in _GIFTS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("gives exactly one of percent, amount_minor, points, stamps or reward")
        return self

    @property
    def count(self) -> str:
        """Under what its uses are counted, by card and in all."""
        return f"coupon:{self.key}"

    @property
    def reward_unit(self) -> str:
        """The unit of its rewards."""
        return f"reward.{self.key}"

    @property
    def gift(self) -> tuple[str, int] | None:
        """What it gives beside a discount: unit and amount."""
        if self.points:
            return "points", self.points
        if self.stamps:
            return "stamps", self.stamps
        return (self.reward_unit, 1) if self.reward else None

    def rewards(self) -> Mapping[str, LocalText]:
        """Its reward, by its own key."""
        return {self.key: self.reward} if self.reward else {}

    def units(self) -> tuple[str, ...]:
        """The unit of its gift."""
        return (self.gift[0],) if self.gift else ()

    def needs(self, today: date) -> tuple[Count, ...]:
        """How often this card used it."""
        return (Count(self.count),) if self.uses_per_card else ()

    def budgets(self) -> Mapping[str, int]:
        """How often all cards may use it."""
        return {self.count: self.uses_in_all} if self.uses_in_all else {}

    def codes_of(self, codes: Iterable[str], state: State) -> list[str]:
        """Those of these codes that are its own."""
        return [
            code for code in codes if (self.code and code == self.code) or state.codes.get(code) == self.key
        ]

    def refusal(self, sale: Sale, state: State) -> str:
        """Why this card cannot use it for this purchase; empty where it can."""
        day = (sale.at or state.now).astimezone(state.zone).date()
        return self._out_of_time(day) or self._used_up(state) or self._elsewhere(sale, state)

    def _out_of_time(self, day: date) -> str:
        if self.valid_from and day < self.valid_from:
            return NOT_YET
        return ENDED if self.valid_to and self.valid_to < day else ""

    def _used_up(self, state: State) -> str:
        if self.uses_per_card and state.count(self.count) >= self.uses_per_card:
            return USED
        return GONE if self.count in state.spent_budgets else ""

    def _elsewhere(self, sale: Sale, state: State) -> str:
        if self.tiers and state.tier not in self.tiers:
            return TIER
        if self.stores and sale.store not in self.stores:
            return STORE
        if sale.amount_minor < self.minimum_minor:
            return SMALL
        return "" if self._fits(sale) else ITEMS

    def _fits(self, sale: Sale) -> bool:
        return not (self.skus or self.categories) or any(self._has(item) for item in sale.items)

    def _has(self, item: Item) -> bool:
        if not self.skus and not self.categories:
            return True
        return item.sku in self.skus or item.category in self.categories

    def _shown(self, sale: Sale, state: State) -> str:
        """The code with which it counts for this purchase."""
        mine = self.codes_of(sale.codes, state)
        return mine[0] if mine and not self.refusal(sale, state) else ""

    def offers(self, bill: Bill, sale: Sale, state: State) -> tuple[Offer, ...]:
        """Its discount, if its code was shown."""
        if self.gift or not self._shown(sale, state):
            return ()
        weights = [max(0, line.item.amount_minor) if self._has(line.item) else 0 for line in bill.lines]
        off = self._off(sum(weights))
        return (Offer(self.rule, self.name, tuple(shares(off, weights)), self.adds_up),) if off else ()

    def _off(self, base_minor: int) -> int:
        if self.amount_minor is not None:
            return min(self.amount_minor, base_minor)
        share = Decimal(base_minor) * (self.percent or 0) / 100
        return int(share.to_integral_value(ROUND_HALF_UP))

    def award(self, occasion: Occasion, bill: Bill, state: State) -> Award:
        """Its gift; and a use of its code, if it counted (a better discount leaves it for another time)."""
        if not isinstance(occasion, Sale) or not (code := self._shown(occasion, state)):
            return NOTHING
        if not self.gift and self.rule not in {offer.rule for offer in bill.offers}:
            return Award(notes=(_left_alone(code),))
        claims = (Claim(self.count, 1, self.uses_in_all),) if self.uses_in_all else ()
        counts = {self.count: 1} | ({"points": self.points} if self.points else {})
        return Award(self._given(state), counts, claims, used_codes=(f"{self.key}:{code}",))

    def _given(self, state: State) -> tuple[Earn, ...]:
        if self.gift is None:
            return ()
        unit, amount = self.gift
        days = self.expires_after_days
        ends = None if days is None else state.end_of_day(days)
        return (Earn(unit, amount, expires_at=ends, rule=self.rule),)

    def face(self, state: State) -> Face:
        """The codes that this card may use now, and rewards that wait."""
        ready = state.holdings.usable(self.reward_unit, state.now) if self.reward else 0
        rewards = (Reward(self.key, self.reward or {}, ready),) if ready else ()
        return Face({"coupons": plain("")}, rewards=rewards, coming=self._coming(state))

    def _coming(self, state: State) -> tuple[Coming, ...]:
        tier_fits = not self.tiers or state.tier in self.tiers
        if not tier_fits or self._out_of_time(state.today) or self._used_up(state):
            return ()
        codes = {code: state.code_ends.get(code) for code, key in state.codes.items() if key == self.key}
        if self.code and self.on_card:
            codes[self.code] = None
        return tuple(
            Coming("coupons", self.name, code, self._end(ends, state)) for code, ends in codes.items()
        )

    def _end(self, ends_at: datetime | None, state: State) -> datetime | None:
        over = state.midnight(self.valid_to + timedelta(days=1)) if self.valid_to else None
        return min((each for each in (ends_at, over) if each), default=None)

    def changes_at(self, state: State) -> datetime | None:
        """When a code that it shows begins or ends."""
        moments = [each.ends_at for each in self._coming(state)]
        if self.valid_from and self.valid_from > state.today:
            moments.append(state.midnight(self.valid_from))
        return min((each for each in moments if each), default=None)

    def sample(self, filled: float) -> Award:
        """A reward that waits, if it gives rewards."""
        return Award((Earn(self.reward_unit, 1),)) if self.reward and filled >= 1 else NOTHING

    def faults(self, programme: Programme) -> Mapping[str, str]:
        """What would give without end or never, and keys and codes that two coupons share."""
        others = [rule for rule in programme.rules if isinstance(rule, Coupon) and rule is not self]
        found: dict[str, str] = {}
        if self.gift and self.uses_per_card is None and self.uses_in_all is None:
            found["/uses_per_card"] = NO_END
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            found["/valid_to"] = "lies before valid_from"
        if any(each.key == self.key for each in others):
            found["/key"] = "is another coupon's key"
        if self.code and any(each.code == self.code for each in others):
            found["/code"] = "is another coupon's code"
        if self.on_card and not self.code:
            found["/on_card"] = "there is no public code to show"
        return found | _unit_fault(self, programme)


def _left_alone(code: str) -> LocalText:
    return {
        "en": f"{code} was not used: another discount is better",
        "ru": f"{code} не использован: другая скидка выгоднее",
    }


def _unit_fault(coupon: Coupon, programme: Programme) -> dict[str, str]:
    given = "points" if coupon.points else "stamps" if coupon.stamps else ""
    kept = {unit for rule in programme.rules if not isinstance(rule, Coupon) for unit in rule.units()}
    return {f"/{given}": f"no rule of this programme keeps {given}"} if given and given not in kept else {}


def refusals(rules: Iterable[Mechanic], sale: Sale, state: State) -> dict[str, str]:
    """Why codes of this purchase cannot be used: pointer to reason. `sale.codes` are in their normal form,
    and `state.codes` has those of them that anybody may use.
    """
    coupons = [rule for rule in rules if isinstance(rule, Coupon)]
    found: dict[str, str] = {}
    taken: set[str] = set()
    for place, code in enumerate(sale.codes):
        rule = next((each for each in coupons if each.codes_of([code], state)), None)
        reason = _reason(rule, code, sale, state)
        if not reason and rule and rule.key in taken:
            reason = TWICE if code in sale.codes[:place] else TOGETHER
        if rule:
            taken.add(rule.key)
        if reason:
            found[f"/codes/{place}"] = reason
    return found


def _reason(rule: Coupon | None, code: str, sale: Sale, state: State) -> str:
    return rule.refusal(sale, state) if rule else UNKNOWN
