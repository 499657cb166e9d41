"""What was counted for one channel, one day or all of them, with the rates that follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Figures:
    """Whole numbers, money in minor units; what each of them counts is told in docs/analytics.md."""

    views: int = 0
    forms: int = 0
    issued: int = 0
    installed: int = 0
    installed_apple: int = 0
    installed_google: int = 0
    installed_samsung: int = 0
    active: int = 0
    visits: int = 0
    receipts: int = 0
    sales_minor: int = 0
    refunds_minor: int = 0
    points_earned: int = 0
    points_redeemed: int = 0
    removed: int = 0

    @property
    def revenue_minor(self) -> int:
        """Sales less what was given back."""
        return self.sales_minor - self.refunds_minor

    @staticmethod
    def of(sums: Mapping[str, int]) -> Figures:
        """Those of `sums` that can be added up; buyers cannot."""
        return Figures(**{name: sums.get(name, 0) for name in NAMES})

    def added(self, other: Figures) -> Figures:
        """Both together."""
        return Figures(**{name: getattr(self, name) + getattr(other, name) for name in NAMES})

    def told(self) -> dict[str, Any]:
        """By name, with the revenue."""
        return {name: getattr(self, name) for name in NAMES} | {"revenue_minor": self.revenue_minor}


NAMES = tuple(each.name for each in fields(Figures))


def total(several: Iterable[Figures]) -> Figures:
    """All of them together."""
    made = Figures()
    for each in several:
        made = made.added(each)
    return made


def share(part: int, whole: int) -> float | None:
    """`part` of `whole` to four digits; None where there is no whole."""
    return round(part / whole, 4) if whole else None
