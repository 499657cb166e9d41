"""The ways to reward. `parse_rules` turns JSON into frozen rules; `decide` and `show` ask all of them in
order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from app.domain.ledger import Move, apply
from app.domain.mechanics.base import Face, Occasion, State
from app.domain.mechanics.points import Points
from app.domain.mechanics.stamps import Stamps

Rule = Annotated[Points | Stamps, Field(discriminator="kind")]
Rules = tuple[Rule, ...]
_RULES: TypeAdapter[tuple[Rule, ...]] = TypeAdapter(Annotated[tuple[Rule, ...], Field(max_length=20)])


def parse_rules(raw: Any) -> tuple[Rule, ...]:
    """Frozen rules from JSON values; raises pydantic.ValidationError with every fault."""
    return _RULES.validate_python(raw)


def decide(rules: Sequence[Rule], occasion: Occasion, state: State) -> tuple[Move, ...]:
    """What all rules together give and take; a later rule sees what the earlier ones did."""
    moves: list[Move] = []
    for rule in rules:
        made = rule.award(occasion, state)
        moves += made
        state = replace(state, holdings=apply(state.holdings, made, now=state.now)[0])
    return tuple(moves)


def completed(rules: Sequence[Rule], moves: Sequence[Move], state: State) -> tuple[Move, ...]:
    """These moves and what follows from them by itself (a corrected stamp card may be full)."""
    after = replace(state, holdings=apply(state.holdings, moves, now=state.now)[0])
    return (*moves, *(move for rule in rules for move in rule.complete(after)))


def show(rules: Sequence[Rule], state: State) -> Face:
    """One face of all rules; the first that shows progress draws it."""
    faces = [rule.face(state) for rule in rules]
    values = {key: value for face in reversed(faces) for key, value in face.values.items()}
    progress = next((face.progress for face in faces if face.progress), None)
    return Face(values, progress, tuple(reward for face in faces for reward in face.rewards))
