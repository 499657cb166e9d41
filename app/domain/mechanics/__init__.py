"""The ways to reward. `parse_rules` turns JSON into frozen rules; `decide` and `show` ask all of them in
order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from app.domain.errors import Invalid
from app.domain.ledger import SPEND, VISITS, Earn, Move, apply
from app.domain.mechanics.base import (
    NOTHING,
    Award,
    Claim,
    Count,
    Face,
    Mechanic,
    Occasion,
    Sale,
    Standing,
    State,
    Visit,
)
from app.domain.mechanics.bill import Bill
from app.domain.mechanics.chips import Chips
from app.domain.mechanics.coming import words
from app.domain.mechanics.company import Company
from app.domain.mechanics.coupon import Coupon
from app.domain.mechanics.discount import Discount
from app.domain.mechanics.event import Event
from app.domain.mechanics.gift_card import GiftCard
from app.domain.mechanics.growing_discount import GrowingDiscount
from app.domain.mechanics.membership import Membership
from app.domain.mechanics.multiplier import Multiplier
from app.domain.mechanics.notices import notice
from app.domain.mechanics.partner import Partner
from app.domain.mechanics.points import Points
from app.domain.mechanics.referral import Referral
from app.domain.mechanics.stamps import Stamps
from app.domain.mechanics.standing import standing_now
from app.domain.mechanics.surprise import Surprise
from app.domain.mechanics.tiers import Tiers
from app.domain.text import LocalText

Rule = Annotated[
    Points
    | Stamps
    | Discount
    | GrowingDiscount
    | Tiers
    | Membership
    | Multiplier
    | Chips
    | Coupon
    | GiftCard
    | Partner
    | Company
    | Event
    | Surprise
    | Referral,
    Field(discriminator="kind"),
]  # fmt: skip
Rules = tuple[Rule, ...]
_RULES: TypeAdapter[tuple[Rule, ...]] = TypeAdapter(Annotated[tuple[Rule, ...], Field(max_length=40)])
Rulebook = Sequence[Mechanic]


def parse_rules(raw: Any) -> tuple[Rule, ...]:
    """Frozen rules from JSON values; raises pydantic.ValidationError with every fault."""
    return _RULES.validate_python(raw)


NO_BILL = Bill()


@dataclass(frozen=True, slots=True)
class Decision:
    """What all rules together say to an occasion; nothing is done yet.

    `earned_by` maps a rule to what it gave; `standing` is set where the tier changes.
    """

    moves: tuple[Move, ...] = ()
    bill: Bill = NO_BILL
    counts: Mapping[str, int] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    for_friend: tuple[Earn, ...] = ()
    used_codes: tuple[str, ...] = ()
    standing: Standing | None = None
    partner: str = ""
    notes: tuple[LocalText, ...] = ()


def needs(rules: Rulebook, today: date) -> tuple[Count, ...]:
    """Every count that the rules look at on this day, once."""
    return tuple(dict.fromkeys(count for rule in rules for count in rule.needs(today)))


def decide(rules: Rulebook, occasion: Occasion, state: State) -> Decision:
    """What all rules together give and take; a later rule sees what the earlier ones did.

    Order: discounts, then payment with points and gift cards, then multipliers, then awards in the order of
    the rules, then what follows from them by itself (full stamp cards), then tiers.
    """
    state = replace(state, tier=standing_now(rules, state).tier)  # a membership may have ended a moment ago
    bill, moves = _priced(rules, occasion, state) if isinstance(occasion, Sale) else (Bill(), ())
    state = _after(state, Award(moves, _counted(occasion, bill)), occasion.at)
    partner = occasion.partner if isinstance(occasion, Sale) else ""
    made = Decision(moves, bill, _counted(occasion, bill), partner=partner)
    for rule in rules:
        award = rule.award(occasion, bill, state)
        state = _after(state, award, occasion.at)
        made = _joined(made, award)
    for rule in rules:
        award = rule.complete(state)
        state = _after(state, award)
        made = _joined(made, award)
    if isinstance(occasion, Sale) and bill.net_minor:
        made = replace(made, moves=(*made.moves, Earn(SPEND, bill.net_minor)))
    return replace(made, standing=changed_standing(rules, state))


def _priced(rules: Rulebook, sale: Sale, state: State) -> tuple[Bill, tuple[Move, ...]]:
    bill = Bill.of(sale.amount_minor, sale.items)
    bill = bill.discounted([offer for rule in rules for offer in rule.offers(bill, sale, state)])
    moves: list[Move] = []
    payer = paying_rule(rules)
    if sale.redeem_points and payer is None:
        raise Invalid({"/redeem_points": "this programme has no points"})
    for rule in rules:
        other = isinstance(rule, Points) and rule is not payer
        bill, paid = rule.pay(bill, replace(sale, redeem_points=0) if other else sale, state)
        moves += paid
        state = _after(state, Award(paid))
    return bill.boosted([boost for rule in rules for boost in rule.boosts(bill, sale, state)]), tuple(moves)


def paying_rule(rules: Rulebook) -> Points | None:
    """The rule that `redeem_points` are paid to: the points, or cashback where there are none."""
    found = [rule for rule in rules if isinstance(rule, Points)]
    return next((rule for rule in found if rule.unit == "points"), found[0] if found else None)


def _counted(occasion: Occasion, bill: Bill) -> dict[str, int]:
    """What an occasion counts by itself, whatever the rules give: money spent, and visits."""
    if isinstance(occasion, Sale):
        return {SPEND: bill.net_minor, VISITS: 1}
    return {VISITS: 1} if isinstance(occasion, Visit) else {}


def _after(state: State, award: Award, at: datetime | None = None) -> State:
    if not award.moves and not award.counts:
        return state
    counted = state.counted(award.counts, (at or state.now).astimezone(state.zone).date())
    return replace(counted, holdings=apply(state.holdings, award.moves, now=state.now)[0])


def _joined(made: Decision, award: Award) -> Decision:
    if award is NOTHING:
        return made
    counts = {
        what: made.counts.get(what, 0) + award.counts.get(what, 0) for what in {**made.counts, **award.counts}
    }
    return replace(
        made,
        moves=(*made.moves, *award.moves),
        counts=counts,
        claims=(*made.claims, *award.claims),
        for_friend=(*made.for_friend, *award.for_friend),
        used_codes=(*made.used_codes, *award.used_codes),
        notes=(*made.notes, *award.notes),
    )


def changed_standing(rules: Rulebook, state: State) -> Standing | None:
    """The tier that the card has from now on, if that differs from what it has."""
    found = standing_now(rules, state)
    return None if found == state.standing else found


def follows(rules: Rulebook, moves: Sequence[Move], state: State) -> Decision:
    """These moves and what follows from them by itself (a corrected stamp card may be full)."""
    state = _after(state, Award(tuple(moves)))
    made = Decision(tuple(moves))
    for rule in rules:
        award = rule.complete(state)
        state = _after(state, award)
        made = _joined(made, award)
    return made


def completed(rules: Rulebook, moves: Sequence[Move], state: State) -> tuple[Move, ...]:
    """The moves of `follows`."""
    return follows(rules, moves, state).moves


def show(rules: Rulebook, state: State) -> Face:
    """One face of all rules; the first that shows progress draws it, tiers only where no other does."""
    faces = [rule.face(state) for rule in sorted(rules, key=lambda rule: rule.draws_last)]
    values = {key: value for face in reversed(faces) for key, value in face.values.items()}
    progress = next((face.progress for face in faces if face.progress), None)
    rewards = {reward.key: reward for face in reversed(faces) for reward in reversed(face.rewards)}
    coming = tuple(each for face in faces for each in face.coming)
    values |= words(coming, state.zone)
    ready = tuple(reversed(rewards.values()))
    values["notice"] = notice(rules, state, values, progress, ready)
    return Face(values, progress, ready, tuple(flag for face in faces for flag in face.flags), coming)
