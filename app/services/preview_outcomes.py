"""What rules mean for a card in a state: what follows by itself, and what its next purchase brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app.domain import ledger
from app.domain.ledger import Earn, Move
from app.domain.mechanics import changed_standing, completed, decide
from app.domain.mechanics.base import Mechanic, Sale, State

Side = Literal["gains", "loses", "mixed", "same"]
SIDES: tuple[Side, ...] = ("gains", "loses", "mixed", "same")


@dataclass(frozen=True, slots=True)
class Given:
    """What one purchase brings: money off, what is earned in money, and by unit."""

    discount_minor: int
    worth_minor: int
    units: Mapping[str, int]

    @property
    def money_minor(self) -> int:
        """What the shop gives for the purchase, in money."""
        return self.discount_minor + self.worth_minor


@dataclass(frozen=True, slots=True)
class Outcome:
    """A card under some rules: rewards that are complete at once, its tier, its next purchase, and by rule
    how much of the way to the next reward is done (per mille).
    """

    rewards: int
    tier: str
    next: Given
    ways: Mapping[str, int]

    @property
    def progress(self) -> int:
        """What the card draws: the first of the ways."""
        return next(iter(self.ways.values()), 0)


def worths(rules: Sequence[Mechanic]) -> dict[str, int]:
    """What one of each unit is worth in minor units, where the rules say."""
    known: dict[str, int] = {}
    for rule in rules:
        if rule.kind in ("points", "cashback"):
            worth = int(getattr(rule, "point_value_minor", 1))
            known |= {unit: worth for unit in rule.units() if not unit.startswith("reward.")}
    return known


def outcome(rules: Sequence[Mechanic], known: Mapping[str, int], state: State, usual: Sale) -> Outcome:
    """What these rules do with such a card."""
    moves = completed(rules, (), state)
    after = replace(state, holdings=ledger.apply(state.holdings, moves, now=state.now)[0])
    standing = changed_standing(rules, after)
    if standing is not None:
        after = replace(after, standing=standing, tier=standing.tier)
    return Outcome(_rewards(moves), after.tier, given(rules, known, after, usual), _ways(rules, after))


def _ways(rules: Sequence[Mechanic], state: State) -> dict[str, int]:
    drawn = {rule.rule: rule.face(state).progress for rule in rules}
    return {name: each.done * 1000 // each.goal for name, each in drawn.items() if each and each.goal > 0}


def _rewards(moves: Sequence[Move]) -> int:
    return sum(move.amount for move in moves if isinstance(move, Earn) and move.unit.startswith("reward."))


def given(rules: Sequence[Mechanic], known: Mapping[str, int], state: State, sale: Sale) -> Given:
    """What this purchase brings under these rules."""
    decision = decide(rules, sale, state)
    units: dict[str, int] = {}
    for move in decision.moves:
        if isinstance(move, Earn) and move.unit != ledger.SPEND and move.source != "extended":
            units[move.unit] = units.get(move.unit, 0) + move.amount
    worth = sum(amount * known.get(unit, 0) for unit, amount in units.items())
    return Given(decision.bill.discount_minor, worth, units)


def side(before: Outcome, after: Outcome, known: Mapping[str, int]) -> Side:
    """Whether the card is better off: rewards now, money and rewards of the next purchase, the way to go."""
    signs = {
        _sign(after.rewards - before.rewards),
        _sign(after.next.money_minor - before.next.money_minor),
        *(_sign(change) for change in _way_changes(before, after)),
        *(
            _sign(after.next.units.get(unit, 0) - before.next.units.get(unit, 0))
            for unit in {**before.next.units, **after.next.units}
            if unit not in known
        ),
    } - {0}
    return "same" if not signs else "mixed" if len(signs) == 2 else "gains" if 1 in signs else "loses"


def _way_changes(before: Outcome, after: Outcome) -> list[int]:
    """How much nearer next rewards are; a card that completes one at once has begun a new way."""
    if before.rewards != after.rewards:
        return []
    return [after.ways[name] - way for name, way in before.ways.items() if name in after.ways]


def _sign(difference: int) -> int:
    return (difference > 0) - (difference < 0)
