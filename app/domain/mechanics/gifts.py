"""What events, surprises and referrals give: points, stamps, chips, or a reward by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from app.domain.ledger import SPEND, VISITS, Earn, Move
from app.domain.mechanics.base import Reward, State
from app.domain.text import LocalText, TextInput
from app.domain.values import Frozen

if TYPE_CHECKING:
    from app.domain.programme import Programme

Unit = Annotated[str, Field(pattern=r"^([a-z][a-z0-9_-]{0,39})?$")]
RewardKey = Annotated[str, Field(pattern=r"^([a-z0-9-]{1,40})?$")]
COUNTED = ("points", "cashback_minor")
"""Units of which rules look at all that was earned; stamps that are given count for no daily cap."""


class Gift(Frozen):
    """`amount` of a `unit` (`points`, `stamps`, `chips`), or a `reward` by its key; ends `expires_after_days`
    after it was given. A reward has a `name`, unless another rule names it.
    """

    unit: Unit = ""
    reward: RewardKey = ""
    name: TextInput = Field(default_factory=dict)
    amount: Annotated[int, Field(ge=1, le=10**9)] = 1
    expires_after_days: Annotated[int, Field(ge=1, le=3660)] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Gift:
        if bool(self.unit) == bool(self.reward):
            raise ValueError("give either a unit or a reward")
        if self.unit in (SPEND, VISITS):
            raise ValueError("money spent and visits are counted, never given")
        return self

    @property
    def kept_as(self) -> str:
        """The unit of the ledger."""
        return self.unit or f"reward.{self.reward}"

    def earn(self, state: State, rule: str, times: int = 1, ends: datetime | None = None) -> Earn:
        """The decision to give it; `ends` is the end where the gift has none of its own."""
        if self.expires_after_days is not None:
            ends = state.end_of_day(self.expires_after_days)
        return Earn(self.kept_as, self.amount * times, expires_at=ends, rule=rule)


Gifts = Annotated[tuple[Gift, ...], Field(min_length=1, max_length=10)]


def earned(
    gifts: Sequence[Gift], state: State, rule: str, times: int = 1, ends: datetime | None = None
) -> tuple[tuple[Move, ...], dict[str, int]]:
    """All of them, and what of it is counted."""
    given = tuple(gift.earn(state, rule, times, ends) for gift in gifts)
    counts: dict[str, int] = {}
    for each in given:
        if each.unit in COUNTED:
            counts[each.unit] = counts.get(each.unit, 0) + each.amount
    return given, counts


def reward_units(gifts: Sequence[Gift]) -> tuple[str, ...]:
    """The units of the rewards among them."""
    return tuple(gift.kept_as for gift in gifts if gift.reward)


def names_of(gifts: Sequence[Gift]) -> dict[str, LocalText]:
    """What the rewards among them are called, where they say so."""
    return {gift.reward: gift.name for gift in gifts if gift.reward and gift.name}


def ready(gifts: Sequence[Gift], state: State) -> tuple[Reward, ...]:
    """Those named rewards that the card holds."""
    held = {key: state.holdings.usable(f"reward.{key}", state.now) for key in names_of(gifts)}
    return tuple(Reward(key, names_of(gifts)[key], count) for key, count in held.items() if count)


def faults_of(gifts: Sequence[Gift], where: str, programme: Programme) -> dict[str, str]:
    """Units that no rule of the programme counts, and rewards that nobody names."""
    named = {key for rule in programme.rules for key in rule.reward_names()}
    faults: dict[str, str] = {}
    for place, gift in enumerate(gifts):
        if gift.unit and gift.unit not in programme.units:
            faults[f"{where}/{place}/unit"] = f"no rule of this programme counts {gift.unit}"
        if gift.reward and gift.reward not in named:
            faults[f"{where}/{place}/name"] = "a reward that no other rule names needs a name"
    return faults


def first_names(programme: Programme) -> Mapping[str, LocalText]:
    """What every reward unit of a programme is called."""
    return {
        f"reward.{key}": name
        for rule in reversed(programme.rules)
        for key, name in rule.reward_names().items()
    }
