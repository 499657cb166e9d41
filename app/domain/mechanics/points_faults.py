"""What is wrong with rules of points before a card ever meets them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from app.domain.mechanics.base import Mechanic
from app.domain.mechanics.discount import tier_keys
from app.domain.mechanics.earning import rounded
from app.domain.mechanics.multiplier import NO_SUCH_TIERS, most_together, multipliers
from app.domain.mechanics.paying import MOST

TWICE = "An earlier rule gives %(kind)s already: put both into one."
TOO_GENEROUS = "Gives back up to %(share)s %% of a receipt: 100 %% is the most."
TIMES_TOO_MUCH = (
    "With the multipliers, %(times)s times as much, it gives back up to %(share)s %% of a receipt: "
    "100 %% is the most."
)
ROUNDED_UP = (
    "Rounded up, a receipt of %(amount)s earns %(points)s worth %(worth)s: round down, or ask for a higher "
    "minimum_minor."
)
NEVER_PAID = "No receipt is large enough to be paid in points under these limits."
SENTENCES = (TWICE, TOO_GENEROUS, TIMES_TOO_MUCH, ROUNDED_UP, NEVER_PAID)
"""What these faults say; pages translate them by their pattern."""

if TYPE_CHECKING:
    from app.domain.mechanics.points import Points
    from app.domain.programme import Programme


def faults_of(rule: Points, programme: Programme) -> Mapping[str, str]:
    """Pointers within the rule to sentences."""
    found: dict[str, str] = {}
    for faults in (_twice, _too_generous, _rounded_up, _never_paid, _unknown_tiers):
        found.update(faults(rule, programme))
    return found


def _twice(rule: Points, programme: Programme) -> Iterator[tuple[str, str]]:
    """The same unit from two rules would count, and pay, every receipt twice."""
    rules: Sequence[Mechanic] = programme.rules
    same = [each for each in rules if each.kind == rule.kind]
    if same and same[0] is not rule and any(each is rule for each in same):
        yield "/kind", TWICE % {"kind": rule.kind}


def _too_generous(rule: Points, programme: Programme) -> Iterator[tuple[str, str]]:
    together = most_together([each for each in multipliers(programme) if each.unit == rule.unit])
    for pointer, share in _shares(rule):
        back = share * 100 * Fraction(together)
        if back > 100:
            sentence = TOO_GENEROUS if together == 1 else TIMES_TOO_MUCH
            yield pointer, sentence % {"share": _shown(back), "times": _shown(together)}


def _shares(rule: Points) -> Iterator[tuple[str, Fraction]]:
    """What each part of the rule gives back of the money, 1 for all of it."""
    if rule.percent is not None:
        usual = Fraction(rule.percent) / 100
        yield "/percent", usual
    else:
        assert rule.step_minor and rule.points_per_step, "a rule without a percent has steps"
        usual = Fraction(rule.points_per_step * rule.point_value_minor, rule.step_minor)
        yield "/points_per_step", usual
    for tier, percent in rule.tier_percents.items():
        yield f"/tier_percents/{tier}", Fraction(percent) / 100
    dearest = max((usual, *(Fraction(percent) / 100 for percent in rule.tier_percents.values())))
    for place, boost in enumerate(rule.boosted):
        own = Fraction(boost.percent) / 100 if boost.percent is not None else None
        yield f"/boosted/{place}", dearest * Fraction(boost.factor or 1) if own is None else own


def _rounded_up(rule: Points, programme: Programme) -> Iterator[tuple[str, str]]:
    """A point is worth more than the smallest receipts that would be rounded up to it."""
    if rule.percent is None or rule.rounding == "floor":
        return
    share = Fraction(rule.percent) / 100 / rule.point_value_minor
    for points in (1, 2, 3):
        amount = max(rule.minimum_minor, _least_for(points, share, rule), 1)
        given = rounded(amount * share, rule.rounding)
        if given * rule.point_value_minor > amount:
            worth = given * rule.point_value_minor
            yield "/rounding", ROUNDED_UP % {"amount": amount, "points": given, "worth": worth}
            return


def _least_for(points: int, share: Fraction, rule: Points) -> int:
    if rule.rounding == "ceil":
        return int((points - 1) // share) + 1
    return -int((Fraction(1, 2) - points) // share)


def _never_paid(rule: Points, programme: Programme) -> Iterator[tuple[str, str]]:
    """Limits that no believable receipt meets."""
    paying = rule.paying
    steps = -(-paying.minimum_points // paying.step_points) * paying.step_points
    worth = steps * rule.point_value_minor
    if worth * 100 > MOST * paying.most_percent or worth + paying.money_left_minor > MOST:
        yield "/paying", NEVER_PAID


def _unknown_tiers(rule: Points, programme: Programme) -> Iterator[tuple[str, str]]:
    """Where the programme names its tiers, others are slips of the pen."""
    known = tier_keys(programme)
    for tier in rule.tier_percents:
        if known and tier not in known:
            yield f"/tier_percents/{tier}", NO_SUCH_TIERS % {"tier": tier}


def _shown(number: Decimal | Fraction) -> str:
    return f"{float(number):g}"
