"""Paying in points: how much of a receipt they may pay, and why not more."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.domain.mechanics.bill import Bill
from app.domain.mechanics.earning import Things
from app.domain.values import Frozen

MOST = 10**12
FROM_BALANCE = "is possible from a balance of %(least)s on; this card has %(has)s"
AT_LEAST = "must be %(least)s at least"
IN_STEPS = "must be a multiple of %(step)s"
TOO_MUCH = "is too much: this purchase takes %(most)s at most"
REFUSALS = (FROM_BALANCE, AT_LEAST, IN_STEPS, TOO_MUCH)
"""Why points may not pay; a till knows them by their pattern."""


class PayLimits(Frozen):
    """What a shop allows: `most_percent` of what may be paid so, `money_left_minor` still to pay in money,
    so many points at least (`minimum_points`) and in such steps, from `minimum_balance` on, and nothing of
    what is `excluded`.
    """

    most_percent: Annotated[int, Field(ge=1, le=100)] = 100
    minimum_points: Annotated[int, Field(ge=1, le=MOST)] = 1
    step_points: Annotated[int, Field(ge=1, le=MOST)] = 1
    money_left_minor: Annotated[int, Field(ge=0, le=MOST)] = 0
    minimum_balance: Annotated[int, Field(ge=0, le=MOST)] = 0
    excluded: Things = Things()

    def payable(self, bill: Bill) -> list[int]:
        """Per line, what of it may be paid in points at all."""
        return [0 if self.excluded.has(line.item) else max(0, line.due_minor) for line in bill.lines]

    def most_minor(self, bill: Bill) -> int:
        """What of the receipt may be paid in points, in minor units."""
        share = sum(self.payable(bill)) * self.most_percent // 100
        return max(0, min(share, bill.due_minor - self.money_left_minor))

    def most_points(self, bill: Bill, value_minor: int) -> int:
        """The most points that this receipt takes, however many there are."""
        return self._in_steps(self.most_minor(bill) // value_minor)

    def within(self, points: int, available: int) -> int:
        """As many of `points` as a card with `available` of them may pay."""
        if available < self.minimum_balance:
            return 0
        return self._in_steps(min(points, available))

    def _in_steps(self, points: int) -> int:
        whole = points - points % self.step_points
        return whole if whole >= self.minimum_points else 0

    def fault(self, points: int, bill: Bill, value_minor: int, available: int) -> str:
        """Why `points` may not pay this receipt; empty where they may."""
        most = self.most_points(bill, value_minor)
        if points < 0:
            return "must be zero or more"
        if available < self.minimum_balance:
            return FROM_BALANCE % {"least": self.minimum_balance, "has": available}
        if points < self.minimum_points:
            return AT_LEAST % {"least": self.minimum_points}
        if points % self.step_points:
            return IN_STEPS % {"step": self.step_points}
        return TOO_MUCH % {"most": most} if points > most else ""
