"""Systems that only say what changed: each thing is read once a batch, however often it was told of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from app.services.ports import Action, Ask, Connector, DeliveryError, Reading, Remote

log = structlog.get_logger(__name__)
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
    """What became of the asks: actions by thing, or the error that all of them share; `broken` are things of
    which the system said something that the connector cannot read.
    """

    actions: Mapping[str, Sequence[Action]]
    error: DeliveryError | None = None
    broken: Mapping[str, Exception] = field(default_factory=dict)


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
    wanted = list(dict.fromkeys(refs))
    try:
        return Found(connector.read(remote(), wanted, mapping))
    except DeliveryError as error:
        return Found({}, error)
    except Exception as error:
        log.warning("crm.read_failed", error=type(error).__name__, exc_info=True)
        return _one_by_one(connector, remote, wanted, mapping)


def _one_by_one(
    connector: Reading, remote: Callable[[], Remote], refs: Sequence[str], mapping: Mapping[str, Any]
) -> Found:
    """What a system answers may break a connector in ways that nobody lists: the others do not suffer."""
    actions: dict[str, Sequence[Action]] = {}
    broken: dict[str, Exception] = {}
    for ref in refs:
        try:
            actions |= connector.read(remote(), [ref], mapping)
        except DeliveryError as error:
            return Found({}, error)
        except Exception as error:
            broken[ref] = error
    return Found(actions, broken=broken)


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
