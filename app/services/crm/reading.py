"""Systems that only say what changed: each thing is read once a batch, however often it was told of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.services.ports import Action, Ask, Connector, DeliveryError, Reading, Remote

MOST_REFS = 50
"""So many things are read in one batch: a lease must outlast them."""


@dataclass(frozen=True, slots=True)
class RemoteOf:
    """How a source's system is called."""

    source_id: int
    kind: str
    settings: Mapping[str, Any]
    token: str
    """Sealed."""


CallBack = Callable[[RemoteOf], Remote]


@dataclass(frozen=True, slots=True)
class Found:
    """What became of the asks: actions by thing, or the error that all of them share."""

    actions: Mapping[str, Sequence[Action]]
    error: DeliveryError | None = None


def refs_of(wanted: Sequence[Action | Ask]) -> list[str]:
    """The things that must be read first."""
    return [each.ref for each in wanted if isinstance(each, Ask)]


def read(
    connector: Connector, remote: Callable[[], Remote], refs: Sequence[str], mapping: Mapping[str, Any]
) -> Found:
    """Ask the system what these things are now; raises nothing that the system brings about."""
    if not refs:
        return Found({})
    if not isinstance(connector, Reading):
        return Found({}, DeliveryError("this connector reads nothing", permanent=True))
    try:
        return Found(connector.read(remote(), list(dict.fromkeys(refs)), mapping))
    except DeliveryError as error:
        return Found({}, error)


def filled_in(wanted: Sequence[Action | Ask], found: Found, told: set[str]) -> list[Action]:
    """The asks in their places, each answered once: `told` are those that an earlier event of the batch got
    answered. What the system no longer has asks for nothing.
    """
    made: list[Action] = []
    for each in wanted:
        if isinstance(each, Action):
            made.append(each)
        elif each.ref not in told:
            told.add(each.ref)
            made += found.actions.get(each.ref, ())
    return made
