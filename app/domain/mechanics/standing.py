"""Which tier counts now, of all that a card may have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from app.domain.errors import Invalid
from app.domain.mechanics.base import Mechanic, Standing, State
from app.domain.mechanics.membership import Membership
from app.domain.mechanics.tiers import Tiers


def standing_now(rules: Sequence[Mechanic], state: State) -> Standing:
    """Where the card stands at `state.now`: reviews that are due and upgrades included.

    An invitation counts before all else, for as long as nobody takes it back. Then the higher one of what a
    running membership lends and what is earned. What is earned goes on below: it is there again when the
    other ends. Without a tiers rule a membership's tier (the last of several) counts while it runs, and
    what was given by hand otherwise.
    """
    ladder = ladder_of(rules)
    lent = [rule.tier for rule in rules if isinstance(rule, Membership) and rule.tier and rule.runs(state)]
    if ladder is None and not any(isinstance(rule, Membership) for rule in rules):
        return state.standing
    now = ladder.standing(state) if ladder else state.standing
    if now.invited:
        return now
    rank = ladder.rank if ladder else lambda key: 0 if key else -1
    tier = now.earned
    for each in lent:
        tier = each if rank(each) >= rank(tier) else tier
    return now if tier == now.tier else replace(now, tier=tier, since=state.now)


def by_hand(rules: Sequence[Mechanic], state: State, tier: str) -> Standing:
    """Where the card stands after a person gave it `tier`, or took its tier away (''). Raises Invalid.

    With a tiers rule see `Tiers.by_hand`. Without one, a tier that was given by hand stays until it is
    taken back by hand.
    """
    ladder = ladder_of(rules)
    if ladder is None:
        given = replace(state.standing, tier=tier, since=state.now, until=None, invited=bool(tier), earned="")
        return given if tier else standing_now(rules, replace(state, standing=given))
    if tier and ladder.level(tier) is None:
        known = ", ".join(level.key for level in ladder.levels)
        raise Invalid({"/tier": f"is no level of this programme; there are {known}"})
    return standing_now(rules, replace(state, standing=ladder.by_hand(tier, state)))


def returned(
    rules: Sequence[Mechanic], state: State, days: Mapping[date, int], back: Mapping[str, int], day: date
) -> Standing:
    """Where the card stands once `back` (below zero, by count) went back of what was counted on `day`.

    `days` is what the ladder counts, day by day, before that. Where a replay of them explains what the card
    has, the same replay without what went back says what it has now: an upgrade or a longer keep that the
    purchase brought is undone. Where it does not (a tier by hand, rules that changed since), nothing is.
    """
    ladder, left = ladder_of(rules), state.counted(back, day)
    if ladder is None or not ladder.refund_undoes or not back.get(ladder.what):
        return standing_now(rules, left)
    before, now = ladder.replayed(days, state), ladder.standing(state)
    if (before.earned, before.until) != (now.earned, now.until):
        return standing_now(rules, left)
    without = {**days, day: days.get(day, 0) + back[ladder.what]}
    then = ladder.replayed(without, state)
    undone = replace(state.standing, earned=then.earned, until=then.until)
    return standing_now(rules, replace(left, standing=undone))


def ladder_of(rules: Sequence[Mechanic]) -> Tiers | None:
    """The tiers rule, if there is one."""
    return next((rule for rule in rules if isinstance(rule, Tiers)), None)
