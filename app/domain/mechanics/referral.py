"""Referral: a member's personal code brings a friend, and both have something of it after the friend's first
purchase.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from app.domain.ledger import Earn
from app.domain.mechanics.base import EVER, NOTHING, Award, Count, Face, Mechanic, Occasion, Sale, State
from app.domain.mechanics.bill import Bill
from app.domain.mechanics.event import Limits
from app.domain.mechanics.event_words import limited
from app.domain.mechanics.gifts import COUNTED, Gift, earned, faults_of, names_of, ready, reward_units
from app.domain.text import LocalText

if TYPE_CHECKING:
    from app.domain.programme import Programme

BROUGHT = "referral:friend"
"""The count of the friend's card: that the first purchase was rewarded."""
Given = Annotated[tuple[Gift, ...], Field(max_length=10)]


class Referral(Mechanic):
    """After a friend's first purchase of at least `minimum_minor`, the friend has `gives_friend` and the
    member whose code it was `gives_referrer`, as often as the `limits` allow.
    """

    kind: Literal["referral"] = "referral"
    looks_at: ClassVar[frozenset[str]] = frozenset({"person"})
    gives_friend: Given = ()
    gives_referrer: Given = ()
    minimum_minor: Annotated[int, Field(ge=0, le=10**12)] = 0
    limits: Limits = Limits()

    def units(self) -> tuple[str, ...]:
        """The rewards that it gives; what else it gives other rules count."""
        return reward_units((*self.gives_friend, *self.gives_referrer))

    def reward_names(self) -> Mapping[str, LocalText]:
        """The rewards that it names."""
        return names_of((*self.gives_friend, *self.gives_referrer))

    def needs(self, today: date) -> tuple[Count, ...]:
        """Whether this card was rewarded as a friend, and how often as a referrer."""
        periods = self.limits.since(today).values()
        return (Count(BROUGHT), *(Count(self.rule, since) for _, since in periods))

    def award(self, occasion: Occasion, bill: Bill, state: State) -> Award:
        """Give the friend theirs; the referrer's is given by `thanks`, in its own time."""
        if not isinstance(occasion, Sale) or not state.person.referred or state.count(BROUGHT):
            return NOTHING
        if bill.net_minor < max(1, self.minimum_minor):
            return NOTHING
        moves, counts = earned(self.gives_friend, state, self.rule)
        back = tuple(gift.earn(state, self.rule) for gift in self.gives_referrer)
        return Award(moves, {BROUGHT: 1, **counts}, for_friend=back)

    def thanks(self, gifts: tuple[Earn, ...], state: State) -> Award:
        """What the referrer is given; a note and nothing where that was often enough."""
        for period, (limit, since) in self.limits.since(state.today).items():
            if state.count(self.rule, since) >= limit:
                return Award(notes=(limited(1, limit, period),))
        counts = {self.rule: 1}
        for each in gifts:
            if each.unit in COUNTED:
                counts[each.unit] = counts.get(each.unit, 0) + each.amount
        return Award(gifts, counts)

    def face(self, state: State) -> Face:
        """The personal code, and rewards that wait."""
        return Face(
            {"referral_code": {"*": state.person.referral_code}},
            rewards=ready((*self.gives_friend, *self.gives_referrer), state),
        )

    def faults(self, programme: Programme) -> Mapping[str, str]:
        """Nothing for anybody, or gifts without end."""
        faults = faults_of(self.gives_friend, "/gives_friend", programme)
        faults |= faults_of(self.gives_referrer, "/gives_referrer", programme)
        if not self.gives_friend and not self.gives_referrer:
            faults["/gives_referrer"] = "gives nothing to anybody"
        if self.gives_referrer and not self.limits.since(EVER):
            faults["/limits"] = "can earn without end: say how many friends a month, a year or ever"
        if sum(rule.kind == self.kind for rule in programme.rules) > 1:
            faults["/kind"] = "a member has one personal code: this programme has two rules for it"
        return faults
