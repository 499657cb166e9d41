"""What every mechanic is given and what it answers; a new mechanic is a new file beside this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Literal, Protocol

from app.domain.ledger import Holdings, Move
from app.domain.text import LocalText


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a receipt; `amount_minor` is the line's total in minor units."""

    sku: str = ""
    category: str = ""
    quantity: int = 1
    amount_minor: int = 0


@dataclass(frozen=True, slots=True)
class Sale:
    """A purchase at a till: `amount_minor` in the programme's currency, before points are paid in."""

    amount_minor: int
    redeem_points: int = 0
    items: Sequence[Item] = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit without a receipt that gives `stamps` stamps."""

    stamps: int = 1


Occasion = Sale | Visit


@dataclass(frozen=True, slots=True)
class State:
    """What a mechanic may look at: the card's holdings, tier and named values, at `now` (days end in
    `zone`).
    """

    holdings: Holdings
    now: datetime
    tier: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo = UTC

    def end_of_day(self, days: int) -> datetime:
        """The midnight that ends the day `days` days from today, in the programme's time zone."""
        day = self.now.astimezone(self.zone).date() + timedelta(days=days + 1)
        return datetime.combine(day, time.min, self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far to the goal: `done` of `goal`, drawn as a straight line or as a grid of stamps."""

    kind: Literal["line", "stamps"]
    done: int
    goal: int

    @property
    def percent(self) -> int:
        """0 to 100, in whole steps of two: few pictures serve all cards."""
        return 0 if self.goal <= 0 else max(0, min(100, self.done * 100 // self.goal // 2 * 2))


@dataclass(frozen=True, slots=True)
class Reward:
    """Something the card holder may have: `count` of them are ready."""

    key: str
    name: LocalText
    count: int


@dataclass(frozen=True, slots=True)
class Face:
    """What a mechanic shows on the card: values for the design's placeholders, progress, rewards that are
    ready.
    """

    values: Mapping[str, int | LocalText] = field(default_factory=dict)
    progress: Progress | None = None
    rewards: tuple[Reward, ...] = ()


class Mechanic(Protocol):
    """The frozen rules of one way to reward; pure."""

    kind: str

    def award(self, occasion: Occasion, state: State) -> tuple[Move, ...]:
        """What this occasion gives and takes."""
        ...

    def complete(self, state: State) -> tuple[Move, ...]:
        """What follows by itself from what the card holds now, whatever brought it there."""
        ...

    def face(self, state: State) -> Face:
        """What the card shows now."""
        ...
