"""How much of a receipt earns: what is left out, what earns more, and how it is rounded."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.domain.mechanics.bill import Item, Line
from app.domain.values import Frozen

Rounding = Literal["floor", "half_up", "ceil"]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Percent = Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)]
Names = Annotated[tuple[Name, ...], Field(max_length=1000)]


class Things(Frozen):
    """Goods by SKU or category, exactly as the till sends them."""

    skus: Names = ()
    categories: Names = ()

    def has(self, item: Item) -> bool:
        """Whether this item is one of them."""
        return item.sku in self.skus or item.category in self.categories


class LineBoost(Frozen):
    """Goods that earn their own `percent` (whatever the tier), or `factor` times as much as others."""

    sku: Annotated[str, Field(max_length=200)] = ""
    category: Annotated[str, Field(max_length=200)] = ""
    percent: Percent | None = None
    factor: Annotated[Decimal, Field(gt=0, le=10, decimal_places=2)] | None = None

    @model_validator(mode="after")
    def _exactly_one_of_each(self) -> Self:
        if bool(self.sku) == bool(self.category):
            raise ValueError("give either a sku or a category")
        if (self.percent is None) == (self.factor is None):
            raise ValueError("give either a percent or a factor")
        return self

    def has(self, item: Item) -> bool:
        """Whether this item is meant."""
        return item.sku == self.sku if self.sku else item.category == self.category


def weights(
    lines: Sequence[Line], percent: Decimal, boosts: Sequence[LineBoost], excluded: Things
) -> list[Fraction]:
    """Per line the minor units that it earns, exactly: `percent` of what was paid, or what its boost says.

    With a percent of 100 and factors alone it is the amount that counts towards steps.
    """
    usual = _share(percent)
    shares = [(boost, _share(percent, boost)) for boost in boosts]

    def counts(line: Line) -> Fraction:
        share = next((share for boost, share in shares if boost.has(line.item)), usual)
        return Fraction(0) if excluded.has(line.item) else line.net_minor * share

    return [counts(line) for line in lines]


def _share(percent: Decimal, boost: LineBoost | None = None) -> Fraction:
    if boost is not None and boost.percent is not None:
        return Fraction(boost.percent) / 100
    factor = boost.factor if boost is not None and boost.factor is not None else 1
    return Fraction(percent) / 100 * Fraction(factor)


def rounded(exact: Fraction, rounding: Rounding) -> int:
    """A whole number of it; a half goes up where `half_up` is asked for."""
    if rounding == "ceil":
        return ceil(exact)
    return floor(exact + Fraction(1, 2)) if rounding == "half_up" else floor(exact)


def spread(total: int, parts: Sequence[Fraction]) -> list[int]:
    """`total` over lines in proportion to `parts`, in whole numbers that sum up to it."""
    whole = sum(parts)
    if whole <= 0:
        return [0] * len(parts)
    exact = [total * part / whole for part in parts]
    given = [floor(each) for each in exact]
    by_rest = sorted(range(len(parts)), key=lambda place: (given[place] - exact[place], place))
    for place in by_rest[: total - sum(given)]:
        given[place] += 1
    return given
