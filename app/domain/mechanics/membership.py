"""A paid membership: it counts until the day that is paid for, and may lend a tier meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from app.domain.mechanics.base import Face, Key, Mechanic, State
from app.domain.mechanics.discount import tier_keys
from app.domain.mechanics.tier_words import NOTHING, lines
from app.domain.mechanics.tiers import Texts
from app.domain.mechanics.windows import last_day_text, months_later
from app.domain.money import money_text
from app.domain.text import LocalText, TextInput

if TYPE_CHECKING:
    from app.domain.programme import Programme


class Membership(Mechanic):
    """`months` or `days` a payment; `price_minor` is what people read. While it is paid (and `grace_days`
    longer) the card has `tier`, if that is higher than what it has earned.
    """

    looks_at: ClassVar[frozenset[str]] = frozenset({"memberships"})
    kind: Literal["membership"] = "membership"
    key: Key
    name: TextInput
    months: Annotated[int, Field(ge=1, le=120)] | None = None
    days: Annotated[int, Field(ge=1, le=3660)] | None = None
    price_minor: Annotated[int, Field(ge=0, le=10**12)] = 0
    tier: Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9-]{0,39})?$")] = ""
    perks: Texts = ()
    flags: Texts = ()
    grace_days: Annotated[int, Field(ge=0, le=366)] = 0

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.months is None) == (self.days is None):
            raise ValueError("give either months or days")
        return self

    def ends_at(self, starts_at: datetime, periods: int, state: State) -> datetime:
        """When `periods` that begin at `starts_at` end: the midnight after the last day, which counts
        whole.
        """
        first = starts_at.astimezone(state.zone).date()
        after = (
            months_later(first, self.months * periods)
            if self.months is not None
            else first + timedelta(days=(self.days or 0) * periods)
        )
        return state.midnight(max(after, first + timedelta(days=1)))

    def over_at(self, ends_at: datetime, state: State) -> datetime:
        """When the card loses it: some days of grace after the end."""
        last: date = ends_at.astimezone(state.zone).date() + timedelta(days=self.grace_days)
        return state.midnight(last) if self.grace_days else ends_at

    def runs(self, state: State) -> bool:
        """Whether it counts now."""
        ends_at = state.memberships.get(self.key)
        return ends_at is not None and state.now < self.over_at(ends_at, state)

    def face(self, state: State) -> Face:
        """Its name, until when it is paid, and its perks; in grace the cashier is asked to speak of it."""
        price = money_text(self.price_minor, state.currency) if self.price_minor else NOTHING
        values: dict[str, int | LocalText] = {"membership_price": price}
        if not self.runs(state):
            return Face(values | {"membership": NOTHING, "member_until": NOTHING})
        until = last_day_text(state.memberships[self.key], state)
        perks = lines(self.perks)
        values |= {"membership": self.name, "member_until": until, "member_perks": perks}
        if self.perks:
            values["perks"] = perks
        late = (_RENEW,) if state.now >= state.memberships[self.key] else ()
        return Face(values, None, (), (*self.flags, *late))

    def faults(self, programme: Programme) -> Mapping[str, str]:
        """A tier that no level has, and a key that another membership has."""
        found = {}
        known = tier_keys(programme)
        if self.tier and known and self.tier not in known:
            found["/tier"] = "no level of the tiers rule has this key"
        same = [rule for rule in programme.rules if isinstance(rule, Membership) and rule.key == self.key]
        if len(same) > 1:
            found["/key"] = "is the key of another membership"
        return found


_RENEW: LocalText = {
    "en": "Membership has ended: ask to renew",
    "ru": "Абонемент закончился: предложите продлить",
}
