"""A discount that grows with what the customer has spent, for ever or in a window."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from app.domain.ledger import SPEND
from app.domain.mechanics.base import Award, Count, Face, Progress, State
from app.domain.mechanics.discount import TakesOff, percent_text
from app.domain.mechanics.earning import Percent
from app.domain.mechanics.windows import Windowed
from app.domain.money import money_text
from app.domain.text import LocalText, plain
from app.domain.values import Frozen

if TYPE_CHECKING:
    from app.domain.programme import Programme


class Step(Frozen):
    """From `from_minor` spent on, `percent` off."""

    from_minor: Annotated[int, Field(ge=0, le=10**12)]
    percent: Percent


class GrowingDiscount(TakesOff, Windowed):
    """The highest of `steps` that was reached before this purchase counts for it: what is bought now counts
    from the next one on. Money counts net: after discounts, without what was paid in points.
    """

    kind: Literal["growing_discount"] = "growing_discount"
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=50)]

    def needs(self, today: date) -> tuple[Count, ...]:
        """Money spent in the window."""
        return self.window_needs(SPEND, today)

    def percent_now(self, state: State) -> Decimal:
        """Of the step that was reached."""
        spent = self.score_of(SPEND, state)
        return next((step.percent for step in reversed(self.steps) if step.from_minor <= spent), Decimal(0))

    def sample(self, filled: float) -> Award:
        """So much of the way to the last step."""
        return Award(counts={SPEND: round(filled * self.steps[-1].from_minor)})

    def face(self, state: State) -> Face:
        """The share, and the way to the next step in words and as a line."""
        spent = self.score_of(SPEND, state)
        values: dict[str, int | LocalText] = dict(super().face(state).values)
        ahead = next((step for step in self.steps if step.from_minor > spent), None)
        if ahead is None:
            return Face(values | {"discount_next": plain(""), "progress": _best(self.percent_now(state))})
        words = _way(money_text(ahead.from_minor - spent, state.currency), percent_text(ahead.percent))
        values |= {"discount_next": words, "progress": words}
        return Face(values, Progress("line", spent, ahead.from_minor))

    def faults(self, programme: Programme) -> Mapping[str, str]:
        """Steps out of order, and a discount that falls as the customer spends more."""
        found = {}
        for place, (one, then) in enumerate(zip(self.steps, self.steps[1:], strict=False), 1):
            if then.from_minor <= one.from_minor:
                found[f"/steps/{place}/from_minor"] = "must be more than the step before"
            if then.percent < one.percent:
                found[f"/steps/{place}/percent"] = "falls: who spends more would get less"
        return found


def _way(money: LocalText, percent: LocalText) -> LocalText:
    return {
        "en": f"{money['en']} more and you get {percent['en']}",
        "ru": f"Ещё {money['ru']}\u00a0— и скидка {percent['ru']}",
    }


def _best(percent: Decimal) -> LocalText:
    words = percent_text(percent)
    return {"en": f"{words['en']}: the best there is", "ru": f"{words['ru']}: больше не бывает"}
