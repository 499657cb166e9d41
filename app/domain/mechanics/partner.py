"""Partners: several brands give and take one balance, each with its own share, prices, places and offers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from app.domain.errors import Invalid
from app.domain.ledger import Move, Spend, Unhold
from app.domain.mechanics.base import Coming, Face, Key, Mechanic, Sale, State
from app.domain.mechanics.bill import Bill, Boost
from app.domain.text import TextInput, in_locale, plain

if TYPE_CHECKING:
    from app.domain.programme import Programme

UNITS = ("points", "cashback_minor")
NO_PARTNER = "is no partner of this programme"
NOT_NOW = "is no partner on that day"
NO_BURNING = "points cannot be used at this partner"
Price = Annotated[Decimal, Field(ge=0, le=10_000, decimal_places=4)]


class Partner(Mechanic):
    """A brand that shares the programme, known by its `key` or by its `stores`.

    `earn_percent` is its own share in place of the general one; `pays_per_point_minor` is what it owes the
    house for a point it gives, `gets_per_point_minor` what the house owes it for one it takes. Its `offer`
    stands on the cards of members in its `cities` (or of all). Days are of the programme's zone, both
    included.
    """

    looks_at: ClassVar[frozenset[str]] = frozenset({"person"})
    kind: Literal["partner"] = "partner"
    key: Key
    name: TextInput
    stores: Annotated[tuple[str, ...], Field(max_length=1000)] = ()
    cities: Annotated[tuple[str, ...], Field(max_length=500)] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    earn_percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)] | None = None
    may_burn: bool = True
    pays_per_point_minor: Price = Decimal(0)
    gets_per_point_minor: Price = Decimal(0)
    offer: TextInput | None = None

    def open_on(self, day: date) -> bool:
        """Whether it takes part on this day."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)

    def pay(self, bill: Bill, sale: Sale, state: State) -> tuple[Bill, tuple[Move, ...]]:
        """Nothing of its own; where it takes no points, they are refused."""
        if sale.partner == self.key and sale.redeem_points and not self.may_burn:
            raise Invalid({"/redeem_points": NO_BURNING})
        return bill, ()

    def boosts(self, bill: Bill, sale: Sale, state: State) -> tuple[Boost, ...]:
        """Its own share in place of the general one."""
        if sale.partner != self.key or self.earn_percent is None:
            return ()
        return tuple(Boost(self.rule, self.name, unit=unit, percent=self.earn_percent) for unit in UNITS)

    def face(self, state: State) -> Face:
        """Its offer, to those who live where it is."""
        here = not self.cities or _city(state.person.city) in {_city(city) for city in self.cities}
        if not (self.offer and here and self.open_on(state.today)):
            return Face({"offers": plain("")})
        ends = None if self.valid_to is None else state.midnight(self.valid_to + timedelta(days=1))
        name = {
            locale: f"{in_locale(self.name, locale)}: {in_locale(self.offer, locale)}"
            for locale in ("en", "ru")
        }
        return Face({"offers": plain("")}, coming=(Coming("offers", name, ends_at=ends),))

    def changes_at(self, state: State) -> datetime | None:
        """When its offer begins or ends."""
        if not self.offer:
            return None
        days = [self.valid_from, self.valid_to and self.valid_to + timedelta(days=1)]
        return min((state.midnight(day) for day in days if day and day > state.today), default=None)

    def faults(self, programme: Programme) -> Mapping[str, str]:
        """Keys and stores of two partners, and prices at which every point costs the house money."""
        others = [rule for rule in programme.rules if isinstance(rule, Partner) and rule is not self]
        found: dict[str, str] = {}
        if any(each.key == self.key for each in others):
            found["/key"] = "is another partner's key"
        shared = {store for each in others for store in each.stores} & set(self.stores)
        if shared:
            found["/stores"] = f"{min(shared)} is another partner's store too"
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            found["/valid_to"] = "lies before valid_from"
        gives = self.earn_percent is None or self.earn_percent > 0
        if gives and self.may_burn and not self.valid_to and self._costs_the_house():
            found["/gets_per_point_minor"] = (
                "is more than it pays for a point, without an end: every point given and taken there would "
                "cost the house money"
            )
        return found

    def _costs_the_house(self) -> bool:
        return self.gets_per_point_minor > self.pays_per_point_minor


def _city(name: str) -> str:
    return name.strip().casefold()


def check(rules: Iterable[Mechanic], moves: Iterable[Move], key: str) -> None:
    """Raise Invalid where these moves take points at a partner that takes none."""
    here = next((rule for rule in rules if isinstance(rule, Partner) and rule.key == key), None)
    if here is None or here.may_burn:
        return
    if any(move.unit in UNITS and _takes(move) for move in moves):
        raise Invalid({"/redeem_points": NO_BURNING})


def _takes(move: Move) -> bool:
    return isinstance(move, Spend | Unhold) and move.target in ("redeemed", "held")


def partner_at(rules: Iterable[Mechanic], store: str, day: date) -> str:
    """The key of the partner whose store this is; empty where it is nobody's."""
    if not store:
        return ""
    partners = (rule for rule in rules if isinstance(rule, Partner))
    return next((each.key for each in partners if store in each.stores and each.open_on(day)), "")


def partner_of(rules: Iterable[Mechanic], key: str, store: str, day: date) -> str:
    """The partner of a purchase: the one that was named, else the one whose store it is. Raises Invalid."""
    if not key:
        return partner_at(rules, store, day)
    named = next((rule for rule in rules if isinstance(rule, Partner) and rule.key == key), None)
    if named is None:
        raise Invalid({"/partner": NO_PARTNER})
    if not named.open_on(day):
        raise Invalid({"/partner": NOT_NOW})
    return key
