"""A receipt on its way through the rules: what is taken off, what is paid with points, what can earn.

Amounts are minor units. Every share is kept per line, so that a later refund of one item knows what belonged
to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from app.domain.text import LocalText


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a receipt; `amount_minor` is the line's total in minor units."""

    sku: str = ""
    category: str = ""
    quantity: int = 1
    amount_minor: int = 0

    @property
    def counted(self) -> int:
        """How many pieces it adds; below zero where the line takes them off again."""
        return -self.quantity if self.amount_minor < 0 else self.quantity


@dataclass(frozen=True, slots=True)
class Line:
    """An item with what was taken off it, and what of it was paid with points or a gift card."""

    item: Item
    discount_minor: int = 0
    points_minor: int = 0
    gift_minor: int = 0

    @property
    def due_minor(self) -> int:
        """What is left to pay for it."""
        return self.item.amount_minor - self.discount_minor - self.points_minor - self.gift_minor

    @property
    def net_minor(self) -> int:
        """What earns: paid in money or by gift card, not in points."""
        return self.item.amount_minor - self.discount_minor - self.points_minor


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that a rule takes off: `minor` per line. The best of those that do not add up counts."""

    rule: str
    name: LocalText
    minor: tuple[int, ...]
    adds_up: bool = False

    @property
    def total_minor(self) -> int:
        """Off the whole receipt."""
        return sum(self.minor)


@dataclass(frozen=True, slots=True)
class Boost:
    """A rule's factor for what a `unit` earns; of those that do not multiply, the best counts.

    With `percent` it is no factor but another share of the amount, in place of the one that the earning rule
    has.
    """

    rule: str
    name: LocalText
    factor: Decimal = Decimal(1)
    unit: str = "points"
    multiplies: bool = False
    percent: Decimal | None = None
    cap: Decimal | None = None
    """The most that all factors of this unit make together, where this one counts."""


@dataclass(frozen=True, slots=True)
class Bill:
    """A receipt's lines, the offers that count, and the factor by which each unit is earned."""

    lines: tuple[Line, ...] = ()
    offers: tuple[Offer, ...] = ()
    boosts: tuple[Boost, ...] = ()
    factors: Mapping[str, Decimal] = field(default_factory=dict)
    percents: Mapping[str, Decimal] = field(default_factory=dict)

    @staticmethod
    def of(amount_minor: int, items: Sequence[Item]) -> Bill:
        """Lines that sum up to `amount_minor`, none below zero: a till may send items before its own
        discounts, or only some; what a line takes off is taken off the others.
        """
        told = sum(item.amount_minor for item in items)
        if told < amount_minor:
            items = [*items, Item(amount_minor=amount_minor - told)]
        if told > amount_minor or any(item.amount_minor < 0 for item in items):
            parts = shares(amount_minor, [max(0, item.amount_minor) for item in items])
            items = [
                replace(item, amount_minor=part, quantity=item.counted)
                for item, part in zip(items, parts, strict=True)
            ]
        return Bill(tuple(Line(item) for item in items))

    @property
    def notes(self) -> tuple[LocalText, ...]:
        """What counted, in words."""
        return (
            *(offer.name for offer in self.offers),
            *(boost.name for boost in self.boosts if boost.percent is None),
        )

    @property
    def total_minor(self) -> int:
        """The receipt before anything is taken off."""
        return sum(line.item.amount_minor for line in self.lines)

    @property
    def discount_minor(self) -> int:
        """What all offers take off."""
        return sum(line.discount_minor for line in self.lines)

    @property
    def due_minor(self) -> int:
        """What is left to pay in money."""
        return sum(line.due_minor for line in self.lines)

    @property
    def net_minor(self) -> int:
        """What was spent: after discounts and points."""
        return sum(line.net_minor for line in self.lines)

    def discounted(self, offers: Sequence[Offer]) -> Bill:
        """With the offers that count: all that add up, and the best of the others; never below zero."""
        adding = [offer for offer in offers if offer.adds_up and offer.total_minor]
        others = [offer for offer in offers if not offer.adds_up and offer.total_minor]
        best = max(others, key=lambda offer: offer.total_minor, default=None)
        counting = [*adding, best] if best else adding
        lines = list(self.lines)
        for offer in counting:
            lines = [
                replace(line, discount_minor=line.discount_minor + max(0, min(off, line.due_minor)))
                for line, off in zip(lines, offer.minor, strict=True)
            ]
        return replace(self, lines=tuple(lines), offers=tuple(counting))

    def boosted(self, boosts: Sequence[Boost], most: Decimal = Decimal(10)) -> Bill:
        """With the factors that count: all that multiply, and the best of the others; `most` in all."""
        factors: dict[str, Decimal] = {}
        counting = [boost for boost in boosts if boost.percent is not None]
        percents = {boost.unit: boost.percent for boost in counting if boost.percent is not None}
        boosts = [boost for boost in boosts if boost.percent is None]
        for unit in dict.fromkeys(boost.unit for boost in boosts):
            mine = [boost for boost in boosts if boost.unit == unit]
            best = max((b for b in mine if not b.multiplies), key=lambda b: b.factor, default=None)
            used = [b for b in mine if b.multiplies] + ([best] if best else [])
            factor = Decimal(1)
            for boost in used:
                factor *= boost.factor
            caps = (boost.cap for boost in used if boost.cap is not None)
            factors[unit] = min(factor, most, *caps)
            counting += used
        return replace(self, boosts=tuple(counting), factors=factors, percents=percents)

    def factor(self, unit: str) -> Decimal:
        """By how much what `unit` earns is multiplied."""
        return self.factors.get(unit, Decimal(1))

    def percent(self, unit: str, otherwise: Decimal) -> Decimal:
        """The share of the amount that becomes `unit`: a partner's own, or what the earning rule gives."""
        return self.percents.get(unit, otherwise)

    def paid(self, amount_minor: int, payable: Sequence[int], *, gift: bool = False) -> Bill:
        """With `amount_minor` paid in points (or by gift card), spread over what of each line may be paid
        so.
        """
        parts = shares(amount_minor, payable)
        key = "gift_minor" if gift else "points_minor"
        lines = [
            replace(line, **{key: getattr(line, key) + part})
            for line, part in zip(self.lines, parts, strict=True)
        ]
        return replace(self, lines=tuple(lines))


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """`total` spread over weights in whole parts that sum up exactly (largest remainder, Hamilton's
    method); all on the first where no weight counts.
    """
    whole = sum(weights)
    if whole <= 0:
        return [total if place == 0 else 0 for place in range(len(weights))]
    parts = [total * weight // whole for weight in weights]
    by_rest = sorted(range(len(weights)), key=lambda place: (-(total * weights[place] % whole), place))
    for place in by_rest[: total - sum(parts)]:
        parts[place] += 1
    return parts
