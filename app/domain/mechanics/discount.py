"""A discount: always the same share, or one by tier; a till that takes it off itself only has it shown."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from app.domain.mechanics.base import Face, Mechanic, Sale, State
from app.domain.mechanics.bill import Bill, Offer, shares
from app.domain.mechanics.earning import Percent, Things
from app.domain.text import LocalText, TextInput

if TYPE_CHECKING:
    from app.domain.programme import Programme

NAME: LocalText = {"en": "Discount", "ru": "Скидка"}


class TakesOff(Mechanic):
    """A rule that takes a share off a receipt of `minimum_minor` or more, `excluded` goods aside.

    Of several discounts the best counts; one that `adds_up` counts beside it. With `till_applies` the
    receipt comes net already: nothing is taken off again, the card only shows it.
    """

    key: Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9-]{0,39})?$")] = ""
    name: TextInput = Field(default_factory=lambda: dict(NAME))
    excluded: Things = Things()
    minimum_minor: Annotated[int, Field(ge=0, le=10**12)] = 0
    adds_up: bool = False
    till_applies: bool = False

    def percent_now(self, state: State) -> Decimal:
        """The share that this card has now, in percent."""
        return Decimal(0)

    def offers(self, bill: Bill, sale: Sale, state: State) -> tuple[Offer, ...]:
        """The share of what it counts for, rounded to the nearest minor unit of the receipt."""
        percent = Decimal(0) if self.till_applies else self.percent_now(state)
        if percent <= 0 or bill.total_minor < self.minimum_minor:
            return ()
        parts = [0 if self.excluded.has(line.item) else max(0, line.due_minor) for line in bill.lines]
        off = int((sum(parts) * percent / 100).to_integral_value(ROUND_HALF_UP))
        if off <= 0:
            return ()
        return (Offer(self.rule, self.name, tuple(shares(off, parts)), self.adds_up),)

    def face(self, state: State) -> Face:
        """`5 %`; nothing as long as there is none."""
        percent = self.percent_now(state)
        return Face({"discount": percent_text(percent)} if percent else {})


class Discount(TakesOff):
    """`percent` off, or what `tier_percents` gives the card's tier, if that is more."""

    kind: Literal["discount"] = "discount"
    percent: Percent = Decimal(0)
    tier_percents: Annotated[dict[str, Percent], Field(max_length=20)] = Field(default_factory=dict)

    def percent_now(self, state: State) -> Decimal:
        """By tier, but never below what everybody has."""
        return max(self.percent, self.tier_percents.get(state.tier, Decimal(0)))

    def faults(self, programme: Programme) -> Mapping[str, str]:
        """A discount of nothing, and tiers that nobody can have."""
        found = {}
        if not self.percent and not any(self.tier_percents.values()):
            found["/percent"] = "a discount of nothing: give a percent, or percents by tier"
        known = tier_keys(programme)
        for tier in self.tier_percents:
            if known and tier not in known:
                found[f"/tier_percents/{tier}"] = "no level of the tiers rule has this key"
        return found


def tier_keys(programme: Programme) -> frozenset[str]:
    """The keys of the programme's levels; empty where no rule knows tiers."""
    return frozenset(level.key for rule in programme.rules for level in getattr(rule, "levels", ()))


def percent_text(percent: Decimal) -> LocalText:
    """`5 %`, `7.5 %` (in Russian `7,5 %`)."""
    figures = f"{percent.normalize():f}"
    return {"en": f"{figures}\u00a0%", "ru": f"{figures.replace('.', ',')}\u00a0%"}
