"""Reading a batch before it is applied: what each call asks for, what the systems say, whom it concerns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.domain.errors import Refused
from app.services.crm.lanes import EVERYTHING, Blocker
from app.services.crm.reading import MOST_REFS, Found, filled_in, read, refs_of
from app.services.crm.settling import Outcome, versions_of
from app.services.crm.taking import Batch, Event, Parking, Tools
from app.services.crm.targets import cards_named, is_target
from app.services.ports import DeliveryError
from app.storage.queue import backoff_s

log = structlog.get_logger(__name__)
UNOPENED = "cannot be opened: TILLPASS_SECRET_KEY was another one when it came"
MOST_ATTEMPTS = 8
"""After so many failures of our own an event is put aside: a poisonous one must not stop its source."""
MOST_READS = 60
"""So often a system that does not answer is asked, half an hour apart at most."""


def prepare(tools: Tools, batch: Batch, outcomes: dict[int, Outcome]) -> dict[int, Event]:
    """The events that can be applied, by number; of the others, what becomes of them is in `outcomes`."""
    readable = _parsed(tools, batch, outcomes)
    found = _read(tools, batch, readable, outcomes)
    return _named(tools, batch, [each for each in readable if each.id not in outcomes], found)


def _parsed(tools: Tools, batch: Batch, outcomes: dict[int, Outcome]) -> list[Event]:
    """Those that can be read; so many that the system is not asked for more than a batch of things."""
    made: list[Event] = []
    refs: set[str] = set()
    for event in batch.events:
        if not event.opened:
            outcomes[event.id] = Outcome.dead(event, UNOPENED)
            continue
        try:
            if batch.connector is None:
                raise LookupError(f"there is no connector '{batch.remote.kind}' here")
            event.wanted = batch.connector.actions(event.stored, batch.source.mapping)
        except Refused as error:
            outcomes[event.id] = Outcome.dead(event, f"{error.code}: {error.message}")
            continue
        except Exception as error:
            log.warning("crm.event_failed", event_id=event.id, error=type(error).__name__, exc_info=True)
            outcomes[event.id] = again(tools, event, error, {EVERYTHING})
            if outcomes[event.id].due_at is not None:
                return made  # all later ones of the source wait for it
            continue
        refs |= set(refs_of(event.wanted))
        if len(refs) > MOST_REFS and made:
            break
        made.append(event)
    return made


def _read(tools: Tools, batch: Batch, events: Sequence[Event], outcomes: dict[int, Outcome]) -> Found:
    """What the system says of the things that changed; where it cannot, their events wait."""
    refs = [ref for event in events for ref in refs_of(event.wanted)]
    if not refs or batch.connector is None:
        return Found({})
    call_back, source = tools.call_back, batch.remote

    def remote() -> Any:
        if call_back is None:
            raise DeliveryError("this process calls nobody back")
        return call_back(source)

    found = read(batch.connector, remote, refs, batch.source.mapping)
    if found.error is not None:
        for event in events:
            if names := set(refs_of(event.wanted)):
                outcomes[event.id] = _unread(tools, event, found.error, {f"ref:{each}" for each in names})
    for event in events if found.broken else ():
        if wrong := [each for each in refs_of(event.wanted) if each in found.broken]:
            outcomes[event.id] = again(tools, event, found.broken[wrong[0]], {f"ref:{e}" for e in wrong})
    return found


def _named(tools: Tools, batch: Batch, events: Sequence[Event], found: Found) -> dict[int, Event]:
    """Events with what they ask for and all names of what they concern, cards that have them included."""
    told: set[str] = set()
    for event in events:
        event.keys = {f"ref:{ref}" for ref in refs_of(event.wanted)}
        event.actions = filled_in(event.wanted, found, told)
        event.keys = event.keys.union(*(batch.names.keys(action) for action in event.actions))
    every = set[str]().union(*(event.keys for event in events))
    parked = [each for each in batch.parked if not every.isdisjoint(each.awaited)]
    with tools.db() as session:
        asked = every.union(*(each.awaited for each in parked))
        known = cards_named(session, batch.source.programme_id, asked)
        refs = {action.ref for event in events for action in event.actions if action.ref}
        batch.versions.update(versions_of(session, batch.source_id, refs))
    _wake(tools, batch, parked, known)
    for event in events:
        event.strange = any(is_target(key) and key not in known for key in event.keys)
        event.keys |= {known[key] for key in event.keys if key in known}
    return {event.id: event for event in events}


def _wake(tools: Tools, batch: Batch, parked: Sequence[Parking], known: Mapping[str, str]) -> None:
    """What parked events wait for may have come by another door: they go before those that came later."""
    for each in parked:
        if len({known.get(name, name) for name in each.awaited}) == 1 and each.awaited <= known.keys():
            batch.blockers.append(Blocker(each.event_id, each.awaited, tools.now))
            batch.woken.update(each.awaited)


def again(
    tools: Tools,
    event: Event,
    error: Exception,
    keys: set[str],
    results: Sequence[Mapping[str, Any]] = (),
) -> Outcome:
    """Our own failure: try it again, and put it aside when that was too often."""
    reason = type(error).__name__
    if not isinstance(error, SQLAlchemyError):  # those quote rows, which name people
        reason = f"{reason}: {error}"
    if event.attempts + 1 >= MOST_ATTEMPTS:
        return Outcome.dead(event, reason, results)
    wait = timedelta(seconds=backoff_s(event.attempts + 1, tools.jitter, cap_s=60))
    return Outcome.later(event, reason, tools.now + wait, keys, results)


def _unread(tools: Tools, event: Event, error: DeliveryError, keys: set[str]) -> Outcome:
    """The system did not say: try for a day, as it may be down that long."""
    reason = f"the system could not be asked: {error.message}"
    if error.permanent or event.attempts + 1 >= MOST_READS:
        return Outcome.dead(event, reason)
    wait = max(error.retry_after_s or 0.0, backoff_s(event.attempts + 1, tools.jitter, cap_s=1800))
    return Outcome.later(event, reason, tools.now + timedelta(seconds=wait), keys)
