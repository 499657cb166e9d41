"""Which events concern one another: those of one card are applied in the order in which they came.

An event names its card in many ways (a phone here, a customer number there), so lanes are what is connected
by any name that two events share.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

EVERYTHING = "*"
"""The name of an event that cannot be read now: all later ones of its source wait for it."""


@dataclass(frozen=True, slots=True)
class Blocker:
    """An earlier event that waits for a later time, with the names of what it concerns."""

    event_id: int
    keys: Collection[str]
    until: datetime


def lanes(keys: Mapping[int, Collection[str]]) -> list[list[int]]:
    """Events (by number, each with its names) as lanes, each in order; those without a name are alone."""
    parents: dict[int, int] = {event: event for event in keys}

    def root(event: int) -> int:
        while parents[event] != event:
            parents[event] = parents[parents[event]]
            event = parents[event]
        return event

    first: dict[str, int] = {}
    for event in sorted(keys):
        for name in keys[event]:
            parents[root(event)] = root(first.setdefault(name, event))
    if any(EVERYTHING in names for names in keys.values()):
        return [sorted(keys)]
    found: dict[int, list[int]] = {}
    for event in sorted(keys):
        found.setdefault(root(event), []).append(event)
    return list(found.values())


def put_off(
    lane: Sequence[int], keys: Mapping[int, Collection[str]], blockers: Sequence[Blocker]
) -> tuple[int, datetime] | None:
    """The earliest event outside whose waiting holds this lane back, as (its number, until when)."""
    names = {name for event in lane for name in keys[event]}
    holding = [each for each in blockers if EVERYTHING in each.keys or names.intersection(each.keys)]
    if not holding:
        return None
    first = min(holding, key=lambda each: each.event_id)
    return first.event_id, max(each.until for each in holding)
